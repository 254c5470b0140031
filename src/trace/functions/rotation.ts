import type { Tensor } from '../../ir/tensor.ts';
import type { TensorLike } from '../../ops/operand.ts';
import { ShapeError } from '../../util/errors.ts';
import { formatShape } from '../../util/shape.ts';
import { broadcastShapes } from '../checks.ts';
import { named } from '../named.ts';
import { float } from '../operands.ts';
import * as op from '../primitives.ts';
import { crossed, unit } from './geometry.ts';
import { joined } from './joining.ts';

// Quaternions are [w, x, y, z], the real part first; vectors are columns, and rotations turn them counter-
// clockwise as seen against the axis. Components stand along the last axis, axes before it broadcast.

function components(who: string, what: string, value: TensorLike, count: number): Tensor {
  const t = float(who, value);
  if (t.shape[t.rank - 1] !== count)
    throw new ShapeError(
      `${who}: ${what} has ${count} components along the last axis, got shape ${formatShape(t.shape)}; move them there`,
    );
  return t;
}

const part = (x: Tensor, start: number, length: number): Tensor => op.slice(x, -1, start, length);
const real = (q: Tensor): Tensor => part(q, 0, 1);
const imaginary = (q: Tensor): Tensor => part(q, 1, 3);
const dot = (a: Tensor, b: Tensor): Tensor => op.contract(a, b, [-1]);

function together(who: string, a: Tensor, b: Tensor): [Tensor, Tensor] {
  broadcastShapes(who, [a.shape.slice(0, -1), b.shape.slice(0, -1)]);
  const rank = Math.max(a.rank, b.rank);
  return [op.lead(a, rank), op.lead(b, rank)];
}

/** Product of quaternions `[..., 4]`: the rotation q after the rotation p is q·p. @throws ShapeError */
export const quaternionMultiply = named(
  'quaternionMultiply',
  (a: TensorLike, b: TensorLike): Tensor => {
    const who = 'quaternionMultiply';
    const [p, q] = together(who, components(who, 'a', a, 4), components(who, 'b', b, 4));
    const [pw, pv, qw, qv] = [real(p), imaginary(p), real(q), imaginary(q)];
    // (pw qw - pv·qv, pw qv + qw pv + pv × qv)
    const w = op.sub(op.mul(pw, qw), dot(pv, qv));
    const v = op.add(op.add(op.mul(pw, qv), op.mul(qw, pv)), crossed(pv, qv, -1));
    return joined([w, v], -1);
  },
);

/** `[w, -x, -y, -z]`: for a unit quaternion the inverse rotation. @throws ShapeError */
export const quaternionConjugate = named('quaternionConjugate', (q: TensorLike): Tensor => {
  const p = components('quaternionConjugate', 'q', q, 4);
  return joined([real(p), op.neg(imaginary(p))], -1);
});

/** `v [..., 3]` rotated by `q [..., 4]`, which is normalized first. @throws ShapeError */
export const quaternionRotate = named(
  'quaternionRotate',
  (q: TensorLike, v: TensorLike): Tensor => {
    const who = 'quaternionRotate';
    const [p, t] = together(who, components(who, 'q', q, 4), components(who, 'v', v, 3));
    const u = unit(p, -1);
    // v + w t + u × t with t = 2 u × v
    const turned = op.mul(2, crossed(imaginary(u), t, -1));
    return op.add(op.add(t, op.mul(real(u), turned)), crossed(imaginary(u), turned, -1));
  },
);

/** The rotation matrix `[..., 3, 3]` of `q [..., 4]`, which is normalized first. @throws ShapeError */
export const quaternionToMatrix = named('quaternionToMatrix', (q: TensorLike): Tensor => {
  const u = unit(components('quaternionToMatrix', 'q', q, 4), -1);
  // I + 2 w K + 2 K², K the cross product with the imaginary part
  const k = crossMatrix(imaginary(u));
  return rotation(k, op.mul(2, column(real(u))), op.full([1, 1], 2));
});

/** The rotation matrix `[..., 3, 3]` about the vector `v [..., 3]` by its length in radians. @throws ShapeError */
export const rotationFromVector = named('rotationFromVector', (v: TensorLike): Tensor => {
  const t = components('rotationFromVector', 'v', v, 3);
  const square = column(dot(t, t));
  // I + sin θ/θ K + (1 - cos θ)/θ² K² (Rodrigues), smooth at θ = 0
  const a = entire(square, 1, (angle) => op.div(op.sin(angle), angle));
  const b = entire(square, 2, (angle) => {
    const half = op.sin(op.mul(0.5, angle));
    return op.div(op.mul(2, op.square(half)), op.square(angle));
  });
  return rotation(crossMatrix(t), a, b);
});

/** The quaternion `[..., 4]` of the rotation about `v [..., 3]` by its length in radians. @throws ShapeError */
export const quaternionFromVector = named('quaternionFromVector', (v: TensorLike): Tensor => {
  const t = components('quaternionFromVector', 'v', v, 3);
  const half = op.mul(0.5, t);
  const square = dot(half, half);
  // (cos θ/2, sin(θ/2)/(θ/2) v/2)
  const w = entire(square, 0, op.cos);
  const s = entire(square, 1, (angle) => op.div(op.sin(angle), angle));
  return joined([w, op.mul(s, half)], -1);
});

/** `[2, 2]` rotation of the plane by an angle in radians; angles `[...]` give `[..., 2, 2]`. */
export const rotation2d = named('rotation2d', (angle: TensorLike): Tensor => {
  const t = float('rotation2d', angle);
  const entry = (x: Tensor): Tensor => op.reshape(x, [...t.shape, 1, 1]);
  const [c, s] = [entry(op.cos(t)), entry(op.sin(t))];
  return joined([joined([c, op.neg(s)], -1), joined([s, c], -1)], -2);
});

/** `[..., n]` -> `[..., n, 1]` */
const column = (x: Tensor): Tensor => op.reshape(x, [...x.shape, 1]);

/** The matrix of v ×: `[..., 3]` -> `[..., 3, 3]`. */
function crossMatrix(v: Tensor): Tensor {
  // its columns are v × e_j
  const rows = op.reshape(v, [...v.shape.slice(0, -1), 1, 3]);
  const unitVectors = op.embedDiagonal(op.full([1, 3], 1), -2, -1);
  return op.swap(crossed(rows, unitVectors, -1), -1, -2);
}

/** I + a K + b K² */
function rotation(k: Tensor, a: Tensor, b: Tensor): Tensor {
  const eye = op.embedDiagonal(op.full([1, 3], 1), -2, -1);
  const left = op.reshape(k, [...k.shape, 1]);
  const right = op.reshape(k, [...k.shape.slice(0, -2), 1, 3, 3]);
  const square = op.reshape(op.contract(left, right, [-2]), k.shape);
  return op.add(op.add(eye, op.mul(a, k)), op.mul(b, square));
}

/** Below this square of the angle the series is used; its first omitted term is below 1e-17 of the sum. */
const NEAR = 0.1;
const TERMS = 7;

/**
 * The entire functions cos θ, sin θ/θ, (1 - cos θ)/θ² (k = 0, 1, 2), Σₙ (-θ²)ⁿ / (2n + k)!, given θ²: by the
 * series near 0, where the quotients and √ have no derivative, else by `far(θ)`.
 */
function entire(square: Tensor, k: number, far: (angle: Tensor) => Tensor): Tensor {
  const near = op.less(square, NEAR);
  const small = op.where(near, square, 0);
  let series: Tensor = op.full(
    new Array<number>(square.rank).fill(1),
    1 / factorial(2 * TERMS + k),
  );
  for (let n = TERMS - 1; n >= 0; n--)
    series = op.sub(1 / factorial(2 * n + k), op.mul(small, series));
  return op.where(near, series, far(op.sqrt(op.where(near, 1, square))));
}

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
