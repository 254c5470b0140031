import v8 from 'node:v8';
import vm from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import type { Program } from '../../src/lower/program.ts';
import { BufferPool, formatBytes } from '../../src/run/buffers.ts';
import { adapterFacts } from '../../src/run/device.ts';
import { EngineDevice } from '../../src/run/engine.ts';
import { Losses } from '../../src/run/faults.ts';
import { checkLimits, requiredFeatures, requiredLimits } from '../../src/run/limits.ts';
import { abortable } from '../../src/run/pipelines.ts';
import { array } from '../../src/util/array.ts';
import { DeviceLostError, LimitError, NoAdapterError } from '../../src/util/errors.ts';

// What needs no GPU, on a device that only counts.

function fakeDevice() {
  const alive = new Set<object>();
  const destroy = vi.fn();
  const device = {
    limits: { maxBufferSize: 2 ** 28, minStorageBufferOffsetAlignment: 256 },
    features: new Set<string>(),
    lost: new Promise<GPUDeviceLostInfo>(() => undefined),
    queue: { writeBuffer: vi.fn() },
    createBuffer(descriptor: GPUBufferDescriptor) {
      const buffer = { ...descriptor, destroy: () => alive.delete(buffer) };
      alive.add(buffer);
      return buffer;
    },
    pushErrorScope: () => undefined,
    popErrorScope: () => Promise.resolve(null),
    destroy,
  };
  return { device: device as unknown as GPUDevice, alive, destroy };
}

describe('pool', () => {
  const usage = 0x8c;

  test('sizes are rounded so that similar requests share, wasting at most an eighth', () => {
    const { device } = fakeDevice();
    const pool = new BufferPool(device, new Losses(), Infinity);
    for (const bytes of [1, 16, 17, 1000, 65_536, 65_537, 100_000, 3_000_000, 2 ** 28 - 16]) {
      const { buffer } = pool.create({ label: 'b', bytes, usage });
      expect(buffer.size).toBeGreaterThanOrEqual(Math.max(16, bytes));
      expect(buffer.size % 16).toBe(0);
      expect(buffer.size).toBeLessThanOrEqual(Math.max(65_536, bytes * 1.125));
      expect(buffer.size).toBeLessThanOrEqual(device.limits.maxBufferSize);
    }
  });

  test('the buffer released last is taken first, relabelled; other usages are kept apart', () => {
    const { device } = fakeDevice();
    const pool = new BufferPool(device, new Losses(), Infinity);
    const [a, b] = [1, 2].map(() => pool.create({ label: 'old', bytes: 100, usage }));
    a!.release();
    b!.release();
    b!.release(); // harmless
    expect(pool.take({ label: 'new', bytes: 100, usage: usage + 1 })).toBe(null);
    expect(pool.take({ label: 'new', bytes: 120, usage })).toBe(b);
    expect(b!.buffer.label).toBe('new');
    expect(pool.take({ label: 'new', bytes: 65, usage })).toBe(a);
    expect(pool.take({ label: 'new', bytes: 65, usage })).toBe(null);
  });

  test('idle buffers beyond the budget go, oldest first', () => {
    const { device, alive } = fakeDevice();
    const pool = new BufferPool(device, new Losses(), 4096);
    const four = [1, 2, 3, 4].map(() => pool.create({ label: 'b', bytes: 1024, usage }));
    four.forEach((a) => a.release());
    expect(pool.usage).toEqual({ buffers: 4, bytes: 4096, idleBytes: 4096, peakBytes: 4096 });
    pool.create({ label: 'c', bytes: 2048, usage });
    expect(alive.has(four[1]!.buffer)).toBe(false);
    expect(alive.has(four[2]!.buffer)).toBe(true);
    expect(pool.usage).toMatchObject({ buffers: 3, bytes: 4096, idleBytes: 2048 });
    pool.trim();
    expect(pool.usage).toMatchObject({ buffers: 1, bytes: 2048, idleBytes: 0 });
    pool.close();
    expect(alive.size).toBe(0);
  });
});

describe('losses', () => {
  test('guarded promises settle as they would, or reject with the loss', async () => {
    const losses = new Losses();
    await expect(losses.guard(Promise.resolve(1))).resolves.toBe(1);
    await expect(losses.guard(Promise.reject(new Error('own')))).rejects.toThrow('own');
    const never = losses.guard(new Promise(() => undefined));
    losses.fail(new DeviceLostError('gone'));
    losses.fail(new DeviceLostError('again'));
    await expect(never).rejects.toThrow('gone');
    await expect(losses.guard(Promise.resolve(1))).rejects.toThrow('gone');
    await expect(losses.guard(Promise.reject(new Error('own')))).rejects.toThrow('gone');
  });

  test('abortable', async () => {
    const controller = new AbortController();
    await expect(abortable(Promise.resolve(1), controller.signal)).resolves.toBe(1);
    const waiting = abortable(new Promise(() => undefined), controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(abortable(Promise.resolve(1), controller.signal)).rejects.toThrow('enough');
  });
});

describe('limits', () => {
  const program: Program = {
    label: 'net',
    buffers: [
      { label: 'x', shape: [8], dtype: 'f32', bytes: 32, role: { kind: 'input', index: 0 } },
      { label: 'y', shape: [8], dtype: 'f32', bytes: 48, role: { kind: 'output', index: 0 } },
    ],
    kernels: [
      { label: 'map', code: '', features: ['subgroups'], access: ['read', 'read_write'] },
      { label: 'map', code: '', features: ['subgroups'], access: ['read', 'read_write'] },
    ],
    steps: [{ label: 'tanh', kernel: 0, bindings: [0, 1], workgroups: [7, 2, 1] }],
    inputs: [0],
    outputs: [1],
    slots: [64],
  };

  test('what a program needs', () => {
    const limits = requiredLimits(program);
    expect(limits).toEqual({
      maxStorageBuffersPerShaderStage: 2,
      maxStorageBufferBindingSize: 48,
      maxBufferSize: 64,
      maxComputeWorkgroupsPerDimension: 7,
    });
    expect(requiredFeatures(program)).toEqual(['subgroups']);
    checkLimits(program, limits);
    for (const name of Object.keys(limits) as (keyof typeof limits)[]) {
      const poor = { ...limits, [name]: limits[name] - 1 };
      expect(() => checkLimits(program, poor)).toThrow(LimitError);
      expect(() => checkLimits(program, poor)).toThrow(
        new RegExp(`^net: .* needs ${name} >= ${limits[name]} .* has ${limits[name] - 1}`),
      );
    }
  });

  test('formatBytes', () => {
    expect([16, 20_480, 2 ** 30].map(formatBytes)).toEqual(['16 B', '20.0 KiB', '1024.0 MiB']);
  });
});

describe('adapters', () => {
  test('without WebGPU, or without an adapter, the error says what to do', async () => {
    await expect(EngineDevice.create()).rejects.toThrow(NoAdapterError);
    await expect(EngineDevice.create()).rejects.toThrow(/cotangent\/node.*pass \{ device \}/);
    const gpu = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
    await expect(EngineDevice.create({ gpu })).rejects.toThrow(/offers no adapter/);
  });

  test('software adapters are known by their names', () => {
    const facts = (info: Partial<GPUAdapterInfo>) =>
      adapterFacts({ adapterInfo: info } as unknown as GPUDevice);
    expect(facts({ vendor: 'google', architecture: 'swiftshader' }).isSoftware).toBe(true);
    expect(facts({ description: 'llvmpipe (LLVM 15, 256 bits)' }).isSoftware).toBe(true);
    expect(facts({ isFallbackAdapter: true }).isSoftware).toBe(true);
    expect(facts({ vendor: 'nvidia', architecture: 'ampere' })).toEqual({
      vendor: 'nvidia',
      architecture: 'ampere',
      description: '',
      isSoftware: false,
      subgroupMinSize: 0,
      subgroupMaxSize: 0,
    });
    expect(adapterFacts({} as GPUDevice).isSoftware).toBe(false);
  });
});

describe('forgotten arrays', () => {
  v8.setFlagsFromString('--expose-gc');
  const gc = vm.runInNewContext('gc') as () => void;
  const collect = async () => {
    for (let i = 0; i < 5; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  test('memory comes back, with a warning if asked for', async () => {
    const { device, destroy } = fakeDevice();
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const engine = await EngineDevice.create({ device, debug: 'leaks' });
    for (let i = 0; i < 10; i++) engine.upload(array([1, 2, 3]), `x${i}`);
    const kept = engine.upload(array([4]));
    await collect();
    const { buffers, bytes, idleBytes } = engine.memory();
    expect(buffers).toBe(11);
    expect(bytes - idleBytes).toBe(16);
    expect(warn).toHaveBeenCalledTimes(10);
    expect(warn.mock.calls.flat().sort()[3]).toBe(
      'cotangent: x3 [3] was forgotten without destroy(); freed it now',
    );
    warn.mockRestore();
    expect(kept.isDestroyed).toBe(false);
    engine.destroy();
    expect(engine.memory().buffers).toBe(0);
    expect(destroy).not.toHaveBeenCalled();
  });

  test('a buffer the app has taken is not given to anyone else', async () => {
    const { device, alive } = fakeDevice();
    const engine = await EngineDevice.create({ device });
    const taken = engine.upload(array([1, 2, 3])).buffer;
    await collect();
    expect(engine.memory().buffers).toBe(0);
    expect(alive.has(taken)).toBe(true);
    engine.destroy();
  });
});
