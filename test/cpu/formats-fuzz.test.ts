import { encode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { evaluate, FormatError, type HostArray, type Tensor } from '../../src/index.ts';
import {
  decodeNpy,
  decodeNpz,
  decodeSafetensors,
  encodeNpy,
  encodeNpz,
  encodeSafetensors,
} from '../../src/formats.ts';
import { decodePng } from '../../src/formats/png.ts';
import { loadOnnx, type OnnxModel } from '../../src/onnx.ts';
import { HostArray as Host } from '../../src/util/array.ts';
import { readFixture } from '../support/fixtures.ts';
import { mutations } from '../support/mutations.ts';

// Files from strangers: whatever happens to a real file, a reader gives a result or a FormatError, soon and
// in little memory. FUZZ=1000000 in the environment makes it a long run.

const total = Number(process.env['FUZZ'] ?? 10_000);

/** The most that one file may take, with room for a machine that is busy. */
const MOST_MS = 1000;
const MOST_BYTES = 256 * 2 ** 20;

const numbers = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
const arrays = {
  w: { shape: [2, 3, 4], data: numbers },
  n: { shape: [3], data: Int32Array.of(1, 2, 3) },
};
const pixels = Uint8Array.from({ length: 300 }, (_, i) => (i * 37) % 256);

type Reader = (bytes: Uint8Array) => unknown;

const small: Record<string, [file: Uint8Array, read: Reader]> = {
  npy: [encodeNpy(arrays.w), decodeNpy],
  npz: [encodeNpz(arrays, { compress: true }), decodeNpz],
  safetensors: [encodeSafetensors(arrays, { format: 'pt' }), decodeSafetensors],
  png: [encode({ width: 10, height: 10, channels: 3, data: pixels }), decodePng],
};

/** Reads every mutation; what goes wrong names the mutation, so that it can be repeated. */
async function survives(
  file: Uint8Array,
  read: Reader,
  count: number,
  seed: number,
): Promise<number> {
  let results = 0;
  const before = process.memoryUsage().rss;
  let most = before;
  for (const { bytes, what } of mutations(file, count, seed)) {
    const start = performance.now();
    try {
      await read(bytes);
      results++;
    } catch (error) {
      if (!(error instanceof FormatError))
        throw new Error(`${what}: ${String(error)}`, { cause: error });
      if (error.message.length > 20_000) throw new Error(`${what}: a message of great length`);
    }
    const time = performance.now() - start;
    // once more, if the machine was busy with something else
    if (time > MOST_MS) {
      const again = performance.now();
      await Promise.resolve(bytes)
        .then(read)
        .catch(() => undefined);
      expect(performance.now() - again, what).toBeLessThan(MOST_MS);
    }
    most = Math.max(most, process.memoryUsage().rss);
  }
  expect(most - before).toBeLessThan(MOST_BYTES);
  return results;
}

describe('mutated files', { timeout: 600_000 }, () => {
  test.each(Object.entries(small))('%s', async (_, [file, read]) => {
    await survives(file, read, total / 8, 1);
  });

  /** Elements of a tensor for each input, symbolic axes of length 2. */
  const inputsOf = (model: OnnxModel<unknown>): Record<string, HostArray> =>
    Object.fromEntries(
      model.inputs.map(({ name, shape = [], dtype = 'f32' }) => {
        const lengths = shape.map((d) => (typeof d === 'number' ? d : 2));
        const size = lengths.reduce((a, b) => a * b, 1);
        if (size > 1e5) throw new FormatError('an input too large to try');
        const data = dtype === 'f32' ? new Float32Array(size) : new Int32Array(size);
        return [name, new Host(data, lengths, dtype)];
      }),
    );

  /** Loads a model and traces a call of it. */
  const loadAndTrace: Reader = async (bytes) => {
    const model = await loadOnnx<Tensor>(bytes);
    evaluate(
      (x: Record<string, Tensor>, zero: Tensor) => {
        model.call(x);
        return zero;
      },
      inputsOf(model),
      0,
    );
  };

  test.each(['mnist-cnn', 'mnist-mlp', 'mnist-vae-encoder'])('onnx: %s', async (name) => {
    const file = new Uint8Array(await readFixture(`models/${name}.onnx`));
    const share = { 'mnist-cnn': 0.3, 'mnist-mlp': 0.15, 'mnist-vae-encoder': 0.05 }[
      name
    ] as number;
    const results = await survives(file, loadAndTrace, total * share, 2);
    // some mutations only change weights
    expect(results).toBeGreaterThan(0);
  });
});
