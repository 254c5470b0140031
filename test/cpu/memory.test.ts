import { describe, expect, test } from 'vitest';
import { build, LEAST, type Build } from '../../src/compile.ts';
import { array, batchJacobian, jacrev, type Tensor } from '../../src/index.ts';
import { fitted, workingBytes } from '../../src/memory.ts';
import type { EngineDevice } from '../../src/run/engine.ts';
import { checkPlan } from '../support/check-plan.ts';
import { points } from '../support/differences.ts';

// builds are made again until they fit into the memory of a device

const weights = [
  [32, 64],
  [64, 96],
].map((shape, i) => points(shape, i));

const network = (x: Tensor): Tensor => weights.reduce((h: Tensor, w) => h.matmul(w).tanh(), x);

function fit(
  f: (x: Tensor) => Tensor,
  shape: readonly number[],
  budget: number,
  binding = Infinity,
): Build {
  const engine = { memoryBudget: budget, limits: { maxStorageBufferBindingSize: binding } };
  const x = array(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  const made = fitted(
    (memoryIsShort = false) => build(f, [x], { ...LEAST, memoryIsShort }, 'test'),
    engine as EngineDevice,
  );
  checkPlan(made.schedule);
  return made;
}

/** Bytes of the largest buffer that a dispatch binds, arguments and constants apart. */
const largest = ({ program: { steps, buffers } }: Build): number =>
  Math.max(
    ...steps.flatMap((s) =>
      s.bindings.map((i) => {
        const { role, bytes } = buffers[i]!;
        return role.kind === 'input' || role.kind === 'constant' ? 0 : bytes;
      }),
    ),
  );

const result = 96 * 32 * 4; // bytes of the Jacobian of the network

describe('a build that fits', () => {
  test('is taken as it is', () => {
    const { decisions, program } = fit(jacrev(network), [32], Infinity);
    expect(decisions[0]!.reason).toBe('asked for');
    expect(program.steps).toHaveLength(4);
  });

  test.each([1.9, 1.5, 1.2])('takes %f times the memory of its result at most', (times) => {
    const made = fit(jacrev(network), [32], times * result);
    expect(workingBytes(made)).toBeLessThanOrEqual(times * result);
    expect(made.decisions[0]!.reason).toMatch(/chunks of at most \d+ rows/);
  });

  test.each([1.9, 1.5, 1.2])('%f times for a batch', (times) => {
    const bytes = 16 * result;
    const made = fit(batchJacobian(network), [16, 32], times * bytes);
    expect(workingBytes(made)).toBeLessThanOrEqual(times * bytes);
    expect(made.decisions[0]!.reason).toMatch(/chunks of \d+ samples/);
  });

  test('binds no more of a result at a time than the device allows', () => {
    const made = fit(jacrev(network), [32], Infinity, result / 3);
    expect(largest(made)).toBeLessThanOrEqual(result / 3);
    const whole = made.program.outputs.map((i) => made.program.buffers[i]!.bytes);
    expect(whole).toEqual([result]);
  });

  test.each([100, 0.9 * result])('is the smallest where none fits, as with %d bytes', (budget) => {
    const least = fit(jacrev(network), [32], budget);
    expect(workingBytes(least)).toBeLessThan(1.2 * result);
  });
});
