import { afterEach, describe, expect, test, vi } from 'vitest';
import type { BufferRole, KernelSource, Program, ProgramBuffer } from '../../src/lower/program.ts';
import { DeviceArray } from '../../src/run/deviceArray.ts';
import { EngineDevice, type EngineOptions } from '../../src/run/engine.ts';
import { Executable } from '../../src/run/executable.ts';
import { array, type ArrayValue } from '../../src/util/array.ts';
import type { DType, TypedArray } from '../../src/util/dtype.ts';
import {
  BufferError,
  DeviceLostError,
  DTypeError,
  LimitError,
  OutOfMemoryError,
  ShapeError,
  UnsupportedError,
  ValidationError,
} from '../../src/util/errors.ts';
import { refuseBuffers } from '../support/guest.ts';

// Programs written by hand: what the lower room makes, in small.

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function owned(options?: EngineOptions): Promise<EngineDevice> {
  const engine = await EngineDevice.create(options);
  cleanups.push(() => engine.destroy());
  return engine;
}

/** A device of the app, with WebGPU's guaranteed limits and no features unless asked for. */
async function appDevice(descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter!.requestDevice(descriptor);
  cleanups.push(() => device.destroy());
  return device;
}

async function guest(device: GPUDevice): Promise<EngineDevice> {
  return owned({ device });
}

const STORAGE = 0x80;
const COPY_SRC = 0x4;
const COPY_DST = 0x8;

function buffer(
  label: string,
  shape: number[],
  role: BufferRole,
  dtype: DType = 'f32',
): ProgramBuffer {
  const size = shape.reduce((a, b) => a * b, 1);
  return { label, shape, dtype, role, bytes: Math.max(16, Math.ceil(size / 4) * 16) };
}

function kernel(label: string, inputs: number, expression: string, type = 'f32'): KernelSource {
  const bindings = Array.from(
    { length: inputs },
    (_, i) => `@group(0) @binding(${i}) var<storage, read> in${i}: array<${type}>;`,
  );
  return {
    label,
    code: [
      ...bindings,
      `@group(0) @binding(${inputs}) var<storage, read_write> out: array<${type}>;`,
      '@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {',
      '  let i = id.x;',
      '  if (i >= arrayLength(&out)) { return; }',
      `  out[i] = ${expression};`,
      '}',
    ].join('\n'),
    features: [],
    access: [...Array.from({ length: inputs }, () => 'read' as const), 'read_write'],
  };
}

/** `y = (x + c) * 2`, in two steps with a scratch buffer between. */
function affine(n: number, constant: ArrayValue): Program {
  const workgroups = [Math.ceil((n + 3) / 64), 1, 1] as const;
  const buffers = [
    buffer('x', [n], { kind: 'input', index: 0 }),
    buffer('c', [n], { kind: 'constant', value: constant }),
    buffer('sum', [n], { kind: 'scratch', slot: 0 }),
    buffer('y', [n], { kind: 'output', index: 0 }),
  ];
  return {
    label: 'affine',
    buffers,
    kernels: [kernel('add', 2, 'in0[i] + in1[i]'), kernel('double', 1, 'in0[i] * 2.0')],
    steps: [
      { label: 'x + c', kernel: 0, bindings: [0, 1, 2], workgroups },
      { label: '(x + c) * 2', kernel: 1, bindings: [2, 3], workgroups },
    ],
    inputs: [0],
    outputs: [3],
    slots: [buffers[2]!.bytes],
  };
}

/** One step: `y = expression`. */
function simple(
  n: number,
  expression: string,
  options: { dtype?: DType; inputs?: number; label?: string } = {},
): Program {
  const { dtype = 'f32', inputs = 1, label = 'simple' } = options;
  const type = dtype === 'bool' ? 'u32' : dtype;
  const ins = Array.from({ length: inputs }, (_, index) =>
    buffer(`x${index}`, [n], { kind: 'input', index }, dtype),
  );
  return {
    label,
    buffers: [...ins, buffer('y', [n], { kind: 'output', index: 0 }, dtype)],
    kernels: [kernel(label, inputs, expression, type)],
    steps: [
      {
        label: `${label}.step`,
        kernel: 0,
        bindings: [...ins.keys(), inputs],
        workgroups: [Math.ceil((n + 3) / 64), 1, 1],
      },
    ],
    inputs: [...ins.keys()],
    outputs: [inputs],
    slots: [],
  };
}

const ramp = (n: number, from = 0) => Float32Array.from({ length: n }, (_, i) => i + from);

async function one(results: Promise<DeviceArray[]>): Promise<DeviceArray> {
  return (await results)[0]!;
}

async function values(result: DeviceArray): Promise<number[]> {
  return [...(await result.read())];
}

const settled = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error: Error) => error,
  );

describe('run', () => {
  test('host input, constant, scratch, output; one submission', async () => {
    const engine = await owned();
    const plan = await Executable.prepare(engine, affine(10, array(ramp(10, 100))));
    const y = await one(plan.run([ramp(10)]));
    expect(engine.stats).toMatchObject({ submissions: 1, readbacks: 0, dispatches: 2 });
    expect(y.shape).toEqual([10]);
    expect(await y.read()).toEqual(Float32Array.from(ramp(10), (v) => (2 * v + 100) * 2));
    expect(engine.stats).toMatchObject({ submissions: 2, readbacks: 1, pipelines: 2 });
  });

  test('device arrays as input; results of earlier calls stay', async () => {
    const engine = await owned();
    const plan = await Executable.prepare(engine, affine(5, array([1, 2, 3, 4, 5])));
    const x = engine.upload(array([0, 1, 0, 1, 0]));
    const first = await one(plan.run([x]));
    const second = await one(plan.run([first]));
    expect(await values(first)).toEqual([2, 6, 6, 10, 10]);
    expect(await values(second)).toEqual([6, 16, 18, 28, 30]);
    expect(await x.toNested()).toEqual([0, 1, 0, 1, 0]);
  });

  test('every dtype, no elements, one element', async () => {
    const engine = await owned();
    const data: [DType, TypedArray][] = [
      ['f32', Float32Array.of(1.5, -0, Infinity, NaN, 7)],
      ['i32', Int32Array.of(-5, 2 ** 31 - 1, 0)],
      ['u32', Uint32Array.of(2 ** 32 - 1, 3)],
      ['bool', Uint8Array.of(1, 0, 1, 1, 0, 1, 0)],
      ['bool', new Uint8Array(0)],
      ['f32', new Float32Array(0)],
    ];
    for (const [dtype, x] of data) {
      const plan = await Executable.prepare(engine, simple(x.length, 'in0[i]', { dtype }));
      expect(await (await one(plan.run([x]))).read()).toEqual(x);
      const there = engine.upload(array(x, [x.length], dtype));
      expect(await (await one(plan.run([there]))).read()).toEqual(x);
    }
    const scalar = engine.upload(array(3));
    expect(await scalar.read()).toEqual(Float32Array.of(3));
    expect(await scalar.toNested()).toBe(3);
    const empty = engine.upload(array([[], []]));
    expect(empty.shape).toEqual([2, 0]);
    expect(await empty.toNested()).toEqual([[], []]);
  });

  test('an input the function does not use may be anything', async () => {
    const engine = await owned();
    const program = { ...simple(4, 'in0[i] + 1.0'), inputs: [null, 0] };
    const plan = await Executable.prepare(engine, program);
    const gone = engine.upload(array([1]));
    gone.destroy();
    expect(await values(await one(plan.run([gone, ramp(4)])))).toEqual([1, 2, 3, 4]);
    expect(await values(await one(plan.run([gone, engine.upload(array(ramp(4)))])))).toEqual([
      1, 2, 3, 4,
    ]);
  });

  test('a captured device array is bound, not copied', async () => {
    const engine = await owned();
    const c = engine.upload(array([1, 2, 3, 4]));
    const before = engine.memory().buffers;
    const plan = await Executable.prepare(engine, affine(4, c));
    expect(engine.memory().buffers).toBe(before + 1); // the scratch slot
    expect(await values(await one(plan.run([ramp(4)])))).toEqual([2, 6, 10, 14]);
    c.destroy();
    await expect(plan.run([ramp(4)])).rejects.toThrow(/upload \[4\] was destroyed/);
  });

  test('inputs are taken when run is called', async () => {
    const engine = await owned();
    const plan = await Executable.prepare(engine, simple(4, 'in0[i] * 10.0'));
    for (let round = 0; round < 3; round++) {
      const x = ramp(4, round);
      const y = plan.run([x]);
      x.fill(-1);
      expect(await values(await one(y))).toEqual([...ramp(4, round)].map((v) => v * 10));
      const there = engine.upload(array(ramp(4, round)));
      const z = plan.run([there]);
      there.destroy();
      expect(await values(await one(z))).toEqual([...ramp(4, round)].map((v) => v * 10));
    }
  });

  test('a read sees the array as it was when read was called', async () => {
    const engine = await owned();
    const plan = await Executable.prepare(engine, simple(4, 'in0[i] * 10.0'));
    const y = await one(plan.run([ramp(4)]));
    const reading = y.read();
    y.destroy();
    const z = await one(plan.run([ramp(4, 5)])); // gets the memory of y
    expect([...(await reading)]).toEqual([0, 10, 20, 30]);
    const into = new Float32Array(4);
    expect(await z.read(into)).toBe(into);
    expect([...into]).toEqual([50, 60, 70, 80]);
    await expect(z.read(new Float32Array(3))).rejects.toThrow(ShapeError);
  });

  test('200 overlapping runs, each with its own answer', async () => {
    const engine = await owned();
    const plan = await Executable.prepare(engine, affine(33, array(ramp(33))));
    const results = await Promise.all(
      Array.from({ length: 200 }, async (_, k) => {
        const x = ramp(33, k);
        const y = await one(plan.run([k % 3 ? x : engine.upload(array(x))]));
        return y.read();
      }),
    );
    results.forEach((y, k) => expect(y).toEqual(ramp(33).map((v) => (2 * v + k) * 2)));
  });

  test('1,000 runs create no buffer and no bind group', async () => {
    const engine = await owned();
    const plan = await Executable.prepare(engine, affine(100, array(ramp(100))));
    const x = ramp(100);
    const loop = async (n: number) => {
      for (let k = 0; k < n; k++) {
        x[0] = k;
        const y = await one(plan.run([x]));
        if (k % 100 === 0) expect((await y.read())[0]).toBe(2 * k);
        y.destroy();
      }
    };
    await loop(2);
    const before = engine.memory();
    const buffers = vi.spyOn(engine.device, 'createBuffer');
    const groups = vi.spyOn(engine.device, 'createBindGroup');
    await loop(1000);
    expect(buffers).not.toHaveBeenCalled();
    expect(groups).not.toHaveBeenCalled();
    expect(engine.memory()).toEqual(before);
    expect(engine.stats.liveBuffers).toBe(before.buffers);
  });

  test('same inputs, same bits', async () => {
    const engine = await owned();
    const plan = await Executable.prepare(engine, simple(50, 'sin(in0[i]) / 3.0'));
    const first = await (await one(plan.run([ramp(50)]))).read();
    for (let k = 0; k < 20; k++)
      expect(await (await one(plan.run([ramp(50)]))).read()).toEqual(first);
  });

  test('inputs that do not fit', async () => {
    const [engine, other] = [await owned(), await owned()];
    const plan = await Executable.prepare(engine, simple(4, 'in0[i]'));
    await expect(plan.run([])).rejects.toThrow('simple: takes 1 inputs, got 0');
    await expect(plan.run([ramp(5)])).rejects.toThrow(ShapeError);
    await expect(plan.run([new Int32Array(4)])).rejects.toThrow(DTypeError);
    await expect(plan.run([engine.upload(array([[1, 2, 3, 4]]))])).rejects.toThrow(
      'simple: input 0: expected [4], got [1,4]',
    );
    await expect(plan.run([engine.upload(array([1, 2, 3, 4], [4], 'i32'))])).rejects.toThrow(
      DTypeError,
    );
    await expect(plan.run([other.upload(array(ramp(4)))])).rejects.toThrow(/another engine/);
  });

  test('two engines on two devices', async () => {
    const [a, b] = [await owned(), await owned()];
    const [f, g] = await Promise.all([
      Executable.prepare(a, simple(4, 'in0[i] + 1.0')),
      Executable.prepare(b, simple(4, 'in0[i] + 2.0')),
    ]);
    const [y, z] = await Promise.all([one(f.run([ramp(4)])), one(g.run([ramp(4)]))]);
    a.destroy();
    expect(await values(z)).toEqual([2, 3, 4, 5]);
    await expect(y.read()).rejects.toThrow(DeviceLostError);
  });
});

describe('lifetime', () => {
  test('a destroyed array says so', async () => {
    const engine = await owned();
    const plan = await Executable.prepare(engine, simple(4, 'in0[i]'));
    const y = await one(plan.run([ramp(4)]));
    y.destroy();
    y.destroy();
    expect(y.isDestroyed).toBe(true);
    await expect(y.read()).rejects.toThrow('read: y [4] was destroyed');
    await expect(plan.run([y])).rejects.toThrow(BufferError);
    expect(() => y.buffer).toThrow(BufferError);
  });

  test('using', async () => {
    const engine = await owned();
    let kept: DeviceArray;
    {
      using x = engine.upload(array([1, 2]));
      kept = x;
      expect(await values(x)).toEqual([1, 2]);
    }
    expect(kept.isDestroyed).toBe(true);
  });

  test('a destroyed plan gives its memory back; its results stay', async () => {
    const engine = await owned();
    const c = array(ramp(1000));
    const before = engine.memory();
    const plan = await Executable.prepare(engine, affine(1000, c));
    const again = await Executable.prepare(engine, affine(1000, c)); // the constant is there once
    expect(engine.memory().buffers).toBe(before.buffers + 3);
    expect(engine.stats.pipelines).toBe(2);
    const y = await one(plan.run([ramp(1000)]));
    plan.destroy();
    plan.destroy();
    expect((await y.read())[10]).toBe(40);
    await expect(plan.run([ramp(1000)])).rejects.toThrow('affine: the plan was destroyed');
    expect((await (await one(again.run([ramp(1000)]))).read())[10]).toBe(40);
    again.destroy();
    y.destroy();
    await Promise.resolve();
    expect(engine.memory().bytes - engine.memory().idleBytes).toBeLessThanOrEqual(4096);
    engine.trim();
    expect(engine.memory().idleBytes).toBe(0);
  });

  test('the pool stays within the budget', async () => {
    const engine = await owned({ memoryBudget: 100_000 });
    for (let n = 1000; n < 9000; n += 500) {
      const x = engine.upload(array(ramp(n)));
      expect((await x.read())[n - 1]).toBe(n - 1);
      x.destroy();
    }
    expect(engine.memory().bytes).toBeLessThanOrEqual(100_000);
  });

  test('engine.destroy rejects what is pending and what comes after', async () => {
    const engine = await owned();
    const plan = await Executable.prepare(engine, simple(4, 'in0[i]'));
    const y = await one(plan.run([ramp(4)]));
    const [reading, running] = [settled(y.read()), settled(plan.run([ramp(4)]))];
    const preparing = settled(Executable.prepare(engine, simple(5, 'in0[i] + 9.0')));
    engine.destroy();
    engine.destroy();
    for (const outcome of await Promise.all([reading, running, preparing]))
      expect(outcome).toBeInstanceOf(DeviceLostError);
    await expect(plan.run([ramp(4)])).rejects.toThrow(/engine was destroyed/);
    expect(() => engine.upload(array([1]))).toThrow(/engine was destroyed/);
    expect((await engine.lost).reason).toBe('destroyed');
  });
});

describe('guest on a device of the app', () => {
  test('the device is untouched after engine.destroy', async () => {
    const device = await appDevice();
    const uncaptured = vi.fn();
    device.onuncapturederror = uncaptured;
    const engine = await guest(device);
    expect(engine.ownsDevice).toBe(false);
    const mine = device.createBuffer({ size: 256, usage: STORAGE | COPY_SRC | COPY_DST });
    device.queue.writeBuffer(mine, 0, ramp(4));
    const x = engine.wrap(mine, [4]);
    const plan = await Executable.prepare(engine, simple(4, 'in0[i] + 1.0'));
    expect(await values(await one(plan.run([x])))).toEqual([1, 2, 3, 4]);
    x.destroy();
    engine.destroy();
    expect(device.onuncapturederror).toBe(uncaptured);
    const next = await guest(device);
    expect(await values(next.wrap(mine, [4]))).toEqual([0, 1, 2, 3]);
    expect(uncaptured).not.toHaveBeenCalled();
    const lost = await Promise.race([device.lost, Promise.resolve('no')]);
    expect(lost).toBe('no');
  });

  test('wrap at offsets', async () => {
    const device = await appDevice();
    const engine = await guest(device);
    const step = device.limits.minStorageBufferOffsetAlignment;
    const mine = device.createBuffer({ size: step * 4, usage: STORAGE | COPY_SRC | COPY_DST });
    const parts = [0, 1, 2, 3].map((k) => {
      device.queue.writeBuffer(mine, k * step, ramp(5, 100 * k));
      return engine.wrap(mine, [5], 'f32', { offset: k * step });
    });
    const plan = await Executable.prepare(engine, simple(5, 'in0[i] - in1[i]', { inputs: 2 }));
    expect(await values(await one(plan.run([parts[3]!, parts[1]!])))).toEqual(Array(5).fill(200));
    expect(parts[2]!.offset).toBe(2 * step);
    expect(parts[2]!.buffer).toBe(mine);
    expect(await values(parts[2]!)).toEqual([...ramp(5, 200)]);
  });

  test('wrap says what is wrong with a buffer', async () => {
    const device = await appDevice();
    const engine = await guest(device);
    const make = (usage: number, size = 256) => device.createBuffer({ label: 'mine', size, usage });
    expect(() => engine.wrap(make(COPY_SRC), [4])).toThrow(
      /wrap: mine \[4\]: the buffer lacks the usage flag STORAGE/,
    );
    expect(() => engine.wrap(make(STORAGE), [4], 'f32', { offset: 4 })).toThrow(
      /offset 4 is not a multiple of \d+, this device's minStorageBufferOffsetAlignment/,
    );
    expect(() => engine.wrap(make(STORAGE, 20), [5])).toThrow(
      /needs 32 bytes .* the buffer has 20/,
    );
    await expect(engine.wrap(make(STORAGE), [4]).read()).rejects.toThrow(
      /lacks the usage flag COPY_SRC/,
    );
  });

  test('a buffer the app destroyed is an error of the call', async () => {
    const device = await appDevice();
    const uncaptured = vi.fn();
    device.addEventListener('uncapturederror', uncaptured);
    const engine = await guest(device);
    const mine = device.createBuffer({ size: 256, usage: STORAGE | COPY_SRC });
    const x = engine.wrap(mine, [4]);
    const plan = await Executable.prepare(engine, simple(4, 'in0[i]'));
    mine.destroy();
    await expect(plan.run([x])).rejects.toThrow(ValidationError);
    await expect(x.read()).rejects.toThrow(ValidationError);
    expect(await values(await one(plan.run([ramp(4)])))).toEqual([0, 1, 2, 3]);
    expect(uncaptured).not.toHaveBeenCalled();
  });

  test('encode beside the dispatches of the app, in its pass', async () => {
    const device = await appDevice();
    const engine = await guest(device);
    const usage = STORAGE | COPY_SRC | COPY_DST;
    const buffers = [0, 1, 2, 3].map(() => device.createBuffer({ size: 256, usage }));
    const [a, b, c, d] = buffers.map((each) => engine.wrap(each, [8]));
    // the app's own: doubles a buffer in place
    const module = device.createShaderModule({
      code: '@group(0) @binding(0) var<storage, read_write> x: array<f32>; @compute @workgroup_size(8) fn main(@builtin(local_invocation_index) i: u32) { x[i] *= 2.0; }',
    });
    const own = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
    const group = (k: number) =>
      device.createBindGroup({
        layout: own.getBindGroupLayout(0),
        entries: [{ binding: 0, resource: { buffer: buffers[k]! } }],
      });
    const [ga, gb] = [group(0), group(1)];
    const plus = await Executable.prepare(engine, affine(8, array(ramp(8).fill(1))));
    const times = await Executable.prepare(engine, simple(8, 'in0[i] * in1[i]', { inputs: 2 }));
    const before = engine.stats;
    const frame = () => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      const mine = (bind: GPUBindGroup) => {
        pass.setPipeline(own);
        pass.setBindGroup(0, bind);
        pass.dispatchWorkgroups(1);
      };
      mine(ga); // a = 2a
      plus.encode(pass, { inputs: [a!], outputs: [b!] }); // b = 2(a + 1)
      mine(gb); // b = 2b
      times.encode(pass, { inputs: [a!, b!], outputs: [c!] }); // c = a b
      pass.end();
      plus.encode(encoder, { inputs: [c!], outputs: [d!] }); // d = 2(c + 1)
      device.queue.submit([encoder.finish()]);
    };
    let groups, created;
    for (let k = 0; k < 3; k++) {
      device.queue.writeBuffer(buffers[0]!, 0, ramp(8, k));
      frame();
      const expected = [...ramp(8, k)].map((v) => 2 * (2 * v * 4 * (2 * v + 1) + 1));
      expect(await values(d!)).toEqual(expected);
      if (k > 0) continue;
      groups = vi.spyOn(device, 'createBindGroup');
      created = vi.spyOn(device, 'createBuffer');
    }
    expect(groups).not.toHaveBeenCalled();
    // the readbacks are the test's own
    expect(engine.stats.submissions - before.submissions).toBe(3);
    expect(engine.stats.readbacks - before.readbacks).toBe(3);
    expect(engine.stats.dispatches - before.dispatches).toBe(15);
    expect(created).not.toHaveBeenCalled();
  });

  test('parts of intermediates and results, written by steps of their own', async () => {
    const device = await appDevice();
    const engine = await guest(device);
    const n = 64; // numbers in 256 bytes
    const workgroups = [1, 1, 1] as const;
    const program: Program = {
      label: 'parts',
      buffers: [
        buffer('x', [n], { kind: 'input', index: 0 }),
        buffer('both', [2, n], { kind: 'scratch', slot: 0 }),
        buffer('first', [n], { kind: 'part', of: 1, offset: 0 }),
        buffer('second', [n], { kind: 'part', of: 1, offset: 256 }),
        buffer('y', [3, n], { kind: 'output', index: 0 }),
        ...[0, 1, 2].map((i) => buffer(`y${i}`, [n], { kind: 'part', of: 4, offset: 256 * i })),
      ],
      kernels: [
        kernel('plus', 1, 'in0[i] + 1.0'),
        kernel('times', 1, 'in0[i] * 10.0'),
        kernel('across', 1, 'in0[i] + 1000.0 * in0[127 - i]'),
      ],
      steps: [
        { label: 'first', kernel: 0, bindings: [0, 2], workgroups },
        { label: 'second', kernel: 1, bindings: [0, 3], workgroups },
        { label: 'y1', kernel: 2, bindings: [1, 6], workgroups },
        { label: 'y0', kernel: 0, bindings: [0, 5], workgroups },
        { label: 'y2', kernel: 1, bindings: [0, 7], workgroups },
      ],
      inputs: [0],
      outputs: [4],
      slots: [512],
    };
    const x = ramp(n);
    const want = [
      ...x.map((v) => v + 1),
      ...x.map((v, i) => v + 1 + 10_000 * x[n - 1 - i]!),
      ...x.map((v) => 10 * v),
    ];
    const plan = await Executable.prepare(engine, program);
    for (let k = 0; k < 2; k++) expect(await values(await one(plan.run([x])))).toEqual(want);
    // in arrays of the app, which may begin within a buffer
    const usage = STORAGE | COPY_SRC | COPY_DST;
    const [a, b] = [256, 4096].map((size) => device.createBuffer({ size, usage })) as [
      GPUBuffer,
      GPUBuffer,
    ];
    device.queue.writeBuffer(a, 0, x);
    const input = engine.wrap(a, [n]);
    for (const offset of [256, 1024]) {
      const y = engine.wrap(b, [3, n], 'f32', { offset });
      const encoder = device.createCommandEncoder();
      plan.encode(encoder, { inputs: [input], outputs: [y] });
      device.queue.submit([encoder.finish()]);
      expect(await values(y)).toEqual(want);
    }
  });

  test('encode refuses what a pass cannot do', async () => {
    const device = await appDevice();
    const engine = await guest(device);
    const step = device.limits.minStorageBufferOffsetAlignment;
    const mine = device.createBuffer({ size: 2 * step, usage: STORAGE });
    const [low, high] = [0, step].map((offset) => engine.wrap(mine, [4], 'f32', { offset }));
    const plan = await Executable.prepare(engine, simple(4, 'in0[i]'));
    const encoder = device.createCommandEncoder();
    expect(() => plan.encode(encoder, { inputs: [low!], outputs: [low!] })).toThrow(
      'simple: output y and x0 overlap in the same GPUBuffer',
    );
    expect(() => plan.encode(encoder, { inputs: [low!], outputs: [high!] })).toThrow(
      'simple.step: y is written and x0 is read in the same GPUBuffer',
    );
    expect(() => plan.encode(encoder, { inputs: [low!], outputs: [] })).toThrow(ShapeError);
    const host = ramp(4) as unknown as DeviceArray;
    expect(() => plan.encode(encoder, { inputs: [host], outputs: [low!] })).toThrow(
      'simple: input 0: encode takes device arrays',
    );
  });

  test('results can be used by the app without a readback', async () => {
    const device = await appDevice();
    const engine = await guest(device);
    const plan = await Executable.prepare(engine, simple(4, 'in0[i] + 1.0'));
    const y = await one(plan.run([ramp(4)]));
    const mine = device.createBuffer({ size: 16, usage: COPY_DST | STORAGE | COPY_SRC });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(y.buffer, y.offset, mine, 0, y.byteLength);
    device.queue.submit([encoder.finish()]);
    expect(await values(engine.wrap(mine, [4]))).toEqual([1, 2, 3, 4]);
  });
});

describe('limits and features', () => {
  test('runs on the guaranteed minimum', async () => {
    const engine = await guest(await appDevice());
    expect(engine.limits.maxStorageBuffersPerShaderStage).toBe(8);
    expect([...engine.features].filter((f) => f !== 'core-features-and-limits')).toEqual([]);
    const sum = Array.from({ length: 7 }, (_, i) => `in${i}[i]`).join(' + ');
    const plan = await Executable.prepare(engine, simple(9, sum, { inputs: 7 }));
    const y = await one(plan.run(Array.from({ length: 7 }, (_, k) => ramp(9, k))));
    expect(await values(y)).toEqual([...ramp(9)].map((v) => 7 * v + 21));
  });

  test('what a program needs beyond the limits is named', async () => {
    const engine = await guest(await appDevice());
    const nine = simple(4, 'in0[i]', { inputs: 8 });
    await expect(Executable.prepare(engine, nine)).rejects.toThrow(
      'simple: simple.step needs maxStorageBuffersPerShaderStage >= 9 (9), this device has 8',
    );
    const large = simple(2 ** 25 + 4, 'in0[i]');
    await expect(Executable.prepare(engine, large)).rejects.toThrow(
      /simple\.step: x0 needs maxStorageBufferBindingSize >= 134217744 \(128\.0 MiB\), this device has 134217728/,
    );
    const small = simple(4, 'in0[i]');
    const wide = { ...small, steps: [{ ...small.steps[0]!, workgroups: [1, 65536, 1] as const }] };
    const failure = await settled(Executable.prepare(engine, wide));
    expect(failure).toBeInstanceOf(LimitError);
    expect(String(failure)).toMatch(/maxComputeWorkgroupsPerDimension >= 65536/);
    const slots = { ...small, slots: [2 ** 28 + 16] };
    await expect(Executable.prepare(engine, slots)).rejects.toThrow(
      /scratch slot 0 needs maxBufferSize/,
    );
  });

  test('a feature the device lacks', async () => {
    const engine = await guest(await appDevice());
    const program = simple(4, 'in0[i]');
    const kernels = [{ ...program.kernels[0]!, features: ['subgroups'] }];
    await expect(Executable.prepare(engine, { ...program, kernels })).rejects.toThrow(
      UnsupportedError,
    );
    const plan = await Executable.prepare(engine, program);
    await expect(plan.profile([ramp(4)])).rejects.toThrow(/timestamp-query/);
  });

  test('an own device has what its adapter has', async () => {
    const engine = await owned();
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
    expect(engine.limits.maxBufferSize).toBe(adapter!.limits.maxBufferSize);
    for (const feature of ['subgroups', 'timestamp-query', 'shader-f16'])
      expect(engine.features.has(feature)).toBe(adapter!.features.has(feature));
    expect(engine.info.isSoftware).toBeTypeOf('boolean');
    expect(engine.info.vendor).toBe(adapter!.info.vendor);
  });

  test('profile times every step', async () => {
    const engine = await owned();
    const plan = await Executable.prepare(engine, affine(1000, array(ramp(1000))));
    if (!engine.features.has('timestamp-query')) return;
    const profile = await plan.profile([ramp(1000)]);
    expect(profile.steps.map((s) => [s.label, s.kernel])).toEqual([
      ['x + c', 'add'],
      ['(x + c) * 2', 'double'],
    ]);
    for (const { milliseconds } of profile.steps) expect(milliseconds).toBeGreaterThanOrEqual(0);
    expect(profile.milliseconds).toBeLessThan(10_000);
  });
});

describe('compiling', () => {
  test('a shader the GPU refuses: label, line, words', async () => {
    const device = await appDevice();
    const uncaptured = vi.fn();
    device.addEventListener('uncapturederror', uncaptured);
    const engine = await guest(device);
    const before = engine.memory();
    const bad = simple(4, 'in0[i] + nonsense', { label: 'gelu' });
    const failure = await settled(Executable.prepare(engine, bad));
    expect(failure).toBeInstanceOf(ValidationError);
    expect(String(failure)).toMatch(/gelu: the GPU refused its shader: line 6:\d+: .*nonsense/);
    expect(String(failure)).toContain('out[i] = in0[i] + nonsense;');
    // bindings that do not fit what the kernel says it has
    const program = simple(4, 'in0[i]');
    const kernels = [{ ...program.kernels[0]!, access: ['read', 'read'] as const }];
    await expect(Executable.prepare(engine, { ...program, kernels })).rejects.toThrow(
      ValidationError,
    );
    const { buffers, idleBytes, bytes } = engine.memory();
    expect([buffers, bytes - idleBytes]).toEqual([before.buffers, 0]);
    await Executable.prepare(engine, program);
    expect(uncaptured).not.toHaveBeenCalled();
  });

  test('progress, and identical shaders once', async () => {
    const engine = await owned();
    const seen: string[] = [];
    const onProgress = vi.fn((p: { label: string }) => void seen.push(p.label));
    await Executable.prepare(engine, affine(4, array(ramp(4))), { onProgress });
    expect(onProgress).toHaveBeenLastCalledWith(expect.objectContaining({ done: 2, total: 2 }));
    expect(seen.sort()).toEqual(['add', 'double']);
    await Promise.all([5, 6, 7].map((n) => Executable.prepare(engine, affine(n, array(ramp(n))))));
    expect(engine.stats.pipelines).toBe(2);
  });

  test('AbortSignal', async () => {
    const engine = await owned();
    const program = affine(4, array(ramp(4)));
    const aborted = AbortSignal.abort(new Error('not wanted'));
    await expect(Executable.prepare(engine, program, { signal: aborted })).rejects.toThrow(
      'not wanted',
    );
    const controller = new AbortController();
    const preparing = Executable.prepare(engine, program, { signal: controller.signal });
    controller.abort(new Error('changed my mind'));
    await expect(preparing).rejects.toThrow('changed my mind');
    const plan = await Executable.prepare(engine, program);
    await expect(plan.run([ramp(4)], { signal: aborted })).rejects.toThrow('not wanted');
    expect(await values(await one(plan.run([ramp(4)])))).toEqual([0, 4, 8, 12]);
  });
});

describe('out of memory', () => {
  for (const how of ['throw', 'scope'] as const)
    test(`once, at each allocation in turn (${how}): done again with what can be freed`, async () => {
      for (let n = 1; ; n++) {
        const device = await appDevice();
        const uncaptured = vi.fn();
        device.addEventListener('uncapturederror', uncaptured);
        const engine = await guest(device);
        const state = refuseBuffers(device, n, 1, how);
        const plan = await Executable.prepare(engine, affine(40, array(ramp(40))));
        const x = engine.upload(array(ramp(40, 1)));
        const results = [await one(plan.run([x])), await one(plan.run([ramp(40, 2)]))];
        for (const [k, y] of results.entries())
          expect(await y.read()).toEqual(ramp(40).map((v) => (2 * v + 1 + k) * 2));
        expect(uncaptured).not.toHaveBeenCalled();
        engine.destroy();
        device.destroy();
        if (state.failed === 0) {
          expect(n).toBeGreaterThan(6);
          break;
        }
      }
    });

  for (const how of ['throw', 'scope'] as const)
    test(`for good, at each allocation in turn (${how}): reported with sizes, nothing kept`, async () => {
      for (let n = 1; ; n++) {
        const device = await appDevice();
        const uncaptured = vi.fn();
        device.addEventListener('uncapturederror', uncaptured);
        const engine = await guest(device);
        const state = refuseBuffers(device, n, Infinity, how);
        const all = async () => {
          const plan = await Executable.prepare(engine, affine(4000, array(ramp(4000))));
          const made: { destroy(): void }[] = [plan];
          try {
            const x = engine.upload(array(ramp(4000, 1)));
            made.push(x);
            for (const input of [x, ramp(4000, 2)]) {
              const y = await one(plan.run([input]));
              made.push(y);
              await y.read();
            }
          } finally {
            made.forEach((m) => m.destroy());
          }
        };
        const failure = await settled(all());
        if (state.failed === 0) break;
        expect(failure).toBeInstanceOf(OutOfMemoryError);
        expect(String(failure)).toMatch(/KiB\)?.*could not allocate.*this engine holds/);
        await new Promise((resolve) => setTimeout(resolve));
        expect(engine.memory().bytes - engine.memory().idleBytes).toBe(0);
        state.times = 0; // memory is there again
        expect(await settled(all())).toBe('resolved');
        expect(uncaptured).not.toHaveBeenCalled();
        engine.destroy();
        device.destroy();
      }
    });
});

describe('device loss', () => {
  test('an own device is replaced: plans, constants and uploads follow', async () => {
    const engine = await owned();
    const plan = await Executable.prepare(engine, affine(50, engine.upload(array(ramp(50)))));
    const hosted = await Executable.prepare(engine, affine(50, array(ramp(50))));
    const x = engine.upload(array(ramp(50, 0.1)));
    const first = await one(plan.run([x]));
    const bits = await first.read();
    const lost = engine.device;
    lost.destroy();
    await engine.lost;
    for (const each of [plan, hosted])
      expect(await (await one(each.run([x]))).read()).toEqual(bits);
    expect(engine.device).not.toBe(lost);
    await expect(first.read()).rejects.toThrow(DeviceLostError);
    await expect(plan.run([first])).rejects.toThrow(/device that is gone; compute it again/);
    expect(await x.read()).toEqual(ramp(50, 0.1));
  });

  test('right before, during and right after a run: an error or an answer, and no hanging', async () => {
    const acceptable = (outcome: unknown) =>
      outcome === 'resolved' || outcome instanceof DeviceLostError;
    for (const when of ['before', 'during', 'after'] as const) {
      const engine = await owned();
      const plan = await Executable.prepare(engine, affine(50, array(ramp(50))));
      if (when === 'before') engine.device.destroy();
      const running = plan.run([ramp(50)]);
      const reading = settled(running.then(([y]) => y!.read()));
      if (when === 'during') engine.device.destroy();
      const ran = await settled(running);
      if (when === 'after') engine.device.destroy();
      expect(ran).toSatisfy(acceptable);
      expect(await reading).toSatisfy(acceptable);
      await engine.lost;
      const y = await one(plan.run([ramp(50)]));
      expect(await y.read()).toEqual(ramp(50).map((v) => 4 * v));
    }
  });

  test('while a plan is prepared', async () => {
    const engine = await owned();
    const preparing = settled(Executable.prepare(engine, affine(60, array(ramp(60)))));
    engine.device.destroy();
    expect(await preparing).toSatisfy((o) => o === 'resolved' || o instanceof DeviceLostError);
    await engine.lost;
    const plan = await Executable.prepare(engine, affine(60, array(ramp(60))));
    expect((await (await one(plan.run([ramp(60)]))).read())[7]).toBe(28);
  });

  test('many calls at once get one new device', async () => {
    const engine = await owned();
    const plan = await Executable.prepare(engine, affine(8, array(ramp(8))));
    engine.device.destroy();
    await engine.lost;
    const request = vi.spyOn(navigator.gpu, 'requestAdapter');
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, k) => one(plan.run([ramp(8, k)]))),
    );
    expect(request).toHaveBeenCalledTimes(1);
    request.mockRestore();
    for (const [k, y] of results.entries())
      expect(await y.read()).toEqual(ramp(8).map((v) => (2 * v + k) * 2));
  });

  test("with the app's device, the app says how to go on", async () => {
    const device = await appDevice();
    const engine = await guest(device);
    const plan = await Executable.prepare(engine, affine(8, array(ramp(8))));
    const x = engine.upload(array(ramp(8)));
    const y = await one(plan.run([x]));
    device.destroy();
    expect((await engine.lost).reason).toBe('destroyed');
    await expect(plan.run([x])).rejects.toThrow(/call engine\.restore\(device\) first/);
    await expect(y.read()).rejects.toThrow(DeviceLostError);
    await expect(x.read()).rejects.toThrow(DeviceLostError);

    const next = await appDevice();
    engine.restore(next);
    expect(engine.device).toBe(next);
    const mine = engine.wrap(next.createBuffer({ size: 32, usage: STORAGE | COPY_SRC }), [8]);
    const encoder = next.createCommandEncoder();
    expect(() => plan.encode(encoder, { inputs: [x], outputs: [mine] })).toThrow(/ready\(\)/);
    await plan.ready();
    plan.encode(encoder, { inputs: [x], outputs: [mine] });
    next.queue.submit([encoder.finish()]);
    expect(await values(mine)).toEqual([...ramp(8)].map((v) => 4 * v));
    expect(await values(await one(plan.run([x])))).toEqual([...ramp(8)].map((v) => 4 * v));
    await expect(y.read()).rejects.toThrow(DeviceLostError);
  });

  test('an upload the GPU has since changed is not restored from the host', async () => {
    const engine = await owned();
    const plan = await Executable.prepare(engine, simple(4, 'in0[i] + 1.0'));
    const [x, y] = [engine.upload(array(ramp(4))), engine.upload(array(ramp(4)))];
    const encoder = engine.device.createCommandEncoder();
    plan.encode(encoder, { inputs: [x], outputs: [y] });
    engine.device.queue.submit([encoder.finish()]);
    expect(await values(y)).toEqual([1, 2, 3, 4]);
    engine.device.destroy();
    await engine.lost;
    expect(await values(x)).toEqual([0, 1, 2, 3]);
    await expect(y.read()).rejects.toThrow(DeviceLostError);
  });
});
