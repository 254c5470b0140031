import { subscript } from '../ui/subscript.ts';

interface Props {
  readonly text: string;
  readonly values: Float32Array | null;
  readonly onText: (text: string) => void;
}

const MOST_SLIDERS = 12;

/** Numbers of a text like `1, -0.5, 2e-3`; null where it is not that. */
export function readNumbers(text: string): Float32Array | null {
  const parts = text
    .trim()
    .split(/[\s,;]+/)
    .filter(Boolean);
  const numbers = parts.map(Number);
  const good = numbers.length > 0 && numbers.length <= 64 && numbers.every(Number.isFinite);
  return good ? Float32Array.from(numbers) : null;
}

/** The input vector: as text, and a slider for each entry. */
export function Inputs({ text, values, onText }: Props) {
  const set = (i: number, v: number): void => {
    const next = Array.from(values ?? [], (u, j) => (i === j ? v : Number(u.toPrecision(6))));
    onText(next.join(', '));
  };
  return (
    <div class="inputs">
      <label>
        x =
        <input
          type="text"
          value={text}
          spellcheck={false}
          aria-invalid={values === null}
          onInput={(e) => onText(e.currentTarget.value)}
        />
      </label>
      {values === null && (
        <p class="error" role="alert">
          x is a list of 1 to 64 numbers: 0.5, -1, 2
        </p>
      )}
      {values && values.length <= MOST_SLIDERS && (
        <div class="sliders">
          {Array.from(values, (v, i) => (
            <label key={i}>
              <span>x{subscript(i)}</span>
              <input
                type="range"
                min={Math.min(-3, Math.floor(v))}
                max={Math.max(3, Math.ceil(v))}
                step="0.01"
                value={v}
                onInput={(e) => set(i, e.currentTarget.valueAsNumber)}
              />
            </label>
          ))}
        </div>
      )}
    </div>
  );
}
