import { useRef } from 'preact/hooks';
import { PixelMap } from '../ui/PixelMap.tsx';
import { SIZE } from '../xray/digits.ts';

interface Props {
  readonly image: ArrayLike<number>;
  /** the pixel that is looked at */
  readonly pixel: number | null;
  readonly onPixel: (pixel: number | null) => void;
  /** more ink is wanted here, or less */
  readonly onPaint: (pixel: number, less: boolean) => void;
}

const MIDDLE = (SIZE / 2) * SIZE + SIZE / 2;

/** The image, to be painted on. Keys: arrows move to another pixel, the space bar paints there. */
export function Decoded({ image, pixel, onPixel, onPaint }: Props) {
  const drawing = useRef(false);
  const pixelOf = (e: PointerEvent): number | null => {
    const box = (e.currentTarget as HTMLElement).getBoundingClientRect();
    const x = Math.floor(((e.clientX - box.left) / box.width) * SIZE);
    const y = Math.floor(((e.clientY - box.top) / box.height) * SIZE);
    return x >= 0 && y >= 0 && x < SIZE && y < SIZE ? y * SIZE + x : null;
  };
  const keys = (e: KeyboardEvent): void => {
    const at = pixel ?? MIDDLE;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -SIZE, ArrowDown: SIZE }[e.key];
    if (step !== undefined) onPixel(Math.min(SIZE * SIZE - 1, Math.max(0, at + step)));
    else if (e.key === ' ') onPaint(at, e.shiftKey);
    else return;
    e.preventDefault();
  };
  return (
    <div
      class="pad decoded"
      tabIndex={0}
      role="application"
      aria-label="The decoded image: paint with the pointer, or with arrow keys and the space bar"
      onKeyDown={keys}
      onPointerDown={(e) => {
        drawing.current = true;
        try {
          e.currentTarget.setPointerCapture(e.pointerId);
        } catch {
          // a pointer that is gone already
        }
      }}
      onPointerUp={() => (drawing.current = false)}
      onPointerCancel={() => (drawing.current = false)}
      onPointerMove={(e) => {
        const at = pixelOf(e);
        onPixel(at);
        if (drawing.current && at !== null) onPaint(at, e.shiftKey);
      }}
      onPointerLeave={() => onPixel(null)}
    >
      <PixelMap values={image} width={SIZE} height={SIZE} scale={1} ink label="" />
      {pixel !== null && (
        <svg class="mark" viewBox={`0 0 ${SIZE} ${SIZE}`} aria-hidden="true">
          <rect x={pixel % SIZE} y={Math.floor(pixel / SIZE)} width="1" height="1" />
        </svg>
      )}
    </div>
  );
}
