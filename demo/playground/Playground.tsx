import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { urlField } from '../app/state.ts';
import { examples } from '../examples/index.ts';
import { How } from '../how/How.tsx';
import { messageOf } from '../ui/format.ts';
import { Heat } from '../ui/Heat.tsx';
import { asMode, Modes } from '../ui/Modes.tsx';
import { Timing } from '../ui/Timing.tsx';
import { subscript } from '../ui/subscript.ts';
import type { JacobianResult, Subject } from '../worker/api.ts';
import type { Problem } from '../worker/check.ts';
import { Latest } from '../ui/latest.ts';
import { worker } from '../worker/client.ts';
import { EditorBox } from './EditorBox.tsx';
import { Inputs, readNumbers } from './Inputs.tsx';
import { Language } from './Language.tsx';
import { indexed, Numbers } from './Numbers.tsx';

const first = 'robot-arm';
const chosen = urlField('example', first);
const ownSource = urlField('f', '');
const ownInput = urlField('x', '');
const mode = urlField('order', 'auto');

type Answer =
  | { readonly problem: Problem }
  | { readonly problem: null; readonly of: JacobianResult; readonly key: string };

/** Write a function of a vector, and see its value, its Jacobian and its Hessian. */
export function Playground() {
  const example = examples[chosen.value] ?? examples[first];
  const source = ownSource.value || (example?.source ?? '');
  const text = ownInput.value || (example?.inputs ?? []).join(', ');
  const x = useMemo(() => readNumbers(text), [text]);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [kept, setKept] = useState<JacobianResult | null>(null);
  const [error, setError] = useState('');
  const latest = useRef<Latest<Answer> | null>(null);
  latest.current ??= new Latest(
    (a) => {
      setAnswer(a);
      if (!a.problem) setKept(a.of);
      setError('');
    },
    (e) => setError(messageOf(e)),
  );
  const order = asMode(mode.value);
  const key = JSON.stringify([source, text, order]);
  const subject = useMemo<Subject>(() => ({ kind: 'expression', source }), [source]);
  useEffect(() => {
    if (!x) return;
    latest.current?.ask(async () => {
      const problem = await worker().check(source, x.length);
      if (problem) return { problem };
      const of = await worker().jacobian(subject, x, order, { hessian: true });
      return { problem: null, of, key };
    });
  }, [key]);

  const problem = answer?.problem ?? null;
  const shown = kept;
  const columns = shown ? shown.jacobian.length / Math.max(1, shown.value.length) : 0;
  const done = answer?.problem === null && answer.key === key;
  return (
    <>
      <div class="intro">
        <h2>Write a function, get its derivatives</h2>
        <p>
          A formula of a vector <code>x</code>. It is read, traced, differentiated and run on your
          GPU as you type. The address of this page carries it: share it.
        </p>
      </div>
      <div class="toolbar">
        <label>
          Example
          <select
            value={ownSource.value ? 'own' : chosen.value}
            onChange={(e) => {
              chosen.value = e.currentTarget.value;
              ownSource.value = '';
              ownInput.value = '';
            }}
          >
            {ownSource.value && <option value="own">your own</option>}
            {Object.entries(examples).map(([id, { title }]) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <Modes value={mode} />
        <Timing result={shown} {...(problem && { waiting: '' })} />
      </div>
      <div class="playground" data-done={done ? 'yes' : 'no'}>
        <section class="write">
          {!ownSource.value && <p class="dim">{example?.about}</p>}
          <EditorBox
            text={source}
            problem={problem}
            onChange={(t) => {
              if (t !== source) ownSource.value = t || ' ';
            }}
          />
          {problem && <Wrong problem={problem} source={source} />}
          {error && (
            <p class="error" role="alert">
              {error}
            </p>
          )}
          <Inputs text={text} values={x} onText={(t) => (ownInput.value = t)} />
          <Language />
        </section>
        {!shown && problem && (
          <p class="card empty-state">The value and its derivatives appear here.</p>
        )}
        {shown && (
          <section class={`results${done ? '' : ' stale'}`}>
            <Numbers
              title="Value"
              values={shown.value}
              name={shown.value.length > 1 ? indexed('y') : () => 'y'}
              digits={6}
            />
            <div class="card">
              <Heat
                title={shown.value.length > 1 ? 'Jacobian' : 'Gradient'}
                values={shown.jacobian}
                rows={shown.value.length}
                columns={columns}
                name={(i, j) => `∂y${shown.value.length > 1 ? subscript(i) : ''}/∂x${subscript(j)}`}
              />
            </div>
            {shown.hessian && (
              <div class="card">
                <Heat
                  title="Hessian"
                  values={shown.hessian}
                  rows={columns}
                  columns={columns}
                  name={(i, j) => `∂²y/∂x${subscript(i)}∂x${subscript(j)}`}
                />
              </div>
            )}
            {shown.value.length > 1 && shown.singularValues.length > 0 && (
              <Numbers
                title="Singular values of J"
                values={shown.singularValues}
                name={indexed('σ', 1)}
                digits={5}
              />
            )}
          </section>
        )}
      </div>
      {done && x && <How subject={subject} x={x} mode={order} />}
    </>
  );
}

/** What is wrong, with the line it is in and a mark under the place. */
function Wrong({ problem, source }: { problem: Problem; source: string }) {
  const start = source.lastIndexOf('\n', problem.from - 1) + 1;
  const end = source.indexOf('\n', problem.from);
  const text = source.slice(start, end < 0 ? undefined : end);
  const line = source.slice(0, start).split('\n').length;
  const column = problem.from - start;
  const length = Math.max(1, Math.min(problem.to, start + text.length) - problem.from);
  return (
    <div class="wrong" role="alert" data-from={problem.from} data-to={problem.to}>
      <p>
        <b>
          Line {line}, column {column + 1}:
        </b>{' '}
        {problem.message}
      </p>
      <pre aria-hidden="true">
        {text}
        {'\n'}
        {' '.repeat(column)}
        <b>{'^'.repeat(Math.min(length, 80))}</b>
      </pre>
    </div>
  );
}
