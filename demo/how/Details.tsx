import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../ui/format.ts';
import type { HowFacts, Mode, Subject } from '../worker/api.ts';
import { Latest } from '../ui/latest.ts';
import { worker } from '../worker/client.ts';
import { Chain } from './Chain.tsx';
import { Flow } from './Flow.tsx';
import { Kernels } from './Kernels.tsx';
import { Memory } from './Memory.tsx';
import { Orders } from './Orders.tsx';

export interface DetailsProps {
  readonly subject: Subject;
  readonly x: Float32Array;
  readonly mode: Mode;
}

/** The order that was chosen and why, the graph, memory, and every kernel. */
export function Details({ subject, x, mode }: DetailsProps) {
  const [facts, setFacts] = useState<HowFacts | null>(null);
  const [error, setError] = useState('');
  const latest = useRef<Latest<HowFacts> | null>(null);
  latest.current ??= new Latest(
    (f) => {
      setFacts(f);
      setError('');
    },
    (e) => setError(messageOf(e)),
  );
  const point = useRef(x);
  point.current = x;
  useEffect(() => {
    latest.current?.ask(() => worker().how(subject, point.current, mode));
  }, [subject, mode, x.length]);
  if (error) return <p class="error">{error}</p>;
  if (!facts) return <p class="loading">Asking the planner …</p>;
  return (
    <div class="details" data-mode={facts.mode}>
      <Chain facts={facts} />
      <div class="two">
        <Orders facts={facts} />
        <Memory subject={subject} facts={facts} />
      </div>
      <Flow facts={facts} />
      <Kernels facts={facts} />
    </div>
  );
}
