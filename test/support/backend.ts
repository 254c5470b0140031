import { compile, evaluate, type Tensor } from '../../src/index.ts';
import { expectNumbers, isNumbers, maxAbs, type Numbers, type Result } from './reference.ts';
import type { Tolerance } from './reference.ts';

/** A traced function of any arguments, as scenarios pass it to a backend. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any[] is how TypeScript says "any arguments"
export type Traced = (...args: any[]) => unknown;

/** Where a scenario runs: on the float64 interpreter, or as shaders on a GPU. */
export interface Backend {
  readonly name: 'reference' | 'gpu';
  readonly tolerance: Tolerance;
  /** Runs `f` and reads its result; rejects with what `f` or the library throws. */
  run(f: Traced, ...args: unknown[]): Promise<Result>;
  /** `run`, to be called again: on the GPU `f` is traced and compiled once for each shape. */
  compile(f: Traced): (...args: unknown[]) => Promise<Result>;
  /**
   * Asserts a tree of results: |got - want| <= accuracy x max(|want|) in each leaf, accuracy being
   * 1e-5 on the GPU (as the stored references have it) and 1e-9 on the interpreter. `scale` replaces
   * max(|want|) where the result is a difference of larger numbers.
   */
  close(got: Result, want: Result, scale?: number): void;
  /** Asserts a tree of results bit for bit. */
  exact(got: Result, want: Result): void;
}

function compareTrees(
  got: Result,
  want: Result,
  path: string,
  tolerance: (want: Numbers) => number,
): void {
  if (isNumbers(want)) {
    if (!isNumbers(got)) throw new Error(`${path || 'the result'} is a tree, expected an array`);
    expectNumbers(got, want, tolerance(want), path || 'the result');
    return;
  }
  if (isNumbers(got)) throw new Error(`${path || 'the result'} is an array, expected a tree`);
  const keys = (x: object): string =>
    `${Array.isArray(x) ? 'list' : 'object'} of ${Object.keys(x).sort().join()}`;
  if (keys(got) !== keys(want))
    throw new Error(`${path || 'the result'}: expected ${keys(want)}, got ${keys(got)}`);
  for (const key of Object.keys(want)) {
    const below = (x: Result): Result => (x as Readonly<Record<string, Result>>)[key] as Result;
    compareTrees(below(got), below(want), path === '' ? key : `${path}.${key}`, tolerance);
  }
}

const assertions = (accuracy: number): Pick<Backend, 'close' | 'exact'> => ({
  close(got, want, scale) {
    compareTrees(got, want, '', (w) => accuracy * (scale ?? finiteMax(w)));
  },
  exact(got, want) {
    compareTrees(got, want, '', () => 0);
  },
});

/** Largest |element| that is finite: infinities are compared exactly. */
const finiteMax = (x: Numbers): number =>
  maxAbs({ shape: x.shape, data: Array.from(x.data).filter(Number.isFinite) });

/** Gives a function that interprets `f` in float64. */
const onReference =
  (f: Traced) =>
  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws becomes a rejection
  async (...args: unknown[]): Promise<Result> =>
    evaluate(f as never, ...(args as never[]));

export const reference: Backend = {
  name: 'reference',
  tolerance: 'tol_f64',
  ...assertions(1e-9),
  compile: onReference,
  run: (f, ...args) => onReference(f)(...args),
};

interface Readable {
  readonly shape: readonly number[];
  read(): Promise<ArrayLike<number>>;
  destroy(): void;
}

const isReadable = (x: object): x is Readable => 'read' in x && typeof x.read === 'function';

/** Reads every array of a result once (an array may stand in it twice), then frees them. */
async function readResult(tree: unknown): Promise<Result> {
  const arrays = new Map<Readable, Numbers>();
  const read = async (x: unknown): Promise<Result> => {
    if (typeof x !== 'object' || x === null) throw new Error(`the result holds a ${String(x)}`);
    if (isReadable(x)) {
      const known = arrays.get(x) ?? { shape: x.shape, data: await x.read() };
      arrays.set(x, known);
      return known;
    }
    if (Array.isArray(x)) {
      const list: Result[] = [];
      for (const item of x) list.push(await read(item));
      return list;
    }
    const object: Record<string, Result> = {};
    for (const [key, item] of Object.entries(x)) object[key] = await read(item);
    return object;
  };
  const result = await read(tree);
  for (const x of arrays.keys()) x.destroy();
  return result;
}

/** Compiles `f` once and gives a function that runs it and reads its result. */
function onGpu(f: Traced): (...args: unknown[]) => Promise<Result> {
  const compiled = compile(f as (...args: Tensor[]) => Tensor);
  return async (...args) => readResult(await compiled(...(args as never[])));
}

export const gpu: Backend = {
  name: 'gpu',
  tolerance: 'tol_f32',
  ...assertions(1e-5),
  compile: onGpu,
  run: async (f, ...args) => onGpu(f)(...args),
};
