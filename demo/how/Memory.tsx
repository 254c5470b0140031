import { useEffect, useMemo, useState } from 'preact/hooks';
import { Chart } from '../charts/Chart.tsx';
import { bytes, messageOf } from '../ui/format.ts';
import type { ChunkMemory, HowFacts, Subject } from '../worker/api.ts';
import { worker } from '../worker/client.ts';

/** At most so many passes: each is a part of the plan. */
const MOST_PASSES = 8;

/** Chunk sizes from few seeds to all of them, doubled from one to the next. */
function chunksOf(seeds: number): number[] {
  const list: number[] = [];
  for (let n = Math.ceil(seeds / MOST_PASSES); n < seeds; n *= 2) list.push(n);
  return [...list, seeds];
}

/** What the plan holds, and how that depends on how many seeds are carried at a time. */
export function Memory({ subject, facts }: { subject: Subject; facts: HowFacts }) {
  const { inputs, outputs, explanation, mode } = facts;
  const { memory } = explanation;
  const chosen = mode === 'auto' ? explanation.jacobians[0]?.order : mode;
  const direction = chosen === 'forward' ? 'forward' : 'reverse';
  const chunks = useMemo(
    () => chunksOf(direction === 'forward' ? inputs : outputs),
    [direction, inputs, outputs],
  );
  const [list, setList] = useState<readonly ChunkMemory[]>([]);
  const [error, setError] = useState('');
  useEffect(() => {
    let gone = false;
    setList([]);
    setError('');
    // one at a time, so that what the visitor does meanwhile comes between
    const ask = async (): Promise<void> => {
      for (const chunk of chunks) {
        const one = await worker().memory(subject, inputs, direction, chunk);
        if (gone) return;
        setList((l) => [...l, one]);
      }
    };
    ask().catch((e: unknown) => {
      if (!gone) setError(messageOf(e));
    });
    return () => void (gone = true);
  }, [subject, chunks]);
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
      <p class="dim">
        Fewer seeds at a time need less room; the parts, put together again, need more.
      </p>
      {error ? (
        <p class="error">{error}</p>
      ) : (
        <Chart
          label="memory of intermediates against chunk size"
          data={list}
          options={(Plot) => ({
            height: 140,
            marginLeft: 48,
            marginBottom: 34,
            x: {
              label: `${direction === 'forward' ? 'columns pushed' : 'rows pulled'} at a time`,
              type: 'point',
              domain: chunks,
            },
            y: { label: 'intermediates, KiB', grid: true, ticks: 4, zero: true },
            marks: [
              Plot.lineY(list, {
                x: 'chunk',
                y: (d: ChunkMemory) => d.bytes / 1024,
                stroke: 'var(--accent)',
                strokeWidth: 2,
              }),
              Plot.dot(list, {
                x: 'chunk',
                y: (d: ChunkMemory) => d.bytes / 1024,
                fill: 'var(--accent)',
                r: 3.5,
              }),
            ],
          })}
        />
      )}
    </section>
  );
}
