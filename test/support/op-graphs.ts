import { pushforward } from '../../src/derive/jvp.ts';
import { pullback } from '../../src/derive/vjp.ts';
import { apply, withTrace, type Tensor } from '../../src/ir/tensor.ts';
import { variableLike } from '../../src/ops/source.ts';
import { interpret } from '../../src/reference/interpret.ts';
import { sizeOf, type Shape } from '../../src/util/shape.ts';
import { Draw } from './draw.ts';
import type { Sample } from './op-samples.ts';

/** Elements of the leaves of a graph. */
export type Given = Map<Tensor, Float64Array>;

/** An op applied to leaves, with tangents of its real inputs, a cotangent, and both derivatives. */
export interface OpGraph {
  readonly xs: readonly Tensor[];
  /** those of xs that are f32 */
  readonly reals: readonly Tensor[];
  readonly y: Tensor;
  /** tangents of `reals` */
  readonly vs: readonly Tensor[];
  /** cotangent of y */
  readonly u: Tensor;
  /** J v; null: zero */
  readonly jv: Tensor | null;
  /** Jᵀ u for each of `reals`; null: zero */
  readonly ju: readonly (Tensor | null)[];
  /** elements of all leaves */
  readonly given: Given;
}

/** Numbers of float32 precision between -1 and 1. */
export const directions = (d: Draw, shape: Shape): Float64Array =>
  Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(d.uniform(-1, 1)));

/** The graphs of a sample. Call inside `withTrace`. */
export function graphOf({ op, params, inputs, data }: Sample, seed = 7): OpGraph {
  const d = new Draw(seed);
  const xs = inputs.map((x) => variableLike(x));
  const y = apply(op, xs, params);
  const reals = y.dtype === 'f32' ? xs.filter((x) => x.dtype === 'f32') : [];
  const vs = reals.map((x) => variableLike(x));
  const u = variableLike({ shape: y.shape, dtype: 'f32' });
  const given: Given = new Map(xs.map((x, i) => [x, data[i] as Float64Array]));
  for (const leaf of [...vs, u]) given.set(leaf, directions(d, leaf.shape));
  const jv = reals.length ? (pushforward([y], reals, vs)[0] as Tensor | null) : null;
  const ju = reals.length ? pullback([y], [u], reals) : [];
  return { xs, reals, y, vs, u, jv, ju, given };
}

/** Values of nodes that may be zero (null). */
export function valuesOf(
  nodes: readonly (Tensor | null)[],
  given: Given,
  shapes: readonly Shape[],
): Float64Array[] {
  const present = nodes.filter((x): x is Tensor => x !== null);
  const values = interpret(present, given);
  let next = 0;
  return nodes.map((x, i) =>
    x ? (values[next++] as Float64Array) : new Float64Array(sizeOf(shapes[i] as Shape)),
  );
}

export const inner = (a: readonly Float64Array[], b: readonly Float64Array[]): number =>
  a.reduce(
    (sum, x, k) => x.reduce((s, v, i) => s + v * ((b[k] as Float64Array)[i] as number), sum),
    0,
  );

const STEP = 2 ** -8;
/** f'(x) ≈ Σ w_k (f(x + kh) - f(x - kh)) / h, error h⁶ f⁽⁷⁾ / 140 */
const WEIGHTS = [3 / 4, -3 / 20, 1 / 60];

/** The derivative of `f` along `direction` at `given`, from values of `f` alone. */
export function difference(
  f: (given: Given) => readonly Float64Array[],
  given: Given,
  direction: Given,
): Float64Array[] {
  const at = (t: number): readonly Float64Array[] => {
    const moved = new Map(given);
    for (const [x, v] of direction)
      moved.set(
        x,
        (given.get(x) as Float64Array).map((e, i) => e + t * (v[i] as number)),
      );
    return f(moved);
  };
  const slopes = WEIGHTS.map((w, k) => ({
    w: w / STEP,
    up: at((k + 1) * STEP),
    down: at(-(k + 1) * STEP),
  }));
  return (slopes[0] as (typeof slopes)[0]).up.map((x, i) =>
    x.map((_, e) =>
      slopes.reduce((s, { w, up, down }) => {
        const [p, q] = [up[i] as Float64Array, down[i] as Float64Array];
        return s + w * ((p[e] as number) - (q[e] as number));
      }, 0),
    ),
  );
}

/** Largest |element|. */
export const largest = (x: ArrayLike<number>): number => {
  let m = 0;
  for (let i = 0; i < x.length; i++) m = Math.max(m, Math.abs(x[i] as number));
  return m;
};

/** Throws where |got - want| > relative · max(1, |want|); infinities and NaN must be the same. */
export function near(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  relative: number,
  what: string,
): void {
  if (got.length !== want.length)
    throw new Error(`${what}: got ${got.length} elements, want ${want.length}`);
  for (let i = 0; i < want.length; i++) {
    const [g, w] = [got[i] as number, want[i] as number];
    if (Object.is(g, w) || Math.abs(g - w) <= relative * Math.max(1, Math.abs(w))) continue;
    throw new Error(`${what}: element ${i} is ${g}, want ${w}`);
  }
}

/** Runs `check` on the graphs of a sample; errors show the sample. */
export function withGraph<T>(sample: Sample, check: (graph: OpGraph) => T): T {
  return withTrace(() => check(graphOf(sample)));
}
