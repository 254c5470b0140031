import { useEffect, useState } from 'preact/hooks';
import { Chart } from '../charts/Chart.tsx';
import { bytes, messageOf } from '../ui/format.ts';
import type { ChunkMemory, HowFacts, Subject } from '../worker/api.ts';
import { worker } from '../worker/client.ts';

/** What the plan holds, and how that depends on how many seeds are carried at a time. */
export function Memory(props: {
  readonly subject: Subject;
  readonly inputs: number;
  readonly memory: HowFacts['explanation']['memory'];
}) {
  const { subject, inputs, memory } = props;
  const [list, setList] = useState<ChunkMemory[] | string>('');
  useEffect(() => setList(''), [subject]);
  const ask = (): void => {
    setList('asked');
    worker()
      .memory(subject, inputs)
      .then(setList, (e) => setList(messageOf(e)));
  };
  return (
    <section class="card">
      <h3>Memory on the GPU</h3>
      <dl class="facts">
        <dt>arguments, weights</dt>
        <dd>{bytes(memory.inputs)}</dd>
        <dt>intermediates</dt>
        <dd>{bytes(memory.intermediates)}</dd>
        <dt>results</dt>
        <dd>{bytes(memory.outputs)}</dd>
        <dt>to read them</dt>
        <dd>{bytes(memory.readback)}</dd>
      </dl>
      {Array.isArray(list) ? (
        <Chart
          label="memory of intermediates against chunk size"
          data={list}
          options={(Plot) => ({
            height: 130,
            marginLeft: 48,
            marginBottom: 32,
            x: { label: 'rows at a time', type: 'point' },
            y: { label: 'KiB', grid: true, ticks: 4, zero: true },
            marks: [
              Plot.lineY(list, {
                x: 'chunk',
                y: (d: ChunkMemory) => d.bytes / 1024,
                stroke: 'var(--accent)',
                strokeWidth: 2,
                marker: true,
              }),
            ],
          })}
        />
      ) : (
        <button type="button" disabled={list === 'asked'} onClick={ask}>
          {list === 'asked' ? 'Planning …' : 'Compare chunk sizes'}
        </button>
      )}
      {typeof list === 'string' && list !== '' && list !== 'asked' && <p class="error">{list}</p>}
    </section>
  );
}
