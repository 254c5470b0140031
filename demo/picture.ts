/** The 2D context of a canvas. */
function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser has no 2D canvas');
  return context;
}

/** Draws a grey picture on a canvas of its size and returns its pixels, from 0 to 1. */
export async function showPicture(canvas: HTMLCanvasElement, url: string): Promise<Float32Array> {
  const blob = await (await fetch(url)).blob();
  const picture = await createImageBitmap(blob, { colorSpaceConversion: 'none' });
  const context = contextOf(canvas);
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, picture.width, picture.height);
  return Float32Array.from({ length: data.length / 4 }, (_, i) => (data[4 * i] as number) / 255);
}

/**
 * Draws numbers as a picture: blue below zero, white at zero, red above.
 *
 * @param scale the magnitude at which the colour is full
 */
export function showMap(canvas: HTMLCanvasElement, values: Float32Array, scale: number): void {
  const image = new ImageData(canvas.width, canvas.height);
  values.forEach((value, i) => {
    const pale = Math.round(255 * (1 - Math.min(1, Math.abs(value) / scale)));
    image.data.set(value < 0 ? [pale, pale, 255, 255] : [255, pale, pale, 255], 4 * i);
  });
  contextOf(canvas).putImageData(image, 0, 0);
}
