import { useEffect, useRef, useState } from 'preact/hooks';
import { urlField } from '../app/state.ts';
import { Chart } from '../charts/Chart.tsx';
import { examples } from '../examples/index.ts';
import { How } from '../how/How.tsx';
import { messageOf, milliseconds } from '../ui/format.ts';
import type { AdapterFacts, RaceEntry, Subject } from '../worker/api.ts';
import { proxy, worker } from '../worker/client.ts';
import { loadDigits } from '../xray/digits.ts';
import { peers } from './peers.ts';

const subjectField = urlField('on', 'decoder');
const runField = urlField('run', '');

interface Course {
  readonly title: string;
  readonly subject: Subject;
  readonly input: () => Promise<Float32Array>;
}

const digit = async (): Promise<Float32Array> => (await loadDigits())[0] as Float32Array;
const pendulum = examples['double-pendulum'];
const decoder: Course = {
  title: 'Decoder, 16 latents to 784 pixels',
  subject: { kind: 'model', id: 'decoder' },
  input: () => Promise.resolve(Float32Array.from({ length: 16 }, (_, i) => Math.sin(i + 1))),
};
const courses: Readonly<Record<string, Course>> = {
  decoder,
  mlp: {
    title: 'Dense classifier, 784 pixels to 10 scores',
    subject: { kind: 'model', id: 'mlp' },
    input: digit,
  },
  cnn: {
    title: 'Convolutional classifier, 784 pixels to 10 scores',
    subject: { kind: 'model', id: 'cnn' },
    input: digit,
  },
  pendulum: {
    title: 'Double pendulum, 4 to 4',
    subject: { kind: 'expression', source: pendulum?.source ?? 'x' },
    input: () => Promise.resolve(Float32Array.from(pendulum?.inputs ?? [1])),
  },
};

/** The same Jacobian in several ways, on the visitor's own GPU. */
export function Race() {
  const [entries, setEntries] = useState<readonly RaceEntry[]>([]);
  const [state, setState] = useState<'idle' | 'running' | 'done'>('idle');
  const [error, setError] = useState('');
  const [adapter, setAdapter] = useState<AdapterFacts | null>(null);
  const [x, setX] = useState<Float32Array | null>(null);
  const heat = useRef(0);
  const course = courses[subjectField.value] ?? decoder;
  useEffect(() => {
    let gone = false;
    setX(null);
    void course.input().then((v) => !gone && setX(v));
    return () => void (gone = true);
  }, [course]);
  const run = async (): Promise<void> => {
    const mine = ++heat.current;
    setState('running');
    setEntries([]);
    setError('');
    try {
      const x = await course.input();
      await worker().race(
        course.subject,
        x,
        proxy((entry: RaceEntry) => {
          if (mine === heat.current) setEntries((list) => [...list, entry]);
        }),
      );
    } catch (e) {
      if (mine === heat.current) setError(messageOf(e));
    }
    if (mine === heat.current) setState('done');
  };
  useEffect(() => {
    void worker().adapter().then(setAdapter);
    if (runField.value === 'now') void run();
    return () => void heat.current++;
  }, []);
  const name = [adapter?.vendor, adapter?.architecture, adapter?.description]
    .filter(Boolean)
    .join(' ');
  return (
    <>
      <div class="intro">
        <h2>The same Jacobian, five ways</h2>
        <p>
          Medians on your own GPU, from call to numbers on the host, and the error of each against
          float64.
          {adapter && (
            <>
              {' '}
              This is {name || 'a GPU whose name the browser hides'}
              {adapter.isSoftware && ', which is the CPU pretending'}.
            </>
          )}
        </p>
      </div>
      <div class="toolbar">
        <label>
          On
          <select
            value={subjectField.value}
            disabled={state === 'running'}
            onChange={(e) => {
              subjectField.value = e.currentTarget.value;
              heat.current++;
              setEntries([]);
              setState('idle');
            }}
          >
            {Object.entries(courses).map(([id, { title }]) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          class="primary"
          disabled={state === 'running'}
          onClick={() => void run()}
        >
          {state === 'running' ? 'Running …' : 'Run the race'}
        </button>
      </div>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <div class="race" data-done={state === 'done' ? 'yes' : 'no'} role="status">
        <section class="card">
          <h3>Median time, shorter is better</h3>
          {entries.length > 0 ? (
            <Bars entries={entries} />
          ) : (
            <p class="dim">{state === 'running' ? 'Warming up …' : 'Press the button.'}</p>
          )}
        </section>
        <section class="card">
          <table>
            <thead>
              <tr>
                <th scope="col">method</th>
                <th scope="col" class="number">
                  median
                </th>
                <th scope="col" class="number">
                  error
                </th>
                <th scope="col" class="number">
                  runs
                </th>
              </tr>
            </thead>
            <tbody>
              {entries.map((e) => (
                <tr key={e.name}>
                  <td>{e.name}</td>
                  <td class="number">{milliseconds(e.medianMilliseconds ?? 0)}</td>
                  <td class="number" data-error={e.error}>
                    {(e.error ?? 0).toExponential(1).replace('-', '−')}
                  </td>
                  <td class="number">{e.runs}</td>
                </tr>
              ))}
              {peers.map((p) => (
                <tr key={p.name} class="refused">
                  <td>
                    {p.name}
                    <p class="dim">{p.refused}</p>
                  </td>
                  <td class="number">–</td>
                  <td class="number">–</td>
                  <td class="number">–</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </div>
      {x && <How key={course.title} subject={course.subject} x={x} mode="auto" />}
    </>
  );
}

function Bars({ entries }: { entries: readonly RaceEntry[] }) {
  const times = entries.map((e) => e.medianMilliseconds ?? 1);
  const least = 10 ** Math.floor(Math.log10(Math.min(...times)) - 0.3);
  const most = Math.max(...times) * 1.5;
  return (
    <Chart
      label="median times"
      data={entries}
      options={(Plot, width) => ({
        height: 46 + 44 * entries.length,
        marginLeft: 8,
        marginRight: 70,
        marginTop: 4,
        x: {
          type: 'log',
          label: 'milliseconds, on a logarithmic scale',
          grid: true,
          ticks: width < 500 ? 3 : 5,
          domain: [least, most],
        },
        y: { label: null, axis: null },
        marks: [
          Plot.barX(entries, {
            x1: least,
            x2: 'medianMilliseconds',
            y: 'name',
            sort: { y: null },
            insetTop: 19,
            insetBottom: 3,
            fill: (d: RaceEntry) => (d.name === 'Cotangent, auto' ? 'var(--accent)' : 'var(--dim)'),
          }),
          Plot.text(entries, {
            x: least,
            y: 'name',
            text: 'name',
            textAnchor: 'start',
            dx: 2,
            dy: -12,
            fontSize: 12.5,
            fill: 'var(--text)',
          }),
          Plot.text(entries, {
            x: 'medianMilliseconds',
            y: 'name',
            text: (d: RaceEntry) => milliseconds(d.medianMilliseconds ?? 0),
            textAnchor: 'start',
            dx: 6,
            dy: 8,
            fontSize: 12.5,
            fill: 'var(--text)',
          }),
        ],
      })}
    />
  );
}
