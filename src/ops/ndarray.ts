import type { NdArray } from '../ir/op.ts';
import { sizeOf, stridesOf, type Shape } from '../util/shape.ts';

/** Calls `visit(coordinates, linear)` for every position of `shape`, in row-major order. */
export function eachIndex(shape: Shape, visit: (at: number[], linear: number) => void): void {
  const n = sizeOf(shape);
  const at = new Array<number>(shape.length).fill(0);
  for (let linear = 0; linear < n; linear++) {
    visit(at, linear);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++(at[axis] as number) < (shape[axis] as number)) break;
      at[axis] = 0;
    }
  }
}

/** Strides that read `shape` as if its axes of length 1 were repeated (stride 0). */
export function broadcastStrides(shape: Shape): number[] {
  return stridesOf(shape).map((s, i) => (shape[i] === 1 ? 0 : s));
}

export function dot(at: readonly number[], strides: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < strides.length; i++) sum += (at[i] as number) * (strides[i] as number);
  return sum;
}

/** Elements of `shape`, each taken from `x` at the position `from` gives, 0 where it gives -1. */
export function gatherElements(
  x: NdArray,
  shape: Shape,
  from: (at: number[]) => number,
): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  eachIndex(shape, (at, i) => {
    const j = from(at);
    out[i] = j < 0 ? 0 : (x.data[j] as number);
  });
  return out;
}
