import { afterAll, describe, expect, test } from 'vitest';
import {
  array,
  batchJacobian,
  createEngine,
  hessian,
  jacfwd,
  jacobian,
  jacobianDiagonal,
  jacrev,
  LimitError,
  TraceError,
  vmap,
  type Explanation,
  type HostArray,
  type Tensor,
} from '../../src/index.ts';

const engine = await createEngine();
const tight = await createEngine({ memoryBudget: 100_000 });
afterAll(() => {
  engine.destroy();
  tight.destroy();
});

const wave = (n: number, scale: number, shift = 0): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(i * 1.37 + shift) * scale);

const layers = (widths: readonly number[]): HostArray[] =>
  widths.slice(1).map((n, i) => {
    const m = widths[i] as number;
    return array(wave(m * n, 1.5 / Math.sqrt(m), i), [m, n]);
  });

const network =
  (weights: readonly HostArray[]) =>
  (x: Tensor): Tensor =>
    weights.reduce((h: Tensor, w) => h.matmul(w).tanh(), x);

/** FLOPs of the order that was chosen. */
const chosen = ({ json }: Explanation): number => {
  const [decision] = json.jacobians;
  return decision?.candidates?.find((c) => c.order === decision.order)?.flops ?? NaN;
};

/** Multiply-adds the kernels do, read off the sizes in their text. */
function executed({ json }: Explanation): number {
  let sum = 0;
  for (const { wgsl, kind } of json.kernels) {
    if (kind !== 'contract') continue;
    const size = (name: string): number =>
      Number(new RegExp(`const ${name}: u32 = (\\d+)u;`).exec(wgsl)?.[1] ?? 1);
    sum += size('M') * size('N') * size('K') * size('Z');
  }
  return sum;
}

describe('the cheapest order', () => {
  test('of an autoencoder multiplies at the waist, and agrees with reverse mode', async () => {
    const f = network(layers([196, 64, 8, 64, 196]));
    const x = array(wave(196, 1));
    const auto = engine.compile(jacobian(f));
    const reverse = engine.compile(jacrev(f));
    const explanation = await auto.explain(x);
    const [decision] = explanation.json.jacobians;
    expect(decision?.order).toMatch(/^mixed/);
    const reverseFlops = decision?.candidates?.find((c) => c.order === 'reverse')?.flops as number;
    expect(reverseFlops / chosen(explanation)).toBeGreaterThan(4);
    const got = await (await auto(x)).read();
    const want = await (await reverse(x)).read();
    let error = 0;
    let norm = 0;
    got.forEach((v, i) => {
      error += (v - (want[i] as number)) ** 2;
      norm += v ** 2;
    });
    expect(Math.sqrt(error / norm)).toBeLessThan(2e-6);
  });

  test('is forward for a decoder and reverse for a classifier, whose first product is skipped', async () => {
    const decoder = await engine.compile(jacobian(network(layers([8, 64, 96])))).explain({
      shape: [8],
    });
    expect(decoder.json.jacobians[0]?.order).toBe('forward');
    const classifier = await engine.compile(jacobian(network(layers([96, 64, 8])))).explain({
      shape: [96],
    });
    expect(classifier.json.jacobians[0]?.order).toBe('reverse');
    // forward pass and one product with the seeds; the product with the identity is not there
    expect(classifier.json.multiplyAdds).toBe(96 * 64 + 64 * 8 + 8 * 64 * 96);
  });

  test('does the multiply-adds that explain() says', async () => {
    for (const widths of [
      [20, 12, 5],
      [6, 12, 30],
      [40, 16, 4, 16, 40],
    ]) {
      const explanation = await engine
        .compile(jacobian(network(layers(widths))))
        .explain({ shape: [widths[0] as number] });
      expect(executed(explanation)).toBe(explanation.json.multiplyAdds);
    }
  });
});

describe('structure', () => {
  test('a diagonal of an elementwise chain takes memory and work in proportion to its length', async () => {
    const f = jacobianDiagonal((x: Tensor) => x.sin().mul(x).exp());
    for (const n of [1000, 100_000]) {
      const { json } = await engine.compile(f).explain({ shape: [n] });
      // the argument, the result, and what it is read through, each up to an eighth larger
      expect(json.memory.peak).toBeGreaterThanOrEqual(3 * 4 * n);
      expect(json.memory.peak).toBeLessThan(3 * 4 * n * 1.125);
      expect(json.memory.intermediates).toBe(0);
      expect(json.dispatches).toBe(1);
    }
  });

  test('no call holds more memory than its plan says', async () => {
    const w = array(wave(4 * 9, 0.3), [4, 1, 3, 3]);
    const calls: [(x: Tensor) => Tensor, HostArray][] = [
      [jacobian(network(layers([100, 40, 5, 60]))), array(wave(100, 1))],
      [jacobianDiagonal((x: Tensor) => x.sin().mul(x)), array(wave(50_000, 1))],
      [
        batchJacobian((x: Tensor) => x.conv2d(w, { padding: 1 }).tanh().avgPool2d(4).flatten(1)),
        array(wave(3 * 256, 1), [3, 1, 16, 16]),
      ],
      [hessian((x: Tensor) => x.square().add(1).log().sum().square()), array(wave(70, 1))],
    ];
    for (const [f, x] of calls) {
      const own = await createEngine();
      const compiled = own.compile(f);
      for (let i = 0; i < 3; i++) {
        const y = await compiled(x);
        await y.read();
        y.destroy();
      }
      const { json } = await compiled.explain(x);
      expect(own.memory().peakBytes).toBeLessThanOrEqual(json.memory.peak);
      expect(own.memory().peakBytes).toBeGreaterThan(json.memory.peak / 2);
      own.destroy();
    }
  });

  test('per-sample Jacobians of a batch hold nothing quadratic in the batch', async () => {
    const w = array(wave(4 * 9, 0.3), [4, 1, 3, 3]);
    const v = array(wave(10 * 64, 0.2), [10, 64]);
    const cnn = (x: Tensor): Tensor =>
      x.conv2d(w, { padding: 1 }).relu().maxPool2d(2).flatten(1).linear(v);
    const compiled = engine.compile(batchJacobian(cnn));
    const peaks: number[] = [];
    for (const b of [32, 64, 128]) {
      const { json } = await compiled.explain({ shape: [b, 1, 8, 8] });
      peaks.push(json.memory.intermediates + json.memory.outputs);
    }
    const [a, b, c] = peaks as [number, number, number];
    expect(c - b).toBeLessThan(2.2 * (b - a));
  });

  test('samples that mix are an error that names the op and the call', async () => {
    const f = batchJacobian((x: Tensor) => x.sub(x.mean(0)));
    const failure = engine.compile(f).prepare({ shape: [4, 3] });
    await expect(failure).rejects.toThrow(TraceError);
    await expect(failure).rejects.toThrow(/mixes the samples/);
    const error = await failure.catch((e: unknown) => e as Error & { cause?: Error });
    expect((error as { cause: Error }).cause.stack).toContain('accumulation.test');
  });
});

describe('inside the memory there is', () => {
  const f = network(layers([32, 64, 403]));
  const z = array(wave(32, 1));

  test.each([
    ['auto', jacobian(f)],
    ['reverse', jacrev(f)],
    ['forward', jacfwd(f)],
  ] as const)('blocks of rows hold the same bits as the whole: %s', async (_, j) => {
    const whole = await (await engine.compile(j)(z)).read();
    const rows: number[] = [];
    const progress: number[] = [];
    const compiled = tight.compile(j, { onProgress: (p) => progress.push(p.done) });
    for await (const block of compiled.stream(z)) {
      expect(block.shape).toEqual([block.data.length / 32, 32]);
      expect(block.data).toEqual(
        whole.subarray(block.start * 32, block.start * 32 + block.data.length),
      );
      rows.push(block.shape[0] as number);
    }
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.reduce((a, b) => a + b, 0)).toBe(403);
    expect(progress.at(-1)).toBe(403);
  });

  test.each([1, 2, 7, 100, 1000])('a chunk of %i rows changes nothing', async (chunk) => {
    const g = network(layers([11, 9, 13]));
    const x = array(wave(11, 1));
    const whole = await (await engine.compile(jacrev(g))(x)).read();
    const parts = await (await engine.compile(jacrev(g, { chunk }))(x)).read();
    expect(parts).toEqual(whole);
  });

  test('a small budget makes a plan that takes less, with the same result', async () => {
    const wide = network(layers([40, 1000, 60]));
    const x = array(wave(40, 1));
    const [roomy, small] = [engine.compile(jacrev(wide)), tight.compile(jacrev(wide))];
    const [a, b] = [await roomy.explain(x), await small.explain(x)];
    expect(b.json.memory.intermediates).toBeLessThan(a.json.memory.intermediates / 2);
    expect(await (await small(x)).read()).toEqual(await (await roomy(x)).read());
  });

  const w = array(wave(4 * 9, 0.3), [4, 1, 3, 3]);
  const v = array(wave(6 * 64, 0.2), [6, 64]);
  const cnn = (x: Tensor): Tensor =>
    x.conv2d(w, { padding: 1 }).tanh().maxPool2d(2).flatten(1).linear(v);
  const images = array(wave(24 * 64, 1), [24, 1, 8, 8]);

  test.each([
    ['auto', batchJacobian(cnn)],
    ['reverse', batchJacobian(cnn, { mode: 'reverse' })],
    ['forward', batchJacobian(cnn, { mode: 'forward' })],
  ] as const)('fewer samples of a batch at a time: %s', async (_, j) => {
    const [roomy, small] = [engine.compile(j), tight.compile(j)];
    const [a, b] = [await roomy.explain(images), await small.explain(images)];
    expect(a.json.jacobians[0]!.reason).not.toMatch(/chunks/);
    expect(b.json.jacobians[0]!.reason).toMatch(/chunks of \d+ samples/);
    expect(b.json.memory.intermediates).toBeLessThan(a.json.memory.intermediates / 2);
    expect(b.json.multiplyAdds).toBeLessThanOrEqual(a.json.multiplyAdds);
    expect(await (await small(images)).read()).toEqual(await (await roomy(images)).read());
  });

  test('all parts of a batch run with the same kernels', async () => {
    const kernels = async (budget: number): Promise<[number, string]> => {
      const own = await createEngine({ memoryBudget: budget });
      const { json } = await own.compile(batchJacobian(cnn)).explain(images);
      own.destroy();
      return [new Set(json.kernels.map((k) => k.wgsl)).size, json.jacobians[0]!.reason];
    };
    const [few, less] = await kernels(150_000);
    const [many, least] = await kernels(60_000);
    expect(less).not.toBe(least);
    expect(many).toBeLessThanOrEqual(few + 1);
  });

  test.each([1, 2, 5, 100])('%i seeds of each sample at a time change nothing', async (chunk) => {
    const f = network(layers([11, 9, 7]));
    const x = array(wave(4 * 11, 1), [4, 11]);
    const whole = await (await engine.compile(batchJacobian(f))(x)).read();
    const parts = await (await engine.compile(batchJacobian(f, { chunk }))(x)).read();
    expect(parts).toEqual(whole);
    const mapped = await (await engine.compile(vmap(jacobian(f, { chunk })))(x)).read();
    expect(mapped).toEqual(whole);
  });

  test('a budget below one row is an error that says what it takes', async () => {
    const tiny = await createEngine({ memoryBudget: 64 });
    const stream = tiny.compile(jacrev(f)).stream(z);
    await expect(stream.next()).rejects.toThrow(LimitError);
    tiny.destroy();
  });

  test('only Jacobians stream', async () => {
    await expect(engine.compile(f).stream(z).next()).rejects.toThrow(TraceError);
  });
});
