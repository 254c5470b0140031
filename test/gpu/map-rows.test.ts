import { afterAll, expect, test } from 'vitest';
import { targetOf } from '../../src/compile.ts';
import { withTrace, type Tensor } from '../../src/ir/tensor.ts';
import type { Program } from '../../src/lower/program.ts';
import { add, mul, neg, where } from '../../src/ops/elementwise/arithmetic.ts';
import { less } from '../../src/ops/elementwise/compare.ts';
import { embedDiagonal } from '../../src/ops/linear/diagonal.ts';
import { broadcast, reshape, transpose } from '../../src/ops/linear/layout.ts';
import { pad } from '../../src/ops/linear/slice.ts';
import { variableLike } from '../../src/ops/source.ts';
import { interpret } from '../../src/reference/interpret.ts';
import { EngineDevice } from '../../src/run/engine.ts';
import type { Shape } from '../../src/util/shape.ts';
import { Draw } from '../support/draw.ts';
import { directions, type Given } from '../support/op-graphs.ts';
import { lowered } from '../support/run-graph.ts';

// Maps whose threads compute several rows, because rows share what they read, against float64.

const engine = await EngineDevice.create();
afterAll(() => engine.destroy());

type Leaf = (shape: Shape) => Tensor;

/** What is computed, by name. */
const cases: Record<string, (leaf: Leaf) => Tensor[]> = {
  'an outer sum': (leaf) => [add(leaf([12, 1]), leaf([1, 20]))],
  'an outer product without vectors': (leaf) => [mul(leaf([12, 1]), leaf([1, 7]))],
  'rows that come in twos': (leaf) => [mul(leaf([3, 6, 1]), leaf([3, 1, 8]))],
  'what all samples share': (leaf) => [add(mul(leaf([4, 1, 1]), leaf([1, 5, 8])), leaf([1, 1, 8]))],
  'a diagonal and an outer product': (leaf) => [
    add(embedDiagonal(leaf([2, 1, 16]), -2, -1), mul(leaf([2, 16, 1]), leaf([2, 1, 16]))),
  ],
  'what a guard cuts off': (leaf) => [add(pad(leaf([1, 13]), -1, 2, 1), leaf([8, 1]))],
  'several results, one of them turned, one a mask': (leaf) => {
    const x = mul(leaf([8, 1]), leaf([1, 12]));
    return [neg(x), transpose(x, [1, 0]), less(x, leaf([1, 12])), reshape(x, [96])];
  },
  'a choice': (leaf) => {
    const [x, y] = [leaf([8, 1]), leaf([1, 16])];
    return [where(less(x, y), broadcast(y, [8, 16]), neg(x))];
  },
};

/** Threads of all dispatches. */
const threadsOf = ({ kernels }: Program): number =>
  kernels.reduce((n, { code }) => n + Number(/THREADS: u32 = (\d+)/.exec(code)?.[1]), 0);

test.each(Object.keys(cases))('%s', async (name) => {
  const d = new Draw(3);
  const given: Given = new Map();
  const leaf: Leaf = (shape) => {
    const x = variableLike({ shape, dtype: 'f32' });
    given.set(x, directions(d, shape));
    return x;
  };
  const ways = withTrace(() => {
    const roots = (cases[name] as (leaf: Leaf) => Tensor[])(leaf);
    const limits = targetOf(engine);
    return {
      want: interpret(roots, given),
      rows: lowered(engine, roots, given, name, { ...limits, threadsWithRows: 1 }),
      plain: lowered(engine, roots, given, name, limits),
    };
  });
  expect(threadsOf(ways.rows.program)).toBeLessThan(threadsOf(ways.plain.program));
  const rows = await ways.rows.run();
  ways.want.forEach((exact, k) => exact.forEach((v, i) => expect(rows[k]?.[i]).toBeCloseTo(v, 5)));
});
