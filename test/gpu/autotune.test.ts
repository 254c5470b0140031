import { afterAll, expect, test } from 'vitest';
import { autotune } from '../../src/autotune.ts';
import { build, targetOf } from '../../src/compile.ts';
import { createEngine, matmul, relu, type Tensor } from '../../src/index.ts';
import { candidatesOf } from '../../src/lower/candidates.ts';
import { EngineDevice } from '../../src/run/engine.ts';
import { tuningsOf } from '../../src/tuned.ts';
import { array } from '../../src/util/array.ts';
import { range } from '../../src/util/shape.ts';

const engine = await EngineDevice.create();
afterAll(() => engine.destroy());

const x = array(
  range(35).map((i) => Math.sin(i)),
  [5, 7],
);
const w = array(
  range(84).map((i) => Math.cos(i)),
  [7, 12],
);
const f = (a: Tensor): Tensor => relu(matmul(a, w));

const codeOf = (target = targetOf(engine)): string[] =>
  build(f, [x], target, 'f').program.kernels.map(({ code }) => code);

test('the fastest way is the one compiled afterwards', async () => {
  const before = codeOf();
  const [tuned, ...others] = await autotune(engine, f, [x]);
  expect(others).toEqual([]);
  const times = tuned!.ways.map((way) => way.milliseconds);
  expect(times.length).toBeGreaterThan(2);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  const { tiling } = tuned!.ways[0]!;
  expect(codeOf()).toEqual(codeOf({ ...targetOf(engine), tuned: undefined, tiling }));
  const other = await EngineDevice.create();
  expect(codeOf(targetOf(other)), 'another engine measures for itself').toEqual(before);
  other.destroy();
});

test('every candidate is taken when it is the one remembered', () => {
  const target = { ...targetOf(engine), tuned: undefined };
  const [candidates] = candidatesOf(build(f, [x], target, 'f').schedule, target);
  for (const { tiling, kernel } of candidates!.ways) {
    tuningsOf(engine).set(candidates!.key, tiling);
    expect(codeOf()).toEqual([kernel.code]);
  }
});

test('results are those of the function, also by the wall clock', async () => {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter!.requestDevice(); // no timestamp queries
  const own = await createEngine({ device });
  const compiled = own.compile(f);
  const before = await (await compiled(x)).read();
  await own.autotune(f, { shape: [5, 7] });
  const after = await (await own.compile(f)(x)).read();
  after.forEach((v, i) => expect(v).toBeCloseTo(before[i] as number, 5));
  own.destroy();
  device.destroy();
});

test('a function without contractions has nothing to measure', async () => {
  expect(await autotune(engine, (a: Tensor) => relu(a), [x])).toEqual([]);
});
