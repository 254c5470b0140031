import { useEffect, useRef, useState } from 'preact/hooks';
import { urlField } from '../app/state.ts';
import { How } from '../how/How.tsx';
import { messageOf } from '../ui/format.ts';
import { asMode, Modes } from '../ui/Modes.tsx';
import type { AdapterFacts, RaceEntry } from '../worker/api.ts';
import { worker } from '../worker/client.ts';
import { Bars } from './Bars.tsx';
import { asCourse, courses, type Course } from './courses.ts';
import { runRace } from './run.ts';
import { Standings } from './Standings.tsx';

const courseField = urlField('on', 'decoder');
const runField = urlField('run', '');
const mode = urlField('order', 'auto');

/** The same Jacobian in several ways, on the visitor's own GPU. */
export function Race() {
  const [entries, setEntries] = useState<readonly RaceEntry[]>([]);
  const [state, setState] = useState<'idle' | 'running' | 'done'>('idle');
  const [error, setError] = useState('');
  const [adapter, setAdapter] = useState<AdapterFacts | null>(null);
  const [x, setX] = useState<Float32Array | null>(null);
  const stop = useRef(new AbortController());
  const id = asCourse(courseField.value);
  const course: Course = courses[id];

  const run = async (): Promise<void> => {
    stop.current.abort();
    const { signal } = (stop.current = new AbortController());
    setState('running');
    setEntries([]);
    setError('');
    try {
      await runRace(
        id,
        (more) => {
          if (!signal.aborted) setEntries((list) => [...list, ...more]);
        },
        signal,
      );
    } catch (e) {
      if (!signal.aborted) setError(messageOf(e));
    }
    if (!signal.aborted) setState('done');
  };
  useEffect(() => {
    worker()
      .adapter()
      .then(setAdapter, (e) => setError(messageOf(e)));
  }, []);
  useEffect(() => {
    let gone = false;
    setX(null);
    setEntries([]);
    setState('idle');
    course.input().then(
      (v) => !gone && setX(v),
      (e) => !gone && setError(messageOf(e)),
    );
    if (runField.value === 'now') void run();
    return () => {
      gone = true;
      stop.current.abort();
    };
  }, [id]);
  const times = entries.filter((e) => e.medianMilliseconds !== undefined);
  return (
    <>
      <div class="intro">
        <h2>The same Jacobian, seven ways</h2>
        <p>
          Medians on your own GPU, from the call to numbers on the host, and the error of each
          against float64. <Adapter facts={adapter} />
        </p>
      </div>
      <div class="toolbar">
        <label>
          On
          <select value={id} onChange={(e) => (courseField.value = e.currentTarget.value)}>
            {Object.entries(courses).map(([key, { title }]) => (
              <option key={key} value={key}>
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
          {state === 'running' ? 'Running …' : state === 'done' ? 'Run it again' : 'Run the race'}
        </button>
      </div>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <div class="race" data-done={state === 'done' ? 'yes' : 'no'}>
        <section class="card">
          <h3>Median time, shorter is better</h3>
          {times.length > 0 ? (
            <Bars entries={times} />
          ) : (
            <p class="empty-state">
              {state === 'running'
                ? 'Compiling and warming up …'
                : 'Press “Run the race”. The other libraries are loaded then, and only then.'}
            </p>
          )}
        </section>
        <section class="card">
          <Standings entries={entries} />
        </section>
      </div>
      {x && (
        <How key={id} subject={course.subject} x={x} mode={asMode(mode.value)}>
          <div class="toolbar lower">
            <Modes value={mode} />
          </div>
        </How>
      )}
    </>
  );
}

function Adapter({ facts }: { facts: AdapterFacts | null }) {
  if (!facts) return null;
  const name = [facts.vendor, facts.architecture, facts.description].filter(Boolean).join(' ');
  return (
    <>
      This is {name || 'a GPU whose name the browser hides'}
      {facts.isSoftware && ', a CPU that does the work of a GPU'}.
    </>
  );
}
