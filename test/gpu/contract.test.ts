import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { targetOf } from '../../src/compile.ts';
import { withTrace, type Tensor } from '../../src/ir/tensor.ts';
import type { LowerLimits } from '../../src/lower/kernel.ts';
import type { Tiling } from '../../src/lower/tiling.ts';
import { contract } from '../../src/ops/contract.ts';
import { add, mul } from '../../src/ops/elementwise/arithmetic.ts';
import { geluErf } from '../../src/ops/elementwise/special.ts';
import { reshape, transpose } from '../../src/ops/linear/layout.ts';
import { pad, slice } from '../../src/ops/linear/slice.ts';
import { window } from '../../src/ops/linear/window.ts';
import { iota, variableLike } from '../../src/ops/source.ts';
import { interpret } from '../../src/reference/interpret.ts';
import { EngineDevice } from '../../src/run/engine.ts';
import { range, sizeOf, type Shape } from '../../src/util/shape.ts';
import { Draw } from '../support/draw.ts';
import { directions, type Given } from '../support/op-graphs.ts';
import { lowered } from '../support/run-graph.ts';

// Contractions of random shapes in every way they can be computed, against float64.
// VITE_CONTRACT_RUNS=500 for the long run.

const RUNS = Number(import.meta.env['VITE_CONTRACT_RUNS'] ?? 12);
const SEED = 20240117;

const engine = await EngineDevice.create();
afterAll(() => engine.destroy());

const target = targetOf(engine);

/** SwiftShader takes a minute to compile convolutions of these kinds, which it never chooses: matrices only. */
const SLOW_TO_COMPILE = ['slices of larger tiles', 'tiles of 64', 'tiles of 128'];

/** Every way to compute a contraction that this adapter has; what a shape does not allow is left out. */
const ways: Record<string, Partial<Tiling>> = {
  'as chosen': {},
  direct: { variant: 'direct' },
  'direct, flipped': { variant: 'direct', flip: true },
  'direct, few in registers': { variant: 'direct', rows: 3, columns: 2 },
  'blocks of 2 x 4': { variant: 'direct', columns: 8 },
  'blocks of 4 x 4': { variant: 'direct', columns: 16 },
  'rows of 4 x 4 positions': { variant: 'direct', rows: 16, across: 4 },
  'rows of 13 positions': { variant: 'direct', across: 13 },
  'single elements': { right: 'single' },
  slices: { variant: 'slices', rows: 1 },
  'slices of terms': { variant: 'slices', rows: 1, right: 'terms' },
  'slices of larger tiles': { variant: 'slices' },
  'tiles of 32': { variant: 'tile', rows: 4 },
  'tiles of 64': { variant: 'tile', rows: 8, flip: true },
  'tiles of 128': { variant: 'tile', rows: 8, workgroup: 256 },
  ...(target.subgroupSize && {
    subgroup: { variant: 'subgroup' },
    'subgroup, flipped': { variant: 'subgroup', flip: true },
    'subgroup, few in registers': { variant: 'subgroup', rows: 3, columns: 2 },
    'subgroup, terms': { variant: 'subgroup', right: 'terms' },
    'subgroup, blocks of 2 x 4': { variant: 'subgroup', columns: 8 },
    'subgroup, blocks of 4 x 4': { variant: 'subgroup', columns: 16 },
    'subgroup, rows of 4 x 4 positions': { variant: 'subgroup', rows: 16, across: 4 },
    'subgroup, rows of 3 x 4 positions': { variant: 'subgroup', rows: 12, across: 4 },
    'subgroup, rows of 13 positions': { variant: 'subgroup', across: 13 },
    'subgroup, rows of 13 positions downwards': { variant: 'subgroup', rows: 13, across: 1 },
    'subgroup, tile by tile': { variant: 'subgroup', rows: 2, repeat: 4, columns: 4 },
    'subgroup, part by part': { variant: 'subgroup', rows: 1, repeat: 4, columns: 4, terms: 8 },
    'subgroup, parts that leave terms over': { variant: 'subgroup', repeat: 6, terms: 5 },
    'subgroup, parts along the first axis': { variant: 'subgroup', inner: 0, terms: 6 },
    'subgroup, along the first axis': { variant: 'subgroup', inner: 0, columns: 4 },
    'subgroup, along the second axis': { variant: 'subgroup', inner: 1, columns: 2 },
  }),
};
const names = Object.keys(ways);

/** Roots and the elements of their leaves. */
interface Case {
  readonly roots: readonly Tensor[];
  readonly given: Given;
}

/** Runs a graph in one way, twice; largest error relative to the norm of the result. */
async function errorOf(build: () => Case, tiling: Partial<Tiling>): Promise<number> {
  const limits: LowerLimits = { ...target, tiling };
  const { run, want } = withTrace(() => {
    const { roots, given } = build();
    return {
      run: lowered(engine, roots, given, 'contract', limits),
      want: interpret(roots, given),
    };
  });
  const got = await run.run();
  const again = await run.run();
  let worst = 0;
  want.forEach((exact, k) => {
    const values = got[k] as ArrayLike<number>;
    expect(Array.from(again[k] as ArrayLike<number>), 'the same bits').toEqual(Array.from(values));
    let error = 0;
    let norm = 0;
    exact.forEach((v, i) => {
      error += (v - (values[i] as number)) ** 2;
      norm += v ** 2;
    });
    expect(values.length).toBe(exact.length);
    if (norm > 0) worst = Math.max(worst, Math.sqrt(error / norm));
    else expect(error).toBe(0);
  });
  return worst;
}

async function holds(build: () => Case, chosen: readonly string[]): Promise<void> {
  const errors = await Promise.all(chosen.map((name) => errorOf(build, ways[name] as object)));
  errors.forEach((error, i) => expect(error, chosen[i] as string).toBeLessThan(1e-5));
}

/** A leaf with random elements. */
function leafOf(d: Draw, given: Given, shape: Shape): Tensor {
  const x = variableLike({ shape, dtype: 'f32' });
  given.set(x, directions(d, shape));
  return x;
}

/** A leaf whose axes lie in memory in another order, or that is part of a larger one. */
function laidOut(d: Draw, given: Given, shape: Shape): Tensor {
  const order = range(shape.length);
  for (let i = order.length - 1; i > 0; i--) {
    const j = d.int(0, i);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  const stored = order.map((i) => shape[i] as number);
  const inverse = order.map((_, i) => order.indexOf(i));
  const x = transpose(leafOf(d, given, stored), inverse);
  const axis = d.int(-shape.length, -1);
  const n = shape[shape.length + axis] as number;
  switch (d.int(0, 5)) {
    case 0:
      return n > 2 ? pad(slice(x, axis, 1, n - 2), axis, 1, 1) : x;
    case 1:
      return mul(
        x,
        leafOf(
          d,
          given,
          shape.map((m, i) => (i === shape.length + axis ? m : 1)),
        ),
      );
    default:
      return x;
  }
}

interface Axis {
  readonly kind: 'batch' | 'row' | 'column' | 'sum';
  readonly length: number;
}

/** A contraction over axes in any order, and perhaps what follows it in the same kernel. */
function products(seed: number, axes: readonly Axis[], isFollowed: boolean): Case {
  const d = new Draw(seed);
  const given: Given = new Map();
  const without = (own: Axis['kind']): number[] =>
    axes.map(({ kind, length: n }) => (kind === own ? 1 : n));
  const a = laidOut(d, given, without('column'));
  const b = laidOut(d, given, without('row'));
  const summed = axes.flatMap(({ kind }, i) => (kind === 'sum' ? [i - axes.length] : []));
  const y = contract(a, b, summed);
  if (!isFollowed) return { roots: [y], given };
  const last = y.shape.map((n, i) => (i === y.rank - 1 ? n : 1));
  const z = geluErf(add(y, leafOf(d, given, last)));
  return { roots: [z, mul(z, y), reshape(y, [y.size])], given };
}

interface Convolution {
  readonly batch: number;
  readonly channels: number;
  readonly out: number;
  readonly size: number;
  readonly taps: readonly number[];
  readonly stride: number;
  readonly dilation: number;
  readonly padding: number;
  /** the image is made of the numbers of its pixels, which no buffer holds */
  readonly isCounted?: boolean;
}

/** A convolution in the plane, and its gradients by both operands. */
function convolution(seed: number, c: Convolution): Case {
  const d = new Draw(seed);
  const given: Given = new Map();
  const [p, q] = c.taps as [number, number];
  const image = [c.batch, c.channels, c.size, c.size];
  const x = c.isCounted ? reshape(iota(sizeOf(image), 'f32'), image) : laidOut(d, given, image);
  const w = laidOut(d, given, [c.out, c.channels, p, q]);
  const padded = pad(pad(x, -1, c.padding, c.padding), -2, c.padding, c.padding);
  const windows = window(window(padded, -2, p, c.stride, c.dilation), -2, q, c.stride, c.dilation);
  const [h, v] = [windows.shape[2] as number, windows.shape[3] as number];
  const y = contract(
    reshape(windows, [c.batch, 1, c.channels, h, v, p, q]),
    reshape(w, [1, c.out, c.channels, 1, 1, p, q]),
    [-5, -2, -1],
  );
  const g = leafOf(d, given, y.shape);
  const byImage = c.isCounted ? [] : [gradient(y, 0, g)];
  return { roots: [y, ...byImage, gradient(y, 1, g)], given };
}

const seeds = fc.integer({ min: 1, max: 1e9 });
const some = fc.uniqueArray(
  fc.constantFrom(...names.filter((name) => !SLOW_TO_COMPILE.includes(name))),
  {
    minLength: 2,
    maxLength: 3,
  },
);
const length = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(1, 2, 3, 4, 5, 7, 8) },
  { weight: 2, arbitrary: fc.constantFrom(9, 10, 12, 13, 16, 17, 20, 31, 32, 33) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 64) },
);
const kind = fc.constantFrom<Axis['kind'][]>('batch', 'row', 'column', 'sum');
const settings = { seed: SEED, numRuns: RUNS, endOnFailure: true };

test('contractions over any axes in any order', async () => {
  const axes = fc.array(fc.record({ kind, length }), { minLength: 2, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(axes, seeds, fc.boolean(), some, async (list, seed, isFollowed, chosen) => {
      // not too much for the reference
      const few = list.filter((axis, i) => i < 3 || axis.length <= 8);
      await holds(() => products(seed, few, isFollowed), chosen);
    }),
    settings,
  );
});

test('convolutions and their gradients', async () => {
  const images = fc.record({
    batch: fc.constantFrom(1, 2, 3),
    channels: fc.constantFrom(1, 2, 3, 8),
    out: fc.constantFrom(1, 4, 5, 8),
    size: fc.integer({ min: 5, max: 14 }),
    taps: fc.constantFrom([3, 3], [1, 3], [2, 4], [5, 5]),
    stride: fc.constantFrom(1, 2),
    dilation: fc.constantFrom(1, 2),
    padding: fc.constantFrom(0, 1, 2),
  });
  await fc.assert(
    fc.asyncProperty(images, seeds, some, async (image, seed, chosen) => {
      const reach = (Math.max(...image.taps) - 1) * image.dilation + 1;
      fc.pre(image.size + 2 * image.padding >= reach);
      await holds(() => convolution(seed, image), chosen);
    }),
    settings,
  );
});

test('convolutions whose positions are cut into blocks', async () => {
  const blocks = names.filter((name) => name.includes('blocks'));
  const image = { batch: 2, channels: 3, out: 2, taps: [3, 3], stride: 1, dilation: 1, padding: 1 };
  await holds(() => convolution(1, { ...image, size: 12 }), blocks);
  await holds(
    () => convolution(2, { ...image, size: 8, channels: 1, dilation: 2, padding: 2 }),
    blocks,
  );
});

test.each([
  ['rows of 4 x 4', 12, 16],
  ['rows of 3 x 4', 12, 12],
  ['rows of 13', 13, 13],
])('convolutions with %s positions, whose windows overlap', async (text, size, rows) => {
  const chosen = names.filter((name) => name.includes(text));
  const image = { batch: 2, channels: 3, out: 4, stride: 1, dilation: 1, padding: 1 };
  for (const taps of [
    [3, 3],
    [5, 5], // one loop over taps is unrolled, the other is not
  ]) {
    const c = { ...image, size: size + (taps[1] as number) - 3, taps };
    const build = (): Case => convolution(3, c);
    await holds(build, chosen);
    const counted = { ...c, isCounted: true, size: c.size + 2, padding: 0 }; // no guards either
    await holds(() => convolution(4, counted), chosen);
    for (const name of chosen)
      withTrace(() => {
        const { roots, given } = build();
        const limits = { ...target, tiling: ways[name] as object };
        const { program } = lowered(engine, roots, given, 'contract', limits);
        expect(program.kernels.map(({ code }) => code).join()).toContain(`TILE_M: u32 = ${rows}u`);
      });
  }
});

test.skipIf(!target.subgroupSize)('tiles that a thread computes one after the other', async () => {
  const axes: Axis[] = [
    { kind: 'row', length: 64 },
    { kind: 'batch', length: 3 },
    { kind: 'sum', length: 8 },
    { kind: 'column', length: 68 },
    { kind: 'sum', length: 2 },
  ];
  let found = 0;
  for (const [i, rows] of [1, 2, 4, 1, 2, 4].entries()) {
    const rest = rows === 1 ? [{ kind: 'row', length: 67 } as const, ...axes.slice(1)] : axes;
    const build = (): Case => products(i + 1, rest, i > 2);
    const tiling = { variant: 'subgroup', rows, repeat: 16, columns: 4 } as const;
    expect(await errorOf(build, tiling)).toBeLessThan(1e-5);
    withTrace(() => {
      const { roots, given } = build();
      const limits = { ...target, isSoftware: true, tiling };
      const { program } = lowered(engine, roots, given, 'contract', limits);
      if (program.kernels.some(({ code }) => code.includes('for (var r = 0u;'))) found++;
    });
  }
  expect(found, 'contractions that can be computed so').toBeGreaterThan(3);
});

test.skipIf(!target.subgroupSize)('sums that are kept while terms come in parts', async () => {
  const sums = [[24], [23], [6, 7], [5, 2, 9], [3, 30]]; // terms left over, several loops over terms
  let found = 0;
  for (const [i, lengths] of sums.entries())
    for (const isFollowed of [false, true])
      for (const terms of [4, 10]) {
        const axes: Axis[] = [
          { kind: 'row', length: terms === 4 ? 16 : 19 },
          { kind: 'batch', length: 3 },
          ...lengths.map((length): Axis => ({ kind: 'sum', length })),
          { kind: 'column', length: isFollowed ? 12 : 20 },
        ];
        const build = (): Case => products(10 * i + terms, axes, isFollowed);
        const tiling = { variant: 'subgroup', repeat: 8, terms } as const;
        expect(await errorOf(build, tiling)).toBeLessThan(1e-5);
        withTrace(() => {
          const { roots, given } = build();
          const { program } = lowered(engine, roots, given, 'contract', { ...target, tiling });
          if (program.kernels.some(({ code }) => /& \([k\d +]+ > 0u\)/.test(code))) found++;
        });
      }
  expect(found, 'contractions that can be computed so').toBeGreaterThan(12);
});

test('windows of which the first row of a block sees nothing but padding', async () => {
  const image = { batch: 1, channels: 1, out: 8, size: 9, stride: 1, dilation: 1, padding: 2 };
  await holds(() => convolution(446408665, { ...image, taps: [3, 3] }), ['as chosen', 'direct']);
});

/** Only SwiftShader's kernels do so. */
const isNarrow = target.isSoftware && target.subgroupSize === 4;

test.skipIf(!isNarrow)('convolutions where a thread goes through two axes of rows', async () => {
  let found = 0;
  const image = { batch: 5, channels: 3, out: 4, taps: [3, 3], dilation: 1 };
  for (const [stride, padding] of [
    [1, 0],
    [1, 1],
    [2, 1],
  ] as const)
    for (const inner of [0, 1])
      for (const columns of [1, 2, 4]) {
        const build = (): Case => convolution(5, { ...image, size: 9, stride, padding });
        const tiling = { variant: 'subgroup', inner, columns } as const;
        expect(await errorOf(build, tiling)).toBeLessThan(1e-5);
        withTrace(() => {
          const { roots, given } = build();
          const { program } = lowered(engine, roots, given, 'contract', { ...target, tiling });
          if (program.kernels.some(({ code }) => code.includes('for (var r0 = 0u;'))) found++;
        });
      }
  expect(found, 'convolutions that can be computed so').toBeGreaterThan(8);
});

const matrices = (z: number, m: number, k: number, n: number) => (): Case =>
  products(
    3,
    [
      { kind: 'batch', length: z },
      { kind: 'row', length: m },
      { kind: 'sum', length: k },
      { kind: 'column', length: n },
    ],
    false,
  );

test.each(names)('matrices that fill no block, computed %s', async (name) => {
  await holds(matrices(2, 70, 45, 66), [name]);
  await holds(matrices(1, 64, 128, 68), [name]);
  await holds(matrices(1, 1, 257, 130), [name]);
});

test('a long sum', async () => {
  await holds(matrices(1, 1, 20_000, 1), names);
  await holds(matrices(1, 3, 9001, 2), names);
});

test('more workgroups than one dimension has room for', async () => {
  await holds(matrices(70_001, 2, 3, 2), ['as chosen', 'direct', 'slices']);
});

/** Adjoint of a contraction with respect to input `i`, through the index maps of that input. */
function gradient(y: Tensor, i: 0 | 1, g: Tensor): Tensor {
  if (y.op.family !== 'bilinear') throw new Error('not a contraction');
  let back = y.op.transpose(g, y, i);
  for (let x = y.inputs[i] as Tensor; x.op.family === 'linear'; x = x.inputs[0] as Tensor)
    back = x.op.transpose(back, x);
  return back;
}
