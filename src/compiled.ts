import { build, isInlined, targetOf, type Build } from './compile.ts';
import { reportNonFinite } from './debug-nan.ts';
import { rowBlocksOf } from './derive/stream.ts';
import { explain, type Explanation } from './explain.ts';
import type { Tensor } from './ir/tensor.ts';
import { isTensor } from './ops/operand.ts';
import { fitted, smaller } from './memory.ts';
import { DeviceArray } from './run/deviceArray.ts';
import type { EngineDevice } from './run/engine.ts';
import { Executable, Pinned, type EncodeArguments, type RunInput } from './run/executable.ts';
import type { Profile } from './run/profile.ts';
import { prepareStream, streamRows, type PreparedStream, type RowBlock } from './stream.ts';
import { ArrayValue, HostArray } from './util/array.ts';
import { checkDType, type DType } from './util/dtype.ts';
import { OutOfMemoryError, TraceError } from './util/errors.ts';
import { checkShape, formatShape, type Shape } from './util/shape.ts';
import { flattenTree, type Flat } from './util/tree.ts';

/** A shape without elements, for `prepare` and `explain`. */
export interface Spec {
  readonly shape: Shape;
  readonly dtype?: DType;
}

/** What a compiled function takes for each tensor. */
export type Value = HostArray | DeviceArray | number;

/** Arguments of a compiled function: values where the function has tensors. */
export type Values<A> = A extends Tensor
  ? Value
  : A extends (...args: never[]) => unknown
    ? A
    : { [K in keyof A]: Values<A[K]> };

/** Result of a compiled function: a device array at each leaf. */
export type Results<R> = R extends Tensor | ArrayValue | number
  ? DeviceArray
  : { -readonly [K in keyof R]: Results<R[K]> };

export interface CompileOptions {
  /** name in labels and messages; default: that of the function */
  readonly label?: string;
  /** `"native"`: WGSL's own transcendental functions, which are faster and up to 1000 times less exact */
  readonly math?: 'accurate' | 'native';
  /** `"nan"`: each call finds the first op that makes a NaN or infinity of finite numbers; slow */
  readonly debug?: 'nan';
  /** gives up waiting for compilation and runs */
  readonly signal?: AbortSignal;
  /** called while kernels are compiled */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

const OPTIONS = ['label', 'math', 'debug', 'signal', 'onProgress'];

/** A function compiled for one tuple of shapes. */
export class Plan {
  constructor(
    readonly build: Build,
    private readonly executable: Executable,
  ) {}

  /**
   * Records the dispatches into the app's own encoder or compute pass: no submission, no readback, no
   * allocation. Inputs and outputs are leaves in order, as device arrays (see `engine.wrap`).
   */
  encode(target: GPUCommandEncoder | GPUComputePassEncoder, args: EncodeArguments): void {
    this.executable.encode(target, args);
  }

  /** What runs and why: text for people, JSON for pages. */
  explain(): Explanation {
    return explain(this.build);
  }

  /** GPU time of every kernel. @throws UnsupportedError without timestamp queries */
  profile(...args: readonly unknown[]): Promise<Profile> {
    return this.executable.profile(runInputs(flat(args)));
  }

  /** Prepares again after a device loss, which `encode` needs; done at once when there was none. */
  async ready(): Promise<void> {
    await this.executable.ready();
  }

  /** Frees the memory the plan holds; results of earlier calls stay valid. */
  destroy(): void {
    this.executable.destroy();
  }

  /** @internal takes the inputs at once */
  async run(inputs: readonly RunInput[], signal?: AbortSignal): Promise<unknown> {
    const outputs = await this.executable.run(inputs, { signal });
    return this.build.result(outputs);
  }
}

/** A function that runs on the GPU. Traced and compiled once for each tuple of shapes and dtypes. */
export interface Compiled<A extends unknown[], R> {
  (...args: Values<A>): Promise<Results<R>>;
  /** In a function that is being traced, on its tensors: the function itself. */
  (...args: A): R;
  // again: where TypeScript takes one signature of several, as `ReturnType` does, it takes the last
  (...args: Values<A>): Promise<Results<R>>;
  /** Compiles ahead of time, for arguments or for specs `{ shape, dtype }` in their place. */
  prepare(...args: readonly unknown[]): Promise<Plan>;
  /** What runs for such arguments, and why. */
  explain(...args: readonly unknown[]): Promise<Explanation>;
  /**
   * The Jacobian in blocks of rows that fit the memory budget, for one too large for the device: reading
   * one block overlaps computing the next. For functions made by `jacobian`, `jacrev` or `jacfwd`.
   *
   * @throws TraceError for other functions; LimitError when not even one row fits
   */
  stream(...args: Values<A>): AsyncGenerator<RowBlock, void, undefined>;
}

class SpecValue extends ArrayValue {
  readonly shape: Shape;
  readonly dtype: DType;
  constructor({ shape, dtype = 'f32' }: Spec) {
    super();
    checkShape(shape, 'prepare');
    checkDType(dtype, 'prepare');
    this.shape = shape;
    this.dtype = dtype;
  }
}

/** Argument tree with specs as values. */
export function withSpecs(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(withSpecs);
  if (typeof tree !== 'object' || tree === null || tree instanceof ArrayValue || isTensor(tree))
    return tree;
  if (Object.getPrototypeOf(tree) !== Object.prototype) return tree;
  const { shape, dtype, ...rest } = tree as Partial<Spec>;
  if (
    Array.isArray(shape) &&
    shape.every((n) => typeof n === 'number') &&
    (dtype === undefined || typeof dtype === 'string') &&
    Object.keys(rest).length === 0
  )
    return new SpecValue({ shape, ...(dtype && { dtype }) });
  return Object.fromEntries(Object.entries(tree).map(([k, v]) => [k, withSpecs(v)]));
}

const flat = (args: readonly unknown[]): Flat =>
  flattenTree(args, () => false, 'compile', 'arguments');

function keyOf({ leaves, def }: Flat): string {
  const types = leaves.map((v) =>
    v instanceof ArrayValue ? `${v.dtype}${formatShape(v.shape)}` : 'f32[]',
  );
  return `${def.key}|${types.join()}`;
}

function runInputs({ leaves }: Flat): RunInput[] {
  return leaves.map((v) => {
    if (typeof v === 'number') return Float32Array.of(v);
    if (v instanceof HostArray) return v.data;
    if (v instanceof DeviceArray) return v;
    throw new TraceError(
      'compiled function: got a shape without elements; specs are for prepare()',
    );
  });
}

/** What is compiled, or being compiled, for one tuple of shapes. */
interface Entry {
  readonly plan: Promise<Plan>;
  done: { plan: Plan; engine: EngineDevice; device: GPUDevice; limits: string } | null;
}

const limitsOf = (engine: EngineDevice): string => JSON.stringify(targetOf(engine));

/** Whether the device is still what was planned for: the one that replaced it may offer less. */
function isCurrent({ done }: Entry): boolean {
  if (!done || done.device === done.engine.device) return true;
  if (done.limits !== limitsOf(done.engine)) return false;
  done.device = done.engine.device;
  return true;
}

/** The callable for `f` on the engine that `ready` gives. */
export function makeCompiled<A extends unknown[], R>(
  f: (...args: A) => R,
  ready: () => Promise<EngineDevice>,
  options: CompileOptions = {},
): Compiled<A, R> {
  if (typeof f !== 'function')
    throw new TraceError(`compile: takes a function, got ${f === null ? 'null' : typeof f}`);
  const unknown = Object.keys(options).filter((name) => !OPTIONS.includes(name));
  if (unknown.length)
    throw new TraceError(
      `compile: there is no option ${unknown.join(', ')}; the options are ${OPTIONS.join(', ')}`,
    );
  const label = options.label ?? (f.name || 'function');
  const plans = new Map<string, Entry>();
  const { signal, onProgress } = options;
  const makePlan = async (args: readonly unknown[], engine: EngineDevice): Promise<Plan> => {
    const target = {
      ...targetOf(engine, options.math && { math: options.math }),
      written: new Map(), // attempts to fit into memory have most kernels in common
    };
    const make = (memoryIsShort = false): Build =>
      build(f, args, { ...target, memoryIsShort }, label);
    let made = fitted(make, engine);
    for (;;) {
      try {
        const executable = await Executable.prepare(engine, made.program, { signal, onProgress });
        return new Plan(made, executable);
      } catch (error) {
        const next = error instanceof OutOfMemoryError && smaller(made, make, engine);
        if (!next) throw error;
        made = next;
      }
    }
  };
  const planFor = (args: readonly unknown[], tree: Flat): Promise<Plan> => {
    const key = keyOf(tree);
    const known = plans.get(key);
    if (known && isCurrent(known)) return known.plan;
    const made = ready().then(async (engine) => {
      const limits = limitsOf(engine);
      const plan = await makePlan(args, engine);
      entry.done = { plan, engine, device: engine.device, limits };
      return plan;
    });
    const entry: Entry = { plan: made, done: null };
    plans.set(key, entry);
    made.catch(() => {
      if (plans.get(key) === entry) plans.delete(key);
    });
    return made;
  };
  const run = async (args: readonly unknown[]): Promise<unknown> => {
    const tree = flat(args);
    const inputs = runInputs(tree);
    const debug = options.debug === 'nan';
    const known = plans.get(keyOf(tree));
    if (known?.done && isCurrent(known) && !debug) return known.done.plan.run(inputs, signal);
    const pinned = new Pinned(inputs); // the answer is for what the arguments are now
    try {
      if (debug) await reportNonFinite(f, args, pinned.inputs, await ready(), label);
      const plan = await planFor(args, tree);
      return await plan.run(pinned.inputs, signal);
    } finally {
      pinned.unpin();
    }
  };
  const call = (...args: unknown[]): unknown => (isInlined(args) ? f(...(args as A)) : run(args));
  const prepare = async (...args: readonly unknown[]): Promise<Plan> => {
    const specs = args.map(withSpecs);
    return planFor(specs, flat(specs));
  };
  const streams = new Map<string, Promise<PreparedStream>>();
  async function* stream(...args: readonly unknown[]): AsyncGenerator<RowBlock, void, undefined> {
    const blocks = rowBlocksOf(f);
    if (!blocks)
      throw new TraceError(
        'stream: takes a compiled Jacobian; compile(jacobian(f)), not a function that calls it',
      );
    const tree = flat(args);
    const key = keyOf(tree);
    let prepared = streams.get(key);
    if (!prepared) {
      prepared = ready().then((engine) => prepareStream(blocks, args, engine, label, options));
      streams.set(key, prepared);
      prepared.catch(() => streams.delete(key));
    }
    yield* streamRows(await prepared, runInputs(tree), options.onProgress, signal);
  }
  return Object.assign(call, {
    prepare,
    stream,
    explain: async (...args: readonly unknown[]) => (await prepare(...args)).explain(),
  }) as Compiled<A, R>;
}
