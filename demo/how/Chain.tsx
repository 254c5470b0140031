import type { HowFacts } from '../worker/api.ts';

export type Direction = 'forward' | 'reverse' | 'own';

export const words: Record<Direction, string> = {
  forward: 'pushed forward',
  reverse: 'pulled back',
  own: 'kept as it is, and multiplied',
};

interface Link {
  readonly direction: Direction;
  readonly size: number;
}

/** The segments from input to output with the direction each is passed in. */
export function linksOf({ mode, explanation, outputs }: HowFacts): readonly Link[] {
  const decision = explanation.jacobians[0];
  if (mode === 'auto' && decision?.segments)
    return decision.segments.map(({ size, move }) => ({
      size,
      direction: move === 'pushed forward' ? 'forward' : move === 'pulled back' ? 'reverse' : 'own',
    }));
  const order = mode === 'auto' ? decision?.order : mode;
  return [{ size: outputs, direction: order === 'forward' ? 'forward' : 'reverse' }];
}

/** From input to output: what each segment of the function is passed in. */
export function Chain({ facts }: { facts: HowFacts }) {
  const links = linksOf(facts);
  const seeds = facts.mode === 'auto' ? facts.explanation.jacobians[0]?.seeds : undefined;
  return (
    <section class="chain" aria-label="Segments">
      <ol>
        <li class="node">
          input <b>{facts.inputs}</b>
        </li>
        {links.map((link, i) => (
          <li key={i} class="pair">
            <span class={`link ${link.direction}`}>
              <span>{words[link.direction]}</span>
              <i aria-hidden="true">{link.direction === 'reverse' ? '◀' : '▶'}</i>
            </span>
            <span class="node">
              {i === links.length - 1 ? 'output ' : ''}
              <b>{link.size}</b>
            </span>
          </li>
        ))}
      </ol>
      <p class="dim">
        {facts.mode === 'rows'
          ? `The same small program ${facts.outputs} times, each with one seed, each a submission of its own.`
          : seeds !== undefined
            ? `${seeds} seed${seeds === 1 ? '' : 's'} in one submission; the seeds themselves are never stored.`
            : 'Asked for with the switch above; all seeds at once, in one submission.'}
      </p>
    </section>
  );
}
