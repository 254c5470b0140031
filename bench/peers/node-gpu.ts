import { create, globals } from 'webgpu';

const home = globalThis as typeof globalThis & { __peerGpu?: GPU };

/** Gives Node what libraries for browsers look for: WebGPU, from the same Dawn that we use. */
export function pretendBrowser(): void {
  Object.assign(globalThis, globals);
  home.__peerGpu = create([]);
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu: home.__peerGpu, userAgent: 'node', hardwareConcurrency: 2 },
    configurable: true,
  });
}
