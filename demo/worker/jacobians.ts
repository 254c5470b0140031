import {
  array,
  evaluate,
  hessian,
  valueAndJacobian,
  vjp,
  type Compiled,
  type DeviceArray,
  type Profile,
  type Tensor,
} from '../../src/index.ts';
import type { ChunkMemory, HowFacts, JacobianResult, Mode, Subject } from './api.ts';
import { engineOf } from './gpu.ts';
import { singularValues } from './singular.ts';
import { resolve } from './subject.ts';

type Both = Compiled<[Tensor], [Tensor, Tensor]>;
type Row = Compiled<[Tensor, Tensor], [Tensor, Tensor]>;
type Second = Compiled<[Tensor], Tensor>;

/** Compiled functions by subject and mode, the oldest ones forgotten. */
const cache = new Map<string, Promise<unknown>>();
const MOST_KEPT = 24;

function kept<T>(key: string, make: () => Promise<T>): Promise<T> {
  let found = cache.get(key) as Promise<T> | undefined;
  cache.delete(key);
  found ??= make();
  found.catch(() => cache.delete(key));
  cache.set(key, found);
  const oldest = cache.keys().next().value;
  if (cache.size > MOST_KEPT && oldest !== undefined) cache.delete(oldest);
  return found;
}

/** Forgets what was compiled for a model whose file was replaced. */
export function forget(id: string): void {
  for (const key of cache.keys()) if (key.includes(JSON.stringify(id))) cache.delete(key);
}

const both = (subject: Subject, mode: Exclude<Mode, 'rows'>, chunk?: number): Promise<Both> =>
  kept(`${JSON.stringify(subject)} ${mode} ${chunk}`, async () => {
    const f = await resolve(subject);
    const options = { mode, ...(chunk !== undefined && { chunk }) };
    return (await engineOf()).compile(valueAndJacobian(f, options), { label: `J ${mode}` });
  });

const oneRow = (subject: Subject): Promise<Row> =>
  kept(`${JSON.stringify(subject)} rows`, async () => {
    const f = await resolve(subject);
    const row = (x: Tensor, u: Tensor): [Tensor, Tensor] => {
      const [y, pullback] = vjp(f, x) as [Tensor, (u: Tensor) => Tensor | Tensor[]];
      const g = pullback(u.reshape(y.shape));
      return [y, Array.isArray(g) ? (g[0] as Tensor) : g];
    };
    return (await engineOf()).compile(row, { label: 'one row' });
  });

const second = (subject: Subject): Promise<Second> =>
  kept(`${JSON.stringify(subject)} hessian`, async () => {
    const f = await resolve(subject);
    return (await engineOf()).compile(
      hessian((x: Tensor) => f(x).reshape([])),
      {
        label: 'hessian',
      },
    );
  });

async function take(x: DeviceArray): Promise<Float32Array> {
  const data = await x.read<Float32Array>();
  x.destroy();
  return data;
}

/** Value and Jacobian with all seeds at once. */
async function batched(f: Both, x: Float32Array): Promise<[Float32Array, Float32Array, number[]]> {
  const [value, jacobian] = await f(array(x));
  const shape = [...value.shape];
  return [...(await Promise.all([take(value), take(jacobian)])), shape];
}

/** The same the way people do without an engine for it: one pass back for each output. */
async function rowByRow(f: Row, x: Float32Array, outputs: number, shape: readonly number[]) {
  const jacobian = new Float32Array(outputs * x.length);
  let value: Float32Array = new Float32Array();
  for (let i = 0; i < outputs; i++) {
    const seed = new Float32Array(outputs);
    seed[i] = 1;
    const [y, row] = await f(array(x), array(seed));
    jacobian.set(await take(row), i * x.length);
    if (i === 0) value = await take(y);
    else y.destroy();
  }
  return [value, jacobian, [...shape]] as const;
}

const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Shape of the result for inputs of this length. */
async function outputShape(subject: Subject, inputs: number): Promise<readonly number[]> {
  const f = await resolve(subject);
  return evaluate(f, array(new Float32Array(inputs))).shape;
}

/** Value, Jacobian, singular values and, for scalars when asked for, the Hessian. */
export async function jacobianOf(
  subject: Subject,
  x: Float32Array,
  mode: Mode,
  options: { readonly hessian?: boolean } = {},
): Promise<JacobianResult> {
  const engine = await engineOf();
  const begun = performance.now();
  let run: () => Promise<readonly [Float32Array, Float32Array, readonly number[]]>;
  if (mode === 'rows') {
    const shape = await shapeOf(subject, x.length);
    const f = await oneRow(subject);
    await f.prepare({ shape: [x.length] }, { shape: [elements(shape)] });
    run = () => rowByRow(f, x, elements(shape), shape);
  } else {
    const f = await both(subject, mode);
    await f.prepare({ shape: [x.length] });
    run = () => batched(f, x);
  }
  const ready = performance.now();
  const before = engine.stats.submissions;
  const [value, jacobian, valueShape] = await run();
  const milliseconds = performance.now() - ready;
  const submissions = engine.stats.submissions - before;
  const scalar = options.hessian && value.length === 1;
  const H = scalar ? await take(await (await second(subject))(array(x))) : undefined;
  return {
    value,
    valueShape,
    jacobian,
    singularValues: singularValues(jacobian, value.length, x.length),
    ...(H && { hessian: H }),
    milliseconds,
    compileMilliseconds: ready - begun,
    submissions,
  };
}

/** The quickest of three runs, as the first ones meet a cold device; where there are no GPU times, why. */
async function quickest(run: () => Promise<Profile>): Promise<Profile | string> {
  try {
    const runs = [await run(), await run(), await run()];
    return runs.reduce((a, b) => (b.milliseconds < a.milliseconds ? b : a));
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
}

/** What ran and why, with the GPU time of each kernel where the device tells. */
export async function howOf(subject: Subject, x: Float32Array, mode: Mode): Promise<HowFacts> {
  const shape = await shapeOf(subject, x.length);
  const outputs = elements(shape);
  const seed = new Float32Array(outputs);
  seed[0] = 1;
  const values = mode === 'rows' ? [array(x), array(seed)] : [array(x)];
  const plan =
    mode === 'rows'
      ? await (await oneRow(subject)).prepare(...values)
      : await (await both(subject, mode)).prepare(...values);
  const profile = await quickest(() => plan.profile(...values));
  const explanation = plan.explain().json;
  if (mode === 'auto') return { mode, explanation, profile, outputs, inputs: x.length };
  const auto = await (await both(subject, 'auto')).explain({ shape: [x.length] });
  const candidates = auto.json.jacobians;
  return {
    mode,
    explanation: { ...explanation, jacobians: candidates },
    profile,
    outputs,
    inputs: x.length,
  };
}

/** Memory of a plan that carries so many seeds at a time. */
export async function memoryWith(
  subject: Subject,
  inputs: number,
  mode: 'reverse' | 'forward',
  chunk: number,
): Promise<ChunkMemory> {
  const f = await both(subject, mode, chunk);
  const { json } = await f.explain({ shape: [inputs] });
  return { chunk, bytes: json.memory.intermediates };
}

const shapes = new Map<string, Promise<readonly number[]>>();
function shapeOf(subject: Subject, inputs: number): Promise<readonly number[]> {
  const key = `${JSON.stringify(subject)} ${inputs}`;
  const known = shapes.get(key) ?? outputShape(subject, inputs);
  known.catch(() => shapes.delete(key));
  if (shapes.size > 100) shapes.clear();
  shapes.set(key, known);
  return known;
}
