import digitUrl from '../test/fixtures/models/digit-eight.png';
import { array, createEngine, valueAndJacobian } from '../src/index.ts';
import { loadClassifier } from './classifier.ts';
import { showMap, showPicture } from './picture.ts';

const size = 28;

/** The element of index.html with this id. */
function byId<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

async function main(): Promise<string> {
  const digit = await showPicture(byId<HTMLCanvasElement>('digit'), digitUrl);
  const net = await loadClassifier();
  const pixels = array(digit, [size * size]);

  const engine = await createEngine();
  const J = engine.compile(valueAndJacobian(net));
  const start = performance.now();
  await J.prepare(pixels);
  const compiled = performance.now();
  const [value, jacobian] = await J(pixels);
  const scores = await value.read();
  const rows = await jacobian.read();
  const done = performance.now();

  const best = scores.indexOf(Math.max(...scores));
  const scale = Math.max(...rows.map(Math.abs));
  scores.forEach((score, i) => {
    const map = showScore(i, score, i === best);
    showMap(map, rows.subarray(i * size * size, (i + 1) * size * size), scale);
  });

  const { vendor, architecture, description, isSoftware } = engine.info;
  const name = [vendor, architecture, description].filter(Boolean).join(' ') || 'a GPU';
  const norm = Math.hypot(...rows);
  return (
    `It is ${best === 8 ? 'an' : 'a'} ${best}. ‖J‖ = ${norm.toPrecision(6)}, on ${name}${isSoftware ? ' (software)' : ''}: ` +
    `compiled in ${(compiled - start).toFixed(1)} ms, run in ${(done - compiled).toFixed(1)} ms.`
  );
}

/** Adds one score to the page, with an empty map. */
function showScore(digit: number, score: number, best: boolean): HTMLCanvasElement {
  const figure = document.createElement('figure');
  figure.classList.toggle('best', best);
  const map = document.createElement('canvas');
  map.width = map.height = size;
  const caption = document.createElement('figcaption');
  caption.append(`${digit}: `);
  const number = document.createElement('output');
  number.textContent = score.toFixed(4);
  caption.append(number);
  figure.append(map, caption);
  byId('maps').append(figure);
  return map;
}

const status = byId('status');
try {
  status.textContent = await main();
  document.body.dataset.state = 'done';
} catch (e) {
  status.textContent = `Failed: ${e instanceof Error ? e.message : String(e)}`;
  document.body.dataset.state = 'failed';
}
