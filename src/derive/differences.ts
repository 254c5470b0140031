import type { Tensor } from '../ir/tensor.ts';
import { add, div, mul, sub } from '../ops/elementwise/arithmetic.ts';
import { abs, maximum } from '../ops/elementwise/rounding.ts';
import { embedDiagonal, takeDiagonal } from '../ops/linear/diagonal.ts';
import { lead, reshape } from '../ops/linear/layout.ts';
import { tensorTree } from '../ops/operand.ts';
import { DTypeError, TraceError } from '../util/errors.ts';
import { seedsLast } from './seeds.ts';
import { vmap } from './vmap.ts';

export interface DifferenceOptions {
  /** step, relative to max(1, |x|); default 5e-3, about the cube root of float32's precision */
  readonly step?: number;
}

/**
 * The Jacobian of a function of one tensor by central differences, (f(x + h e_i) - f(x - h e_i)) / 2h, all
 * 2n evaluations as one batch: for functions that can only be evaluated (a custom rule that is missing, a
 * check). Accurate to about 1e-4 in float32, where the derivatives of `jacobian` are accurate to 1e-6.
 */
export function finiteDifferenceJacobian(
  f: (x: Tensor, ...rest: never[]) => Tensor,
  { step = 5e-3 }: DifferenceOptions = {},
): (x: unknown, ...rest: unknown[]) => Tensor {
  const who = 'finiteDifferenceJacobian';
  return (given, ...rest) => {
    const tree = tensorTree(given, who);
    const [x] = tree.leaves;
    if (!x || tree.leaves.length !== 1)
      throw new TraceError(
        `${who}: takes a function of one tensor, got ${tree.leaves.length} leaves`,
      );
    if (x.dtype !== 'f32')
      throw new DTypeError(`${who}: the argument is ${x.dtype}; cast it to f32`);
    const n = x.size;
    const h = reshape(mul(step, maximum(abs(x), 1)), [1, n]);
    const diagonal = n === 1 ? h : embedDiagonal(h, -2, -1);
    const moved = (sign: 1 | -1): Tensor =>
      reshape(add(lead(reshape(x, [n]), 2), mul(sign, diagonal)), [n, ...x.shape]);
    const at = (points: Tensor): Tensor => vmap((p: Tensor) => f(p, ...(rest as never[])))(points);
    const [up, down] = [moved(1), moved(-1)];
    const rise = sub(at(up), at(down)); // [n, ...y]
    const run = sub(onDiagonal(up, n), onDiagonal(down, n)); // the steps as they were rounded
    const slopes = mul(
      rise,
      reshape(div(1, run), [n, ...new Array<number>(rise.rank - 1).fill(1)]),
    );
    return reshape(seedsLast(slopes, 1), [...rise.shape.slice(1), ...x.shape]);
  };
}

/** The elements that were moved, of points `[n, ...x]`. */
const onDiagonal = (points: Tensor, n: number): Tensor =>
  reshape(takeDiagonal(reshape(points, [n, n]), -2, -1), [n]);
