import type { Segment } from '../../src/index.ts';
import type { HowFacts } from '../worker/api.ts';
import { classes } from './directions.ts';

/** The segments from input to output with the direction each is passed in. */
function segmentsOf({ mode, explanation, outputs }: HowFacts): readonly Segment[] {
  const decision = explanation.jacobians[0];
  if (mode === 'auto' && decision?.segments) return decision.segments;
  const order = mode === 'auto' ? decision?.order : mode;
  return [{ size: outputs, move: order === 'forward' ? 'pushed forward' : 'pulled back' }];
}

const arrows: Readonly<Record<Segment['move'], string>> = {
  'pushed forward': '▶',
  'pulled back': '◀',
  multiplied: '×',
};

/** From input to output: what each segment of the function is passed in. */
export function Chain({ facts }: { facts: HowFacts }) {
  const segments = segmentsOf(facts);
  const seeds = facts.mode === 'auto' ? facts.explanation.jacobians[0]?.seeds : undefined;
  return (
    <section class="chain" aria-label="Segments">
      <ol>
        <li class="node">
          input <b>{facts.inputs}</b>
        </li>
        {segments.map(({ move, size, product }, i) => (
          <li key={i} class="pair">
            <span class={`link ${classes[move]}`}>
              <span>{move}</span>
              <i aria-hidden="true">{arrows[move]}</i>
            </span>
            <span class={product ? 'node multiplied' : 'node'}>
              {product && <span title="both sides are multiplied here">× </span>}
              {i === segments.length - 1 ? 'output ' : ''}
              <b>{size}</b>
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
