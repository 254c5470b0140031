import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { decodeNpy, encodeNpy } from '../../src/formats/npy.ts';
import { readReference } from '../support/reference.ts';

const models = 'test/fixtures/models';
const model = `${models}/mnist-mlp.onnx`;
const digit = `${models}/digit-eight.png`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cotangent-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const text = { out: '', err: '' };
  const code = await runProgram(args, {
    out: (t) => (text.out += t),
    err: (t) => (text.err += t),
  });
  return { code, ...text };
}

describe('cotangent jacobian', () => {
  test('prints what npm run jacobian promises, and writes the maps', async () => {
    const png = join(folder, 'maps.png');
    const reference = `${models}/mnist-mlp.ref.json`;
    const { code, out, err } = await run(
      ...['jacobian', model, '--input', digit, '--reference', reference, '--png', png],
    );
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/^adapter +\S.*\((software: no GPU was found|GPU)\)$/m);
    expect(out).toMatch(/^scores +0: -3\.150 .* 8: 7\.630 .*-> 8$/m);
    expect(out).toMatch(/^Jacobian +\[10, 784\], ‖J‖ = [\d.]+$/m);
    expect(out).toMatch(/^order +reverse: \S/m);
    expect(out).toMatch(/^dispatches +\d+, in one submission$/m);
    expect(out).toMatch(/^time +compile [\d.]+ ms, run and read back [\d.]+ ms/m);
    const error = Number(/^error +(\S+)/m.exec(out)?.[1]);
    expect(error).toBeLessThan(2e-6);
    const image = decode(await readFile(png));
    expect([image.width, image.height]).toEqual([5 * (28 * 6 + 6) + 6, 2 * (28 * 6 + 6) + 6]);
    expect(new Set(image.data).size).toBeGreaterThan(100);
  });

  test.each(['reverse', 'forward'])('--mode %s --output writes the Jacobian', async (mode) => {
    const output = join(folder, `${mode}.npy`);
    const input = join(folder, 'x.npy');
    const reference = await readReference('mnist-mlp');
    const x = reference.get('x').data.slice(784, 2 * 784);
    await writeFile(input, encodeNpy({ shape: [784], data: x }));
    const { code, out } = await run(
      ...['jacobian', model, '--input', input, '--mode', mode, '--output', output],
    );
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^order +${mode}`, 'm'));
    const { shape, data } = decodeNpy(await readFile(output));
    expect(shape).toEqual([10, 784]);
    const want = reference.get('jac_x').data.subarray(7840, 2 * 7840);
    expect(Math.max(...data.map((v, i) => Math.abs(v - (want[i] as number))))).toBeLessThan(1e-5);
  });

  test('--wrt differentiates by a parameter', async () => {
    const reference = `${models}/mnist-mlp.ref.json`;
    const { code, out } = await run(
      ...['jacobian', model, '--input', digit, '--wrt', 'fc2.bias', '--reference', reference],
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^Jacobian +\[10, 64\]/m);
    expect(Number(/^error +(\S+)/m.exec(out)?.[1])).toBeLessThan(2e-6);
  });

  test('--batch gives a Jacobian for each sample', async () => {
    const output = join(folder, 'batch.npy');
    const input = join(folder, 'xs.npy');
    const reference = await readReference('mnist-cnn');
    const { data, shape } = reference.get('x');
    await writeFile(input, encodeNpy({ shape, data }));
    const cnn = `${models}/mnist-cnn.onnx`;
    const { code, out, err } = await run(
      ...['jacobian', cnn, '--input', `x=${input}`, '--batch', '--output', output],
      ...['--reference', `${models}/mnist-cnn.ref.json`],
    );
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/^Jacobian +\[6, 10, 1, 28, 28\]/m);
    expect(Number(/^error +(\S+)/m.exec(out)?.[1])).toBeLessThan(2e-6);
    expect(decodeNpy(await readFile(output)).shape).toEqual([6, 10, 1, 28, 28]);
  });

  test('--of chooses among the outputs; a sample in a file by itself', async () => {
    const input = join(folder, 'one.npy');
    const reference = await readReference('mnist-vae-encoder');
    await writeFile(
      input,
      encodeNpy({ shape: [784], data: reference.get('x').data.slice(0, 784) }),
    );
    const { code, out } = await run(
      ...['jacobian', `${models}/mnist-vae-encoder.onnx`, '--input', input, '--of', 'logvar'],
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^Jacobian +\[16, 784\]/m);
  });

  test('--explain says how it is computed', async () => {
    const { code, out } = await run('jacobian', model, '--input', digit, '--explain');
    expect(code).toBe(0);
    expect(out.split('\n').length).toBeGreaterThan(15);
  });
});

describe('bad arguments end with 2 and one line', () => {
  const small = () => join(folder, 'small.png');
  const text = () => join(folder, 'text.onnx');
  beforeAll(async () => {
    await writeFile(small(), encode({ width: 2, height: 3, channels: 1, data: new Uint8Array(6) }));
    await writeFile(text(), 'no model');
  });

  test.each<[string, () => string[], string]>([
    ['no model', () => ['jacobian', '--input', digit], "missing required argument 'model'"],
    ['no input', () => ['jacobian', model], "required option '--input <file>' not specified"],
    ['an unknown command', () => ['hessians', model], "unknown command 'hessians'"],
    [
      'an unknown option',
      () => ['jacobian', model, '--input', digit, '--outptu', 'J.npy'],
      "unknown option '--outptu'",
    ],
    [
      'an unknown mode',
      () => ['jacobian', model, '--input', digit, '--mode', 'sideways'],
      'Allowed choices are auto, reverse, forward',
    ],
    [
      'a missing model',
      () => ['jacobian', 'none.onnx', '--input', digit],
      'cannot read none.onnx: no such file',
    ],
    [
      'a model that is none',
      () => ['jacobian', text(), '--input', digit],
      'text.onnx: onnx: not a message',
    ],
    [
      'an input of another kind',
      () => ['jacobian', model, '--input', model],
      'which is not .npy: png: not a PNG file',
    ],
    [
      'an input of the wrong size',
      () => ['jacobian', model, '--input', small()],
      'has 2 x 3 pixels, the model takes x [batch, 784]',
    ],
    [
      'an unknown parameter',
      () => ['jacobian', model, '--input', digit, '--wrt', 'fc9.bias'],
      '--wrt fc9.bias: there are x, fc1.weight, fc1.bias',
    ],
    [
      'an unknown output',
      () => ['jacobian', model, '--input', digit, '--of', 'probabilities'],
      '--of probabilities: there are logits',
    ],
    [
      'samples of a parameter',
      () => ['jacobian', model, '--input', digit, '--wrt', 'fc1.bias', '--batch'],
      'leave --wrt out',
    ],
    [
      'maps of a parameter',
      () => ['jacobian', model, '--input', digit, '--wrt', 'fc1.bias', '--png', 'x.png'],
      '--png shows derivatives by the input',
    ],
  ])('%s', async (_, args, message) => {
    const { code, out, err } = await run(...args());
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(err).toMatch(/^error: /);
  });

  test('--help is no error', async () => {
    const { code, out } = await run('jacobian', '--help');
    expect(code).toBe(0);
    for (const option of ['input', 'wrt', 'of', 'batch', 'output', 'mode', 'explain', 'png'])
      expect(out).toContain(`--${option}`);
    expect(out).toContain('Exit status');
  });
});
