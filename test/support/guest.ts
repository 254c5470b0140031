import { afterEach, vi } from 'vitest';
import {
  createEngine,
  type DeviceArray,
  type Engine,
  type EngineOptions,
} from '../../src/index.ts';

// What the tests of guests share: devices of an app, and engines on them, gone after each test.

export const STORAGE = 0x80;
export const COPY_SRC = 0x4;
export const COPY_DST = 0x8;

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

/** A device of the app: WebGPU's guaranteed limits and no features, unless asked for. */
export async function appDevice(descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error('no WebGPU adapter');
  const device = await adapter.requestDevice(descriptor);
  cleanups.push(() => device.destroy());
  return device;
}

export async function engineOf(options?: EngineOptions): Promise<Engine> {
  const engine = await createEngine(options);
  cleanups.push(() => engine.destroy());
  return engine;
}

/** Told of every error of the device that no error scope caught. */
export function uncapturedOf(device: GPUDevice) {
  const listener = vi.fn((event: GPUUncapturedErrorEvent) => event.error.message);
  device.addEventListener('uncapturederror', listener);
  return listener;
}

/** Buffers made on a device from now on and not yet destroyed. */
export function liveBuffersOf(device: GPUDevice): Set<GPUBuffer> {
  const live = new Set<GPUBuffer>();
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      live.delete(buffer);
      return destroy();
    };
    live.add(buffer);
    return buffer;
  };
  return live;
}

/** A buffer of the app with these elements, for any use. */
export function appBuffer(device: GPUDevice, data: Float32Array, label = 'mine'): GPUBuffer {
  const size = Math.max(16, Math.ceil(data.byteLength / 16) * 16);
  const buffer = device.createBuffer({ label, size, usage: STORAGE | COPY_SRC | COPY_DST });
  device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
  return buffer;
}

/** Numbers in -1..1 that look drawn. */
export function numbers(n: number, seed = 0): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1) + 4.137 * seed));
}

/** What came of a promise: its error, or 'resolved'. */
export const settled = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => error,
  );

/** Reads an array and frees it. */
export async function take(result: DeviceArray | Promise<DeviceArray>): Promise<Float32Array> {
  const y = await result;
  const data = await y.read();
  y.destroy();
  return data;
}

/**
 * Makes the n-th `createBuffer` from now on fail, `times` times, the way WebGPU does. Only those of more
 * than `larger` bytes count.
 */
export function refuseBuffers(
  device: GPUDevice,
  n: number,
  times: number,
  how: 'throw' | 'scope',
  larger = 0,
): { count: number; failed: number; times: number } {
  const create = device.createBuffer.bind(device);
  const pop = device.popErrorScope.bind(device);
  const push = device.pushErrorScope.bind(device);
  const scopes: GPUErrorFilter[] = [];
  const state = { count: 0, failed: 0, times };
  let failedNow = false;
  device.pushErrorScope = (filter) => {
    scopes.push(filter);
    push(filter);
  };
  device.popErrorScope = async () => {
    const filter = scopes.pop();
    const report = failedNow && filter === 'out-of-memory';
    if (report) failedNow = false;
    const error = await pop();
    return report ? { message: 'injected' } : error;
  };
  device.createBuffer = (descriptor) => {
    const made = create(descriptor);
    if (descriptor.size <= larger) return made;
    if (++state.count < n || state.failed >= state.times) return made;
    state.failed++;
    made.destroy();
    if (how === 'throw') throw new RangeError('injected');
    failedNow = true;
    return made;
  };
  return state;
}
