import { afterAll, expect, test } from 'vitest';
import { targetOf } from '../../src/compile.ts';
import {
  add,
  div,
  exp,
  flip,
  layerNorm,
  max,
  mean,
  min,
  mul,
  reshape,
  softmax,
  sub,
  sum,
  vjp,
} from '../../src/index.ts';
import { withTrace, type Tensor } from '../../src/ir/tensor.ts';
import { variableLike } from '../../src/ops/source.ts';
import { interpret } from '../../src/reference/interpret.ts';
import { EngineDevice } from '../../src/run/engine.ts';
import { Draw } from '../support/draw.ts';
import { directions, type Given } from '../support/op-graphs.ts';
import { lowered } from '../support/run-graph.ts';

// Reductions that need each other's results, in one kernel where a thread has what it needs, against float64.

const engine = await EngineDevice.create();
afterAll(() => engine.destroy());

const last = { keepDims: true };
const peak = (x: Tensor): Tensor => max(x, -1, last);

/** Functions of a matrix, and into how many reductions and other kernels they go. */
const cases: [string, (x: Tensor) => Tensor | Tensor[], reductions: number, others: number][] = [
  ['softmax', (x) => softmax(x, -1), 1, 1],
  ['layerNorm', (x) => layerNorm(x, 1), 1, 1],
  ['softmax and its gradient', (x) => gradient(x, (v) => softmax(v, -1)), 3, 3],
  ['layerNorm and its gradient', (x) => gradient(x, (v) => layerNorm(v, 1)), 1, 2],
  [
    'three, each of which needs the one before',
    (x) => {
      const m = peak(x);
      const s = sum(exp(sub(x, m)), -1, last);
      return sum(div(sub(x, m), s), -1, last);
    },
    1,
    0,
  ],
  [
    'a result that is read by others, too',
    (x) => {
      const m = peak(x);
      return [sum(mul(x, m), -1, last), m, add(x, m)];
    },
    1,
    1,
  ],
  [
    'a result that is read by others before',
    (x) => {
      const m = peak(x);
      return [add(x, m), sum(mul(x, m), -1, last)];
    },
    1,
    1,
  ],
  [
    'the result of another row',
    (x) => {
      const m = peak(x);
      return sum(mul(x, flip(m, 0)), -1, last);
    },
    2,
    0,
  ],
  ['along another axis', (x) => sum(mul(x, peak(x)), 0, last), 2, 0],
  [
    'results of another shape',
    (x) => {
      const [rows, n] = x.shape as [number, number];
      const m = reshape(peak(x), [1, rows, 1]);
      return min(sub(reshape(x, [1, rows, n]), m), -1);
    },
    1,
    0,
  ],
  [
    'something between that needs the first and is needed by the second',
    (x) => {
      const m = mean(x, -1, last);
      return sum(mul(x, softmax(mul(m, x), 0)), -1, last);
    },
    3,
    0,
  ],
];

/** The value of `f`, and the gradient of its sum weighted by the squares of `x`. */
function gradient(x: Tensor, f: (v: Tensor) => Tensor): Tensor[] {
  const [y, back] = vjp(f, x);
  return [y, ...back(mul(x, x))];
}

test.each(cases)('%s', async (_, f, reductions, others) => {
  for (const [rows, n] of [
    [12, 20], // along rows, and along results, four at a time
    [12, 6],
    [5, 7],
    [6, 32],
  ] as const) {
    const { run, want, program } = withTrace(() => {
      const x = variableLike({ shape: [rows, n], dtype: 'f32' });
      const given: Given = new Map([[x, directions(new Draw(rows + n), x.shape)]]);
      const made = f(x);
      const roots = Array.isArray(made) ? made : [made];
      const all = lowered(engine, roots, given, 'chain', targetOf(engine));
      return { run: all, want: interpret(roots, given), program: all.program };
    });
    const kinds = program.steps.map(({ kernel }) =>
      /for \(var r = 0u/.test(program.kernels[kernel]?.code ?? '') ? 'reduce' : 'map',
    );
    expect(kinds.filter((k) => k === 'reduce').length, 'reductions').toBe(reductions);
    expect(kinds.filter((k) => k === 'map').length, 'other kernels').toBe(others);
    const got = await run.run();
    want.forEach((exact, k) => {
      const values = got[k] as ArrayLike<number>;
      const error = Math.hypot(...exact.map((v, i) => v - (values[i] as number)));
      expect(error / Math.hypot(...exact)).toBeLessThan(2e-6);
    });
  }
});
