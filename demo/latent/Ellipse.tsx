import { subscript } from '../ui/subscript.ts';
import { short } from '../ui/format.ts';
import { ellipseOf } from './ellipse-of.ts';

/** The steps of two latents that change the image by 1: where vᵀ (JᵀJ) v = 1. */
export function Ellipse(props: {
  readonly metric: Float32Array;
  readonly n: number;
  readonly pair: readonly [number, number];
}) {
  const { metric, n, pair } = props;
  const [i, j] = pair;
  const at = (r: number, c: number): number => metric[r * n + c] as number;
  const { long, short: thin, angle } = ellipseOf(at(i, i), at(i, j), at(j, j));
  const zoom = 42 / Math.max(long, 1e-6);
  return (
    <>
      <svg
        class="ellipse"
        viewBox="-60 -52 120 104"
        role="img"
        aria-label={`ellipse with half axes ${short(long)} and ${short(thin)}`}
      >
        <line x1="-54" x2="54" y1="0" y2="0" />
        <line y1="-48" y2="48" x1="0" x2="0" />
        <ellipse rx={long * zoom} ry={thin * zoom} transform={`rotate(${-angle})`} />
        <text x="56" y="-3">
          z{subscript(i)}
        </text>
        <text x="7" y="-45">
          z{subscript(j)}
        </text>
      </svg>
      <p class="dim">
        half axes {short(long)} and {short(thin)}
      </p>
    </>
  );
}
