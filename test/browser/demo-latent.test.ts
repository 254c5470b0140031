import { afterEach, beforeEach, expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import { array, evaluate, valueAndJacobian, type Tensor } from '../../src/index.ts';
import { loadOnnx } from '../../src/onnx.ts';
import { DemoPage, shownNumber } from '../support/page.ts';

let page: DemoPage;
beforeEach(async () => {
  await commands.consoleErrors();
  page = await DemoPage.open('latent');
  await page.done('latent');
});
afterEach(async () => expect(await commands.consoleErrors()).toEqual([]));

const latents = (): number[] =>
  page.all<HTMLInputElement>('.latents input').map((i) => i.valueAsNumber);

/** Image and Jacobian of the decoder in float64. */
async function float64(z: readonly number[]) {
  const { call } = await loadOnnx(new URL('/demo/models/mnist-vae-decoder.onnx', location.href));
  const f = (x: Tensor) => call(x.reshape([1, 16])).reshape([-1]);
  const [image, J] = evaluate(valueAndJacobian(f), array([...z])) as unknown as [
    { data: Float64Array },
    { data: Float64Array },
  ];
  return { image: image.data, J: J.data };
}

const grey = (): number[] => {
  const canvas = page.document.querySelector<HTMLCanvasElement>('.decoded canvas');
  const pixels = canvas?.getContext('2d')?.getImageData(0, 0, 28, 28).data as Uint8ClampedArray;
  return Array.from({ length: 784 }, (_, i) => (pixels[4 * i] as number) / 255);
};

test('image, columns and metric are those of float64, also after a slider moved', async () => {
  for (const change of [false, true]) {
    if (change) {
      const slider = page.all<HTMLInputElement>('.latents input')[3] as HTMLInputElement;
      slider.value = '1.5';
      slider.dispatchEvent(new page.window.Event('input', { bubbles: true }));
      await page.done('latent');
      expect(latents()[3]).toBe(1.5);
    }
    const { image, J } = await float64(latents());
    const dark = page.document.documentElement.dataset.theme === 'dark';
    grey().forEach((v, i) =>
      expect(Math.abs((dark ? v : 1 - v) - (image[i] as number))).toBeLessThan(0.003),
    );
    const decoded = await page.one('.decoded');
    page.point(decoded, 'pointermove', 10.5 / 28, 12.5 / 28);
    await page.until(() => page.all('output.at').length === 16);
    page.all('output.at').forEach((o, i) => {
      const want = J[(12 * 28 + 10) * 16 + i] as number;
      expect(Math.abs(shownNumber(o.textContent) - want)).toBeLessThan(
        0.06 * Math.abs(want) + 1e-5,
      );
    });
    const heat = await page.one<HTMLCanvasElement>('.heat canvas');
    page.point(heat, 'pointermove', 5.5 / 16, 2.5 / 16);
    await page.until(() => page.text('.heat output').startsWith('(JᵀJ)₂,₅'));
    let want = 0;
    for (let p = 0; p < 784; p++) want += (J[p * 16 + 2] as number) * (J[p * 16 + 5] as number);
    const got = shownNumber(page.text('.heat output').split('=')[1]);
    expect(Math.abs(got - want)).toBeLessThan(1e-4 + 1e-4 * Math.abs(want));
    expect(page.text('.latent aside h3')).toBe('z₂ against z₅');
  }
});

test('the switch changes how the image and its columns are computed, not what they are', async () => {
  const { J } = await float64(latents());
  const decoded = await page.one('.decoded');
  const submissions = (): number =>
    Number(/([\d,]+) submissions/.exec(page.text('.timing'))?.[1]?.replaceAll(',', ''));
  for (const [mode, least] of [
    ['reverse', 2],
    ['forward', 2],
    ['rows', 784],
  ] as const) {
    await page.order(mode);
    await page.done('latent');
    expect(submissions()).toBeGreaterThanOrEqual(least);
    if (mode !== 'rows') expect(submissions()).toBeLessThan(10);
    page.point(decoded, 'pointermove', 14.5 / 28, 9.5 / 28);
    await page.until(() => page.all('output.at').length === 16);
    page.all('output.at').forEach((o, i) => {
      const want = J[(9 * 28 + 14) * 16 + i] as number;
      expect(Math.abs(shownNumber(o.textContent) - want)).toBeLessThan(
        0.06 * Math.abs(want) + 1e-5,
      );
    });
  }
});

test('more ink here moves the latents, and there is more ink', async () => {
  const before = latents();
  const at = 14 * 28 + 14;
  const ink = (await float64(before)).image[at] as number;
  const decoded = await page.one('.decoded');
  page.point(decoded, 'pointerdown', 14.5 / 28, 14.5 / 28);
  for (let i = 0; i < 4; i++) {
    page.point(decoded, 'pointermove', 14.5 / 28, (14.5 + 0.01 * i) / 28);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await page.done('latent');
  }
  page.point(decoded, 'pointerup', 14.5 / 28, 14.5 / 28);
  expect(latents()).not.toEqual(before);
  expect((await float64(latents())).image[at] as number).toBeGreaterThan(ink + 0.05);
  await page.until(() => page.window.location.hash.includes('z='));
});

test('can be painted on with keys alone', async () => {
  const before = latents();
  const decoded = await page.one('.decoded');
  const { KeyboardEvent } = page.window;
  const press = (key: string) =>
    decoded.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  press('ArrowDown');
  await page.one('.decoded .mark rect[x="14"][y="15"]');
  press('ArrowRight');
  await page.one('.decoded .mark rect[x="15"][y="15"]');
  press(' ');
  await page.until(() => latents().some((v, i) => v !== before[i]));
  await page.done('latent');
  const at = 15 * 28 + 15;
  const [old, now] = [await float64(before), await float64(latents())];
  expect(now.image[at] as number).toBeGreaterThan(old.image[at] as number);
});

test('how it was computed: sixteen columns pushed forward', async () => {
  page = await DemoPage.open('latent?how=open');
  await page.one('.details .graph');
  expect(page.text('.chain')).toMatch(/input 16.*pushed forward|kept as it is/);
});

test('fits a phone', async () => {
  page.frame.width = '390';
  await page.until(() => page.window.innerWidth === 390);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(page.document.documentElement.scrollWidth).toBeLessThanOrEqual(390);
});
