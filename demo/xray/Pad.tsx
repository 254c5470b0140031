import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { isDark } from '../app/theme.ts';
import { PixelMap } from '../ui/PixelMap.tsx';
import { PIXELS, SIZE } from './digits.ts';

interface Props {
  readonly pixels: Float32Array;
  /** a map shown over the ink */
  readonly overlay: Float32Array | null;
  readonly scale: number;
  readonly marked: number | null;
  readonly onDraw: (pixels: Float32Array) => void;
  readonly onPixel: (pixel: number | null) => void;
}

/** Where a digit is drawn. Keys: arrows move a cursor, the space bar adds ink there. */
export function Pad({ pixels, overlay, scale, marked, onDraw, onPixel }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const last = useRef<readonly [number, number] | null>(null);
  const shown = useRef<Float32Array | null>(null);
  const [cursor, setCursor] = useState(14 * SIZE + 14);
  const dark = isDark.value;
  const context = (): CanvasRenderingContext2D | null =>
    canvas.current?.getContext('2d', { willReadFrequently: true }) ?? null;

  useLayoutEffect(() => {
    const c = context();
    if (!c || shown.current === pixels) return;
    const image = c.createImageData(SIZE, SIZE);
    pixels.forEach((v, i) => image.data.set([0, 0, 0, Math.round(255 * v)], 4 * i));
    c.putImageData(image, 0, 0);
    shown.current = pixels;
  }, [pixels]);
  useEffect(() => {
    canvas.current?.classList.toggle('inverted', dark);
  }, [dark]);

  const place = (e: PointerEvent): readonly [number, number] => {
    const box = (e.currentTarget as HTMLElement).getBoundingClientRect();
    return [
      ((e.clientX - box.left) / box.width) * SIZE,
      ((e.clientY - box.top) / box.height) * SIZE,
    ];
  };
  const changed = (): void => {
    const data = context()?.getImageData(0, 0, SIZE, SIZE).data;
    if (!data) return;
    const drawn = Float32Array.from(
      { length: PIXELS },
      (_, i) => (data[4 * i + 3] as number) / 255,
    );
    shown.current = drawn;
    onDraw(drawn);
  };
  const stroke = (from: readonly [number, number], to: readonly [number, number]): void => {
    const c = context();
    if (!c) return;
    c.lineWidth = 2.3;
    c.lineCap = 'round';
    c.beginPath();
    c.moveTo(...from);
    c.lineTo(to[0] + 0.01, to[1]);
    c.stroke();
    changed();
  };
  const keys = (e: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -SIZE, ArrowDown: SIZE }[e.key];
    if (step !== undefined) {
      const next = Math.min(PIXELS - 1, Math.max(0, cursor + step));
      setCursor(next);
      onPixel(next);
    } else if (e.key === ' ') {
      const at = [(cursor % SIZE) + 0.5, Math.floor(cursor / SIZE) + 0.5] as const;
      stroke(at, at);
    } else return;
    e.preventDefault();
  };
  return (
    <div class="pad">
      <canvas
        ref={canvas}
        class="ink"
        width={SIZE}
        height={SIZE}
        tabIndex={0}
        role="application"
        aria-label="Drawing pad: draw a digit with the pointer, or with arrow keys and the space bar"
        onKeyDown={keys}
        onFocus={() => onPixel(null)}
        onPointerDown={(e) => {
          const at = place(e);
          last.current = at;
          stroke(at, at);
          try {
            e.currentTarget.setPointerCapture(e.pointerId);
          } catch {
            // a pointer that is gone already
          }
        }}
        onPointerMove={(e) => {
          const at = place(e);
          const [x, y] = at.map((v) => Math.min(SIZE - 1, Math.max(0, Math.floor(v)))) as [
            number,
            number,
          ];
          onPixel(y * SIZE + x);
          if (last.current) stroke(last.current, at);
          if (last.current) last.current = at;
        }}
        onPointerUp={() => (last.current = null)}
        onPointerCancel={() => (last.current = null)}
        onPointerLeave={() => onPixel(null)}
      />
      {overlay && (
        <div class="overlay">
          <PixelMap
            values={overlay}
            width={SIZE}
            height={SIZE}
            scale={scale}
            label="the map of the class over the digit"
          />
        </div>
      )}
      {marked !== null && (
        <svg class="mark" viewBox="0 0 28 28" aria-hidden="true">
          <rect x={marked % SIZE} y={Math.floor(marked / SIZE)} width="1" height="1" />
        </svg>
      )}
    </div>
  );
}
