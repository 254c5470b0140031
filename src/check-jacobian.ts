import { jacobian } from './derive/overloads.ts';
import type { TensorFunction } from './derive/types.ts';
import { evaluate, type Float64Result } from './evaluate.ts';
import { HostArray } from './util/array.ts';
import { DTypeError, TraceError } from './util/errors.ts';
import { sizeOf } from './util/shape.ts';
import { flattenTree } from './util/tree.ts';

/** How well a Jacobian agrees with finite differences. */
export interface JacobianCheck {
  /** ‖J - D‖ / max(‖D‖, 1e-300), over all blocks, D by central differences in float64 */
  readonly relativeError: number;
  /** largest |J - D| */
  readonly maxAbsoluteError: number;
  /** whether the relative error is within the tolerance */
  readonly ok: boolean;
}

export interface CheckOptions {
  /** step of the differences, relative to max(1, |x|); default 1e-5 */
  readonly step?: number;
  /** on the relative error; default 1e-6 */
  readonly tolerance?: number;
}

const isOptions = (v: unknown): v is CheckOptions & { options: true } =>
  typeof v === 'object' && v !== null && 'options' in v;

/**
 * Compares the Jacobian of `f` at `args` (by its first argument's leaves, all f32) with central
 * differences, both in float64 on the host. The last argument may be `{ options: true, step, tolerance }`.
 *
 * @throws TraceError for device arrays; DTypeError for integer arguments
 */
export function checkJacobian(f: TensorFunction, ...rest: readonly unknown[]): JacobianCheck {
  const last = rest[rest.length - 1];
  const options: CheckOptions = isOptions(last) ? last : {};
  const args = isOptions(last) ? rest.slice(0, -1) : rest;
  const { step = 1e-5, tolerance = 1e-6 } = options;
  const point = flattenTree(args[0], () => false, 'checkJacobian');
  const exact = leavesOf(
    (evaluate as TensorFunction)(jacobian(f as (...a: unknown[]) => never), ...args),
  );
  const columns = point.leaves.map((leaf, k) => differences(f, args, point.leaves, k, leaf, step));
  let error = 0;
  let norm = 0;
  let max = 0;
  const count = exact.length / point.leaves.length;
  for (let out = 0; out < count; out++)
    point.leaves.forEach((_, k) => {
      const j = exact[out * point.leaves.length + k] as Float64Result;
      const d = (columns[k] as Float64Array[][])[out] ?? []; // none for an argument without elements
      const width = d.length;
      const rows = width === 0 ? 0 : j.data.length / width;
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < width; c++) {
          const want = (d[c] as Float64Array)[r] as number;
          const got = j.data[r * width + c] as number;
          error += (got - want) ** 2;
          norm += want ** 2;
          max = Math.max(max, Math.abs(got - want));
        }
    });
  const relativeError = Math.sqrt(error) / Math.max(Math.sqrt(norm), 1e-300);
  const ok = relativeError <= tolerance || max <= tolerance * step;
  return { relativeError, maxAbsoluteError: max, ok };
}

function leavesOf(tree: unknown): Float64Result[] {
  if (typeof tree !== 'object' || tree === null) return [];
  if ('data' in tree && tree.data instanceof Float64Array) return [tree as Float64Result];
  return Object.values(tree).flatMap(leavesOf);
}

/** For each output leaf, the columns (f(x + h e) - f(x - h e)) / 2h by the elements of leaf `k`. */
function differences(
  f: TensorFunction,
  args: readonly unknown[],
  leaves: readonly unknown[],
  k: number,
  leaf: unknown,
  step: number,
): Float64Array[][] {
  const isNumber = typeof leaf === 'number';
  if (!isNumber && !(leaf instanceof HostArray))
    throw new TraceError('checkJacobian: arguments are host arrays and numbers; pass array(...)');
  if (!isNumber && leaf.dtype !== 'f32')
    throw new DTypeError(`checkJacobian: an argument is ${leaf.dtype}, which has no derivative`);
  const elements = isNumber ? Float64Array.of(leaf) : Float64Array.from(leaf.data);
  const n = isNumber ? 1 : sizeOf(leaf.shape);
  const point = flattenTree(args[0], () => false, 'checkJacobian');
  const at = (i: number, value: number): Float64Result[] => {
    const moved = elements.slice();
    moved[i] = value;
    const data = isNumber
      ? (moved[0] as number)
      : new HostArray(moved as unknown as Float32Array, leaf.shape, 'f32');
    const tree = point.def.build(leaves.map((v, j) => (j === k ? data : v)));
    return leavesOf((evaluate as TensorFunction)(f, tree, ...args.slice(1)));
  };
  const out: Float64Array[][] = [];
  for (let i = 0; i < n; i++) {
    const x = elements[i] as number;
    const h = step * Math.max(1, Math.abs(x));
    const [hi, lo] = [x + h, x - h];
    const [up, down] = [at(i, hi), at(i, lo)];
    up.forEach((u, o) => {
      const d = down[o] as Float64Result;
      (out[o] ??= []).push(u.data.map((v, r) => (v - (d.data[r] as number)) / (hi - lo)));
    });
  }
  return out;
}
