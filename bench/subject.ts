import { array, type HostArray, type Tensor } from '../src/node.ts';
import type { Rows } from './report.ts';

/** What is computed from the function of a subject. */
export type Derivative = 'jacobian' | 'batch jacobian' | 'hessian' | 'diagonal' | 'hvp';

/** One thing to measure: a function, a point, and what is wanted of the two. */
export interface Subject {
  /** as on the command line */
  readonly name: string;
  /** what it is, with shapes */
  readonly title: string;
  readonly derivative: Derivative;
  /** what `f` closes over, by name; peers get the same numbers */
  readonly parameters: Readonly<Record<string, HostArray>>;
  /** of one sample, where the derivative is one for each sample of a batch */
  readonly f: (x: Tensor) => Tensor;
  /** the point (for `hvp` the direction too); a batch has its axis first */
  readonly inputs: readonly [HostArray, ...HostArray[]];
  /** shape of the result */
  readonly shape: readonly number[];
  /** 2 x multiply-adds in products and convolutions of the cheapest known order, the value of `f` included */
  readonly flops: number;
  /** the result in float64; without it, our interpreter computes it */
  readonly reference?: () => Float64Array;
  /** how peers should build the same function */
  readonly peer: PeerFunction;
}

/** The function of a subject for other libraries: a name they know, and numbers it depends on. */
export interface PeerFunction {
  readonly name: string;
  readonly settings?: Readonly<Record<string, number>>;
}

/** `length` numbers spread evenly from -scale to scale, the same for the same seed everywhere. */
export function noise(length: number, scale = 1, seed = 1): Float32Array {
  let state = Math.imul(seed, 2654435761) >>> 0 || 1;
  return Float32Array.from({ length }, () => {
    // xorshift32 (Marsaglia 2003)
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) / 2 ** 31 - 1) * scale;
  });
}

/** Noise as an array; `scale` is the largest size of an element. */
export function random(shape: readonly number[], scale = 1, seed = 1): HostArray {
  return array(
    noise(
      shape.reduce((n, d) => n * d, 1),
      scale,
      seed,
    ),
    shape,
  );
}

/** Something measured in a way of its own. */
export interface Special {
  readonly name: string;
  readonly title: string;
  /** @throws Error that says why, where it cannot be measured */
  measure(): Promise<Rows>;
}
