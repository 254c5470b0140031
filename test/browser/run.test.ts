import { afterAll, expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import type { Program } from '../../src/lower/program.ts';
import { EngineDevice } from '../../src/run/engine.ts';
import { Executable } from '../../src/run/executable.ts';
import { array } from '../../src/util/array.ts';
import { DeviceLostError } from '../../src/util/errors.ts';

declare module 'vitest/browser' {
  interface BrowserCommands {
    crashGpu: () => Promise<void>;
  }
}

const double: Program = {
  label: 'double',
  buffers: [
    { label: 'x', shape: [4], dtype: 'f32', bytes: 16, role: { kind: 'input', index: 0 } },
    { label: 'y', shape: [4], dtype: 'f32', bytes: 16, role: { kind: 'output', index: 0 } },
  ],
  kernels: [
    {
      label: 'double',
      code: `@group(0) @binding(0) var<storage, read> x: array<f32>;
        @group(0) @binding(1) var<storage, read_write> y: array<f32>;
        @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) {
          y[i] = 2.0 * x[i];
        }`,
      features: [],
      access: ['read', 'read_write'],
    },
  ],
  steps: [{ label: 'double', kernel: 0, bindings: [0, 1], workgroups: [1, 1, 1] }],
  inputs: [0],
  outputs: [1],
  slots: [],
};

test('a crash of the GPU process: what is pending rejects, then all goes on', async () => {
  const engine = await EngineDevice.create();
  afterAll(() => engine.destroy());
  const plan = await Executable.prepare(engine, double);
  const x = engine.upload(array([1, 2, 3, 4]));
  const [before] = await plan.run([x]);
  expect(await before!.toNested()).toEqual([2, 4, 6, 8]);
  const outcomes: unknown[] = [];
  let crashed = false;
  const calls = (async () => {
    while (!crashed)
      await plan
        .run([x])
        .then(([y]) => y!.read())
        .then((y) => outcomes.push([...y]))
        .catch((error: unknown) => outcomes.push(error));
  })();
  await commands.crashGpu();
  await engine.lost;
  crashed = true;
  await calls;
  for (const outcome of outcomes)
    expect(outcome instanceof DeviceLostError ? [2, 4, 6, 8] : outcome).toEqual([2, 4, 6, 8]);
  const [after] = await plan.run([x]);
  expect(await after!.toNested()).toEqual([2, 4, 6, 8]);
  await expect(before!.read()).rejects.toThrow(DeviceLostError);
});

test('in a dedicated worker', async () => {
  const worker = new Worker(new URL('./run.worker.ts', import.meta.url), { type: 'module' });
  const answer = await new Promise((resolve, reject) => {
    worker.onmessage = (event: MessageEvent<unknown>) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage([5, 6, 7]);
  });
  worker.terminate();
  expect(answer).toEqual([5, 6, 7]);
});
