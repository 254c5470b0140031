import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { pythonLanguage } from '@codemirror/lang-python';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { Problem } from '../worker/check.ts';

export interface Editor {
  setText(text: string): void;
  setProblem(problem: Problem | null): void;
  destroy(): void;
}

const colours = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--dim)', fontStyle: 'italic' },
  { tag: tags.number, color: 'var(--forward)' },
  { tag: tags.keyword, color: 'var(--own)' },
  { tag: tags.function(tags.variableName), color: 'var(--minus)' },
  { tag: tags.operator, color: 'var(--dim)' },
]);

const theme = EditorView.theme({
  '&': { color: 'var(--text)', backgroundColor: 'var(--card)', fontSize: '14px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-content': { caretColor: 'var(--text)', padding: '12px 0', minHeight: '120px' },
  '.cm-scroller': { fontFamily: "ui-monospace, 'DejaVu Sans Mono', monospace", lineHeight: '1.6' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--dim)', border: '0' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    borderBottom: '2px solid var(--bad)',
    backgroundColor: 'var(--bad-soft)',
  },
  '.cm-tooltip': { backgroundColor: 'var(--card)', border: '1px solid var(--line)' },
});

/**
 * A CodeMirror in a shadow root: there its styles are adopted style sheets, which the page's policy allows,
 * and not style elements, which it does not.
 */
export function createEditor(
  host: HTMLElement,
  text: string,
  label: string,
  onChange: (text: string) => void,
): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        history(),
        bracketMatching(),
        pythonLanguage,
        syntaxHighlighting(colours),
        theme,
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': label }),
        keymap.of([...defaultKeymap, ...historyKeymap]),
        EditorView.updateListener.of((u) => {
          if (u.docChanged) onChange(u.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    setText(next) {
      const now = view.state.doc.toString();
      if (next !== now) view.dispatch({ changes: { from: 0, to: now.length, insert: next } });
    },
    setProblem(problem) {
      const end = view.state.doc.length;
      const from = Math.min(problem?.from ?? 0, end);
      const to = Math.min(Math.max(problem?.to ?? 0, from), end);
      // an error past the last character is shown on it
      const range =
        from === to ? { from: Math.max(0, from - 1), to: Math.min(end, from) } : { from, to };
      view.dispatch(
        setDiagnostics(
          view.state,
          problem ? [{ ...range, severity: 'error', message: problem.message }] : [],
        ),
      );
    },
    destroy: () => view.destroy(),
  };
}
