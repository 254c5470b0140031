import { useLayoutEffect, useRef } from 'preact/hooks';
import { isDark } from '../app/theme.ts';
import { diverging } from './colors.ts';

interface Props {
  readonly values: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
  /** the magnitude at which the colour is full */
  readonly scale: number;
  readonly label: string;
  /** grey ink instead of blue and red */
  readonly ink?: boolean;
  readonly onPixel?: (pixel: number | null) => void;
}

/** Numbers as a picture. */
export function PixelMap({ values, width, height, scale, label, ink, onPixel }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = isDark.value;
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const image = context.createImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      const part = (values[i] ?? 0) / scale;
      const grey = Math.round(255 * Math.min(1, Math.max(0, part)));
      const shade = dark ? grey : 255 - grey;
      image.data.set(ink ? [shade, shade, shade, 255] : [...diverging(part, dark), 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
  }, [values, width, height, scale, dark, ink]);
  const pixelAt = (e: PointerEvent): number => {
    const box = (e.currentTarget as HTMLElement).getBoundingClientRect();
    const at = (part: number, n: number): number =>
      Math.min(n - 1, Math.max(0, Math.floor(part * n)));
    const column = at((e.clientX - box.left) / box.width, width);
    return at((e.clientY - box.top) / box.height, height) * width + column;
  };
  return (
    <canvas
      ref={canvas}
      width={width}
      height={height}
      role="img"
      aria-label={label}
      onPointerMove={onPixel && ((e: PointerEvent) => onPixel(pixelAt(e)))}
      onPointerLeave={onPixel && (() => onPixel(null))}
    />
  );
}
