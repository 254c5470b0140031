import { useEffect, useMemo, useState } from 'preact/hooks';
import facts from '../models/precomputed.json';
import mapsUrl from '../models/precomputed.bin?url';
import { PixelMap } from '../ui/PixelMap.tsx';
import { Classes } from '../xray/Classes.tsx';
import { labels, loadDigits, PIXELS, SIZE } from '../xray/digits.ts';
import { Sensitivities } from '../xray/Side.tsx';

/** What to do in this browser. */
function advice(missing: 'api' | 'adapter'): string {
  const agent = navigator.userAgent;
  if (missing === 'adapter')
    return 'This browser has WebGPU, but found no GPU it may use. Update the graphics driver, and check that hardware acceleration is on in the settings.';
  if (!isSecureContext)
    return 'Browsers offer WebGPU to secure pages only: open this page over https.';
  if (/Firefox/.test(agent))
    return 'Firefox has WebGPU on Windows and on recent Macs. Elsewhere, set dom.webgpu.enabled in about:config, or open this page in Chrome or Edge.';
  if (/Safari/.test(agent) && !/Chrom|Edg/.test(agent))
    return 'Safari has WebGPU from version 26 on. Update the system, or open this page in Chrome.';
  if (/Linux/.test(agent) && !/Android/.test(agent))
    return 'On Linux, Chrome has WebGPU on many GPUs from version 144 on; before, set chrome://flags/#enable-unsafe-webgpu.';
  return 'Open this page in a current Chrome, Edge, Safari or Firefox.';
}

/** The page without WebGPU: what is missing, and results that were computed before. */
export function NoGpu({ missing }: { missing: 'api' | 'adapter' }) {
  const [digits, setDigits] = useState<Float32Array[]>([]);
  const [maps, setMaps] = useState<Int8Array | null>(null);
  const [at, setAt] = useState(0);
  const [pixel, setPixel] = useState<number | null>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  useEffect(() => {
    void loadDigits().then((d) => setDigits(d.slice(0, facts.scores.length)));
    void fetch(mapsUrl)
      .then((r) => r.arrayBuffer())
      .then((b) => setMaps(new Int8Array(b)));
  }, []);
  const rows = useMemo(() => {
    const part = maps?.subarray(at * 10 * PIXELS, (at + 1) * 10 * PIXELS);
    return Float32Array.from(part ?? [], (v) => (v * facts.scale) / 127);
  }, [maps, at]);
  const scale = useMemo(() => rows.reduce((m, v) => Math.max(m, Math.abs(v)), 0) || 1, [rows]);
  const digit = digits[at];
  return (
    <>
      <div class="notice" role="alert">
        <h2>{missing === 'api' ? 'This browser has no WebGPU' : 'No GPU was found'}</h2>
        <p>{advice(missing)}</p>
        <p>
          Below are results that were computed before, so that you can see what it is about: each
          map is one row of the Jacobian of a digit classifier, <em class="plus">red</em> where more
          ink raises that score, <em class="minus">blue</em> where it lowers it.
        </p>
      </div>
      {digit && rows.length > 0 && (
        <div class="xray" data-done="yes">
          <section class="draw">
            <div class="pad still">
              <PixelMap
                values={digit}
                width={SIZE}
                height={SIZE}
                scale={1}
                label={`the digit ${labels[at]}`}
                ink
                onPixel={setPixel}
              />
            </div>
            <div class="picks" role="group" aria-label="Digits">
              {digits.map((d, i) => (
                <button
                  key={i}
                  type="button"
                  aria-pressed={i === at}
                  aria-label={`the digit ${labels[i]}`}
                  onClick={() => setAt(i)}
                >
                  <PixelMap values={d} width={SIZE} height={SIZE} scale={1} label="" ink />
                </button>
              ))}
            </div>
          </section>
          <Classes
            scores={facts.scores[at] ?? []}
            rows={rows}
            width={SIZE}
            height={SIZE}
            scale={scale}
            pixel={pixel}
            onPixel={setPixel}
            chosen={chosen}
            onChoose={setChosen}
          />
          <aside>
            <Sensitivities
              rows={rows}
              scores={facts.scores[at] ?? []}
              pixel={pixel}
              width={SIZE}
              scale={scale}
            />
          </aside>
        </div>
      )}
    </>
  );
}
