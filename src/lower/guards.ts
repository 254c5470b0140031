import { isConstant, isSigned, maxOf, minOf, offset, type Index } from '../ir/index-expr.ts';
import type { Guard } from '../ir/index-map.ts';
import { atLane, laneStride } from './lanes.ts';

/** WGSL text of an index, as i32 if `signed`. */
export type TextOf = (e: Index, signed?: boolean) => string;

export const indicesOf = (guard: Guard): Index[] =>
  'left' in guard ? [guard.left, guard.right] : [guard.index];

/** Whether a guard holds for all four lanes or for none. */
export function isUniform(guard: Guard, lanes: { readonly variable: string } | undefined): boolean {
  return !lanes || indicesOf(guard).every((e) => laneStride(e, lanes.variable) === 0);
}

/** All conditions at once: `&&` would branch around each. */
export const allOf = (tests: readonly string[]): string =>
  tests.length === 1
    ? (tests[0] as string)
    : tests.map((t) => (/^\w+$/.test(t) ? t : `(${t})`)).join(' & ');

/** A guard as a condition of WGSL; `true` or `false` where the ranges of its indices decide it. */
export function conditionOf(guard: Guard, text: TextOf): string {
  if ('left' in guard) {
    const { left, right } = guard;
    if (isConstant(left) && isConstant(right)) return String(left.constant === right.constant);
    const signed = isSigned(left) || isSigned(right);
    return `${text(left, signed)} == ${text(right, signed)}`;
  }
  const { index, lo, hi } = guard;
  const isAbove = minOf(index) >= lo;
  const isBelow = maxOf(index) < hi;
  if (maxOf(index) < lo || minOf(index) >= hi) return 'false';
  if (isAbove && isBelow) return 'true';
  const signed = isSigned(index);
  const suffix = signed ? 'i' : 'u';
  if (isAbove) return `${text(index)} < ${hi}${suffix}`;
  if (isBelow) return `${text(index)} >= ${lo}${suffix}`;
  // one test for both bounds: what is below the lower one wraps around
  return `u32(${text(offset(index, -lo), signed || lo > 0)}) < ${hi - lo}u`;
}

/** A guard as conditions on vectors, one for each lane of the variable `lane`. */
export function masksOf(guard: Guard, lane: string, text: TextOf): string[] {
  if ('left' in guard) {
    const signed = isSigned(guard.left) || isSigned(guard.right);
    const [left, right] = [guard.left, guard.right].map((e) => fourOf(e, signed, lane, text));
    return [`(${left} == ${right})`];
  }
  const { index, lo, hi } = guard;
  const signed = isSigned(index);
  const limit = (n: number): string => (signed ? `vec4i(${n}i)` : `vec4u(${n}u)`);
  const four = fourOf(index, signed, lane, text);
  const masks: string[] = [];
  if (minOf(index) < lo) masks.push(`(${four} >= ${limit(lo)})`);
  if (maxOf(index) >= hi) masks.push(`(${four} < ${limit(hi)})`);
  return masks;
}

/** The four values of an index in the lanes. */
function fourOf(e: Index, signed: boolean, lane: string, text: TextOf): string {
  const [type, suffix] = signed ? ['vec4i', 'i'] : ['vec4u', 'u'];
  const lanes = [0, 1, 2, 3];
  const stride = laneStride(e, lane);
  const first = `${type}(${text(e, signed)})`;
  if (stride === 0) return first;
  if (stride === null || (stride < 0 && !signed))
    return `${type}(${lanes.map((k) => text(atLane(e, lane, k), signed)).join(', ')})`;
  return `(${first} + ${type}(${lanes.map((k) => `${k * stride}${suffix}`).join(', ')}))`;
}
