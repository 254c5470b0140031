import { describe, expect, test } from 'vitest';
import { withRowsAtOnce } from '../../src/derive/budget.ts';
import { withDecisions } from '../../src/derive/decisions.ts';
import {
  argmax,
  array,
  batchJacobian,
  concat,
  conv2d,
  customVjp,
  diag,
  evaluate,
  gelu,
  jacobian,
  layerNorm,
  maxPool2d,
  multiHeadAttention,
  scatterAdd,
  stack,
  take,
  takeAlongAxis,
  triu,
  unstack,
  vmap,
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

const labels = (count: number): HostArray =>
  array(
    Int32Array.from({ length: count }, (_, i) => (i * 2) % 3),
    [count, 1],
  );
const scales = (x: Tensor): HostArray => points([x.shape[0]!, 1], 5);
const kernel = points([2, 1, 3, 3], 3);
const square = (seed: number): HostArray => points([4, 4], seed);

describe('in parts', () => {
  const cases: [string, Batched, number[]][] = [
    ['elementwise', (x) => x.sin().mul(x), [5, 3]],
    ['a matrix product', (x) => x.matmul(weight).tanh(), [6, 2]],
    ['what is known of each sample', (x) => x.exp().mul(scales(x)).add(scales(x).data[0]!), [5, 3]],
    ['a row that a label picks', (x) => takeAlongAxis(x.square(), labels(5), 1), [5, 3]],
    ['a batch axis inside another', timeFirst, [4, 3, 2]],
    ['a tensor of steps and samples', (x) => timeFirst(x).mul(timeFirst(x).sin()), [4, 3, 2]],
    [
      'factors for steps and samples',
      (x) => {
        const [count, steps, d] = x.shape as [number, number, number];
        const rows = x.transpose([1, 0, 2]).reshape([steps * count, d]);
        const out = rows.mul(points([steps * count, 1], 8)).cos();
        return out.reshape([steps, count, d]).transpose([1, 0, 2]);
      },
      [5, 3, 2],
    ],
    [
      'a convolutional network',
      (x) => maxPool2d(conv2d(x, kernel, { padding: 1 }).relu(), 2).flatten(1),
      [5, 1, 4, 4],
    ],
    [
      'a strided convolution and its transpose',
      (x) => conv2d(x, kernel, { stride: 2 }).pad([[1, 1]]).flip(2).sum(1), // prettier-ignore
      [4, 1, 5, 5],
    ],
    ['normalisation', (x) => layerNorm(gelu(x), 1).cumsum(1), [5, 4]],
    [
      'attention',
      (x) => {
        const [wq, wk, wv, wo] = [square(1), square(2), square(3), square(4)];
        return multiHeadAttention(x, { wq, wk, wv, wo }, { heads: 2 });
      },
      [3, 2, 4],
    ],
    ['diagonals', (x) => triu(vmap(diag)(x)).sum(1), [4, 3]],
    ['a Jacobian of each sample', batchJacobian((x: Tensor) => x.sin().cumsum(1)), [4, 3]],
  ];
  const bits = ({ shape, data }: Result): Result => ({ shape, data: data.map((v) => v + 0) }); // -0 is 0
  const close = (got: Result, want: Result): void => {
    expect(got.shape).toEqual(want.shape);
    want.data.forEach((v, i) => expect(got.data[i]).toBeCloseTo(v, 12));
  };
  const modes = ['auto', 'reverse', 'forward'] as const;

  test.each(cases)('%s: fewer samples at a time change nothing', (_, f, shape) => {
    const x = points(shape, 72);
    for (const mode of modes) {
      const whole = result(batchJacobian(f, { mode }), x);
      for (const rows of [1, 3, 7, 20]) {
        const { value, decisions } = withRowsAtOnce(rows, () =>
          withDecisions(() => result(batchJacobian(f, { mode }), x)),
        );
        const { seeds, reason } = decisions.at(-1)!;
        const samples = Number(/chunks of (\d+) samples/.exec(reason)?.[1] ?? shape[0]);
        expect(samples).toBeLessThanOrEqual(Math.max(1, rows / seeds));
        if (rows < seeds) close(value, whole);
        else expect(bits(value)).toEqual(bits(whole));
      }
    }
  });

  test.each(cases)('%s: fewer seeds of each sample change nothing', (_, f, shape) => {
    const x = points(shape, 72);
    for (const mode of modes) {
      const whole = result(batchJacobian(f, { mode }), x);
      for (const chunk of [1, 2, 5, 100]) {
        const { value, decisions } = withDecisions(() =>
          result(batchJacobian(f, { mode, chunk }), x),
        );
        const { seeds, reason } = decisions.at(-1)!;
        expect(/chunks of at most (\d+)/.exec(reason)?.[1]).toBe(
          chunk < seeds ? String(chunk) : undefined,
        );
        close(value, whole);
      }
    }
  });

  test('seeds are split where an op cannot be made for fewer samples', () => {
    const twice = customVjp((x: Tensor) => x.sin(), {
      forward: (x) => [x.sin(), x],
      backward: (saved, g) => [(saved as Tensor).cos().mul(g)],
    });
    const f = (x: Tensor): Tensor => twice(x).cumsum(1);
    const x = points([4, 3], 72);
    const whole = result(batchJacobian(f), x);
    const { value, decisions } = withRowsAtOnce(4, () =>
      withDecisions(() => result(batchJacobian(f), x)),
    );
    expect(decisions.at(-1)!.reason).toMatch(/3 chunks of at most 1 columns of each sample/);
    close(value, whole);
  });
});
