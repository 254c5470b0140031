import { css, diverging } from '../ui/colors.ts';
import { short } from '../ui/format.ts';
import { indexOfLargest } from './largest.ts';
import { Chart } from '../charts/Chart.tsx';
import { isDark } from '../app/theme.ts';

/** More scores would not fit. */
const MOST = 16;

/** Where the magnitude of a row is largest. */
function strongest(row: Float32Array): number {
  return row.reduce((b, v, i) => (Math.abs(v) > Math.abs(row[b] as number) ? i : b), 0);
}

/** The derivatives of all scores by one pixel: the one pointed at, or else the one that the best score depends on most. */
export function Sensitivities(props: {
  readonly rows: Float32Array;
  readonly scores: ArrayLike<number>;
  readonly pixel: number | null;
  readonly width: number;
  readonly scale: number;
}) {
  const { rows, scores, width, scale } = props;
  const size = rows.length / scores.length;
  const best = indexOfLargest(scores);
  const pixel = props.pixel ?? strongest(rows.subarray(best * size, (best + 1) * size));
  const values = Array.from(
    { length: Math.min(scores.length, MOST) },
    (_, i) => rows[i * size + pixel] as number,
  );
  return (
    <section class="card sensitivities" data-pixel={pixel}>
      <h3>
        Pixel ({pixel % width}, {Math.floor(pixel / width)})
      </h3>
      <p class="dim">
        {props.pixel === null
          ? `The one that score ${best} depends on most; point at any other.`
          : 'Change of each score per unit of ink.'}
      </p>
      <ol class="bars" start={0}>
        {values.map((v, i) => (
          <li key={i}>
            <span>{i}</span>
            <svg viewBox="-50 0 100 10" preserveAspectRatio="none" aria-hidden="true">
              <line x1="0" x2="0" y1="0" y2="10" />
              <rect
                x={Math.min(0, (50 * v) / scale)}
                width={Math.abs((50 * v) / scale)}
                y="1"
                height="8"
                fill={css(diverging(Math.sign(v), isDark.value))}
              />
            </svg>
            <output>{short(v)}</output>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The singular values of J. */
export function Singular({ values }: { readonly values: Float64Array }) {
  const data = Array.from(values, (value, i) => ({ i: i + 1, value }));
  return (
    <section class="card" data-singular={Array.from(values).join(' ')}>
      <h3>Singular values of J</h3>
      <p class="dim">How strongly the scores answer in each independent direction of ink.</p>
      {data.length > 0 ? (
        <Chart
          label="singular values"
          data={values}
          options={(Plot) => ({
            height: 150,
            marginTop: 12,
            marginLeft: 36,
            x: { label: null },
            y: { label: null, grid: true, ticks: 4 },
            marks: [
              Plot.barY(data.slice(0, 32), { x: 'i', y: 'value', fill: 'var(--accent)' }),
              Plot.ruleY([0]),
            ],
          })}
        />
      ) : (
        <p class="dim">This Jacobian is too large for it here.</p>
      )}
    </section>
  );
}
