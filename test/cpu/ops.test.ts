import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jacobianBlocks, type AccumulationOptions } from '../../src/derive/jacobian.ts';
import { pushforward } from '../../src/derive/jvp.ts';
import { pullback } from '../../src/derive/vjp.ts';
import type { Op } from '../../src/ir/op.ts';
import { apply, simplifying, withTrace, type Tensor } from '../../src/ir/tensor.ts';
import { dependents, rebuild, topological } from '../../src/ir/walk.ts';
import { ops } from '../../src/ops/index.ts';
import { lead } from '../../src/ops/linear/layout.ts';
import { variableLike } from '../../src/ops/source.ts';
import { simplify } from '../../src/plan/simplify.ts';
import { interpret } from '../../src/reference/interpret.ts';
import type { DType } from '../../src/util/dtype.ts';
import { sameShape, sizeOf } from '../../src/util/shape.ts';
import { Draw, SEED } from '../support/draw.ts';
import {
  difference,
  directions,
  inner,
  near,
  valuesOf,
  withGraph,
  type Given,
  type OpGraph,
} from '../support/op-graphs.ts';
import {
  describeSample,
  sampleOf,
  samplerOf,
  samplers,
  samplesOf,
  type Sample,
} from '../support/op-samples.ts';
import { pointFailures, pointGraph, specialPoints } from '../support/special-points.ts';
import { structured } from '../support/structured.ts';

// Every op of the list, on samples of shapes, types, parameters and numbers where it is valid.

const RUNS = 40;

function forSamples(
  samples: fc.Arbitrary<Sample>,
  check: (sample: Sample) => void,
  numRuns = RUNS,
): void {
  fc.assert(
    fc.property(samples, (sample) => {
      try {
        check(sample);
      } catch (e) {
        throw new Error(`${describeSample(sample)}: ${(e as Error).message}`, { cause: e });
      }
    }),
    { numRuns, seed: SEED },
  );
}

/** Checks derivatives of `op` where it has any. */
const forGraphs =
  (op: Op, check: (graph: OpGraph, sample: Sample) => void, numRuns = RUNS) =>
  (): void =>
    forSamples(
      samplesOf(op, ['f32']),
      (sample) => withGraph(sample, (graph) => check(graph, sample)),
      numRuns,
    );

const isOf = (dtype: DType, v: number): boolean =>
  dtype === 'bool'
    ? v === 0 || v === 1
    : dtype === 'f32'
      ? Number.isFinite(v)
      : Number.isInteger(v);

const isReal = (op: Op): boolean => {
  if (op.family === 'source' || !samplerOf(op).dtypes.includes('f32')) return false;
  return withGraph(sampleOf(op, [2, 2], 'f32', 1), ({ reals }) => reals.length > 0);
};

test('every op of the list says where its samples are valid, and no other', () => {
  expect(Object.keys(samplers).sort()).toEqual(ops.map((op) => op.name).sort());
});

test('every op has a name of its own and says its derivative', () => {
  expect(new Set(ops.map((op) => op.name)).size).toBe(ops.length);
  for (const op of ops) expect(op.derivative, op.name).not.toBe('');
});

const sampled = ops.filter((op) => op.name in samplers);

describe.each(sampled.map((op) => ({ op, name: op.name })))('$name', ({ op }) => {
  test('value: as many elements as the shape says, of the type it says', () =>
    forSamples(samplesOf(op), (sample) =>
      withGraph(sample, ({ y, given }) => {
        const before = sample.data.map((x) => x.slice());
        const specs = sample.inputs.map((x) => variableLike(x));
        const shape = op.shape(specs, sample.params);
        expect(y.shape).toEqual(shape);
        expect(y.dtype).toBe(op.dtype(specs, sample.params));
        if (op.name === 'input') return;
        const inputs = sample.inputs.map((x, i) => ({
          ...x,
          data: sample.data[i] as Float64Array,
        }));
        const data = op.evaluate(inputs, sample.params, shape);
        expect(data.length).toBe(sizeOf(shape));
        expect(sample.data, 'the inputs are left alone').toEqual(before);
        expect(data.every((v) => isOf(y.dtype, v))).toBe(true);
        near(interpret([y], given)[0] as Float64Array, data, 1e-13, 'rewritten');
      }),
    ));

  if (op.family !== 'source')
    test('rewriting keeps the value', () =>
      fc.assert(
        fc.property(smallShapes, fc.nat(), (shape, seed) =>
          withTrace(() => rewrites(op, shape, seed)),
        ),
        { numRuns: 3 * RUNS, seed: SEED },
      ));

  if (op.family !== 'source')
    test('batched = looped', () => forSamples(samplesOf(op), (sample) => batches(sample)));

  if (isReal(op) && samplerOf(op).stops)
    test(
      'the derivative stops',
      forGraphs(op, ({ jv, ju }) => {
        expect(jv).toBeNull();
        expect(ju).toEqual([null]);
      }),
    );
  else if (isReal(op)) {
    test(
      'J v against differences',
      forGraphs(op, (graph) => {
        const { y, jv, given, reals, vs } = graph;
        const [got] = valuesOf([jv], given, [y.shape]);
        const direction: Given = new Map(
          reals.map((x, i) => [x, given.get(vs[i] as Tensor) as Float64Array]),
        );
        const [want] = difference((at) => interpret([y], at), given, direction);
        if (jv) expect(jv.shape).toEqual(y.shape);
        near(got as Float64Array, want as Float64Array, 1e-8, 'J v');
      }),
    );

    test(
      '<u, J v> = <Jᵀ u, v>',
      forGraphs(op, ({ y, jv, ju, given, reals, vs, u }) => {
        const of = (list: readonly Tensor[]): Float64Array[] =>
          list.map((x) => given.get(x) as Float64Array);
        ju.forEach((g, i) => g && expect(g.shape).toEqual((reals[i] as Tensor).shape));
        const left = inner(valuesOf([jv], given, [y.shape]), of([u]));
        const right = inner(
          valuesOf(
            ju,
            given,
            reals.map((x) => x.shape),
          ),
          of(vs),
        );
        near([left], [right], 1e-11, '<u, J v>');
      }),
    );

    test('Jacobians from symbolic seeds have J v in their columns', forGraphs(op, jacobians, 25));

    test('second derivatives against differences of the first', forGraphs(op, secondOrder, 25));
  }

  if (op.family === 'elementwise' && op.zeroPreserving.length > 0)
    test('is 0 where a zero-preserving argument is', () => {
      for (const k of op.zeroPreserving)
        for (const other of [-2.5, -1, 0.5, 1, 3]) {
          const args = new Array<number>(op.arity).fill(other);
          args[k] = 0;
          expect(Math.abs(op.scalar(...args))).toBe(0);
        }
    });

  if (op.family === 'linear')
    test('is linear in its first input', () =>
      forSamples(samplesOf(op, ['f32']), ({ inputs, params, data }) => {
        const specs = inputs.map((x) => variableLike(x));
        const shape = op.shape(specs, params);
        const f = (x: Float64Array): Float64Array =>
          op.evaluate(
            inputs.map((spec, i) => ({ ...spec, data: i === 0 ? x : (data[i] as Float64Array) })),
            params,
            shape,
          );
        const x = data[0] as Float64Array;
        const other = directions(new Draw(3), [x.length]);
        const both = f(x.map((v, i) => 2 * v - 3 * (other[i] as number)));
        const [fx, fo] = [f(x), f(other)];
        near(
          both,
          fx.map((v, i) => 2 * v - 3 * (fo[i] as number)),
          1e-11,
          'f(2x - 3z)',
        );
      }));
});

/** Few elements, axes of equal length: where diagonals are. */
const smallShapes = fc.array(fc.constantFrom(1, 2, 3, 3), { maxLength: 4 });

/** `op` on inputs of known structure, against its own meaning on their elements. */
function rewrites(op: Op, shape: readonly number[], seed: number): void {
  const sample = sampleOf(op, shape, samplerOf(op).dtypes[0] as 'f32', seed);
  const d = new Draw(seed);
  const given: Given = new Map();
  const leaf = (spec: { shape: readonly number[]; dtype: Tensor['dtype'] }, data: Float64Array) => {
    const x = variableLike(spec);
    given.set(x, data);
    return x;
  };
  const inputs = sample.inputs.map((spec, i) =>
    spec.dtype === 'f32'
      ? structured(d, (s) => leaf({ shape: s, dtype: 'f32' }, directions(d, s)), spec.shape)
      : leaf(spec, sample.data[i] as Float64Array),
  );
  const y = apply(op, inputs, sample.params);
  expect(y.shape, describeSample(sample)).toEqual(op.shape(inputs, sample.params));
  expect(y.dtype, describeSample(sample)).toBe(op.dtype(inputs, sample.params));
  const simpler = [simplifying(() => apply(op, inputs, sample.params)), ...simplify([y])];
  const values = interpret([...inputs, y, ...simpler], given);
  const want = op.evaluate(
    inputs.map((x, i) => ({ shape: x.shape, data: values[i] as Float64Array })),
    sample.params,
    y.shape,
  );
  const structure = inputs.map((x) => x.op.name).join(', ');
  values.slice(inputs.length).forEach((got, k) => {
    if (k > 0) {
      const { shape, dtype } = simpler[k - 1] as Tensor;
      expect({ shape, dtype }, describeSample(sample)).toEqual({ shape: y.shape, dtype: y.dtype });
    }
    // off a diagonal stands 0, also where it would be 0 / 0
    if (op.name === 'div') want.forEach((v, i) => Number.isNaN(v) && got[i] === 0 && (want[i] = 0));
    // and the sign of a zero may go
    if (op.name === 'atan2')
      want.forEach((v, i) => Math.abs(v) === Math.PI && got[i] === -v && (want[i] = -v));
    const how = ['', 'simplified ', 'simplified deeply '][k];
    near(got, want, 1e-11, `${how}${describeSample(sample)} of ${structure}`);
  });
}

/** Value and derivatives with some leaves batched, against one after the other. */
function batches(sample: Sample): void {
  withGraph(sample, ({ xs, vs, u, y, jv, ju, given }) => {
    const d = new Draw(sample.data.length + y.size);
    const count = 3;
    const leaves = [...xs, ...vs, u];
    const batched = d.some(leaves.slice(0, xs.length + vs.length));
    const chosen = new Set(batched.length ? batched : xs.slice(0, 1));
    const roots = [y, jv, ...ju].filter((x): x is Tensor => x !== null);
    const variant = (x: Tensor, b: number): Float64Array => {
      const data = given.get(x) as Float64Array;
      if (!chosen.has(x)) return data;
      const index = sample.inputs[xs.indexOf(x)]?.indexOf !== undefined;
      if (x.dtype === 'bool') return data.map((v) => (b === 1 ? 1 - v : v));
      if (x.dtype !== 'f32') return data.map((v) => (index || v > 0 ? v + b : v));
      return data.map((v) => v + b / 128);
    };
    const replacements = new Map<Tensor, Tensor>();
    const wide: Given = new Map(given);
    for (const x of chosen) {
      const many = variableLike({ shape: [count, ...x.shape], dtype: x.dtype });
      replacements.set(x, many);
      const all = new Float64Array(many.size);
      for (let b = 0; b < count; b++) all.set(variant(x, b), b * x.size);
      wide.set(many, all);
    }
    const together = rebuild(roots, replacements, lead);
    const got = interpret(together, wide);
    const moving = dependents(topological(roots), chosen);
    for (let b = 0; b < count; b++) {
      const one = new Map(leaves.map((x) => [x, variant(x, b)]));
      interpret(roots, one).forEach((want, i) => {
        const root = roots[i] as Tensor;
        const shape = (together[i] as Tensor).shape;
        const data = got[i] as Float64Array;
        if (!moving.has(root)) near(data, want, 1e-12, 'what does not depend on the batch');
        else if (sameShape(shape, [count, ...root.shape]))
          near(data.subarray(b * root.size, (b + 1) * root.size), want, 1e-12, `sample ${b}`);
        else throw new Error(`shape [${shape.join()}] for a batch of [${root.shape.join()}]`);
      });
    }
  });
}

function jacobians({ y, jv, reals, vs, given }: OpGraph): void {
  const x = reals[0] as Tensor;
  if (y.size * x.size > 800) return;
  const ways: AccumulationOptions[] = [
    { mode: 'reverse' },
    { mode: 'forward' },
    { mode: 'auto' },
    { mode: 'reverse', chunk: 2 },
    { mode: 'forward', chunk: 2 },
  ];
  const blocks = ways.map((way) => jacobianBlocks([y], [x], way, 'test')[0]?.[0] as Tensor);
  for (const block of blocks) expect(block.shape).toEqual([...y.shape, ...x.shape]);
  const [reverse, ...others] = interpret(blocks, given) as [Float64Array, ...Float64Array[]];
  others.forEach((other, k) =>
    near(other, reverse, 1e-11, `${JSON.stringify(ways[k + 1])} and reverse`),
  );
  const at = new Map(given);
  for (const v of vs) at.set(v, new Float64Array(v.size));
  for (let j = 0; j < x.size; j++) {
    const seed = new Float64Array(x.size);
    seed[j] = 1;
    at.set(vs[0] as Tensor, seed);
    const [column] = valuesOf([jv], at, [y.shape]);
    near(
      reverse.filter((_, i) => i % x.size === j),
      column as Float64Array,
      1e-11,
      `column ${j}`,
    );
  }
}

function secondOrder(graph: OpGraph): void {
  const { y, jv, ju, given, reals, vs, u } = graph;
  const d = new Draw(11);
  const ws = reals.map((x) => variableLike(x));
  const at = new Map(given);
  for (const w of ws) at.set(w, directions(d, w.shape));
  const direction: Given = new Map(
    reals.map((x, i) => [x, at.get(ws[i] as Tensor) as Float64Array]),
  );
  const first = [jv, ...ju];
  const shapes = [y.shape, ...reals.map((x) => x.shape)];
  const present = first.filter((x): x is Tensor => x !== null);
  if (present.length === 0) return;
  const pushed = pushforward(present, reals, ws);
  let next = 0;
  const second = first.map((x) => (x ? (pushed[next++] as Tensor | null) : null));
  const got = valuesOf(second, at, shapes);
  const want = difference((p) => valuesOf(first, p, shapes), at, direction);
  got.forEach((g, i) =>
    near(g, want[i] as Float64Array, 1e-7, i ? 'forward of Jᵀu' : 'forward of Jv'),
  );
  // pulled back, against the same
  const of = (list: readonly Tensor[]): Float64Array[] =>
    list.map((x) => at.get(x) as Float64Array);
  const xShapes = reals.map((x) => x.shape);
  if (jv) {
    const back = valuesOf(pullback([jv], [u], reals), at, xShapes);
    near([inner(back, of(ws))], [inner([got[0] as Float64Array], of([u]))], 1e-10, 'reverse of Jv');
  }
  const pulled = ju.filter((x): x is Tensor => x !== null);
  const cotangents = vs.filter((_, i) => ju[i] !== null);
  const back = valuesOf(pullback(pulled, cotangents, reals), at, xShapes);
  near([inner(back, of(ws))], [inner(got.slice(1), of(vs))], 1e-10, 'reverse of Jᵀu');
}

describe('special points', () => {
  test.each(specialPoints)('$name', (row) => {
    const failures = withTrace(() => {
      const graph = pointGraph(row, row.points.length);
      return pointFailures(graph, interpret(graph.roots, graph.given), 1e-11);
    });
    expect(failures).toEqual([]);
  });
});
