import { expect, test } from 'vitest';
import guide from '../../docs/guest.md?raw';
import * as cotangent from '../../src/index.ts';

type Program = (...args: unknown[]) => Promise<Record<string, unknown>>;
const AsyncFunction = (async () => {}).constructor as new (...parts: string[]) => Program;

test('the snippets of the guide run, in order, as one program', async () => {
  const blocks = Array.from(guide.matchAll(/```js\n(.*?)```/gs), (m) => m[1] as string);
  expect(blocks).toHaveLength(5);
  const code = blocks
    .join('\n')
    .replace(/import (\{.*?\}) from 'cotangent'/s, 'const $1 = cotangent');
  const run = new AsyncFunction(
    'cotangent',
    `${code}\nreturn { engine, J, f, numbers, frame, plan };`,
  );
  const made = (await run(cotangent)) as {
    engine: cotangent.Engine;
    J: cotangent.DeviceArray;
    f: (x: cotangent.Tensor) => cotangent.Tensor;
    numbers: Float32Array;
    plan: cotangent.Plan;
  };
  const { engine, J, f, numbers } = made;
  const x = [0.1, 0.2, 0.3];
  const want = cotangent.evaluate(cotangent.jacobian(f), cotangent.array(x)).data;
  for (const got of [await J.read(), numbers])
    got.forEach((v, i) => expect(v).toBeCloseTo(want[i] as number, 5));
  // the device is lost: what the guide says to do happens
  const { device } = engine;
  device.destroy();
  await expect.poll(() => engine.device !== device, { timeout: 20_000 }).toBe(true);
  const again = await engine.compile(cotangent.jacobian(f))(cotangent.array(x));
  (await again.read()).forEach((v, i) => expect(v).toBeCloseTo(want[i] as number, 5));
  await made.plan.ready();
  engine.destroy();
  engine.device.destroy();
});
