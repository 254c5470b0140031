import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { urlField } from '../app/state.ts';
import { How } from '../how/How.tsx';
import { scaleOf } from '../ui/colors.ts';
import { messageOf } from '../ui/format.ts';
import { asMode, Modes } from '../ui/Modes.tsx';
import { PixelMap } from '../ui/PixelMap.tsx';
import { Timing } from '../ui/Timing.tsx';
import type { JacobianResult, Mode, ModelFacts, Subject } from '../worker/api.ts';
import { Latest } from '../ui/latest.ts';
import { worker } from '../worker/client.ts';
import { Classes } from './Classes.tsx';
import { labels, loadDigits, PIXELS, SIZE } from './digits.ts';
import { inputOf, pictureOf } from './input.ts';
import { ModelChoice } from './ModelChoice.tsx';
import { Pad } from './Pad.tsx';
import { Sensitivities, Singular } from './Side.tsx';

const model = urlField('model', 'mlp');
const mode = urlField('order', 'auto');
const digit = urlField('digit', '0');

/** A Jacobian, and of what it is. */
interface Answer {
  readonly of: JacobianResult;
  readonly subject: Subject;
  readonly x: Float32Array;
  readonly order: Mode;
}

/** What a classifier looks at: ten rows of J under ten scores, following the pen. */
export function XRay() {
  const [digits, setDigits] = useState<Float32Array[]>([]);
  const [pixels, setPixels] = useState<Float32Array>(() => new Float32Array(PIXELS));
  const [facts, setFacts] = useState<ModelFacts | null>(null);
  const [ports, setPorts] = useState<{ input?: string; output?: string }>({});
  const [result, setResult] = useState<Answer | null>(null);
  const [error, setError] = useState('');
  const [pixel, setPixel] = useState<number | null>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  const latest = useRef<Latest<Answer> | null>(null);
  latest.current ??= new Latest(
    (r) => {
      setResult(r);
      setError('');
    },
    (e) => setError(messageOf(e)),
  );

  useEffect(() => {
    loadDigits().then(setDigits, (e) => setError(messageOf(e)));
  }, []);
  useEffect(() => {
    const d = digits[Number(digit.value)];
    if (d) setPixels(d);
  }, [digits, digit.value]);
  useEffect(() => {
    let gone = false;
    worker()
      .facts(model.value)
      .then(
        (f) => {
          if (gone) return;
          setFacts(f);
          setPorts({});
        },
        (e) => {
          if (gone) return;
          setError(messageOf(e));
          if (!['mlp', 'cnn'].includes(model.value)) model.value = 'mlp';
        },
      );
    return () => void (gone = true);
  }, [model.value]);

  const input = facts?.inputs.find((p) => p.name === ports.input) ?? facts?.inputs[0];
  const subject = useMemo<Subject | null>(
    () => (facts ? { kind: 'model', id: facts.id, ...ports } : null),
    [facts, ports],
  );
  const x = useMemo(() => (input ? inputOf(input, pixels) : null), [input, pixels]);
  const order = asMode(mode.value);
  useEffect(() => {
    if (!subject || !x || digits.length === 0) return;
    const question = { subject, x, order };
    latest.current?.ask(async () => ({
      of: await worker().jacobian(subject, x, order),
      ...question,
    }));
  }, [subject, x, order, digits]);

  const picture = input ? pictureOf(input) : { width: SIZE, height: SIZE, size: PIXELS };
  const fits = result && result.of.jacobian.length === result.of.value.length * picture.size;
  const shown = fits ? result.of : null;
  const isCurrent = result?.x === x && result?.subject === subject && result?.order === order;
  const scale = useMemo(() => scaleOf(shown?.jacobian ?? []), [shown]);
  const isPad = picture.size === PIXELS;
  return (
    <>
      <div class="intro">
        <h2>What does a classifier look at?</h2>
        <p>
          Draw a digit. Each map is one row of the Jacobian: <em class="plus">red</em> where more
          ink raises that score, <em class="minus">blue</em> where it lowers it. All of them, every
          time you move the pen.
        </p>
      </div>
      <div class="toolbar">
        <ModelChoice
          model={model}
          facts={facts}
          ports={ports}
          onPorts={setPorts}
          onLoaded={(f) => {
            setFacts(f);
            setPorts({});
            setError('');
            model.value = f.id;
          }}
          onError={setError}
        />
        <Modes value={mode} />
        <Timing
          result={result?.of ?? null}
          {...(shown && {
            size: `${shown.jacobian.length.toLocaleString('en')} derivatives`,
          })}
        />
      </div>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <div class="xray" data-done={isCurrent && shown ? 'yes' : 'no'}>
        <section class="draw">
          <Pad
            pixels={pixels}
            overlay={isPad && shown && chosen !== null ? rowOf(shown, chosen, picture.size) : null}
            scale={scale}
            marked={isPad ? pixel : null}
            onDraw={(p) => {
              digit.value = 'own';
              setPixels(p);
            }}
            onPixel={setPixel}
          />
          <div class="picks" role="group" aria-label="Digits to start from">
            {digits.map((d, i) => (
              <button
                key={i}
                type="button"
                aria-pressed={digit.value === String(i)}
                aria-label={`the digit ${labels[i]}`}
                onClick={() => (digit.value = String(i))}
              >
                <PixelMap values={d} width={SIZE} height={SIZE} scale={1} label="" ink />
              </button>
            ))}
            <button
              type="button"
              class="clear"
              onClick={() => {
                digit.value = 'own';
                setPixels(new Float32Array(PIXELS));
              }}
            >
              Clear
            </button>
          </div>
        </section>
        {shown ? (
          <Classes
            scores={shown.value}
            rows={shown.jacobian}
            width={picture.width}
            height={picture.height}
            scale={scale}
            pixel={pixel}
            onPixel={setPixel}
            chosen={chosen}
            onChoose={setChosen}
          />
        ) : (
          <Skeleton />
        )}
        {shown && (
          <aside>
            <Sensitivities
              rows={shown.jacobian}
              scores={shown.value}
              pixel={pixel}
              width={picture.width}
              scale={scale}
            />
            <Singular values={shown.singularValues} />
          </aside>
        )}
      </div>
      {subject && x && <How subject={subject} x={x} mode={asMode(mode.value)} />}
    </>
  );
}

const rowOf = (r: JacobianResult, i: number, size: number): Float32Array =>
  r.jacobian.subarray(i * size, (i + 1) * size);

/** Where the maps will be. */
function Skeleton() {
  return (
    <div class="classes" aria-hidden="true">
      {Array.from({ length: 10 }, (_, i) => (
        <figure key={i} class="class">
          <div class="map empty" />
          <figcaption>
            <b>{i}</b>
          </figcaption>
        </figure>
      ))}
    </div>
  );
}
