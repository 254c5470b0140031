import type { Tensor } from '../../ir/tensor.ts';
import { toTensor, type TensorLike } from '../../ops/operand.ts';
import { array } from '../../util/array.ts';
import { ShapeError, TraceError } from '../../util/errors.ts';
import { formatShape, range } from '../../util/shape.ts';
import { perAxis } from '../checks.ts';
import { named } from '../named.ts';
import { float } from '../operands.ts';
import * as op from '../primitives.ts';
import { taken } from './indexing.ts';
import { repeated } from './joining.ts';
import type { PerAxis } from './patches.ts';
import { alongAxis } from './pooling.ts';

export interface UpsampleOptions {
  /** factor of each axis: its length is floor(n·scale) then. This or `size` */
  readonly scale?: number | readonly number[];
  /** length of each axis */
  readonly size?: PerAxis;
  /** default `"nearest"` */
  readonly mode?: 'nearest' | 'bilinear';
  /** of bilinear: the first and the last element stay where they are; default false */
  readonly alignCorners?: boolean;
}

/**
 * `x [N, C, ...]` in another size along the axes after the channels. Nearest: element floor(i·in/out);
 * bilinear: between the two elements next to (i + ½)·in/out - ½, clamped to the image.
 *
 * @throws ShapeError when neither scale nor size is given, or both
 */
export const upsample = named('upsample', (x: TensorLike, options: UpsampleOptions): Tensor => {
  const t = toTensor(x, 'upsample');
  const { mode = 'nearest', alignCorners = false } = options;
  if (mode !== 'nearest' && mode !== 'bilinear')
    throw new TraceError(
      `upsample: mode is "nearest" or "bilinear", got ${JSON.stringify(mode)}; name one`,
    );
  const target = targetOf(t, options);
  const d = target.length;
  if (mode === 'nearest') return target.reduce((y, m, i) => nearest(y, i - d, m), t);
  return target.reduce((y, m, i) => interpolated(y, i - d, m, alignCorners), float('upsample', t));
});

function targetOf(x: Tensor, { scale, size }: UpsampleOptions): number[] {
  const image = x.shape.slice(2);
  if (x.rank < 3 || image.includes(0))
    throw new ShapeError(
      `upsample: expected [batch, channels, ...image], got shape ${formatShape(x.shape)}; reshape it first`,
    );
  if ((scale === undefined) === (size === undefined))
    throw new ShapeError('upsample: takes a scale or a size, not both; pass { scale: 2 }');
  if (size !== undefined) return perAxis('upsample', 'size', size, image.length, 1);
  const factors = typeof scale === 'number' ? image.map(() => scale) : (scale as number[]);
  const target = image.map((n, i) => Math.floor(n * (factors[i] as number)));
  if (factors.length !== image.length || !target.every((n) => n >= 1))
    throw new ShapeError(
      `upsample: scale is one factor for each of ${image.length} axes, got [${factors.join()}] for shape ${formatShape(x.shape)}; pass numbers > 0`,
    );
  return target;
}

function nearest(x: Tensor, axis: number, m: number): Tensor {
  const n = x.shape[x.rank + axis] as number;
  if (m === n) return x;
  if (m % n === 0) return repeated(x, m / n, axis);
  const from = Int32Array.from(range(m), (i) => Math.floor((i * n) / m));
  return taken(x, op.constant(array(from)), axis);
}

function interpolated(x: Tensor, axis: number, m: number, corners: boolean): Tensor {
  const n = x.shape[x.rank + axis] as number;
  if (m === n) return x;
  // positions as whole multiples of 1 / unit, so that the matrix is exact
  const unit = corners ? Math.max(1, m - 1) : 2 * m;
  const matrix = new Array<number>(m * n).fill(0);
  for (let i = 0; i < m; i++) {
    const exact = corners ? i * (n - 1) : (2 * i + 1) * n - m;
    const at = Math.min(Math.max(exact, 0), (n - 1) * unit);
    const low = Math.floor(at / unit);
    const beyond = at - low * unit;
    matrix[i * n + low] = unit - beyond;
    if (beyond > 0) matrix[i * n + low + 1] = beyond;
  }
  return op.div(alongAxis(x, axis, matrix, m), unit);
}
