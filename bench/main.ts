// npm run bench [-- SUBJECT...]: medians over repeated runs, on the best adapter there is
import { createEngine, type Engine } from '../src/node.ts';
import { measureJacobian } from './jacobian.ts';
import type { Row } from './measure.ts';

const subjects: Record<string, (engine: Engine) => Promise<Row[]>> = {
  jacobian: measureJacobian,
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in subjects));
if (unknown.length)
  throw new Error(`no subject ${unknown.join()}; there are ${Object.keys(subjects).join()}`);

const engine = await createEngine();
const { vendor, architecture, description } = engine.info;
console.log([vendor, architecture, description].filter(Boolean).join(', '));
for (const [name, measure] of Object.entries(subjects)) {
  if (names.length && !names.includes(name)) continue;
  console.log(`\n${name}`);
  console.table(await measure(engine));
}
engine.destroy();
