import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { Op } from '../../src/ir/op.ts';
import { withTrace, type Tensor } from '../../src/ir/tensor.ts';
import { ops } from '../../src/ops/index.ts';
import { interpret } from '../../src/reference/interpret.ts';
import { EngineDevice } from '../../src/run/engine.ts';
import type { DType } from '../../src/util/dtype.ts';
import { notableShapes, plainShapes, SEED } from '../support/draw.ts';
import { graphOf, largest, type Given } from '../support/op-graphs.ts';
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
