import { short } from '../ui/format.ts';
import { PixelMap } from '../ui/PixelMap.tsx';
import { subscript } from '../ui/subscript.ts';

interface Props {
  readonly z: Float32Array;
  readonly columns: readonly Float32Array[];
  readonly scale: number;
  readonly pixel: number | null;
  readonly size: number;
  readonly onChange: (latent: number, value: number) => void;
}

/** Each latent: its column of J as an image, and its slider. */
export function Sliders({ z, columns, scale, pixel, size, onChange }: Props) {
  return (
    <div class="latents">
      {Array.from(z, (v, i) => (
        <figure key={i}>
          <div class="map">
            <PixelMap
              values={columns[i] ?? []}
              width={size}
              height={size}
              scale={scale}
              label={`derivatives of each pixel by latent ${i}`}
            />
          </div>
          <label>
            <span>
              z{subscript(i)} <output>{v.toFixed(2).replace('-', '−')}</output>
              {pixel !== null && columns[i] && (
                <output class="at">{short(columns[i][pixel] as number, 2)}</output>
              )}
            </span>
            <input
              type="range"
              min="-3"
              max="3"
              step="0.01"
              value={v}
              aria-label={`latent ${i}`}
              onInput={(e) => onChange(i, e.currentTarget.valueAsNumber)}
            />
          </label>
        </figure>
      ))}
    </div>
  );
}
