import { beforeAll, describe, expect, test, vi } from 'vitest';
import { readReference } from '../support/reference.ts';

const reference = await readReference('mnist-mlp');
const scores = reference.get('logits').data.subarray(0, 10);
const jacobian = reference.get('jac_x').data.subarray(0, 7840);
const scale = jacobian.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

/** Opens the page as a visitor would, and waits until it says that it is done. */
async function openDemo(): Promise<Document> {
  const frame = document.createElement('iframe');
  frame.width = '1000';
  frame.height = '900';
  frame.src = '/demo/index.html';
  document.body.append(frame);
  const state = () => frame.contentDocument?.querySelector('body')?.dataset.state ?? '';
  await vi.waitUntil(() => /done|failed/.test(state()), { timeout: 30_000 });
  return frame.contentDocument as Document;
}

describe('the demo page', () => {
  let page: Document;
  beforeAll(async () => {
    page = await openDemo();
  });

  test('says that it is done, what it saw, and on which adapter', () => {
    const status = page.getElementById('status')?.textContent ?? '';
    expect(status).toMatch(/^It is an 8\. .* on \S+.*: compiled in [\d.]+ ms, run in [\d.]+ ms\.$/);
    expect(page.body.dataset.state).toBe('done');
    const norm = Number(/‖J‖ = ([\d.]+)/.exec(status)?.[1]);
    expect(norm / Math.hypot(...jacobian)).toBeCloseTo(1, 5);
  });

  test('shows the scores of the reference, the highest one marked', () => {
    const shown = Array.from(page.querySelectorAll('output'), (output) => output.textContent);
    expect(shown).toHaveLength(10);
    shown.forEach((text, i) => {
      expect(Math.abs(Number(text) - (scores[i] as number))).toBeLessThan(1e-4);
    });
    expect(page.querySelector('.best')?.textContent).toMatch(/^8: /);
  });

  test('draws the Jacobian of the reference, pixel by pixel', () => {
    const maps = Array.from(page.querySelectorAll<HTMLCanvasElement>('#maps canvas'), pixelsOf);
    expect(maps).toHaveLength(10);
    const wrong = maps.flatMap((pixels, map) =>
      Array.from({ length: 784 }, (_, i) => i).filter((i) => {
        const value = (jacobian[784 * map + i] as number) / scale;
        const pale = 255 * (1 - Math.abs(value));
        const want = value < 0 ? [pale, pale, 255, 255] : [255, pale, pale, 255];
        return want.some((v, c) => Math.abs(v - (pixels[4 * i + c] as number)) > 1);
      }),
    );
    expect(wrong).toEqual([]);
    // neither blank nor alike
    expect(new Set(maps.map((pixels) => pixels.join())).size).toBe(10);
    for (const pixels of maps) expect(new Set(pixels).size).toBeGreaterThan(20);
  });
});

function pixelsOf(canvas: HTMLCanvasElement): Uint8ClampedArray {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('the canvas has no 2D context');
  return context.getImageData(0, 0, canvas.width, canvas.height).data;
}
