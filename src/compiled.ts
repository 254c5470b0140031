import { build, isInlined, targetOf, type Build } from './compile.ts';
import { reportNonFinite } from './debug-nan.ts';
import { rowBlocksOf } from './derive/stream.ts';
import { explain, type Explanation } from './explain.ts';
import type { Tensor } from './ir/tensor.ts';
import { isTensor } from './ops/operand.ts';
import { fitted } from './memory.ts';
import { DeviceArray } from './run/deviceArray.ts';
import type { EngineDevice } from './run/engine.ts';
import { Executable, type EncodeArguments, type RunInput } from './run/executable.ts';
import type { Profile } from './run/profile.ts';
import { prepareStream, streamRows, type PreparedStream, type RowBlock } from './stream.ts';
import { ArrayValue, HostArray } from './util/array.ts';
import type { DType } from './util/dtype.ts';
import { TraceError } from './util/errors.ts';
import { formatShape, type Shape } from './util/shape.ts';
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

  /** Frees the memory the plan holds; results of earlier calls stay valid. */
  destroy(): void {
    this.executable.destroy();
  }

  /** @internal */
  async run(args: Flat, signal?: AbortSignal): Promise<unknown> {
    const outputs = await this.executable.run(runInputs(args), { signal });
    return this.build.result(outputs);
  }
}

/** A function that runs on the GPU. Traced and compiled once for each tuple of shapes and dtypes. */
export interface Compiled<A extends unknown[], R> {
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

const flat = (args: readonly unknown[]): Flat => flattenTree(args, () => false, 'compile', 'arguments');

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

/** The callable for `f` on the engine that `ready` gives. */
export function makeCompiled<A extends unknown[], R>(
  f: (...args: A) => R,
  ready: () => Promise<EngineDevice>,
  options: CompileOptions = {},
): Compiled<A, R> {
  if (typeof f !== 'function')
    throw new TraceError(`compile: takes a function, got ${f === null ? 'null' : typeof f}`);
  const label = options.label ?? (f.name || 'function');
  const plans = new Map<string, Promise<Plan>>();
  const signal = options.signal;
  const planFor = (args: readonly unknown[], tree: Flat): Promise<Plan> => {
    const key = keyOf(tree);
    let plan = plans.get(key);
    if (!plan) {
      plan = (async () => {
        const engine = await ready();
        const target = targetOf(engine, options.math && { math: options.math });
        const made = fitted(
          (recomputeFlops) =>
            build(f, args, recomputeFlops ? { ...target, recomputeFlops } : target, label),
          engine,
        );
        const { onProgress } = options;
        return new Plan(
          made,
          await Executable.prepare(engine, made.program, { signal, onProgress }),
        );
      })();
      plans.set(key, plan);
      plan.catch(() => plans.delete(key));
    }
    return plan;
  };
  const call = (...args: unknown[]): unknown => {
    if (isInlined(args)) return f(...(args as A));
    return (async () => {
      const tree = flat(args);
      if (options.debug === 'nan')
        await reportNonFinite(f, args, runInputs(tree), await ready(), label);
      return (await planFor(args, tree)).run(tree, signal);
    })();
  };
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
      prepared = ready().then((engine) => prepareStream(blocks, args, engine, label, signal));
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
