import type { NdArray, Op } from '../../src/ir/op.ts';
import { apply, type Tensor } from '../../src/ir/tensor.ts';
import { topological } from '../../src/ir/walk.ts';
import { add, mul } from '../../src/ops/elementwise/arithmetic.ts';
import { sigmoid } from '../../src/ops/elementwise/special.ts';
import { ops } from '../../src/ops/index.ts';
import { broadcast, lead, reshape } from '../../src/ops/linear/layout.ts';
import { pad, slice } from '../../src/ops/linear/slice.ts';
import { constant, full, variableLike } from '../../src/ops/source.ts';
import { HostArray } from '../../src/util/array.ts';
import { typedArrayFrom, type DType } from '../../src/util/dtype.ts';
import { sameShape, sizeOf } from '../../src/util/shape.ts';
import type { Draw } from './draw.ts';
import type { Given } from './op-graphs.ts';
import { numbers, rangeOf, samplerOf, type Spec } from './op-samples.ts';

/** A graph of random ops, and numbers for its leaves. */
export interface RandomGraph {
  /** f32, to differentiate by */
  readonly leaves: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly given: Given;
}

/** Elementwise ops that take any number; others get theirs squeezed into the range of their samples. */
const TOLERANT = new Set([
  ...['add', 'sub', 'mul', 'neg', 'where', 'abs', 'relu', 'sign', 'maximum', 'minimum', 'copy'],
  ...['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual', 'div', 'guardedMul'],
  ...['logicalAnd', 'logicalOr', 'logicalNot', 'cast_f32', 'cast_bool', 'tanh', 'sigmoid', 'atan'],
]);

const MOST = 400;
const LARGE = 1e3;

/** Puts a graph together, evaluating it on the way so that every op gets numbers it is made for. */
class Builder {
  readonly values = new Map<Tensor, NdArray>();
  readonly given: Given = new Map();
  readonly pool: Tensor[] = [];
  readonly leaves: Tensor[] = [];

  constructor(readonly d: Draw) {}

  /** Evaluates what is new in `x`; false where a number is not finite or too large. */
  #know(x: Tensor): boolean {
    for (const node of topological([x])) {
      if (this.values.has(node)) continue;
      const inputs = node.inputs.map((y) => this.values.get(y) as NdArray);
      const data = this.given.get(node) ?? node.op.evaluate(inputs, node.params, node.shape);
      if (data.some((v) => !(Math.abs(v) <= LARGE))) return false;
      this.values.set(node, { shape: node.shape, data });
    }
    return true;
  }

  take(x: Tensor): void {
    if (x.size <= MOST && this.#know(x)) this.pool.push(x);
  }

  /** A new source: a leaf mostly, else a captured constant or one number everywhere. */
  source(spec: Spec): Tensor {
    const { d } = this;
    const { shape, dtype } = spec;
    const isIndex = spec.indexOf !== undefined;
    if (d.chance(0.1) && !isIndex) {
      const value = d.pick(dtype === 'bool' ? [0, 1] : [0, 1, 2, dtype === 'f32' ? -0.5 : 3]);
      return full(shape, value, dtype);
    }
    const data = numbers(d, spec, [-2, 2]);
    if (d.chance(0.2)) return constant(new HostArray(typedArrayFrom(dtype, data), shape, dtype));
    const leaf = variableLike({ shape, dtype });
    this.given.set(leaf, data);
    if (dtype === 'f32') this.leaves.push(leaf);
    return leaf;
  }

  /** A tensor of the pool as it is, reshaped or repeated to fit; else a new source. */
  operand(spec: Spec): Tensor {
    const { d } = this;
    const same = this.pool.filter((x) => x.dtype === spec.dtype);
    const fitting = same.filter((x) => sameShape(x.shape, spec.shape));
    if (fitting.length > 0 && d.chance(0.8)) return d.pick(fitting);
    const regrouped = same.filter((x) => x.size === sizeOf(spec.shape));
    if (regrouped.length > 0 && d.chance(0.7)) return reshape(d.pick(regrouped), spec.shape);
    if (same.length > 0 && d.chance(0.6)) return this.#fitted(d.pick(same), spec.shape);
    return this.source(spec);
  }

  /** `x` with other axes: cut, repeated, or with zeros at the end, until it has the shape. */
  #fitted(x: Tensor, shape: readonly number[]): Tensor {
    const rank = shape.length;
    const kept = x.shape.slice(-rank || x.rank);
    let y = x;
    if (x.rank > rank)
      y = reshape(
        rank === 0 ? slice(reshape(x, [x.size]), -1, 0, 1) : firstOf(x, x.rank - rank),
        rank === 0 ? [] : kept,
      );
    y = lead(y, rank);
    shape.forEach((n, i) => {
      const [axis, m] = [i - rank, y.shape[i] as number];
      if (m === 1 && n !== 1)
        y = broadcast(
          y,
          y.shape.map((v, k) => (k === i ? n : v)),
        );
      else if (m > n) y = slice(y, axis, this.d.int(0, m - n), n);
      else if (m < n) y = pad(y, axis, 0, n - m);
    });
    return y;
  }

  /** Numbers between the ends of the range in which `op` is sampled. */
  #squeezed(op: Op, x: Tensor, k: number): Tensor {
    if (op.family !== 'elementwise' || TOLERANT.has(op.name) || x.dtype !== 'f32') return x;
    if (!this.#know(x)) return x;
    const [low, high] = rangeOf(samplerOf(op), k);
    const { data } = this.values.get(x) as NdArray;
    if (data.every((v) => v >= low && v <= high)) return x;
    return add(mul(sigmoid(x), high - low), low);
  }

  grow(op: Op): void {
    const { d } = this;
    const { dtypes, signature } = samplerOf(op);
    const firsts = this.pool.filter((x) => dtypes.includes(x.dtype));
    if (firsts.length === 0) return;
    // a large one, among the latest mostly
    const x = [0, 1]
      .map(() => d.pick(d.chance(0.6) ? firsts.slice(-4) : firsts))
      .reduce((a, b) => (b.size > a.size || (b.size === a.size && b.dtype === 'f32') ? b : a));
    const { inputs, params } = signature(d, x.shape, x.dtype);
    let used = false;
    const operands = inputs.map((spec, k) => {
      const fits = !used && spec.dtype === x.dtype && sameShape(spec.shape, x.shape);
      if (fits) used = true;
      return this.#squeezed(op, fits ? x : this.operand(spec), k);
    });
    if (!operands.every((y) => this.#know(y))) return;
    if (!isDefined(op, operands, (y) => (this.values.get(y) as NdArray).data)) return;
    this.take(apply(op, operands, params));
  }
}

const growing = ops.filter((op) => op.family !== 'source');
/** Whether `op` has one value there, whatever becomes of the sign of a zero. */
function isDefined(
  op: Op,
  operands: readonly Tensor[],
  dataOf: (x: Tensor) => Float64Array,
): boolean {
  const { defined } = samplerOf(op);
  // which side of its cut a zero is on may change when a graph is simplified
  if (op.name === 'atan2' && dataOf(operands[0] as Tensor).includes(0)) return false;
  if (!defined || operands.some((x) => x.dtype === 'f32')) return true;
  return operands.every((x, k) =>
    dataOf(x).every((v) => defined(...operands.map((_, j) => (j === k ? v : 1)))),
  );
}

/** What people write most, and ops that open kernels of their own, come more often. */
const COMMON = new Set(['add', 'sub', 'mul', 'div', 'where', 'transpose', 'contract', 'cast_f32']);
const weighted = growing.flatMap((op): Op[] =>
  COMMON.has(op.name) ? [op, op, op, op] : op.family === 'elementwise' ? [op] : [op, op],
);

/** The first element along each of the first `count` axes. */
function firstOf(x: Tensor, count: number): Tensor {
  let y = x;
  for (let i = 0; i < count; i++) y = slice(y, i - x.rank, 0, 1);
  return y;
}

/** A graph of about `nodes` random ops. Call inside `withTrace`. */
export function randomGraph(d: Draw, nodes: number): RandomGraph {
  const b = new Builder(d);
  const axis = (): number => d.pick([1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 12]);
  const dtypes: readonly DType[] = ['f32', 'f32', 'f32', 'i32', 'bool'];
  for (let k = 0; k < d.int(2, 4); k++) {
    const shape = Array.from({ length: d.pick([0, 1, 1, 2, 2, 2, 3, 3]) }, axis);
    b.take(b.source({ shape, dtype: k === 0 ? 'f32' : d.pick(dtypes) }));
  }
  for (
    let tries = 0, start = b.pool.length;
    b.pool.length < start + nodes && tries < 5 * nodes;
    tries++
  )
    b.grow(d.pick(weighted));
  const used = new Set(b.pool.flatMap((x) => topological([x]).filter((y) => y !== x)));
  const sinks = b.pool.filter((x) => !used.has(x));
  const outputs = sinks.slice(-3);
  if (d.chance(0.3)) outputs.push(d.pick(b.pool)); // read again, and a result
  const reached = new Set(topological(outputs));
  return { leaves: b.leaves.filter((x) => reached.has(x)), outputs, given: b.given };
}
