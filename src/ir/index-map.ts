import { add, constant, div, minOf, mod, offset, scale, ZERO, type Index } from './index-expr.ts';

/** One index expression per axis. */
export type Coordinates = readonly Index[];

/** `lo <= index < hi` */
export interface Bound {
  readonly index: Index;
  readonly lo: number;
  readonly hi: number;
}

/** `left == right` */
export interface Match {
  readonly left: Index;
  readonly right: Index;
}

export type Guard = Bound | Match;

/** Where an element comes from: coordinates in input 0, and what must hold; else the element is 0. */
export interface IndexMap {
  readonly at: Coordinates;
  readonly guards: readonly Guard[];
}

/** `e / n`, and the guard that n divides `e`. */
export function divided(e: Index, n: number): { quotient: Index; guards: Guard[] } {
  if (n === 1) return { quotient: e, guards: [] };
  // offset by a multiple of n, so that the remainder is taken of a number >= 0
  const up = Math.max(0, Math.ceil(-minOf(e) / n));
  const positive = offset(e, up * n);
  return {
    quotient: offset(div(positive, n), -up),
    guards: [{ left: mod(positive, n), right: constant(0) }],
  };
}

/** Coordinates in `shape` of the row-major position `linear`. */
export function unflatten(linear: Index, shape: readonly number[]): Index[] {
  const out = new Array<Index>(shape.length);
  let rest = linear;
  for (let i = shape.length - 1; i >= 0; i--) {
    const n = shape[i] as number;
    out[i] = i === 0 ? rest : mod(rest, n);
    rest = div(rest, n);
  }
  return out;
}

/** Row-major position of coordinates in `shape`. */
export function flatten(at: Coordinates, shape: readonly number[]): Index {
  let linear = ZERO;
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    linear = add(linear, scale(at[i] as Index, stride));
    stride *= shape[i] as number;
  }
  return linear;
}
