import { expect, test } from 'vitest';
import {
  array,
  checkJacobian,
  compile,
  createEngine,
  evaluate,
  jacobian,
  NoAdapterError,
  requiredLimits,
  type Tensor,
} from '../../src/index.ts';

// Server-side rendering, or a test run without a GPU: all but the engine works.

const f = (x: Tensor): Tensor => x.mul(x).sum();

test('there is no WebGPU here', () => {
  expect((globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu).toBe(undefined);
});

test('only asking for an engine fails, and says what to do', async () => {
  await expect(createEngine()).rejects.toThrow(NoAdapterError);
  await expect(createEngine()).rejects.toThrow(/no WebGPU.*cotangent\/node/);
  const J = compile(jacobian(f)); // at once
  await expect(J(array([1, 2]))).rejects.toThrow(NoAdapterError);
  await expect(J.prepare({ shape: [2] })).rejects.toThrow(NoAdapterError);
  await expect(J.stream(array([1, 2])).next()).rejects.toThrow(NoAdapterError);
});

test('the interpreter, the check and the limits need none', () => {
  expect([...evaluate(jacobian(f), array([1, 2])).data]).toEqual([2, 4]);
  expect(checkJacobian(f, array([1, 2]))).toBeTypeOf('object');
  expect(requiredLimits(jacobian(f), { shape: [2] })).toMatchObject({
    maxStorageBuffersPerShaderStage: 2,
  });
});
