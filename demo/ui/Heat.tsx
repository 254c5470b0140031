import { useState } from 'preact/hooks';
import { scaleOf } from './colors.ts';
import { short } from './format.ts';
import { PixelMap } from './PixelMap.tsx';

interface Props {
  readonly title: string;
  readonly values: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
  /** name of an entry, as `∂y₁/∂x₂` */
  readonly name: (row: number, column: number) => string;
  readonly onHover?: (row: number | null, column: number | null) => void;
}

/** A matrix as a picture; numbers in it where there is room, and always under the pointer. */
export function Heat({ title, values, rows, columns, name, onHover }: Props) {
  const [at, setAt] = useState<number | null>(null);
  const room = columns <= 8 && rows <= 10;
  const scale = scaleOf(values);
  const show = (i: number | null): void => {
    setAt(i);
    onHover?.(i === null ? null : Math.floor(i / columns), i === null ? null : i % columns);
  };
  const move = (e: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[e.key];
    if (step === undefined) return;
    show(Math.min(rows * columns - 1, Math.max(0, (at ?? -step) + step)));
    e.preventDefault();
  };
  return (
    <figure class="heat" tabIndex={0} onKeyDown={move} aria-label={`${title}, arrow keys move`}>
      <figcaption>
        <b>{title}</b>
        <span class="dim">
          {rows} × {columns}
        </span>
        <output>
          {at === null
            ? ''
            : `${name(Math.floor(at / columns), at % columns)} = ${short(values[at] as number, 6)}`}
        </output>
      </figcaption>
      <div
        class="cells"
        style={{
          aspectRatio: `${columns} / ${rows * (room ? 0.5 : 1)}`,
          maxWidth: `${Math.max(220, Math.min(900, columns * (room ? 110 : 40)))}px`,
        }}
      >
        <PixelMap
          values={values}
          width={columns}
          height={rows}
          scale={scale}
          label={title}
          onPixel={show}
        />
        {room && (
          <svg viewBox={`0 0 ${columns * 100} ${rows * 50}`} aria-hidden="true">
            {Array.from({ length: rows * columns }, (_, i) => (
              <text
                key={i}
                x={(i % columns) * 100 + 50}
                y={Math.floor(i / columns) * 50 + 31}
                class={Math.abs(values[i] as number) > 0.7 * scale ? 'strong' : ''}
              >
                {short(values[i] as number)}
              </text>
            ))}
          </svg>
        )}
        {at !== null && (
          <svg class="mark" viewBox={`0 0 ${columns} ${rows}`} preserveAspectRatio="none">
            <rect x={at % columns} y={Math.floor(at / columns)} width="1" height="1" />
          </svg>
        )}
      </div>
    </figure>
  );
}
