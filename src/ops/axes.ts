import type { Shape } from '../util/shape.ts';

/** Length of the axis counted from the end (`axis < 0`). */
export function dim(x: { readonly shape: Shape }, axis: number): number {
  return x.shape[x.shape.length + axis] as number;
}

/** A copy of `shape` with one axis, counted from the end, set. */
export function withDim(shape: Shape, axis: number, length: number): number[] {
  const out = [...shape];
  out[out.length + axis] = length;
  return out;
}

/** Shape of equal-rank operands broadcast together; -1 marks an axis that does not fit. */
export function broadcastShape(inputs: readonly { readonly shape: Shape }[]): number[] {
  const first = inputs[0] as { readonly shape: Shape };
  return first.shape.map((_, i) => {
    let n = 1;
    for (const x of inputs) {
      const d = x.shape[i] as number;
      if (d !== 1) n = n === 1 || n === d ? d : -1;
    }
    return n;
  });
}
