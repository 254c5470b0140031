import { describe, expect, test, vi } from 'vitest';
import {
  array,
  batchJacobian,
  concat,
  conv2d,
  DeviceLostError,
  evaluate,
  grad,
  hessian,
  jacobian,
  LimitError,
  NonFiniteError,
  OutOfMemoryError,
  requiredLimits,
  scaledDotProductAttention,
  scatterAdd,
  take as gather,
  type HostArray,
  type Tensor,
} from '../../src/index.ts';
import {
  appDevice,
  engineOf,
  liveBuffersOf,
  numbers,
  refuseBuffers,
  settled,
  take,
  uncapturedOf,
} from '../support/guest.ts';

const random = (shape: number[], seed = 0): HostArray =>
  array(
    numbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
    shape,
  );

const W1 = random([24, 32], 1);
const W2 = random([32, 10], 2);
const network = (x: Tensor): Tensor => x.matmul(W1).mul(0.2).tanh().matmul(W2).mul(0.2);

describe('the same bits', () => {
  test('100 times, then after the device was lost', async () => {
    const engine = await engineOf();
    const J = engine.compile(jacobian((x: Tensor) => network(x).softmax()));
    const x = random([24], 3);
    const first = await take(J(x));
    expect(first.some((v) => v !== 0)).toBe(true);
    for (let k = 1; k < 100; k++) expect(await take(J(x))).toEqual(first);
    for (let k = 0; k < 3; k++) {
      const { device } = engine;
      device.destroy();
      await engine.lost;
      expect(await take(J(x))).toEqual(first);
      expect(engine.device).not.toBe(device);
    }
  });

  // not with blocks of one seed, which simplify to other products
  test('whatever the chunks', async () => {
    const engine = await engineOf();
    const x = random([24], 3);
    for (const mode of ['reverse', 'forward'] as const) {
      const results = [];
      for (const chunk of [undefined, 2, 5, 7, 24]) {
        const options = chunk === undefined ? { mode } : { mode, chunk };
        results.push(await take(engine.compile(jacobian(network, options))(x)));
      }
      for (const other of results) expect(other).toEqual(results[0]);
    }
  });
});

describe('device loss', () => {
  const acceptable = (outcome: unknown) =>
    outcome === 'resolved' || outcome instanceof DeviceLostError;

  test('before, during and after a call: an error or an answer, and then it goes on', async () => {
    const x = random([24], 3);
    const engine = await engineOf();
    const J = engine.compile(jacobian(network));
    const bits = await take(J(x));
    for (const when of ['before', 'during', 'compiling', 'reading', 'after'] as const) {
      const { device } = engine;
      const f = when === 'compiling' ? engine.compile(jacobian(network, { chunk: 5 })) : J;
      if (when === 'before') device.destroy();
      const running = f(x);
      const reading = settled(running.then((y) => y.read()));
      if (when === 'during' || when === 'compiling') device.destroy();
      const ran = await settled(running);
      if (when === 'reading') device.destroy();
      expect(await reading).toSatisfy(acceptable);
      if (when === 'after') device.destroy();
      expect(ran).toSatisfy(acceptable);
      await device.lost;
      expect(await take(f(x))).toEqual(bits);
      expect(engine.device).not.toBe(device);
    }
  });

  test('many calls pending: all settle, and host data is not lost', async () => {
    const engine = await engineOf();
    const kept = engine.upload(random([24], 9));
    const J = engine.compile(jacobian(network));
    const bits = await take(J(kept));
    const calls = Array.from({ length: 50 }, () => settled(take(J(kept))));
    engine.device.destroy();
    for (const outcome of await Promise.all(calls)) expect(outcome).toSatisfy(acceptable);
    await engine.lost;
    expect(await take(J(kept))).toEqual(bits);
  });

  test('while a Jacobian streams: the error is told, the next stream works', async () => {
    const engine = await engineOf();
    const J = engine.compile(jacobian(network, { chunk: 2 }));
    const x = random([24], 3);
    const collect = async (lose: boolean) => {
      const rows: number[] = [];
      for await (const block of J.stream(x)) {
        rows.push(...block.data);
        if (lose) engine.device.destroy();
      }
      return rows;
    };
    const whole = await take(engine.compile(jacobian(network))(x));
    expect(await settled(collect(true))).toBeInstanceOf(DeviceLostError);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await collect(false)).toEqual([...whole]);
  });

  test("the app's device: pending calls reject, others wait for restore", async () => {
    const device = await appDevice();
    const engine = await engineOf({ device });
    const J = engine.compile(jacobian(network));
    const x = engine.upload(random([24], 3));
    const bits = await take(J(x));
    const y = await J(x);
    const pending = settled(take(J(x)));
    device.destroy();
    expect(await pending).toSatisfy(acceptable);
    await engine.lost;
    expect(await settled(J(x))).toBeInstanceOf(DeviceLostError);
    expect(await settled(y.read())).toBeInstanceOf(DeviceLostError);
    engine.restore(await appDevice());
    expect(await take(J(x))).toEqual(bits);
    expect(await settled(y.read())).toBeInstanceOf(DeviceLostError);
  });

  test('a destroyed engine says so', async () => {
    const engine = await engineOf();
    const J = engine.compile(jacobian(network));
    const x = random([24], 3);
    const y = await J(x);
    const [reading, calling] = [settled(y.read()), settled(J(x))];
    engine.destroy();
    expect(await reading).toBeInstanceOf(DeviceLostError);
    expect(await calling).toBeInstanceOf(DeviceLostError);
    await expect(J(x)).rejects.toThrow(/engine was destroyed/);
    await expect(engine.compile(jacobian(network))(x)).rejects.toThrow(/engine was destroyed/);
  });
});

describe('out of memory', () => {
  const J = jacobian((x: Tensor) => network(x).softmax());
  const x = random([24], 3);

  for (const how of ['throw', 'scope'] as const)
    test(`once, at each allocation in turn (${how}): the answer is the same`, async () => {
      const want = await take((await engineOf()).compile(J)(x));
      const reached = [];
      for (let n = 1; ; n++) {
        const device = await appDevice();
        const uncaptured = uncapturedOf(device);
        const engine = await engineOf({ device });
        const state = refuseBuffers(device, n, 1, how);
        expect(await take(engine.compile(J)(x))).toEqual(want);
        expect(uncaptured).not.toHaveBeenCalled();
        engine.destroy();
        device.destroy();
        if (state.failed === 0) break;
        reached.push(n);
      }
      expect(reached.length).toBeGreaterThan(3);
    });

  for (const how of ['throw', 'scope'] as const)
    test(`for good, from each allocation on (${how}): OutOfMemoryError, and nothing kept`, async () => {
      for (let n = 1; ; n++) {
        const device = await appDevice();
        const uncaptured = uncapturedOf(device);
        const live = liveBuffersOf(device);
        const engine = await engineOf({ device });
        const state = refuseBuffers(device, n, Infinity, how);
        const f = engine.compile(J);
        const failure = await settled(take(f(x)));
        if (state.failed === 0) break;
        expect(failure).toBeInstanceOf(OutOfMemoryError);
        expect(String(failure)).toMatch(/could not allocate.*this engine holds/);
        state.times = 0; // memory is there again: the same function works
        expect(await settled(take(f(x)))).toBe('resolved');
        expect(uncaptured).not.toHaveBeenCalled();
        engine.destroy();
        expect(live.size).toBe(0);
        device.destroy();
      }
    });

  test('intermediates for which there is no memory are made in smaller chunks', async () => {
    const [W, row] = [random([24, 400], 1), random([1, 10], 2)];
    const wide = (v: Tensor): Tensor => {
      const h = v.matmul(W).mul(0.1).reshape([400, 1]).mul(row);
      return h.cumsum(0).tanh().cumsum(1).mul(0.01).cumsum(0).sum([0]);
    };
    const f = jacobian(wide, { mode: 'forward' }); // 24 tangents of 4,000 elements at a time
    const roomy = (await engineOf()).compile(f);
    const want = await take(roomy(x));
    const slots = (await roomy.prepare(x)).explain().json.memory.intermediates;
    const room = 24 * 4000 * 4 - 16; // all tangents at once find no memory
    expect(slots).toBeGreaterThan(room);
    const device = await appDevice();
    const engine = await engineOf({ device });
    const small = engine.compile(f);
    const state = refuseBuffers(device, 1, Infinity, 'scope', room);
    const got = await take(small(x));
    expect(state.failed).toBeGreaterThan(0);
    expect(worst(got, want)).toBeLessThan(1e-6);
    const lean = (await small.prepare(x)).explain().json;
    expect(lean.memory.intermediates).toBeLessThan(slots);
    expect(lean.jacobians[0]!.reason).toMatch(/chunks of at most/);
  });
});

/** Largest |got - want| over the largest |want|. */
function worst(got: ArrayLike<number>, want: ArrayLike<number>): number {
  const scale = Array.from(want).reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return Array.from(want).reduce((m, v, i) => Math.max(m, Math.abs(v - got[i]!)), 0) / scale;
}

describe('a device with the least that WebGPU guarantees, and no features', () => {
  const image = random([1, 2, 8, 8], 1);
  const kernels = [random([4, 2, 3, 3], 2), random([3, 4, 3, 3], 3)] as const;
  const cnn = (x: Tensor): Tensor =>
    conv2d(conv2d(x, kernels[0], { padding: 1 }).relu().avgPool2d(2), kernels[1])
      .tanh()
      .mean([2, 3]);
  const attention = (q: Tensor): Tensor =>
    scaledDotProductAttention(q, q.mul(0.5), q.sin(), { causal: true });
  const indices = array([3, 0, 3, 2, 1, 0], [6], 'i32');
  const scatter = (x: Tensor): Tensor =>
    scatterAdd(x, indices, gather(x, indices, 0).square(), 0).sum([1]);
  const cases: [string, (...xs: Tensor[]) => Tensor, HostArray[]][] = [
    ['a multilayer perceptron', jacobian(network), [random([24], 3)]],
    ['one, for each sample of a batch', batchJacobian(network), [random([6, 24], 3)]],
    ['a convolutional network', jacobian(cnn), [image]],
    ['attention', jacobian(attention), [random([5, 4], 3)]],
    ['a gather and a scatter', jacobian(scatter), [random([4, 3], 3)]],
    ['a Hessian', hessian((x: Tensor) => network(x).square().sum()), [random([24], 3)]],
    [
      '20 inputs concatenated',
      (...xs: Tensor[]) => concat(xs.map((x, k) => x.mul(k + 1).sin())).square(),
      Array.from({ length: 20 }, (_, k) => random([3, 2], k)),
    ],
    [
      'their gradient by one of them',
      grad((...xs: Tensor[]) => concat(xs).cumsum(0).sin().sum(), { argnums: 13 }),
      Array.from({ length: 20 }, (_, k) => random([3, 2], k)),
    ],
    [
      'the sum of 20 inputs and 20 outputs of one pass',
      (...xs: Tensor[]) => xs.map((x) => x.exp()).reduce((a, b) => a.mul(b).tanh()),
      Array.from({ length: 20 }, (_, k) => random([3, 2], k)),
    ],
  ];

  for (const [name, f, args] of cases)
    test(name, async () => {
      const device = await appDevice();
      const uncaptured = uncapturedOf(device);
      const engine = await engineOf({ device });
      expect(device.limits.maxStorageBuffersPerShaderStage).toBe(8);
      expect(device.limits.maxComputeWorkgroupStorageSize).toBe(16384);
      expect(device.features.has('subgroups')).toBe(false);
      const got = await take(engine.compile(f)(...(args as never[])));
      const want = evaluate(f, ...args);
      expect(got.length).toBe(want.data.length);
      expect(worst(got, want.data)).toBeLessThan(1e-5);
      expect(uncaptured).not.toHaveBeenCalled();
      // and this is what it says it needs
      const limits = requiredLimits(f, ...args);
      for (const [limit, value] of Object.entries(limits))
        expect(value).toBeLessThanOrEqual(
          device.limits[limit as keyof GPUSupportedLimits] as number,
        );
    });

  test('what is too large for its bindings is named, and requiredLimits tells before', async () => {
    const engine = await engineOf({ device: await appDevice() });
    const f = (x: Tensor) => x.mul(2).add(1);
    const n = 2 ** 25 + 64;
    expect(requiredLimits(f, { shape: [n] })).toMatchObject({
      maxStorageBufferBindingSize: n * 4,
      maxBufferSize: n * 4,
    });
    const failure = await settled(engine.compile(f).prepare({ shape: [n] }));
    expect(failure).toBeInstanceOf(LimitError);
    expect(String(failure)).toMatch(
      /maxStorageBufferBindingSize >= \d+.*this device has 134217728/,
    );
  });

  test('a device requested with requiredLimits runs it', async () => {
    const f = (x: Tensor) => x.sum();
    const required = requiredLimits(f, { shape: [1000] });
    const engine = await engineOf({ device: await appDevice({ requiredLimits: required }) });
    expect([...(await take(engine.compile(f)(array(new Float32Array(1000).fill(1)))))]).toEqual([
      1000,
    ]);
  });
});

describe('signals, progress, options', () => {
  test('an AbortSignal ends compiling and calling', async () => {
    const engine = await engineOf();
    const x = random([24], 3);
    const signal = AbortSignal.abort(new Error('not wanted'));
    await expect(engine.compile(jacobian(network), { signal })(x)).rejects.toThrow('not wanted');
    const controller = new AbortController();
    const J = engine.compile(jacobian(network), { signal: controller.signal });
    expect(await settled(take(J(x)))).toBe('resolved');
    const compiling = J.prepare({ shape: [3, 24] });
    controller.abort(new Error('changed my mind'));
    await expect(compiling).rejects.toThrow('changed my mind');
    await expect(J(x)).rejects.toThrow('changed my mind');
    expect(await settled(take(engine.compile(jacobian(network))(x)))).toBe('resolved');
  });

  test('an AbortSignal ends a stream, and frees what it held', async () => {
    const engine = await engineOf();
    const controller = new AbortController();
    const { signal } = controller;
    const J = engine.compile(jacobian(network, { chunk: 2 }), { signal });
    const starts: number[] = [];
    const streaming = (async () => {
      for await (const block of J.stream(random([24], 3))) {
        starts.push(block.start);
        if (block.start === 2) controller.abort(new Error('enough'));
      }
    })();
    await expect(streaming).rejects.toThrow('enough');
    expect(starts).toEqual([0, 2]);
  });

  test('progress of compiling and of streaming', async () => {
    const engine = await engineOf();
    const onProgress = vi.fn((p: { done: number; total: number }) => p.done / p.total);
    const J = engine.compile(jacobian(network, { chunk: 4 }), { onProgress });
    await J.prepare({ shape: [24] });
    const { total } = onProgress.mock.lastCall![0];
    expect(onProgress.mock.calls.map(([p]) => p.done)).toEqual(
      Array.from({ length: total }, (_, i) => i + 1),
    );
    onProgress.mockClear();
    const rows = [];
    for await (const block of J.stream(random([24], 3))) rows.push(block.shape[0]);
    expect(rows).toEqual([4, 4, 2]);
    expect(onProgress.mock.calls.map(([p]) => p.done)).toEqual([4, 8, 10]);
  });

  test('identical shaders are compiled once for each device', async () => {
    const engine = await engineOf();
    await engine.compile(jacobian(network)).prepare({ shape: [24] });
    const { pipelines } = engine.stats;
    await engine.compile(jacobian(network)).prepare({ shape: [24] });
    expect(engine.stats.pipelines).toBe(pipelines);
  });

  test('debug: "nan" names the op and the line that called it', async () => {
    const device = await appDevice();
    const engine = await engineOf({ device });
    const f = (x: Tensor) => x.sub(1).log().mul(2).sum();
    const checked = engine.compile(f, { debug: 'nan' });
    expect((await take(checked(array([2, 3]))))[0]).toBeCloseTo(2 * Math.log(2), 5);
    const live = engine.memory();
    const failure = (await settled(checked(array([2, 0.5])))) as Error;
    expect(failure).toBeInstanceOf(NonFiniteError);
    expect(failure.message).toMatch(/^log: makes a NaN or infinity of finite \[2\]/);
    expect((failure.cause as Error).stack).toMatch(/guest-faults\.test/);
    const { bytes, idleBytes } = engine.memory();
    expect(bytes - idleBytes).toBe(live.bytes - live.idleBytes); // nothing is kept
    // in a derivative too: sqrt is finite at 0, its slope is not
    const slope = engine.compile(
      grad((x: Tensor) => x.sqrt().sum()),
      { debug: 'nan' },
    );
    const second = (await settled(slope(array([1, 0])))) as Error;
    expect(second).toBeInstanceOf(NonFiniteError);
    expect((second.cause as Error).stack).toMatch(/guest-faults\.test/);
    // a NaN that was given is not of an op's making
    expect(await settled(checked(array([NaN, 2])))).toBe('resolved');
  });

  test('math: "native" uses the functions of WGSL', async () => {
    const engine = await engineOf();
    const f = (x: Tensor) => x.sin().exp();
    const [accurate, native] = [engine.compile(f), engine.compile(f, { math: 'native' })];
    const x = random([100], 1);
    const [a, b] = [await take(accurate(x)), await take(native(x))];
    expect(worst(b, a)).toBeLessThan(1e-2);
    const code = async (c: typeof accurate) =>
      (await c.explain(x)).json.kernels.map((k) => k.wgsl).join('\n');
    expect(await code(native)).not.toBe(await code(accurate));
    expect((await code(native)).length).toBeLessThan((await code(accurate)).length);
  });
});
