import { describe, expect, test, vi } from 'vitest';
import {
  array,
  BufferError,
  DTypeError,
  jacobian,
  jvp,
  ShapeError,
  stack,
  TraceError,
  UnsupportedError,
  valueAndJacobian,
  type Tensor,
} from '../../src/index.ts';
import {
  appBuffer,
  appDevice,
  COPY_DST,
  COPY_SRC,
  engineOf,
  liveBuffersOf,
  numbers,
  STORAGE,
  take,
  uncapturedOf,
} from '../support/guest.ts';

// An app that has its own device, and the package as its guest: the public functions only.

/** [3] -> [2] with J = [[y, x, 0], [0, 2y, 3z²]]. */
const curve = (x: Tensor): Tensor => {
  const [a, b, c] = [x.slice(0), x.slice(1), x.slice(2)];
  return stack([a.mul(b), b.square().add(c.mul(c).mul(c))]);
};
const curveJacobian = ([a, b, c]: readonly number[]): number[] => [
  b!,
  a!,
  0,
  0,
  2 * b!,
  3 * c! ** 2,
];

describe('a device of the app', () => {
  test('is untouched after engine.destroy', async () => {
    const device = await appDevice();
    const [handler, listener] = [vi.fn(), uncapturedOf(device)];
    device.onuncapturederror = handler;
    const mine = appBuffer(device, Float32Array.of(2, 3, 4));
    const live = liveBuffersOf(device);
    const destroyed = vi.spyOn(device, 'destroy');
    const engine = await engineOf({ device });
    expect(engine.device).toBe(device);
    const J = engine.compile(jacobian(curve));
    const x = engine.wrap(mine, [3]);
    expect([...(await (await J(x)).read())]).toEqual(curveJacobian([2, 3, 4]));
    expect([...(await take(J(array([1, 1, 1]))))]).toEqual(curveJacobian([1, 1, 1]));
    expect(live.size).toBeGreaterThan(0);
    engine.destroy();
    expect(live.size).toBe(0); // its own buffers are gone, to the last
    expect(destroyed).not.toHaveBeenCalled();
    expect(device.onuncapturederror).toBe(handler);
    const lost = await Promise.race([device.lost, Promise.resolve('no')]);
    expect(lost).toBe('no');
    // the app's buffer is as it was, and the next engine finds the device in order
    const next = await engineOf({ device });
    expect([...(await next.wrap(mine, [3]).read())]).toEqual([2, 3, 4]);
    const again = await take(next.compile(jacobian(curve))(array([5, 6, 7])));
    expect([...again]).toEqual(curveJacobian([5, 6, 7]));
    // errors of the app still reach the app
    device.createBuffer({ size: 16, usage: 0 });
    await device.queue.onSubmittedWorkDone();
    await vi.waitFor(() => expect(listener).toHaveBeenCalledTimes(1));
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test('two engines on two devices, and two on one', async () => {
    const [first, second] = [await appDevice(), await appDevice()];
    const engines = [
      await engineOf({ device: first }),
      await engineOf({ device: second }),
      await engineOf({ device: second }),
    ];
    const fs = engines.map((engine) => engine.compile(jacobian(curve)));
    const points = [1, 2, 3].map((k) => [k, k + 1, k + 2]);
    const results = await Promise.all(fs.map((f, i) => f(array(points[i]!))));
    engines[0]!.destroy();
    engines[1]!.destroy();
    expect([...(await results[2]!.read())]).toEqual(curveJacobian(points[2]!));
    expect([...(await take(fs[2]!(array(points[0]!))))]).toEqual(curveJacobian(points[0]!));
  });

  test('arrays of another engine are refused, as arguments and as what is closed over', async () => {
    const [a, b] = [await engineOf(), await engineOf()];
    const x = a.upload(array([1, 2, 3]));
    await expect(b.compile(jacobian(curve))(x)).rejects.toThrow(/belongs to another engine/);
    const closed = b.compile((y: Tensor) => y.mul(x));
    await expect(closed(array([1, 1, 1]))).rejects.toThrow(BufferError);
    await expect(closed(array([1, 1, 1]))).rejects.toThrow(/belongs to another engine/);
    expect([...(await take(a.compile((y: Tensor) => y.mul(x))(array([1, 1, 1]))))]).toEqual([
      1, 2, 3,
    ]);
  });
});

describe('buffers of the app', () => {
  test('at offsets, as inputs and as outputs', async () => {
    const device = await appDevice();
    const uncaptured = uncapturedOf(device);
    const engine = await engineOf({ device });
    const step = device.limits.minStorageBufferOffsetAlignment;
    const usage = STORAGE | COPY_SRC | COPY_DST;
    const points = device.createBuffer({ size: 3 * step, usage });
    const results = device.createBuffer({ size: 4 * step, usage });
    const values = [0, 1, 2].map((k) => numbers(3, k));
    values.forEach((v, k) => device.queue.writeBuffer(points, k * step, v));
    device.queue.writeBuffer(results, 0, new Float32Array(step).fill(-7));
    const J = engine.compile(jacobian(curve));
    const plan = await J.prepare({ shape: [3] });
    const encoder = device.createCommandEncoder();
    for (const k of [0, 1, 2])
      plan.encode(encoder, {
        inputs: [engine.wrap(points, [3], 'f32', { offset: k * step })],
        outputs: [engine.wrap(results, [2, 3], 'f32', { offset: (k + 1) * step })],
      });
    device.queue.submit([encoder.finish()]);
    for (const k of [0, 1, 2]) {
      const got = engine.wrap(results, [2, 3], 'f32', { offset: (k + 1) * step });
      const want = curveJacobian([...values[k]!]);
      (await got.read()).forEach((v, i) => expect(v).toBeCloseTo(want[i]!, 5));
      // the same through a call, from the wrapped input
      const called = await take(J(engine.wrap(points, [3], 'f32', { offset: k * step })));
      expect(called).toEqual(await got.read());
    }
    const before = engine.wrap(results, [step / 4]); // untouched
    expect(new Set(await before.read())).toEqual(new Set([-7]));
    expect(uncaptured).not.toHaveBeenCalled();
  });

  test('what a buffer lacks is named', async () => {
    const device = await appDevice();
    const engine = await engineOf({ device });
    const vertex = device.createBuffer({ label: 'vertices', size: 64, usage: COPY_SRC | COPY_DST });
    expect(() => engine.wrap(vertex, [4])).toThrow(/wrap: vertices \[4\].*usage flag STORAGE/);
    const mine = appBuffer(device, numbers(8));
    expect(() => engine.wrap(mine, [4], 'f32', { offset: 4 })).toThrow(
      /offset 4 is not a multiple/,
    );
    expect(() => engine.wrap(mine, [9])).toThrow(/the buffer has 32/);
  });

  test('a captured one is bound, not copied: what the app writes is seen', async () => {
    const device = await appDevice();
    const engine = await engineOf({ device });
    const weights = appBuffer(device, Float32Array.of(1, 2, 3));
    const w = engine.wrap(weights, [3]);
    const J = engine.compile(jacobian((x: Tensor) => x.mul(w).sum()));
    expect([...(await take(J(array([1, 1, 1]))))]).toEqual([1, 2, 3]);
    device.queue.writeBuffer(weights, 0, Float32Array.of(4, 5, 6));
    expect([...(await take(J(array([1, 1, 1]))))]).toEqual([4, 5, 6]);
  });

  test('results can be used by the app where they are', async () => {
    const device = await appDevice();
    const engine = await engineOf({ device });
    const y = await engine.compile(jacobian(curve))(array([1, 2, 3]));
    const mine = appBuffer(device, new Float32Array(6));
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(y.buffer, y.offset, mine, 0, y.byteLength);
    device.queue.submit([encoder.finish()]);
    y.destroy();
    expect([...(await engine.wrap(mine, [2, 3]).read())]).toEqual(curveJacobian([1, 2, 3]));
  });
});

describe('an encoder of the app', () => {
  test('a pass that also holds its own dispatches; two plans in one submission', async () => {
    const device = await appDevice();
    const uncaptured = uncapturedOf(device);
    const engine = await engineOf({ device });
    const xs = appBuffer(device, new Float32Array(3), 'x');
    const js = appBuffer(device, new Float32Array(6), 'J');
    const gs = appBuffer(device, new Float32Array(9), 'J^T J');
    const [x, J, G] = [engine.wrap(xs, [3]), engine.wrap(js, [2, 3]), engine.wrap(gs, [3, 3])];
    // the app's own: doubles a buffer in place
    const module = device.createShaderModule({
      code: `@group(0) @binding(0) var<storage, read_write> x: array<f32>;
        @compute @workgroup_size(16) fn main(@builtin(local_invocation_index) i: u32) {
          if (i < arrayLength(&x)) { x[i] *= 2.0; }
        }`,
    });
    const own = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
    const [doubleX, doubleJ] = [xs, js].map((buffer) =>
      device.createBindGroup({
        layout: own.getBindGroupLayout(0),
        entries: [{ binding: 0, resource: { buffer } }],
      }),
    );
    const first = await engine.compile(jacobian(curve)).prepare({ shape: [3] });
    const second = await engine.compile((m: Tensor) => m.t().matmul(m)).prepare({ shape: [2, 3] });
    const frame = (data: Float32Array<ArrayBuffer>) => {
      device.queue.writeBuffer(xs, 0, data);
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      const mine = (group: GPUBindGroup) => {
        pass.setPipeline(own);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(1);
      };
      mine(doubleX!); // x = 2x
      first.encode(pass, { inputs: [x], outputs: [J] });
      mine(doubleJ!); // J = 2J
      second.encode(pass, { inputs: [J], outputs: [G] });
      pass.end();
      device.queue.submit([encoder.finish()]);
    };
    frame(numbers(3));
    const submit = vi.spyOn(device.queue, 'submit');
    const [buffers, groups] = [
      vi.spyOn(device, 'createBuffer'),
      vi.spyOn(device, 'createBindGroup'),
    ];
    const map = vi.spyOn(GPUBuffer.prototype, 'mapAsync');
    for (const k of [1, 2, 3]) frame(numbers(3, k));
    expect(submit).toHaveBeenCalledTimes(3); // the frames themselves
    for (const spy of [buffers, groups, map]) expect(spy).not.toHaveBeenCalled();
    map.mockRestore();
    const j = curveJacobian([...numbers(3, 3)].map((v) => 2 * v)).map((v) => 2 * v);
    (await J.read()).forEach((v, i) => expect(v).toBeCloseTo(j[i]!, 5));
    (await G.read()).forEach((v, i) => {
      const [row, col] = [Math.floor(i / 3), i % 3];
      expect(v).toBeCloseTo(j[row]! * j[col]! + j[3 + row]! * j[3 + col]!, 4);
    });
    expect(uncaptured).not.toHaveBeenCalled();
  });

  test('several results, in the order of the leaves', async () => {
    const device = await appDevice();
    const engine = await engineOf({ device });
    const f = valueAndJacobian(curve);
    const plan = await engine.compile(f).prepare({ shape: [3] });
    const [x, y, J] = [3, 2, 6].map((n) => appBuffer(device, numbers(n)));
    const outputs = [engine.wrap(y!, [2]), engine.wrap(J!, [2, 3])];
    const encoder = device.createCommandEncoder();
    plan.encode(encoder, { inputs: [engine.wrap(x!, [3])], outputs });
    device.queue.submit([encoder.finish()]);
    const [a, b, c] = numbers(3) as unknown as [number, number, number];
    const [value, jac] = await Promise.all(outputs.map((o) => o.read()));
    [a * b, b * b + c ** 3].forEach((v, i) => expect(value![i]).toBeCloseTo(v, 5));
    curveJacobian([a, b, c]).forEach((v, i) => expect(jac![i]).toBeCloseTo(v, 5));
    const wrong = device.createCommandEncoder();
    const [input] = [engine.wrap(x!, [3])];
    expect(() =>
      plan.encode(wrong, { inputs: [input], outputs: [outputs[1]!, outputs[0]!] }),
    ).toThrow(/output 0: expected \[2\], got \[2,3\]/);
  });

  test('the same results as a call, bit for bit', async () => {
    const device = await appDevice();
    const engine = await engineOf({ device });
    const f = (x: Tensor) => jvp((u: Tensor) => u.matmul(u.t()).tanh().sum([0]), [x], [x.sin()])[1];
    const compiled = engine.compile(f);
    const plan = await compiled.prepare({ shape: [17, 5] });
    const [a, b] = [appBuffer(device, numbers(85)), appBuffer(device, new Float32Array(17))];
    const encoder = device.createCommandEncoder();
    const y = engine.wrap(b, [17]);
    plan.encode(encoder, { inputs: [engine.wrap(a, [17, 5])], outputs: [y] });
    device.queue.submit([encoder.finish()]);
    expect(await y.read()).toEqual(await take(compiled(array(numbers(85), [17, 5]))));
  });
});

describe('calls', () => {
  test('1,000 at once, each with its own answer', async () => {
    const engine = await engineOf();
    const J = engine.compile(jacobian(curve));
    const points = Array.from({ length: 1000 }, (_, k) => [k % 10, Math.floor(k / 10), k % 7]);
    const answers = await Promise.all(points.map((p) => take(J(array(p)))));
    answers.forEach((got, k) => expect([...got]).toEqual(curveJacobian(points[k]!)));
    expect(engine.stats.readbacks).toBe(1000);
  });

  test('arguments are taken when the call is made, in the first call too', async () => {
    const engine = await engineOf();
    const J = engine.compile(jacobian(curve));
    for (let round = 0; round < 3; round++) {
      const data = Float32Array.of(1, 2, 3 + round);
      const y = J(array(data));
      data.fill(-1);
      expect([...(await take(y))]).toEqual(curveJacobian([1, 2, 3 + round]));
      const x = engine.upload(array([4, 5, round]));
      const z = J(x);
      x.destroy();
      expect([...(await take(z))]).toEqual(curveJacobian([4, 5, round]));
    }
  });

  test('once compiled, a call is submitted before it returns', async () => {
    const device = await appDevice();
    const engine = await engineOf({ device });
    const xs = appBuffer(device, Float32Array.of(1, 2, 3));
    const x = engine.wrap(xs, [3]);
    const J = engine.compile(jacobian(curve));
    await J.prepare({ shape: [3] });
    const y = J(x);
    device.queue.writeBuffer(xs, 0, Float32Array.of(9, 9, 9)); // after it, in the queue
    expect([...(await take(y))]).toEqual(curveJacobian([1, 2, 3]));
  });

  test('results of earlier calls stay', async () => {
    const engine = await engineOf();
    const J = engine.compile(jacobian(curve));
    const kept = [];
    for (let k = 0; k < 20; k++) kept.push(await J(array([k, k + 1, k + 2])));
    for (const [k, y] of kept.entries())
      expect([...(await y.read())]).toEqual(curveJacobian([k, k + 1, k + 2]));
  });

  test('inside another traced function a compiled one is inlined', async () => {
    const engine = await engineOf();
    const f = engine.compile(curve);
    const g = engine.compile(jacobian((x: Tensor) => (f as unknown as typeof curve)(x.mul(2))));
    const before = engine.stats;
    const got = await take(g(array([1, 2, 3])));
    expect([...got]).toEqual(curveJacobian([2, 4, 6]).map((v) => 2 * v));
    expect(engine.stats.submissions - before.submissions).toBe(2); // the call and the readback
  });

  test('what it takes is a function', async () => {
    const engine = await engineOf();
    expect(() => engine.compile(undefined as unknown as typeof curve)).toThrow(TraceError);
  });
});

describe('restore', () => {
  test('with another device of the app, prepared plans go on after ready()', async () => {
    const [device, next] = [await appDevice(), await appDevice()];
    const engine = await engineOf({ device });
    const compiled = engine.compile(jacobian(curve));
    const plan = await compiled.prepare({ shape: [3] });
    const x = engine.upload(array([1, 2, 3]));
    device.destroy();
    await engine.lost;
    await expect(compiled(x)).rejects.toThrow(/engine\.restore\(device\)/);
    engine.restore(next);
    const mine = engine.wrap(appBuffer(next, new Float32Array(6)), [2, 3]);
    const encoder = next.createCommandEncoder();
    expect(() => plan.encode(encoder, { inputs: [x], outputs: [mine] })).toThrow(/ready\(\)/);
    await plan.ready();
    plan.encode(encoder, { inputs: [x], outputs: [mine] });
    next.queue.submit([encoder.finish()]);
    expect([...(await mine.read())]).toEqual(curveJacobian([1, 2, 3]));
    expect([...(await take(compiled(x)))]).toEqual(curveJacobian([1, 2, 3]));
  });

  test('with a device that offers less: compiled again for it', async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const most = adapter!.limits.maxStorageBuffersPerShaderStage;
    if (most < 10) return;
    const device = await appDevice({
      requiredLimits: { maxStorageBuffersPerShaderStage: most },
    });
    const engine = await engineOf({ device });
    const sum = engine.compile((...xs: Tensor[]) => xs.reduce((a, b) => a.add(b)));
    const xs = Array.from({ length: 9 }, (_, k) => array([k, 1]));
    expect([...(await take(sum(...xs)))]).toEqual([36, 9]);
    device.destroy();
    await engine.lost;
    engine.restore(await appDevice());
    expect([...(await take(sum(...xs)))]).toEqual([36, 9]);
  });

  test('is for devices of the app only', async () => {
    const engine = await engineOf();
    const device = await appDevice();
    expect(() => engine.restore(device)).toThrow(UnsupportedError);
  });
});

// What plain JavaScript can get wrong is refused in words, and nothing given is ignored.
describe('misuse', () => {
  const refusals = async (
    error: abstract new (message: string) => Error,
    cases: readonly (readonly [RegExp, () => unknown])[],
  ): Promise<void> => {
    for (const [says, f] of cases) {
      const thrown = await Promise.resolve()
        .then(f)
        .then(
          () => 'nothing thrown',
          (e: unknown) => e,
        );
      expect(thrown, String(says)).toBeInstanceOf(error);
      expect((thrown as Error).message).toMatch(says);
    }
  };

  test('options of an engine and of compile', async () => {
    const device = await appDevice();
    await refusals(UnsupportedError, [
      [/createEngine.*devise.*device/, () => engineOf({ devise: device } as object)],
      [/createEngine.*await/, () => engineOf({ device: Promise.resolve(device) as never })],
      [/createEngine.*requestDevice/, () => engineOf({ device: {} as never })],
      [/createEngine.*requestAdapter/, () => engineOf({ adapter: 5 as never })],
      [/createEngine.*memoryBudget.*-1/, () => engineOf({ memoryBudget: -1 })],
    ]);
    const engine = await engineOf({ device });
    const sin = (x: Tensor) => x.sin();
    await refusals(TraceError, [
      [/compile.*onprogress.*onProgress/, () => engine.compile(sin, { onprogress() {} } as object)],
    ]);
  });

  test('buffers, shapes, specs and where to read to', async () => {
    const device = await appDevice();
    const engine = await engineOf({ device });
    const buffer = appBuffer(device, Float32Array.of(1, 2, 3));
    const J = engine.compile(jacobian(curve));
    const plan = await J.prepare({ shape: [3] });
    const [input, output] = [engine.wrap(buffer, [3]), appBuffer(device, new Float32Array(8))];
    const encode = (target: unknown, args: unknown) => () =>
      plan.encode(target as GPUCommandEncoder, args as never);
    const encoder = device.createCommandEncoder();
    const args = { inputs: [input], outputs: [engine.wrap(output, [2, 3])] };
    await refusals(BufferError, [
      [/upload.*array\(/, () => engine.upload(Float32Array.of(1) as never)],
      [/wrap.*GPUBuffer/, () => engine.wrap(null as never, [3])],
      [/jacobian\(curve\).*inputs.*outputs/, encode(encoder, undefined)],
      [/jacobian\(curve\).*inputs.*outputs/, encode(encoder, { inputs: [input] })],
      [/jacobian\(curve\).*GPUCommandEncoder/, encode(null, args)],
      [/jacobian\(curve\).*GPUCommandEncoder/, encode({}, args)],
    ]);
    await refusals(ShapeError, [
      [/wrap.*list.*3/, () => engine.wrap(buffer, 3 as never)],
      [/wrap.*\[-1\]/, () => engine.wrap(buffer, [-1])],
      [/prepare.*\[-3\]/, () => J.prepare({ shape: [-3] })],
    ]);
    await refusals(DTypeError, [
      [/wrap.*"f64".*f32/, () => engine.wrap(buffer, [3], 'f64' as 'f32')],
      [/prepare.*"f16".*f32/, () => J.prepare({ shape: [3], dtype: 'f16' as 'f32' })],
      [/read.*f32.*Int32Array.*Float32Array/, () => input.read(new Int32Array(3))],
    ]);
  });
});
