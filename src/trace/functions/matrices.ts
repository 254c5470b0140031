import type { Tensor } from '../../ir/tensor.ts';
import { toTensor, type TensorLike } from '../../ops/operand.ts';
import { ShapeError } from '../../util/errors.ts';
import { formatShape } from '../../util/shape.ts';
import { whole } from '../checks.ts';
import { named } from '../named.ts';
import { numeric } from '../operands.ts';
import * as op from '../primitives.ts';

function matrix(who: string, x: TensorLike): Tensor {
  const t = toTensor(x, who);
  if (t.rank < 2)
    throw new ShapeError(
      `${who}: a matrix has at least two axes, got shape ${formatShape(t.shape)}; reshape it first`,
    );
  return t;
}

/** column - row at each element of the last two axes */
function offDiagonal(x: Tensor): Tensor {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  return op.sub(op.iota(columns), op.reshape(op.iota(rows), [rows, 1]));
}

/** The last two axes on and above diagonal `k`, zeros below. @throws ShapeError for a rank below 2 */
export const triu = named('triu', (x: TensorLike, k: number = 0): Tensor => {
  const t = matrix('triu', x);
  return masked(op.greaterEqual(offDiagonal(t), whole('triu', 'a diagonal', k)), t);
});

/** The last two axes on and below diagonal `k`, zeros above. @throws ShapeError for a rank below 2 */
export const tril = named('tril', (x: TensorLike, k: number = 0): Tensor => {
  const t = matrix('tril', x);
  return masked(op.lessEqual(offDiagonal(t), whole('tril', 'a diagonal', k)), t);
});

const masked = (mask: Tensor, x: Tensor): Tensor =>
  op.where(mask, x, op.full(new Array<number>(x.rank).fill(1), 0, x.dtype));

/** Vectors `[..., n]` on the diagonals of matrices `[..., n, n]`. @throws ShapeError for a scalar */
export const diag = named('diag', (x: TensorLike): Tensor => {
  const t = toTensor(x, 'diag');
  if (t.rank === 0)
    throw new ShapeError('diag: takes a vector, got shape []; reshape it to [1] first');
  const row = op.reshape(t, [...t.shape.slice(0, -1), 1, ...t.shape.slice(-1)]);
  return op.embedDiagonal(row, -2, -1);
});

/** The diagonals of the matrices `[..., n, m]`: `[..., min(n, m)]`. @throws ShapeError for a rank below 2 */
export const diagonal = named('diagonal', (x: TensorLike): Tensor =>
  diagonalOf(matrix('diagonal', x)),
);

function diagonalOf(x: Tensor): Tensor {
  const n = Math.min(...x.shape.slice(-2));
  const square = op.slice(op.slice(x, -2, 0, n), -1, 0, n);
  const row = op.takeDiagonal(square, -2, -1);
  return op.reshape(row, [...x.shape.slice(0, -2), n]);
}

/** The sum of the diagonal of the last two axes. @throws ShapeError for a rank below 2 */
export const trace = named('trace', (x: TensorLike): Tensor => {
  const entries = diagonalOf(numeric('trace', matrix('trace', x)));
  return op.reshape(op.sum(entries, [-1]), entries.shape.slice(0, -1));
});
