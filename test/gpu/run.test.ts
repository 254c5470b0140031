import { afterEach, describe, expect, test } from 'vitest';
import type { BufferRole, Program, Step } from '../../src/lower/program.ts';
import { EngineDevice, type EngineOptions } from '../../src/run/engine.ts';
import { Executable } from '../../src/run/executable.ts';
import { array, type ArrayValue } from '../../src/util/array.ts';
import type { DType } from '../../src/util/dtype.ts';

// Programs written by hand: what the lower room will produce, in small.

const engines: EngineDevice[] = [];

async function engine(options?: EngineOptions): Promise<EngineDevice> {
  const made = await EngineDevice.create(options);
  engines.push(made);
  return made;
}

afterEach(() => {
  for (const made of engines.splice(0)) made.destroy();
});

const elementwise = (label: string, inputs: number, expression: string, code?: string) => ({
  label,
  code:
    code ??
    [
      ...Array.from(
        { length: inputs },
        (_, i) => `@group(0) @binding(${i}) var<storage, read> in${i}: array<f32>;`,
      ),
      `@group(0) @binding(${inputs}) var<storage, read_write> out: array<f32>;`,
      '@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {',
      '  let i = id.x;',
      '  if (i >= arrayLength(&out)) { return; }',
      `  out[i] = ${expression};`,
      '}',
    ].join('\n'),
  features: [],
  access: [...Array.from({ length: inputs }, () => 'read' as const), 'read_write' as const],
});

const buffer = (label: string, shape: number[], role: BufferRole, dtype: DType = 'f32') => ({
  label,
  shape,
  dtype,
  role,
  bytes: Math.max(16, Math.ceil((shape.reduce((a, b) => a * b, 1) * 4) / 16) * 16),
});

/** `out = (x + c) * 2`, in two steps with a scratch buffer between. */
function affine(n: number, constant: ArrayValue): Program {
  const groups: Step['workgroups'] = [Math.ceil((n + 3) / 64), 1, 1];
  return {
    label: 'affine',
    buffers: [
      buffer('x', [n], { kind: 'input', index: 0 }),
      buffer('c', [n], { kind: 'constant', value: constant }),
      buffer('sum', [n], { kind: 'scratch', slot: 0 }),
      buffer('y', [n], { kind: 'output', index: 0 }),
    ],
    kernels: [elementwise('add', 2, 'in0[i] + in1[i]'), elementwise('double', 1, 'in0[i] * 2.0')],
    steps: [
      { label: 'x + c', kernel: 0, bindings: [0, 1, 2], workgroups: groups },
      { label: '* 2', kernel: 1, bindings: [2, 3], workgroups: groups },
    ],
    inputs: [0],
    outputs: [3],
    slots: [Math.max(16, Math.ceil((n * 4) / 16) * 16)],
  };
}

const ramp = (n: number, from = 0) => Float32Array.from({ length: n }, (_, i) => i + from);

describe('running', () => {
  test('host input, constant, scratch, output', async () => {
    const device = await engine();
    const run = await Executable.prepare(device, affine(10, array(ramp(10, 100))));
    const [y] = await run.run([ramp(10)]);
    expect(await y!.read()).toEqual(Float32Array.from(ramp(10), (v) => (2 * v + 100) * 2));
    expect(device.stats).toMatchObject({
      submissions: 2,
      readbacks: 1,
      dispatches: 2,
      pipelines: 2,
    });
  });

  test('device input; results of earlier calls stay', async () => {
    const device = await engine();
    const run = await Executable.prepare(device, affine(5, array([1, 2, 3, 4, 5])));
    const x = device.upload(array([0, 1, 0, 1, 0]));
    const [first] = await run.run([x]);
    const [second] = await run.run([first!]);
    expect([...(await first!.read())]).toEqual([2, 6, 6, 10, 10]);
    expect([...(await second!.read())]).toEqual([6, 16, 18, 28, 30]);
    expect(await x.toNested()).toEqual([0, 1, 0, 1, 0]);
  });
});
