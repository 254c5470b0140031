import fc from 'fast-check';

/** Seed of the property tests: the same samples in every run, unless VITE_SEED says otherwise. */
export const SEED = Number(import.meta.env['VITE_SEED'] ?? 1);

/** Pseudo-random choices that follow from a seed (xorshift, Marsaglia 2003). */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed ^ 0x9e3779b9, 2654435761) ^ 0x5bd1e995) >>> 0 || 1;
    for (let i = 0; i < 4; i++) this.#next();
  }

  #next(): number {
    let s = this.#state;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return (this.#state = s >>> 0);
  }

  /** A number from `low` up to but not `high`. */
  uniform(low = 0, high = 1): number {
    return low + ((high - low) * this.#next()) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }

  chance(p: number): boolean {
    return this.uniform() < p;
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('pick: the list is empty');
    return list[this.int(0, list.length - 1)] as T;
  }

  /** A copy of `list` in another order. */
  shuffle<T>(list: readonly T[]): T[] {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(0, i);
      [out[i], out[j]] = [out[j] as T, out[i] as T];
    }
    return out;
  }

  /** The entries of `list` that a coin falls for, in order. */
  some<T>(list: readonly T[], p = 0.5): T[] {
    return list.filter(() => this.chance(p));
  }
}

/** Axis lengths that meet every path: 0, 1, multiples of four and not, longer than a tile. */
const lengths = fc.oneof(
  { arbitrary: fc.constantFrom(1, 2, 3, 4, 5, 7, 8), weight: 12 },
  { arbitrary: fc.constantFrom(12, 17, 33, 65), weight: 2 },
  { arbitrary: fc.constant(0), weight: 1 },
);

/** Shapes of rank 0 to 4 with at most `most` elements. */
export function shapes(most = 300): fc.Arbitrary<number[]> {
  return fc
    .array(lengths as fc.Arbitrary<number>, { maxLength: 4 })
    .filter((shape) => shape.reduce((a, b) => a * b, 1) <= most);
}

/** Shapes with one element or none, along vectors of four, beside them, and past a workgroup of 64. */
export const notableShapes: readonly (readonly number[])[] = [
  [],
  [0],
  [1],
  [4],
  [5],
  [3, 0],
  [1, 8],
  [6, 1],
  [3, 4],
  [2, 3, 5],
  [2, 1, 8],
  [67],
  [2, 2, 3, 4],
];

/** The least that meets scalars, vectors of four, neither, and nothing. */
export const plainShapes: readonly (readonly number[])[] = [[], [3, 4], [67], [0], [2, 1, 8]];
