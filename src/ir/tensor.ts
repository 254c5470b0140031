import { ArrayValue } from '../util/array.ts';
import type { DType } from '../util/dtype.ts';
import { TraceError } from '../util/errors.ts';
import { formatShape, sizeOf, type Shape } from '../util/shape.ts';
import type { Op, Params } from './op.ts';

/** The nodes made while one function is traced; equal nodes are one node. */
class Trace {
  open = true;
  readonly nodes = new Map<string, Tensor>();
}

let current: Trace | null = null;
let site: Error | undefined;
let nextId = 0;

/**
 * A node of an immutable graph: an op, its inputs and parameters. Made by the tensor functions
 * inside a traced function; holds a shape and a dtype, never numbers.
 */
export class Tensor {
  readonly id = nextId++;
  /** Number of elements. */
  readonly size: number;
  /** The user's call that made this node. */
  readonly site = site;
  /** May hold infinities although the arguments are finite: derivative rules guard products with 0. */
  readonly mayBeInfinite: boolean;

  /** @internal */
  constructor(
    readonly op: Op,
    readonly inputs: readonly Tensor[],
    readonly params: Params,
    readonly shape: Shape,
    readonly dtype: DType,
    /** @internal */ readonly owner: Trace | null,
    mayBeInfinite = false,
  ) {
    this.size = sizeOf(shape);
    this.mayBeInfinite = mayBeInfinite || inputs.some((x) => x.mayBeInfinite);
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  toString(): string {
    return `Tensor(${this.op.name}, ${this.dtype}${formatShape(this.shape)})`;
  }

  /** Tensors hold no numbers: every implicit conversion is a mistake worth a message. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString();
    throw new TraceError(
      `${this.toString()}: a traced tensor has no value yet; use tensor functions (add, where, ...) instead of JavaScript operators`,
    );
  }
}

/**
 * `x`, if it can still be used.
 *
 * @throws TraceError when it belongs to a trace that has ended
 */
export function alive(x: Tensor, who: string): Tensor {
  if (x.owner?.open === false)
    throw new TraceError(
      `${who}: got ${x.toString()} from a function whose trace has ended; return it from that function instead of keeping it`,
    );
  return x;
}

/** Runs `f` in a trace of its own; tensors of that trace cannot be used once it has ended. */
export function withTrace<T>(f: () => T): T {
  const outer = current;
  const trace = new Trace();
  current = trace;
  try {
    return f();
  } finally {
    trace.open = false;
    current = outer;
  }
}

/** Whether a function is being traced. */
export function insideTrace(): boolean {
  return current !== null;
}

/** Marks the nodes made by `f` with the user's call `at`. The outermost call wins. */
export function withSite<T>(at: () => Error, f: () => T): T {
  if (site) return f();
  site = at();
  try {
    return f();
  } finally {
    site = undefined;
  }
}

/** Marks the nodes made by `f` with the user's call that `node` came from: its derivative is that call's. */
export function withSiteOf<T>(node: Tensor, f: () => T): T {
  const at = node.site;
  return at ? withSite(() => at, f) : f();
}

let simplify = false;

function inMode<T>(mode: boolean, f: () => T): T {
  const outer = simplify;
  simplify = mode;
  try {
    return f();
  } finally {
    simplify = outer;
  }
}

/**
 * Nodes made by `f` are replaced by simpler ones of equal value: for derivatives and for plans. A node
 * that another was made from may then no longer be on the way to it.
 */
export function simplifying<T>(f: () => T): T {
  return inMode(true, f);
}

/**
 * Nodes made by `f` are those that were asked for, as in a user's function: each depends on the very
 * nodes it was made from, so that it can be differentiated by them.
 */
export function literally<T>(f: () => T): T {
  return inMode(false, f);
}

const identities = new WeakMap<object, number>();
let nextIdentity = 0;

function key(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(key).join()}]`;
  if (value instanceof ArrayValue || (typeof value === 'object' && value !== null)) {
    let id = identities.get(value);
    if (id === undefined) identities.set(value, (id = nextIdentity++));
    return `@${id}`;
  }
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Text that is equal for equal parameters. */
export const paramsKey = (params: Params): string => Object.values(params).map(key).join(';');

/**
 * The node for `op` applied to `inputs`: simplified, checked and shared with an equal one.
 *
 * @throws TraceError when an input belongs to a trace that has ended
 */
export function apply(op: Op, inputs: readonly Tensor[] = [], params: Params = {}): Tensor {
  let trace: Trace | null = null;
  for (const x of inputs) {
    if (alive(x, op.name).owner !== null) trace = current;
  }
  const simpler = op.rewrite?.(inputs, params);
  if (simpler && (simplify || inputs.includes(simpler))) return simpler;
  if (inputs.length === 0) trace = current;
  const make = (): Tensor =>
    new Tensor(
      op,
      inputs,
      params,
      op.shape(inputs, params),
      op.dtype(inputs, params),
      trace,
      singular.has(op.name),
    );
  if (!trace) return make();
  const k = `${op.name}|${inputs.map((x) => x.id).join()}|${paramsKey(params)}`;
  let node = trace.nodes.get(k);
  if (!node) trace.nodes.set(k, (node = make()));
  return node;
}

/** Ops that give infinities for some finite arguments, or whose derivative does. */
const singular = new Set([
  ...['log', 'log2', 'log10', 'log1p', 'div', 'reciprocal', 'sqrt', 'rsqrt', 'cbrt', 'pow'],
  ...['exp', 'exp2', 'expm1', 'sinh', 'cosh', 'tan', 'atanh', 'acosh', 'asin', 'acos', 'remainder'],
]);
