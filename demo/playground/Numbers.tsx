import { short } from '../ui/format.ts';
import { subscript } from '../ui/subscript.ts';

/** More would hide what is below. */
const MOST = 24;

/** A list of numbers with their names. */
export function Numbers(props: {
  readonly title: string;
  readonly values: ArrayLike<number>;
  readonly name: (i: number) => string;
  readonly digits: number;
}) {
  const { title, values, name, digits } = props;
  const rest = values.length - MOST;
  return (
    <div class="card">
      <h3>{title}</h3>
      <p class="value">
        {Array.from({ length: Math.min(MOST, values.length) }, (_, i) => (
          <span key={i}>
            <i>{name(i)}</i> {short(values[i] as number, digits)}
          </span>
        ))}
        {rest > 0 && <small class="dim">and {rest} more</small>}
      </p>
    </div>
  );
}

export const indexed =
  (letter: string, first = 0) =>
  (i: number): string =>
    `${letter}${subscript(i + first)}`;
