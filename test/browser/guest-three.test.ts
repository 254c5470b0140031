import { expect, test, vi } from 'vitest';
import { createScene } from '../../examples/three/scene.ts';
import { grid, surface } from '../../examples/three/surface.ts';
import { array, evaluate } from '../../src/index.ts';

const [WIDTH, HEIGHT] = [320, 240];

/** What the canvas shows now, row by row, four bytes for each pixel. */
function picture(canvas: HTMLCanvasElement): Uint8ClampedArray {
  const copy = document.createElement('canvas');
  [copy.width, copy.height] = [WIDTH, HEIGHT];
  const context = copy.getContext('2d') as CanvasRenderingContext2D;
  context.drawImage(canvas, 0, 0);
  return context.getImageData(0, 0, WIDTH, HEIGHT).data;
}

/** Draws a frame and takes the picture before the browser has shown it. */
async function shot(canvas: HTMLCanvasElement, draw: () => void): Promise<Uint8ClampedArray> {
  return new Promise((resolve) =>
    requestAnimationFrame(() => {
      draw();
      resolve(picture(canvas));
    }),
  );
}

const pixel = (data: Uint8ClampedArray, x: number, y: number): number[] => [
  ...data.subarray(4 * (y * WIDTH + x), 4 * (y * WIDTH + x) + 3),
];

test('a Jacobian in the frame of three: drawn, moving, and never read back', async () => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  document.body.append(canvas);
  const scene = await createScene(canvas);
  const { engine } = scene;
  const { device } = engine;
  const uncaptured = vi.fn((message: string) => message);
  device.addEventListener('uncapturederror', (e) => uncaptured(e.error.message));
  const first = await shot(canvas, () => scene.frame(0));

  const map = vi.spyOn(GPUBuffer.prototype, 'mapAsync');
  const buffers = vi.spyOn(device, 'createBuffer');
  const before = engine.stats;
  const pictures = [first];
  for (const time of [0.4, 0.8, 1.2]) pictures.push(await shot(canvas, () => scene.frame(time)));
  expect(map).not.toHaveBeenCalled();
  expect(buffers).not.toHaveBeenCalled();
  expect(engine.stats.readbacks).toBe(0);
  expect(engine.stats.submissions).toBe(before.submissions); // the app's own only
  expect(engine.stats.dispatches).toBeGreaterThan(before.dispatches);
  map.mockRestore();

  for (const data of pictures) {
    const background = pixel(data, 2, 2);
    expect(pixel(data, WIDTH / 2, HEIGHT / 2)).toEqual(background); // the hole of the torus
    const drawn = Array.from({ length: WIDTH * HEIGHT }, (_, i) => i).filter((i) =>
      pixel(data, i % WIDTH, Math.floor(i / WIDTH)).some((v, c) => v !== background[c]),
    );
    expect(drawn.length).toBeGreaterThan(0.15 * WIDTH * HEIGHT);
    expect(drawn.length).toBeLessThan(0.7 * WIDTH * HEIGHT);
    // lit by its normals: many shades, the brightest orange
    const reds = drawn.map((i) => data[4 * i] as number);
    expect(new Set(reds).size).toBeGreaterThan(50);
    expect(Math.max(...reds)).toBeGreaterThan(200);
  }
  for (const [k, data] of pictures.entries()) {
    const other = pictures[(k + 1) % pictures.length] as Uint8ClampedArray;
    const changed = data.filter((v, i) => Math.abs(v - (other[i] as number)) > 8).length;
    expect(changed).toBeGreaterThan(0.02 * data.length);
  }

  expect(uncaptured).not.toHaveBeenCalled();
  const lost = await Promise.race([device.lost, Promise.resolve('no')]);
  expect(lost).toBe('no');
  engine.destroy();
  expect(device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST }).size).toBe(16);
  scene.dispose();
  canvas.remove();
});

test('its normals are unit vectors across the surface', () => {
  const { parameters } = grid(12, 8);
  const [positions, normals] = evaluate(surface, array(parameters, [96, 2]), 0.3);
  expect(positions.shape).toEqual([96, 4]);
  for (let i = 0; i < 96; i++) {
    const [x, y, z, w] = normals.data.subarray(4 * i, 4 * i + 4) as unknown as number[];
    expect(Math.hypot(x!, y!, z!)).toBeCloseTo(1, 6);
    expect(w).toBe(0);
    expect(positions.data[4 * i + 3]).toBe(1);
    // away from the middle of the tube
    const angle = parameters[2 * i]!;
    const middle = [Math.cos(angle), Math.sin(angle), 0];
    const out = [x!, y!, z!].reduce(
      (s, n, c) => s + n * (positions.data[4 * i + c]! - middle[c]!),
      0,
    );
    expect(out).toBeGreaterThan(0.1);
  }
});
