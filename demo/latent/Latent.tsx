import { useEffect, useRef, useState } from 'preact/hooks';
import { urlField } from '../app/state.ts';
import { How } from '../how/How.tsx';
import { scaleOf } from '../ui/colors.ts';
import { messageOf } from '../ui/format.ts';
import { Heat } from '../ui/Heat.tsx';
import { asMode, Modes } from '../ui/Modes.tsx';
import { subscript } from '../ui/subscript.ts';
import { Timing } from '../ui/Timing.tsx';
import type { LatentResult, Subject } from '../worker/api.ts';
import { SIZE } from '../xray/digits.ts';
import { Latest } from '../ui/latest.ts';
import { worker } from '../worker/client.ts';
import { brush } from './brush.ts';
import { Decoded } from './Decoded.tsx';
import { Ellipse } from './Ellipse.tsx';
import { Sliders } from './Sliders.tsx';

const LATENTS = 16;
const begin =
  '-0.41,1.03,-0.23,0.01,0.15,-2.13,0.31,0.03,2.01,0.01,0.44,-1.35,-0.31,-0.23,0.87,0.11';
const field = urlField('z', begin);
const mode = urlField('order', 'auto');
const subject: Subject = { kind: 'model', id: 'decoder' };

function readLatents(text: string): Float32Array {
  const numbers = text.split(',').map(Number);
  const good = numbers.length === LATENTS && numbers.every((v) => Math.abs(v) <= 3);
  return good ? Float32Array.from(numbers) : readLatents(begin);
}
const write = (z: ArrayLike<number>): string => Array.from(z, (v) => v.toFixed(2)).join(',');

type Shown = LatentResult & { readonly key: string };

/** A decoder's sixteen latents: what each does to the image, and the other way round. */
export function Latent() {
  const [shown, setShown] = useState<Shown | null>(null);
  const [error, setError] = useState('');
  const [pair, setPair] = useState<readonly [number, number]>([5, 8]);
  const [pixel, setPixel] = useState<number | null>(null);
  const z = readLatents(field.value);
  const order = asMode(mode.value);
  const key = `${field.value} ${order}`;
  const latest = useRef<Latest<Shown> | null>(null);
  latest.current ??= new Latest(
    (r) => {
      setShown(r);
      setError('');
    },
    (e) => setError(messageOf(e)),
  );
  useEffect(() => {
    latest.current?.ask(async () => ({ ...(await worker().latent(z, order)), key }));
  }, [key]);

  const pulling = useRef<Latest<Float32Array> | null>(null);
  pulling.current ??= new Latest(
    (next) => (field.value = write(next)),
    (e) => setError(messageOf(e)),
  );
  const pull = (at: number, less: boolean): void => {
    if (!shown) return;
    const change = brush(at, SIZE, less ? -0.5 : 0.5);
    const { jacobian, metric } = shown;
    pulling.current?.ask(() =>
      worker().moved(readLatents(field.value), { jacobian, metric }, change),
    );
  };
  const columns = shown ? columnsOf(shown.jacobian) : [];
  const scale = scaleOf(shown?.jacobian ?? []);
  return (
    <>
      <div class="intro">
        <h2>Steer a decoder from both ends</h2>
        <p>
          Sixteen latents make a digit. Each small map is one column of the Jacobian: what that
          latent does to every pixel. Or paint on the image, and the latents follow by the
          pseudo-inverse.
        </p>
      </div>
      <div class="toolbar">
        <button
          type="button"
          onClick={() =>
            (field.value = write(
              Array.from({ length: LATENTS }, () => 2.4 * (Math.random() - 0.5)),
            ))
          }
        >
          Somewhere else
        </button>
        <button type="button" onClick={() => (field.value = begin)}>
          Back to the start
        </button>
        <Modes value={mode} />
        <Timing result={shown} size="image, Jacobian [784, 16] and JᵀJ" />
      </div>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <div class="latent" data-done={shown?.key === key ? 'yes' : 'no'}>
        <section>
          <Decoded image={shown?.image ?? []} pixel={pixel} onPixel={setPixel} onPaint={pull} />
          <p class="dim hint">
            Paint for more ink, with Shift for less; or arrow keys and the space bar.
          </p>
        </section>
        <Sliders
          z={z}
          columns={columns}
          scale={scale}
          pixel={pixel}
          size={SIZE}
          onChange={(i, v) => (field.value = write(z.map((u, j) => (i === j ? v : u))))}
        />
        <aside>
          <section class="card">
            {shown && (
              <Heat
                title="Metric JᵀJ"
                values={shown.metric}
                rows={LATENTS}
                columns={LATENTS}
                name={(i, j) => `(JᵀJ)${subscript(i)},${subscript(j)}`}
                onHover={(i, j) => {
                  if (i !== null && j !== null && i !== j) setPair([i, j]);
                }}
              />
            )}
          </section>
          <section class="card">
            <h3>
              z{subscript(pair[0])} against z{subscript(pair[1])}
            </h3>
            <p class="dim">
              Steps on the ellipse change the image by the same amount. Choose a pair in the metric.
            </p>
            {shown && <Ellipse metric={shown.metric} n={LATENTS} pair={pair} />}
          </section>
        </aside>
      </div>
      <How subject={subject} x={z} mode={order} />
    </>
  );
}

/** The columns of a row-major `[784, 16]` matrix. */
function columnsOf(jacobian: Float32Array): Float32Array[] {
  return Array.from({ length: LATENTS }, (_, j) =>
    Float32Array.from({ length: SIZE * SIZE }, (_, i) => jacobian[i * LATENTS + j] as number),
  );
}
