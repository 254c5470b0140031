import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { Op } from '../../src/ir/op.ts';
import { withTrace, type Tensor } from '../../src/ir/tensor.ts';
import { contract } from '../../src/ops/contract.ts';
import { argmax, argmin, max, min } from '../../src/ops/general/extremum.ts';
import { ops } from '../../src/ops/index.ts';
import { sum } from '../../src/ops/linear/layout.ts';
import { cumsum } from '../../src/ops/linear/scan.ts';
import { fold } from '../../src/ops/linear/window.ts';
import { full, variableLike } from '../../src/ops/source.ts';
import { interpret } from '../../src/reference/interpret.ts';
import { EngineDevice } from '../../src/run/engine.ts';
import type { DType } from '../../src/util/dtype.ts';
import { Draw, notableShapes, plainShapes, SEED } from '../support/draw.ts';
import { directions, graphOf, largest, type Given } from '../support/op-graphs.ts';
import {
  describeSample,
  sampleOf,
  samplerOf,
  samplers,
  samplesOf,
  type Sample,
} from '../support/op-samples.ts';
import { lowered } from '../support/run-graph.ts';
import { pointFailures, pointGraph, specialPoints } from '../support/special-points.ts';

// Every op of the list as a kernel, with its derivatives, against the float64 interpreter.

const engine = await EngineDevice.create();
afterAll(() => engine.destroy());

/** Samples of notable shapes and of random ones, of every type the op takes. */
function chosen(op: Op): Sample[] {
  const { dtypes } = samplerOf(op);
  const isPlain = op.family === 'elementwise'; // all of them share their loads and stores
  const notable = (isPlain ? plainShapes : notableShapes).map((shape, i) =>
    sampleOf(op, shape, dtypes[i % 2 ? 0 : (i / 2) % dtypes.length] as DType, SEED + i),
  );
  const numRuns = isPlain ? 3 : 6;
  return [...notable, ...fc.sample(samplesOf(op), { numRuns, seed: SEED })];
}

/** float32 spacing at `x`. */
const ulp = (x: number): number =>
  2 ** Math.max(-149, Math.floor(Math.log2(Math.max(Math.abs(x), 1e-45))) - 23);

/** What the GPU may be off by, for each element of a value. */
function allowance({ op, params, inputs, data }: Sample, y: Tensor, want: Float64Array) {
  const { ulp: ulps, of } = samplerOf(op);
  if (y.dtype !== 'f32' || ulps === 0) return want.map(() => 0);
  if (of === undefined) return want.map((w) => ulps * ulp(w));
  if (of === 'arguments') {
    const size = Math.max(1, ...data.map(largest));
    return want.map(() => ulps * ulp(size));
  }
  const sizes = op.evaluate(
    inputs.map((x, i) => ({
      shape: x.shape,
      data: (data[i] as Float64Array).map((v) => (x.indexOf === undefined ? Math.abs(v) : v)),
    })),
    params,
    y.shape,
  );
  return sizes.map((s) => ulps * ulp(s));
}

interface Check {
  readonly sample: Sample;
  readonly what: string;
  readonly want: Float64Array;
  readonly allowed: Float64Array;
}

describe.each(ops.filter((op) => op.name in samplers).map((op) => ({ op, name: op.name })))(
  '$name',
  ({ op }) => {
    test('kernels and their derivatives against float64', async () => {
      const { checks, run } = withTrace(() => {
        const given: Given = new Map();
        const roots: Tensor[] = [];
        const checks: Check[] = [];
        const add = (root: Tensor, check: Omit<Check, 'want'> & { want: Float64Array }): void => {
          roots.push(root);
          checks.push(check);
        };
        for (const sample of chosen(op)) {
          const graph = graphOf(sample);
          const { y, jv, ju } = graph;
          if (op.name === 'input')
            graph.given.set(
              y,
              Float64Array.from({ length: y.size }, (_, i) => i % 2),
            );
          graph.given.forEach((data, x) => given.set(x, data));
          const [want] = interpret([y], graph.given) as [Float64Array];
          add(y, { sample, what: 'value', want, allowed: allowance(sample, y, want) });
          [jv, ...ju].forEach((root, i) => {
            if (!root) return;
            const [wanted] = interpret([root], graph.given) as [Float64Array];
            const allowed = wanted.map(() => 2e-6 * Math.max(1, largest(wanted)));
            add(root, { sample, what: i ? 'Jᵀ u' : 'J v', want: wanted, allowed });
          });
        }
        return { checks, ...lowered(engine, roots, given, op.name) };
      });
      const got = await run();
      const wrong = checks.flatMap(({ sample, what, want, allowed }, i) => {
        const data = got[i] as ArrayLike<number>;
        const off = want.findIndex(
          (w, e) =>
            !Object.is(w, data[e]) &&
            !(Math.abs((data[e] as number) - w) <= (allowed[e] as number)),
        );
        return data.length === want.length && off < 0
          ? []
          : `${describeSample(sample)} ${what}: element ${off} is ${data[off]}, want ${want[off]} ± ${allowed[off]}`;
      });
      if (wrong.length) throw new Error(wrong.slice(0, 10).join('\n'));
    });
  },
);

describe('special points', () => {
  test.each(specialPoints)('$name', async (row) => {
    // as vectors of four and one by one
    const lengths = [4 * Math.ceil(row.points.length / 4), row.points.length | 1];
    const { graphs, run } = withTrace(() => {
      const graphs = lengths.map((n) => pointGraph(row, n));
      const given = new Map(graphs.flatMap((g) => [...g.given]));
      return {
        graphs,
        ...lowered(
          engine,
          graphs.flatMap((g) => g.roots),
          given,
          row.name,
        ),
      };
    });
    const got = await run();
    const half = graphs[0]!.roots.length;
    expect(pointFailures(graphs[0]!, got.slice(0, half), 4e-6)).toEqual([]);
    expect(pointFailures(graphs[1]!, got.slice(half), 4e-6)).toEqual([]);
  });
});

describe('constants', () => {
  const values: readonly [DType, number[]][] = [
    [
      'f32',
      [0, -0, 1, -1.5, 0.1, 2e-38, -3.4028234663852886e38, Infinity, -Infinity, NaN, 16777216],
    ],
    ['i32', [0, -1, 7, 2147483647, -2147483648]],
    ['u32', [0, 7, 2147483648, 4294967295]],
    ['bool', [0, 1]],
  ];

  test.each(values)('%s', async (dtype, list) => {
    const { run } = withTrace(() =>
      lowered(
        engine,
        list.flatMap((v) => [full([3], v, dtype), full([2, 4], v, dtype)]),
        new Map(),
        'constants',
      ),
    );
    const got = await run();
    list.forEach((v, i) => {
      const want = dtype === 'f32' ? Math.fround(v) : v;
      expect([...Array.from(got[2 * i]!), ...Array.from(got[2 * i + 1]!)]).toEqual(
        new Array(11).fill(want + 0),
      );
    });
  });
});

describe('many terms', () => {
  const random = (n: number): Float64Array => directions(new Draw(n), [n]);
  const sums: readonly [string, number[], (x: Tensor) => Tensor][] = [
    ['sum of a vector', [10007], (x) => sum(x, [-1])],
    ['sum of few rows', [3, 5003], (x) => sum(x, [-1])],
    ['sum of columns', [2050, 4], (x) => sum(x, [-2])],
    ['sum over outer axes', [31, 5, 33], (x) => sum(x, [-3, -1])],
    ['running sum', [2, 3000], (x) => cumsum(x)],
    ['running sum from the back', [3000], (x) => cumsum(x, true)],
    ['dot products', [6, 3001], (x) => contract(x, x, [-1])],
    ['taps', [4, 1200], (x) => fold(x, -1, 1203)],
  ];

  test.each(sums)('%s', async (_, shape, f) => {
    const { want, sizes, run } = withTrace(() => {
      const x = variableLike({ shape, dtype: 'f32' });
      const data = random(x.size);
      const y = f(x);
      const [exact] = interpret([y], new Map([[x, data]])) as [Float64Array];
      const [sums] = interpret([y], new Map([[x, data.map(Math.abs)]])) as [Float64Array];
      return { want: exact, sizes: sums, ...lowered(engine, [y], new Map([[x, data]]), 'sum') };
    });
    const [got] = await run();
    want.forEach((w, i) => {
      const error = Math.abs((got?.[i] as number) - w);
      if (!(error <= 2e-6 * (sizes[i] as number)))
        throw new Error(`element ${i} is ${got?.[i]}, want ${w}, |terms| add up to ${sizes[i]}`);
    });
  });

  test('extrema are exact, and the first of equals is found', async () => {
    const n = 4099;
    const data = Float64Array.from({ length: 2 * n }, (_, i) => Math.fround(Math.sin(i)));
    data[1000] = data[3000] = 2;
    data[n + 77] = data[n + 78] = -2;
    const { want, run } = withTrace(() => {
      const x = variableLike({ shape: [2, n], dtype: 'f32' });
      const roots = [max(x, [-1]), min(x, [-1]), argmax(x), argmin(x), max(x, [-2, -1])];
      const given = new Map([[x, data]]);
      return { want: interpret(roots, given), ...lowered(engine, roots, given, 'extrema') };
    });
    (await run()).forEach((got, i) => expect(Array.from(got)).toEqual(Array.from(want[i]!)));
  });
});
