import { afterAll, expect, test } from 'vitest';
import { LEAST, targetOf } from '../../src/compile.ts';
import { pushforward } from '../../src/derive/jvp.ts';
import { jacobianBlocks } from '../../src/derive/jacobian.ts';
import { pullback } from '../../src/derive/vjp.ts';
import { printGraph } from '../../src/ir/print.ts';
import { withTrace, type Tensor } from '../../src/ir/tensor.ts';
import { rebuild } from '../../src/ir/walk.ts';
import type { LowerLimits } from '../../src/lower/kernel.ts';
import { lead } from '../../src/ops/linear/layout.ts';
import { variableLike } from '../../src/ops/source.ts';
import { interpret } from '../../src/reference/interpret.ts';
import { EngineDevice } from '../../src/run/engine.ts';
import { range } from '../../src/util/shape.ts';
import { Draw, SEED } from '../support/draw.ts';
import { interpretNoisily } from '../support/noise.ts';
import { directions, largest, type Given } from '../support/op-graphs.ts';
import { randomGraph } from '../support/random-graph.ts';
import { lowered } from '../support/run-graph.ts';

// Random graphs over the list of ops: values, tangents, cotangents, Jacobians and batches on the GPU
// against the interpreter. VITE_FUZZ_GRAPHS=1000 for the long run.

const COUNT = Number(import.meta.env['VITE_FUZZ_GRAPHS'] ?? 60);
const TOGETHER = 5;
/** A result may be flushed to 0 below this. */
const SMALL = 1e-36;

const engine = await EngineDevice.create();
afterAll(() => engine.destroy());

/**
 * What this device has, or less: no subgroups, fewer bindings, workgroups in two dimensions; and maps with
 * several rows for each thread, however few there are.
 */
const devices: readonly Partial<LowerLimits>[] = [
  targetOf(engine),
  {},
  { storageBuffersPerStage: 4 },
  { threadsWithRows: 1 },
  { workgroupsPerDimension: 3, invocationsPerWorkgroup: 16 },
];

interface Sample {
  readonly seed: number;
  readonly roots: readonly Tensor[];
  readonly given: Given;
  readonly want: readonly Float64Array[];
  readonly allowed: readonly number[];
}

/** Everything that is computed of the graph of a seed. */
function rootsOf(d: Draw): { roots: Tensor[]; given: Given } {
  const { outputs, leaves, given } = randomGraph(d, d.int(3, 14));
  const leaf = (x: Tensor): Tensor => {
    const made = variableLike({ shape: x.shape, dtype: 'f32' });
    given.set(made, directions(d, x.shape));
    return made;
  };
  const roots = [...outputs];
  const reals = outputs.filter((y) => y.dtype === 'f32');
  if (reals.length > 0 && leaves.length > 0) {
    roots.push(...some(pushforward(reals, leaves, leaves.map(leaf))));
    roots.push(...some(pullback(reals, reals.map(leaf), leaves)));
    const [y, x] = [d.pick(reals), d.pick(leaves)];
    const mode = d.pick(['reverse', 'forward', 'auto'] as const);
    if (y.size * x.size <= 500)
      roots.push(jacobianBlocks([y], [x], { mode }, 'fuzz')[0]?.[0] as Tensor);
    const batch = d.int(2, 4);
    const wide = variableLike({ shape: [batch, ...x.shape], dtype: 'f32' });
    const data = given.get(x) as Float64Array;
    given.set(
      wide,
      Float64Array.from({ length: wide.size }, (_, i) => data[i % x.size] as number),
    );
    roots.push(...rebuild(outputs, new Map([[x, wide]]), lead));
  }
  return { roots: [...new Set(roots)], given };
}

const some = (list: readonly (Tensor | null)[]): Tensor[] =>
  list.filter((x): x is Tensor => x !== null);

/** The sample of a seed; null where float32 cannot tell what comes out. */
function sampleOf(seed: number): Sample | null {
  const d = new Draw(seed);
  const { roots, given } = rootsOf(d);
  const want = interpret(roots, given);
  const noisy = range(3).map(() => interpretNoisily(roots, given, d, 2 ** -21));
  const allowed: number[] = [];
  for (const [k, exact] of want.entries()) {
    const size = largest(exact);
    const off = Math.max(
      ...noisy.map((runs) =>
        exact.reduce(
          (m, v, i) => Math.max(m, Math.abs(v - ((runs[k] as Float64Array)[i] as number))),
          0,
        ),
      ),
    );
    const isReal = (roots[k] as Tensor).dtype === 'f32';
    if (!(off <= (isReal ? 1e-3 * size : 0)) || !(size < 1e30)) return null;
    allowed.push(isReal ? 2e-6 * size + 6 * off + SMALL : 0);
  }
  return { seed, roots, given, want, allowed };
}

let skipped = 0;

test.each(range(Math.ceil(COUNT / TOGETHER)))('graphs %i', async (batch) => {
  const { samples, run } = withTrace(() => {
    const found: Sample[] = [];
    for (let seed = 1e6 * SEED + 1e3 * batch; found.length < TOGETHER; seed++) {
      const sample = sampleOf(seed);
      if (sample) found.push(sample);
      else skipped++;
    }
    const given = new Map(found.flatMap((s) => [...s.given]));
    const roots = found.flatMap((s) => s.roots);
    const limits = { ...LEAST, ...(devices[batch % devices.length] as Partial<LowerLimits>) };
    return { samples: found, ...lowered(engine, roots, given, `graphs ${batch}`, limits) };
  });
  const got = await run();
  let next = 0;
  for (const { seed, roots, want, allowed } of samples)
    want.forEach((exact, k) => {
      const data = got[next++] as ArrayLike<number>;
      const i = exact.findIndex(
        (w, e) => !(Math.abs((data[e] as number) - w) <= (allowed[k] as number)),
      );
      if (i >= 0 || data.length !== exact.length)
        throw new Error(
          `seed ${seed}, result ${k}: element ${i} is ${data[i]}, want ${exact[i]} ± ${allowed[k]}\n${withTrace(() => printGraph(roots))}`,
        );
    });
});

test('most graphs are well conditioned', () => {
  expect(skipped).toBeLessThan(COUNT);
});
