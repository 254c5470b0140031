import { milliseconds } from '../ui/format.ts';
import type { RaceEntry } from '../worker/api.ts';
import { ways } from './lineup.ts';
import { peers } from './peers/index.ts';

/** Everyone who runs, in this order. */
const all: readonly { readonly name: string; readonly way?: string }[] = [
  ...Object.values(ways),
  ...peers,
];

/** A larger error than this is no rounding. */
const WRONG = 1e-2;

const scientific = (v: number): string => v.toExponential(1).replace('-', '−');

/** Each contestant with its median, its error and how often it ran; those that cannot, with the reason. */
export function Standings({ entries }: { entries: readonly RaceEntry[] }) {
  return (
    <table class="standings">
      <thead>
        <tr>
          <th scope="col">method</th>
          <th scope="col" class="number">
            median
          </th>
          <th scope="col" class="number" title="Frobenius norm of the difference, relative">
            error
          </th>
          <th scope="col" class="number">
            runs
          </th>
        </tr>
      </thead>
      <tbody>
        {all.map(({ name, way }) => {
          const entry = entries.find((e) => e.name === name);
          return <Row key={name} entry={{ name, ...(way && { way }), ...entry }} />;
        })}
      </tbody>
    </table>
  );
}

function Row({ entry }: { entry: RaceEntry }) {
  const { name, way, refused, medianMilliseconds: time, error, runs } = entry;
  return (
    <tr class={refused ? 'refused' : ''}>
      <td>
        {name}
        {(refused ?? way) && <p class="dim">{refused ? `cannot do it here: ${refused}` : way}</p>}
      </td>
      <td class="number">{time === undefined ? '–' : milliseconds(time)}</td>
      <td class={`number${error !== undefined && error > WRONG ? ' bad' : ''}`} data-error={error}>
        {error === undefined ? '–' : scientific(error)}
      </td>
      <td class="number">{runs ?? '–'}</td>
    </tr>
  );
}
