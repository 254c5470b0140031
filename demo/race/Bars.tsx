import { Chart } from '../charts/Chart.tsx';
import { milliseconds } from '../ui/format.ts';
import type { RaceEntry } from '../worker/api.ts';

const ROW = 44;

const colourOf = ({ name }: RaceEntry): string =>
  name === 'Cotangent'
    ? 'var(--accent)'
    : name.startsWith('Cotangent')
      ? 'var(--accent-weak)'
      : 'var(--rival)';

/** Medians as bars, on a logarithmic scale. */
export function Bars({ entries }: { entries: readonly RaceEntry[] }) {
  const times = entries.map((e) => e.medianMilliseconds ?? 1);
  const least = 10 ** Math.floor(Math.log10(Math.min(...times)) - 0.3);
  const most = Math.max(...times) * 1.5;
  return (
    <Chart
      label="median times"
      data={entries}
      options={(Plot, width) => ({
        height: 52 + ROW * entries.length,
        marginLeft: 8,
        marginRight: 70,
        marginTop: 4,
        marginBottom: 40,
        x: {
          type: 'log',
          label: 'milliseconds, on a logarithmic scale',
          grid: true,
          ticks: width < 500 ? 3 : 5,
          tickFormat: '~g',
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
            rx: 2,
            fill: colourOf,
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
