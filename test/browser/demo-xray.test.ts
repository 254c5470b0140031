import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import { array, evaluate, valueAndJacobian, type Tensor } from '../../src/index.ts';
import { loadOnnx } from '../../src/onnx.ts';
import { buildModel } from '../support/onnx/build.ts';
import { DemoPage, shownNumber } from '../support/page.ts';
import { readReference } from '../support/reference.ts';

const PIXELS = 784;
let page: DemoPage;
let scores: Float64Array;
let jacobian: Float64Array;

beforeAll(async () => {
  const reference = await readReference('mnist-mlp');
  scores = reference.get('logits').data;
  jacobian = reference.get('jac_x').data;
});
beforeEach(async () => void (await commands.consoleErrors()));
afterEach(async () => expect(await commands.consoleErrors()).toEqual([]));

const shownScores = (): number[] =>
  page.all('.class output').map((o) => shownNumber(o.textContent));
const sensitivities = (): number[] =>
  page.all('.sensitivities output').map((o) => shownNumber(o.textContent));

/** The page shows at least three digits. */
function expectShown(got: readonly number[], want: ArrayLike<number>): void {
  expect(got).toHaveLength(want.length);
  got.forEach((v, i) => {
    const w = want[i] as number;
    expect(Math.abs(v - w), `entry ${i}: ${v} for ${w}`).toBeLessThan(6e-3 * Math.abs(w) + 1e-5);
  });
}

/** Points at a pixel of a map and reads the ten derivatives. */
async function pointAt(map: number, pixel: number): Promise<number[]> {
  const canvas = page.all<HTMLCanvasElement>('.class canvas')[map] as HTMLCanvasElement;
  const [x, y] = [((pixel % 28) + 0.5) / 28, (Math.floor(pixel / 28) + 0.5) / 28];
  page.point(canvas, 'pointermove', x, y);
  await page.one(`.sensitivities[data-pixel="${pixel}"]`);
  return sensitivities();
}

const column = (data: Float64Array, pixel: number): number[] =>
  Array.from({ length: 10 }, (_, i) => data[i * PIXELS + pixel] as number);

/** What a model of a file gives in float64 for pixels. */
async function float64(model: string, pixels: Float32Array, shape: number[]) {
  const { call } = await loadOnnx(new URL(`/demo/models/${model}`, location.href));
  const f = (x: Tensor) => call(x.reshape(shape)).reshape([-1]);
  const [value, J] = evaluate(valueAndJacobian(f), array(pixels)) as unknown as [
    { data: Float64Array },
    { data: Float64Array },
  ];
  return { value: value.data, J: J.data };
}

/** A model with inputs a and b of 4 x 4, and the outputs first = 3 a, second = 7 a + 5 b. */
function twoOfEach(): Uint8Array<ArrayBuffer> {
  const number = (v: number) => ({ type: 'float', shape: [1], data: [v], stored: true }) as const;
  const port = { type: 'float', shape: [1, 4, 4] } as const;
  const mul = (x: string, c: string, y: string) => ({ op: 'Mul', inputs: [x, c], outputs: [y] });
  return Uint8Array.from(
    buildModel({
      opset: 17,
      inputs: { a: port, b: port },
      outputs: { first: port, second: port },
      stored: { three: number(3), five: number(5), seven: number(7) },
      nodes: [
        mul('a', 'three', 'first'),
        mul('a', 'seven', 'left'),
        mul('b', 'five', 'right'),
        { op: 'Add', inputs: ['left', 'right'], outputs: ['second'] },
      ],
    }),
  );
}

/** What is drawn on the pad. */
function drawn(): Float32Array {
  const canvas = page.document.querySelector<HTMLCanvasElement>('.pad .ink') as HTMLCanvasElement;
  const data = canvas.getContext('2d')?.getImageData(0, 0, 28, 28).data as Uint8ClampedArray;
  return Float32Array.from({ length: PIXELS }, (_, i) => (data[4 * i + 3] as number) / 255);
}

describe('X-ray', () => {
  beforeEach(async () => {
    page = await DemoPage.open('xray');
    await page.done('xray');
  });

  test('shows the scores and derivatives of the reference for every mode', async () => {
    for (const mode of ['auto', 'reverse', 'forward', 'rows']) {
      await page.order(mode);
      await page.done('xray');
      expectShown(shownScores(), scores.subarray(0, 10));
      for (const pixel of [14 * 28 + 13, 3 * 28 + 20])
        expectShown(await pointAt(3, pixel), column(jacobian, pixel));
    }
    expect(page.text('.best b')).toBe('8');
    expect(page.text('.timing')).toMatch(/ms for 7,840 derivatives/);
  });

  test('shows the singular values of J', () => {
    const J = Matrix.from1DArray(10, PIXELS, jacobian.subarray(0, 10 * PIXELS));
    const want = new SingularValueDecomposition(J, { autoTranspose: true }).diagonal;
    const got = page.document.querySelector<HTMLElement>('[data-singular]')?.dataset.singular;
    got?.split(' ').forEach((v, i) => expect(Number(v) / (want[i] as number)).toBeCloseTo(1, 4));
    expect(got?.split(' ')).toHaveLength(10);
  });

  test('follows the pen: what is drawn is what is computed', async () => {
    const pad = await page.one('.pad .ink');
    page.all('.clear')[0]?.click();
    await page.done('xray');
    page.point(pad, 'pointerdown', 0.5, 0.2);
    for (let i = 1; i <= 12; i++) page.point(pad, 'pointermove', 0.5 + 0.004 * i, 0.2 + 0.05 * i);
    page.point(pad, 'pointerup', 0.55, 0.8);
    await page.done('xray');
    const pixels = drawn();
    expect(pixels.filter((v) => v > 0.5).length).toBeGreaterThan(20);
    const want = await float64('mnist-mlp.onnx', pixels, [1, PIXELS]);
    expectShown(shownScores(), want.value);
    expectShown(await pointAt(0, 400), column(want.J, 400));
    expect(page.window.location.hash).toContain('digit=own');
  });

  test('lays the map of a class that is pointed at over the digit', async () => {
    const figure = page.all('.class')[5] as HTMLElement;
    page.point(figure, 'pointerenter', 0.5, 0.5, { bubbles: false });
    await page.one('.overlay canvas');
    page.point(figure, 'pointerleave', 0.5, 0.5, { bubbles: false });
    await page.until(() => page.all('.overlay').length === 0);
  });

  test('can be used with keys alone', async () => {
    const pad = await page.one('.pad .ink');
    const { KeyboardEvent } = page.window;
    const press = (on: Element, key: string) =>
      on.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    press(pad, 'ArrowRight');
    await page.until(() => page.text('.sensitivities h3') === 'Pixel (15, 14)');
    expectShown(sensitivities(), column(jacobian, 14 * 28 + 15));
    const first = await page.one('#tab-xray');
    press(first, 'ArrowRight');
    await page.one('.latent');
    expect(page.document.activeElement?.id).toBe('tab-latent');
  });

  test('has the convolutional network too, from its ONNX file', async () => {
    const select = await page.one<HTMLSelectElement>('.model select');
    select.value = 'cnn';
    select.dispatchEvent(new page.window.Event('change', { bubbles: true }));
    await page.until(() => page.window.location.hash.includes('model=cnn'));
    await page.until(() => shownScores()[0] !== Number((scores[0] as number).toPrecision(4)));
    await page.done('xray');
    const want = await float64('mnist-cnn.onnx', drawn(), [1, 1, 28, 28]);
    expectShown(shownScores(), want.value);
    expectShown(await pointAt(0, 400), column(want.J, 400));
  });

  test('takes a dropped ONNX file, and says what is wrong with a broken one', async () => {
    page.drop('broken.onnx', new Uint8Array([1, 2, 3, 4, 5, 6, 7]));
    await page.until(() => page.text('[role=alert]').startsWith('broken.onnx: onnx'));
    page.all('.picks button')[1]?.click();
    await page.done('xray');
    expectShown(shownScores(), scores.subarray(10, 20));

    page.drop('mine.onnx', await (await fetch('/demo/models/mnist-cnn.onnx')).arrayBuffer());
    await page.until(() => page.text('.model select').includes('mine.onnx'));
    await page.done('xray');
    await page.until(() => shownScores()[0] !== Number((scores[10] as number).toPrecision(4)));
    await page.done('xray');
    const want = await float64('mnist-cnn.onnx', drawn(), [1, 1, 28, 28]);
    expectShown(shownScores(), want.value);
    expect(page.all('[role=alert]')).toEqual([]);
  });

  test('lets the visitor choose input and output of a model that has several', async () => {
    page.drop('two.onnx', twoOfEach());
    await page.until(() => page.all('.model select').length === 3);
    const choose = async (label: string, name: string): Promise<void> => {
      const select = page
        .all<HTMLSelectElement>('.model select')
        .find((s) => s.parentElement?.textContent?.startsWith(label)) as HTMLSelectElement;
      select.value = name;
      select.dispatchEvent(new page.window.Event('change', { bubbles: true }));
      await page.done('xray');
    };
    const slopeAt0 = async (): Promise<number[]> => {
      const canvas = await page.one<HTMLCanvasElement>('.class canvas');
      page.point(canvas, 'pointerleave', 0, 0);
      await page.until(() => page.text('.sensitivities p').includes('depends on most'));
      page.point(canvas, 'pointermove', 0.05, 0.05);
      await page.until(() => page.text('.sensitivities p').includes('per unit'));
      expect(page.text('.sensitivities h3')).toBe('Pixel (0, 0)');
      return sensitivities();
    };
    await page.done('xray');
    expect(await slopeAt0()).toEqual([3, ...new Array<number>(15).fill(0)]);
    await choose('Output', 'second');
    expect((await slopeAt0())[0]).toBe(7);
    await choose('Input', 'b');
    expect((await slopeAt0())[0]).toBe(5);
  });

  test('fits a phone', async () => {
    page.frame.width = '390';
    await page.until(() => page.window.innerWidth === 390);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(page.document.documentElement.scrollWidth).toBeLessThanOrEqual(390);
    expect(page.all('.class canvas').every((c) => c.getBoundingClientRect().width > 40)).toBe(true);
  });
});

describe('before the model is there', () => {
  test('the page is painted and can be drawn on', async () => {
    await commands.holdBack('**/*.onnx*');
    page = await DemoPage.open('xray');
    await page.until(() => page.all('.picks canvas').length === 12);
    await page.until(() => drawn().some((v) => v > 0.5));
    expect(page.all('.class .empty')).toHaveLength(10);
    page.all('.clear')[0]?.click();
    page.point(await page.one('.pad .ink'), 'pointerdown', 0.5, 0.5);
    page.point(await page.one('.pad .ink'), 'pointerup', 0.5, 0.5);
    expect(page.all('.xray[data-done=yes]')).toEqual([]);
    await commands.letGo();
    await page.done('xray');
    const want = await float64('mnist-mlp.onnx', drawn(), [1, PIXELS]);
    expectShown(shownScores(), want.value);
  });
});

describe('how it was computed', () => {
  test('shows orders, graph and kernels, and follows the switch', async () => {
    page = await DemoPage.open('xray?how=open');
    await page.one('.details[data-mode=auto] .graph');
    expect(page.text('.chain')).toMatch(/pulled back.*output 10.*10 seeds/);
    const orders = page.all('.orders tbody tr').map((r) => r.textContent ?? '');
    expect(orders.length).toBeGreaterThanOrEqual(2);
    expect(orders.find((o) => o.startsWith('reverse'))).toMatch(/cheapestin use/);
    expect(page.all('.graph .derivative.reverse rect').length).toBeGreaterThan(3);
    expect(page.all('.graph .function.reverse rect').length).toBeGreaterThan(3);
    expect(page.all('.graph .forward')).toEqual([]);
    const few = page.all('.graph rect').length;
    (await page.one('.legend input')).click();
    await page.until(() => page.all('.graph rect').length > few);
    await page.until(() => page.all('.details .plot circle').length === 4);
    expect(page.all('.kernels li').length).toBeGreaterThan(2);
    page.all('.kernels button')[0]?.click();
    await page.one('.wgsl .t-keyword');
    expect(page.text('.wgsl')).toContain('@compute');
    await page.order('forward');
    await page.one('.details[data-mode=forward]');
    expect(page.text('.chain')).toContain('pushed forward');
    await page.until(() => page.all('.graph .derivative.forward rect').length > 3);
    expect(page.all('.graph .reverse')).toEqual([]);
    await page.order('rows');
    await page.one('.details[data-mode=rows]');
    expect(page.text('.chain')).toContain('10 times');
    await page.until(() => page.all('.graph .derivative.reverse rect').length > 3);
  });

  test('a mixed order has its directions and the product in their colours', async () => {
    page = await DemoPage.open('playground?example=autoencoder&how=open');
    await page.one('.graph .derivative.multiplied rect');
    for (const of of ['function', 'derivative'])
      for (const way of ['forward', 'reverse'])
        expect(page.all(`.graph .${of}.${way} rect`).length).toBeGreaterThan(0);
    expect(page.text('.chain .multiplied')).toMatch(/×.*3/);
    expect(page.text('.orders .used')).toMatch(/^mixed.*cheapestin use/);
  });
});

describe('without WebGPU', () => {
  test('says what to do, and shows what was computed before', async () => {
    page = await DemoPage.open('xray', { gpu: false });
    expect(page.document.body.dataset.state).toBe('no-gpu');
    await page.done('xray');
    expect(page.text('.notice')).toContain('This browser has no WebGPU');
    expectShown(shownScores(), scores.subarray(0, 10));
    const scale = jacobian.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    const want = column(jacobian, 400);
    (await pointAt(0, 400)).forEach((v, i) =>
      expect(Math.abs(v - (want[i] as number))).toBeLessThan(scale / 100),
    );
  });
});
