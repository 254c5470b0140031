import { PixelMap } from '../ui/PixelMap.tsx';
import { short } from '../ui/format.ts';
import { indexOfLargest } from './largest.ts';

interface Props {
  readonly scores: ArrayLike<number>;
  /** row-major, `[scores, width * height]` */
  readonly rows: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  readonly pixel: number | null;
  readonly onPixel: (pixel: number | null) => void;
  readonly chosen: number | null;
  readonly onChoose: (row: number | null) => void;
}

/** At most so many maps are shown; a model may have a thousand classes. */
const MOST = 40;

/** Each output with its score and the map of its row of J. */
export function Classes(props: Props) {
  const { scores, rows, width, height, scale, pixel, chosen } = props;
  const best = indexOfLargest(scores);
  const size = width * height;
  const shown = Array.from({ length: Math.min(scores.length, MOST) }, (_, i) => i);
  return (
    <div class="classes">
      {shown.map((i) => (
        <figure
          key={i}
          class={`class${i === best ? ' best' : ''}${i === chosen ? ' chosen' : ''}`}
          tabIndex={0}
          onPointerEnter={() => props.onChoose(i)}
          onPointerLeave={() => props.onChoose(null)}
          onFocus={() => props.onChoose(i)}
          onBlur={() => props.onChoose(null)}
        >
          <div class="map">
            <PixelMap
              values={rows.subarray(i * size, (i + 1) * size)}
              width={width}
              height={height}
              scale={scale}
              label={`derivatives of score ${i} by each pixel`}
              onPixel={props.onPixel}
            />
            {pixel !== null && (
              <svg class="mark" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
                <rect x={pixel % width} y={Math.floor(pixel / width)} width="1" height="1" />
              </svg>
            )}
          </div>
          <figcaption>
            <b>{i}</b>
            <output>{short(scores[i] as number, 4)}</output>
          </figcaption>
        </figure>
      ))}
      {scores.length > MOST && (
        <p class="dim">
          and {scores.length - MOST} more; the first {MOST} are shown
        </p>
      )}
    </div>
  );
}
