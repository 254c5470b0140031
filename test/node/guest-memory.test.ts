import v8 from 'node:v8';
import vm from 'node:vm';
import { expect, test } from 'vitest';
import { array, jacobian, type Tensor } from '../../src/index.ts';
import { appBuffer, appDevice, engineOf, liveBuffersOf, numbers } from '../support/guest.ts';

v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc') as () => void;

/** Bytes of the heap in use, when what can go has gone. */
async function heap(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return process.memoryUsage().heapUsed;
}

const W = array(numbers(64, 1), [8, 8]);
const f = (x: Tensor): Tensor => x.matmul(W).tanh().matmul(W);
const MB = 2 ** 20;

test('10,000 frames of a prepared plan: no buffer, no bind group, no growth', async () => {
  const device = await appDevice();
  const live = liveBuffersOf(device);
  const engine = await engineOf({ device });
  const plan = await engine.compile(jacobian(f)).prepare({ shape: [8] });
  const x = engine.wrap(appBuffer(device, numbers(8)), [8]);
  const J = engine.wrap(appBuffer(device, new Float32Array(64)), [8, 8]);
  const frames = async (n: number) => {
    for (let k = 0; k < n; k++) {
      const encoder = device.createCommandEncoder();
      plan.encode(encoder, { inputs: [x], outputs: [J] });
      device.queue.submit([encoder.finish()]);
      if (k % 100 === 99) await device.queue.onSubmittedWorkDone();
    }
    await device.queue.onSubmittedWorkDone();
  };
  await frames(200);
  const [buffers, before, memory] = [live.size, await heap(), engine.memory()];
  await frames(10_000);
  expect(live.size).toBe(buffers);
  expect(engine.memory()).toEqual(memory);
  expect((await heap()) - before).toBeLessThan(5 * MB);
});

test('10,000 calls whose results are destroyed: the same', async () => {
  const device = await appDevice();
  const live = liveBuffersOf(device);
  const engine = await engineOf({ device });
  const J = engine.compile(jacobian(f));
  const x = array(numbers(8));
  const calls = async (n: number) => {
    for (let k = 0; k < n; k++) (await J(x)).destroy();
    await device.queue.onSubmittedWorkDone();
  };
  await calls(200);
  const [buffers, before, memory] = [live.size, await heap(), engine.memory()];
  await calls(10_000);
  expect(live.size).toBe(buffers);
  expect(engine.memory()).toEqual(memory);
  expect((await heap()) - before).toBeLessThan(5 * MB);
});
