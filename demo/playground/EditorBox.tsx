import { useEffect, useRef } from 'preact/hooks';
import type { Problem } from '../worker/check.ts';
import type { Editor } from './editor.ts';

interface Props {
  readonly text: string;
  readonly problem: Problem | null;
  readonly onChange: (text: string) => void;
}

/** The code editor, loaded when it is first shown. */
export function EditorBox({ text, problem, onChange }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const latest = useRef({ text, problem, onChange });
  latest.current = { text, problem, onChange };
  useEffect(() => {
    let gone = false;
    void import('./editor.ts').then(({ createEditor }) => {
      if (gone || !host.current) return;
      editor.current = createEditor(
        host.current,
        latest.current.text,
        'The function, a formula of the vector x',
        (t) => latest.current.onChange(t),
      );
      editor.current.setProblem(latest.current.problem);
    });
    return () => {
      gone = true;
      editor.current?.destroy();
    };
  }, []);
  useEffect(() => editor.current?.setText(text), [text]);
  useEffect(() => editor.current?.setProblem(problem), [problem]);
  return <div class="editor" ref={host} />;
}
