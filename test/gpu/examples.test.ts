import { describe, expect, test } from 'vitest';
import { array, type DeviceArray, type HostArray } from '../../src/index.ts';
import { latentGeometry } from '../../docs/examples/decoder.ts';
import decoderPage from '../../docs/examples/decoder.md?raw';
import decoderCode from '../../docs/examples/decoder.ts?raw';
import { byParameters, tangentKernel } from '../../docs/examples/parameters.ts';
import parametersPage from '../../docs/examples/parameters.md?raw';
import parametersCode from '../../docs/examples/parameters.ts?raw';
import { derivatives } from '../../docs/examples/pinn.ts';
import pinnPage from '../../docs/examples/pinn.md?raw';
import pinnCode from '../../docs/examples/pinn.ts?raw';
import { saliency } from '../../docs/examples/saliency.ts';
import saliencyPage from '../../docs/examples/saliency.md?raw';
import saliencyCode from '../../docs/examples/saliency.ts?raw';
import { readModel } from '../support/onnx-models.ts';
import { expectReference, readReference, row, type Reference } from '../support/reference.ts';

// the example pages of the docs: that they show the code that is tested, and that it is right

const pages: [string, string, string][] = [
  ['saliency', saliencyPage, saliencyCode],
  ['decoder', decoderPage, decoderCode],
  ['parameters', parametersPage, parametersCode],
  ['pinn', pinnPage, pinnCode],
];

test.each(pages)('the page %s shows its code', (_, page, code) => {
  const shown = code
    .replaceAll('../../src/index.ts', 'cotangent')
    .replaceAll('../../src/onnx.ts', 'cotangent/onnx');
  expect(page).toContain('```ts\n' + shown + '```\n');
});

const read = async (x: DeviceArray) => ({ shape: x.shape, data: await x.read() });

const input = ({ shape, data }: Reference & { data: Float64Array }): HostArray =>
  array(data, shape);

test('saliency of a convolutional classifier, channels and pixels before classes', async () => {
  const reference = await readReference('mnist-cnn');
  const maps = await read(await saliency(await readModel('mnist-cnn'))(input(reference.get('x'))));
  expect(maps.shape).toEqual([6, 1, 28, 28, 10]);
  const want = reference.get('jac_x');
  const moved = Float64Array.from({ length: want.data.length }, (_, i) => {
    const [sample, pixel, label] = [Math.floor(i / 7840), Math.floor(i / 10) % 784, i % 10];
    return want.data[sample * 7840 + label * 784 + pixel] as number;
  });
  expectReference(maps, { ...want, shape: maps.shape, data: moved }, 'tol_f32', 'saliency');
});

test('a decoder by its latents', async () => {
  const reference = await readReference('mnist-vae-decoder');
  const { J, metric } = await latentGeometry(await readModel('mnist-vae-decoder'))(
    input(reference.get('z')),
  );
  expectReference(await read(J), reference.get('jac_z'), 'tol_f32', 'jac_z');
  expectReference(await read(metric), reference.get('metric'), 'tol_f32', 'metric');
});

test('a classifier by its parameters, and its tangent kernel', async () => {
  const reference = await readReference('mnist-mlp');
  const model = await readModel('mnist-mlp');
  const x = reference.get('x');
  const first = row(x, 0);
  const J = await byParameters(model)(
    { ...model.params },
    array(Float64Array.from(first.data), first.shape),
  );
  for (const name of ['fc1.bias', 'fc2.weight', 'fc3.weight']) {
    const want = reference.get(`jac_param:${name}`);
    expectReference(
      await read(J[name] as DeviceArray),
      { ...want, ...row(want, 0) },
      'tol_f32',
      name,
    );
  }
  const kernel = await tangentKernel(model)(input(x));
  expectReference(await read(kernel), reference.get('ntk'), 'tol_f32', 'ntk');
});

describe('a physics-informed network', () => {
  const [N, H] = [5, 7];
  const numbers = (n: number, f: (i: number) => number) =>
    Float32Array.from({ length: n }, (_, i) => Math.fround(f(i)));
  const W1 = numbers(2 * H, (i) => Math.sin(3 * i + 1) * 2);
  const b1 = numbers(H, (i) => Math.cos(i));
  const w2 = numbers(H, (i) => 1 / (i + 1));
  const points = numbers(2 * N, (i) => Math.sin(i * i + 2));

  test('its value, gradient, Laplacian and the divergence of its flow', async () => {
    const got = await derivatives(
      { W1: array(W1, [H, 2]), b1: array(b1), w2: array(w2) },
      array(points, [N, 2]),
    );
    const data = {
      value: await got.value.read(),
      gradient: await got.gradient.read(),
      laplacian: await got.laplacian.read(),
      divergence: await got.divergence.read(),
    };
    for (let n = 0; n < N; n++) {
      const want = { value: 0, gradient: [0, 0], laplacian: 0 };
      for (let h = 0; h < H; h++) {
        const w = [W1[2 * h], W1[2 * h + 1]] as [number, number];
        const a = w[0] * (points[2 * n] as number) + w[1] * (points[2 * n + 1] as number);
        const phase = a + (b1[h] as number);
        const weight = w2[h] as number;
        want.value += weight * Math.sin(phase);
        want.gradient = want.gradient.map(
          (g, i) => g + weight * (w[i] as number) * Math.cos(phase),
        );
        want.laplacian -= weight * (w[0] ** 2 + w[1] ** 2) * Math.sin(phase);
      }
      expect(data.value[n]).toBeCloseTo(want.value, 5);
      expect(data.gradient[2 * n]).toBeCloseTo(want.gradient[0] as number, 5);
      expect(data.gradient[2 * n + 1]).toBeCloseTo(want.gradient[1] as number, 5);
      expect(data.laplacian[n]).toBeCloseTo(want.laplacian, 4);
      expect(data.divergence[n]).toBeCloseTo(0, 5);
    }
  });
});
