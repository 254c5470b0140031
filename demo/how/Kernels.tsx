import { useState } from 'preact/hooks';
import { count, milliseconds } from '../ui/format.ts';
import type { HowFacts } from '../worker/api.ts';
import { Wgsl } from './Wgsl.tsx';

/** Every dispatch with its GPU time and its shader. */
export function Kernels({ facts }: { facts: HowFacts }) {
  const { explanation, profile } = facts;
  const [open, setOpen] = useState<number | null>(null);
  const times = typeof profile === 'string' ? null : profile.steps.map((s) => s.milliseconds);
  const most = Math.max(1e-9, ...(times ?? []));
  return (
    <section class="card kernels">
      <h3>
        {explanation.dispatches} kernel{explanation.dispatches === 1 ? '' : 's'}
        {typeof profile !== 'string' && <> · {milliseconds(profile.milliseconds)} on the GPU</>}
      </h3>
      {typeof profile === 'string' && <p class="dim">No GPU times: {profile}</p>}
      <ol class="list">
        {explanation.kernels.map((k, i) => {
          const time = times?.[i];
          return (
            <li key={i}>
              <button
                type="button"
                aria-expanded={open === i}
                onClick={() => setOpen(open === i ? null : i)}
              >
                <span class="name">{k.label.slice(k.label.indexOf('/') + 1)}</span>
                <span class="kind">{k.kind}</span>
                <span class="work">{k.multiplyAdds > 0 ? `${count(k.multiplyAdds)} FMA` : ''}</span>
                <span class="groups">{k.workgroups.join('×')} groups</span>
                {time !== undefined && (
                  <>
                    <span class="time">{milliseconds(time)}</span>
                    <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                      <rect width={(100 * time) / most} height="8" rx="2" />
                    </svg>
                  </>
                )}
              </button>
              {open === i && (
                <div class="inside">
                  <p class="dim">
                    reads {k.reads.join('; ') || 'nothing'} · writes {k.writes.join('; ')}
                  </p>
                  <Wgsl code={k.wgsl} />
                </div>
              )}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
