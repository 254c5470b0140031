import { apply, type Tensor } from '../ir/tensor.ts';

/** A tensor known to be zero off the diagonal of two of its axes. */
export interface Embedded {
  /** the diagonal: length 1 along `a`, length n along `b` */
  readonly inner: Tensor;
  /** axes counted from the end */
  readonly a: number;
  readonly b: number;
  /** the same structure around another diagonal */
  again(inner: Tensor, a?: number, b?: number): Tensor;
}

/** The diagonal structure of `x` if it was made by `embedDiagonal`. Seeds of a Jacobian are. */
export function embedded(x: Tensor): Embedded | null {
  if (x.op.name !== 'embedDiagonal') return null;
  const a = x.params['a'] as number;
  const b = x.params['b'] as number;
  return {
    inner: x.inputs[0] as Tensor,
    a,
    b,
    again: (inner, a2 = a, b2 = b) => apply(x.op, [inner], { a: a2, b: b2 }),
  };
}
