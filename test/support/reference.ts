import { expect } from 'vitest';
import { readFixture } from './fixtures.ts';

/** A concrete array of any origin: a fixture, the float64 interpreter, or one read from the GPU. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** A tree of arrays, as functions and transforms return it. */
export type Result = Numbers | readonly Result[] | { readonly [key: string]: Result };

/** Numbers nested to any depth. */
export type Nested = number | readonly Nested[];

/** How far a result may be from its reference, as the fixture headers state it. */
export type Tolerance = 'tol_f32' | 'tol_f64';

/** One array of a `*.ref.json` header or of `functions_open.json`. */
export interface Reference extends Numbers {
  readonly max_abs: number;
  readonly tol_f32: number;
  readonly tol_f64: number;
}

interface Header {
  readonly bin: string;
  readonly bytes: number;
  readonly dtype: 'float32' | 'float64';
}

interface Entry {
  readonly shape: readonly number[];
  readonly offset: number;
  readonly length: number;
}

const parse = (bytes: ArrayBuffer): unknown => JSON.parse(new TextDecoder().decode(bytes));

/** A JSON file below `test/fixtures`. */
export async function readJson(path: string): Promise<unknown> {
  return parse(await readFixture(path));
}

async function readArrays<H extends Header, E extends Entry>(
  path: string,
  entries: (header: H) => Readonly<Record<string, E>>,
): Promise<{ header: H; arrays: Map<string, E & { data: Float32Array | Float64Array }> }> {
  const header = (await readJson(path)) as H;
  const bytes = await readFixture(path.replace(/[^/]+$/, header.bin));
  if (bytes.byteLength !== header.bytes)
    throw new Error(`${header.bin}: expected ${header.bytes} bytes, got ${bytes.byteLength}`);
  const Elements = header.dtype === 'float64' ? Float64Array : Float32Array;
  const arrays = new Map<string, E & { data: Float32Array | Float64Array }>();
  for (const [key, entry] of Object.entries(entries(header)))
    arrays.set(key, { ...entry, data: new Elements(bytes, entry.offset, entry.length) });
  return { header, arrays };
}

export interface ModelReference {
  readonly labels: readonly number[];
  /** An input or output array by its key; throws on a key the file has not. */
  get(key: string): Reference & { readonly data: Float64Array };
  keys(): string[];
}

/** Inputs and float64 results of a model: `models/NAME.ref.json` and its `.bin`. */
export async function readReference(name: string): Promise<ModelReference> {
  type RefHeader = Header & { labels?: number[]; arrays: Record<string, Entry & Reference> };
  const { header, arrays } = await readArrays(
    `models/${name}.ref.json`,
    (h: RefHeader) => h.arrays,
  );
  return {
    labels: header.labels ?? [],
    get(key) {
      const found = arrays.get(key);
      if (!found) throw new Error(`${name}: no array ${key}; it has ${[...arrays.keys()].join()}`);
      return found as Reference & { data: Float64Array };
    },
    keys: () => [...arrays.keys()],
  };
}

/** The float32 parameters of a model by name: `models/NAME.weights.json` and its `.bin`. */
export async function readWeights(
  name: string,
): Promise<Map<string, { shape: readonly number[]; data: Float32Array }>> {
  const { arrays } = await readArrays(
    `models/${name}.weights.json`,
    (h: Header & { tensors: Record<string, Entry> }) => h.tensors,
  );
  return arrays as Map<string, Entry & { data: Float32Array }>;
}

/** Nested numbers as an array: `numbers([[1, 2]])` has shape [1,2]. */
export function numbers(nested: Nested): Numbers {
  const shape: number[] = [];
  for (let level: Nested = nested; typeof level !== 'number'; level = level[0] ?? 0)
    shape.push(level.length);
  const data: number[] = [];
  const walk = (level: Nested, axis: number): void => {
    if (typeof level === 'number') {
      if (axis !== shape.length) throw new Error('numbers: rows differ in depth');
      data.push(level);
      return;
    }
    if (level.length !== shape[axis]) throw new Error('numbers: rows differ in length');
    for (const below of level) walk(below, axis + 1);
  };
  walk(nested, 0);
  return { shape, data };
}

/** An array of `shape` whose element at flat index i is `value(i)`. */
export function filled(shape: readonly number[], value: number | ((i: number) => number)): Numbers {
  const size = shape.reduce((a, b) => a * b, 1);
  const at = typeof value === 'number' ? () => value : value;
  return { shape, data: Float64Array.from({ length: size }, (_, i) => at(i)) };
}

/** The Jacobian of an elementwise function: `diagonal[i]` at (i, i), exact zeros elsewhere. */
export function elementwiseJacobian(
  shape: readonly number[],
  diagonal: readonly number[],
): Numbers {
  const n = diagonal.length;
  const at = (i: number): number => (i % (n + 1) === 0 ? (diagonal[i / (n + 1)] as number) : 0);
  return filled([...shape, ...shape], at);
}

/** Row `i` of the leading axis. */
export function row<T extends Numbers>(x: T, i: number): Numbers {
  const shape = x.shape.slice(1);
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Array.prototype.slice.call(x.data, i * size, (i + 1) * size) };
}

/** Sum of the elements. */
export const total = (x: Numbers): number => Array.from(x.data).reduce((sum, v) => sum + v, 0);

/** Largest |element|; NaN if there is one. */
export function maxAbs(x: Numbers): number {
  let m = 0;
  for (let i = 0; i < x.data.length; i++) {
    const a = Math.abs(x.data[i] as number);
    if (!(a <= m)) m = a;
  }
  return m;
}

/** Largest |got - want|; infinities and NaN must be the same in both. */
export function maxError(got: Numbers, want: Numbers): number {
  let m = 0;
  for (let i = 0; i < want.data.length; i++) {
    const g = got.data[i] as number;
    const w = want.data[i] as number;
    if (Object.is(g, w)) continue;
    const d = Math.abs(g - w);
    if (!(d <= m)) m = d;
  }
  return m;
}

/** |got - want| as a fraction of |want|, both as Frobenius norms. */
export function relativeError(got: Numbers, want: Numbers): number {
  let error = 0;
  let norm = 0;
  for (let i = 0; i < want.data.length; i++) {
    const w = want.data[i] as number;
    error += ((got.data[i] as number) - w) ** 2;
    norm += w * w;
  }
  return Math.sqrt(error / norm);
}

export const isNumbers = (x: Result): x is Numbers =>
  'shape' in x && 'data' in x && !Array.isArray(x);

/** The leaf of `tree` below `keys`. */
export function leaf(tree: Result, ...keys: (string | number)[]): Numbers {
  let at: Result | undefined = tree;
  for (const key of keys) {
    if (isNumbers(at))
      throw new Error(`the result has no ${keys.join('.')}: found an array above ${key}`);
    at = (at as Readonly<Record<string | number, Result>>)[key];
    if (at === undefined) throw new Error(`the result has no ${keys.join('.')}`);
  }
  if (!isNumbers(at)) throw new Error(`${keys.join('.')} is a tree, not an array`);
  return at;
}

/** Asserts shape and every element: |got - want| <= tolerance, which may be 0. */
export function expectNumbers(got: Numbers, want: Numbers, tolerance: number, what = ''): void {
  expect([...got.shape], `shape ${what}`).toEqual([...want.shape]);
  expect(got.data.length, `elements ${what}`).toBe(want.data.length);
  const error = maxError(got, want);
  if (!(error <= tolerance)) {
    // written this way a NaN fails, and the message shows numbers
    const show = (x: Numbers): string =>
      Array.from({ length: Math.min(x.data.length, 12) }, (_, i) => x.data[i]).join(', ');
    expect.fail(
      `${what} is off by ${error}, allowed ${tolerance}\n  got  ${show(got)}\n  want ${show(want)}`,
    );
  }
}

/** Asserts an array against its stored reference. */
export function expectReference(
  got: Numbers,
  want: Reference,
  tolerance: Tolerance,
  what = '',
): void {
  expectNumbers(got, want, want[tolerance], what);
}
