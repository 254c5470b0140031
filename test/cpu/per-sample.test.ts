import { describe, expect, test } from 'vitest';
import {
  argmax,
  array,
  batchJacobian,
  concat,
  evaluate,
  jacobian,
  scatterAdd,
  stack,
  take,
  unstack,
  type HostArray,
  type Tensor,
} from '../../src/index.ts';
import { points } from '../support/differences.ts';

// batchJacobian follows the samples through reshapes, transposes and indices

interface Result {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

type Batched = (x: Tensor) => Tensor;

const result = (f: Batched, x: HostArray): Result => evaluate(f as never, x) as unknown as Result;

const sampleOf = (x: HostArray, i: number): HostArray => {
  const size = x.data.length / (x.shape[0] as number);
  return array(Float64Array.from(x.data).slice(i * size, (i + 1) * size), [1, ...x.shape.slice(1)]);
};

/** That the Jacobian per sample is the Jacobian of each sample alone. */
function agrees(f: Batched, shape: readonly number[]): void {
  const x = points(shape, 71);
  const whole = result(batchJacobian(f), x);
  const count = shape[0] as number;
  expect(whole.shape[0]).toBe(count);
  const each = Array.from({ length: count }, (_, i) =>
    Array.from(result(jacobian(f), sampleOf(x, i)).data),
  );
  const want = each.flat();
  expect(whole.data).toHaveLength(want.length);
  want.forEach((v, i) => expect(whole.data[i]).toBeCloseTo(v, 12));
}

const refuses = (f: Batched, shape: readonly number[]): void =>
  expect(() => result(batchJacobian(f), points(shape, 71))).toThrow(
    /batchJacobian: \w+ mixes the samples/,
  );

/** [B, T, d] -> [T * B, d], as an attention layer flattens it before its last product, and back */
const timeFirst = (x: Tensor): Tensor => {
  const [count, steps, width] = x.shape as [number, number, number];
  const rows = x.transpose([1, 0, 2]).reshape([steps * count, width]);
  return rows.tanh().matmul(weight).reshape([steps, count, -1]).transpose([1, 0, 2]);
};
const weight = array(
  Float64Array.from({ length: 10 }, (_, i) => Math.sin(i)),
  [2, 5],
);

/** Positions of the elements 1 and 3 of each row, in an array [count, 4] that is flattened. */
const positions = (count: number): HostArray =>
  array(Int32Array.from({ length: 2 * count }, (_, j) => 2 * j + 1));

describe('samples stay apart', () => {
  test.each<[string, Batched, number[]]>([
    ['a batch axis inside another: [T * B, d]', timeFirst, [3, 4, 2]],
    ['heads, batch and time in one axis', (x) => split(x).square(), [3, 4, 2]],
    [
      'steps one after another on the first axis',
      (x) => concat(unstack(x.square(), 1)).reshape([4, -1, 2]).transpose([1, 0, 2]),
      [3, 4, 2],
    ],
    ['a batch of one, its states concatenated', (x) => states(x), [1, 4, 2]],
    ['states concatenated', (x) => states(x), [3, 4, 2]],
    [
      'the row of a table that a sample chooses',
      (x) => take(array([[1, 2], [3, 4], [5, 6], [7, 8]]), argmax(x, 1), 0).mul(x.sum(1, { keepDims: true })), // prettier-ignore
      [3, 4],
    ],
    [
      'flat constant positions',
      (x) => take(x.exp().reshape([-1]), positions(x.shape[0] as number)).reshape([-1, 2]),
      [3, 4],
    ],
    [
      'additions at flat constant positions',
      (x) => {
        const updates = x.slice(null, [0, 2]).sin().reshape([-1]);
        const at = positions(x.shape[0] as number);
        return scatterAdd(x.reshape([-1]), at, updates).reshape(x.shape);
      },
      [3, 4],
    ],
  ])('%s', (_, f, shape) => agrees(f, shape));
});

const states = (x: Tensor): Tensor => {
  const last = stack(unstack(x.sin(), 1).slice(0, 2)); // [2, B, d]
  return concat([last, last.square()]).transpose([1, 0, 2]);
};

/** [B, T, 2] -> [T, 2 B, 1] -> [T * B, 2] -> [B, T, 2] */
const split = (x: Tensor): Tensor => {
  const [count, steps] = x.shape as [number, number, number];
  const heads = x.transpose([1, 0, 2]).reshape([steps, count * 2, 1]);
  return heads
    .exp()
    .reshape([steps * count, 2])
    .reshape([steps, count, 2])
    .transpose([1, 0, 2]);
};

describe('samples that mix are found', () => {
  test.each<[string, Batched, number[]]>([
    ['by a sum over the first axis', (x) => x.sub(x.mean(0)), [3, 4]],
    ['by an axis read in another order', (x) => x.reshape([4, 3]).t().square(), [3, 4]],
    ['by positions in the rows of others', (x) => take(x.reshape([12]), array(Int32Array.from([0, 1, 2]))), [3, 4]], // prettier-ignore
    [
      'by additions to the rows of others',
      (x) => scatterAdd(x.reshape([12]), positions(3), x.slice(null, [0, 2]).flip(0).reshape([6])),
      [3, 4],
    ],
    [
      'by additions where a sample says',
      (x) => scatterAdd(array([0, 0, 0, 0]), argmax(x, 1), array([1, 1, 1])).mul(2),
      [3, 4],
    ],
  ])('%s', (_, f, shape) => refuses(f, shape));
});
