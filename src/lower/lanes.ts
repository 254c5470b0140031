import { add, offset, ranged, substitute, type Index, type Variable } from '../ir/index-expr.ts';

/** Thrown where four neighbouring elements cannot be computed as one vector. */
export class NotVector extends Error {
  override name = 'NotVector';
}

type Digit = Index['digits'][number];

const mentions = (v: Variable, name: string): boolean =>
  v.name === name || (v.inner ? v.inner.of.digits.some((d) => mentions(d.variable, name)) : false);

/** Whether a digit moves by one from lane to lane: it is all of the variable, or wraps at a multiple of 4. */
const inSteps = ({ variable: v, divisor, modulus }: Digit): boolean =>
  divisor === 1 && (modulus > v.max || modulus % 4 === 0);

/**
 * By how much `e` moves from one lane to the next, when `name` takes four neighbouring values starting at
 * a multiple of 4; null where the step is not the same for all lanes.
 */
export function laneStride(e: Index, name: string): number | null {
  let stride = 0;
  for (const d of e.digits) {
    if (d.variable.name === name) {
      if (d.divisor % 4 === 0) continue;
      if (!inSteps(d)) return null;
      stride += d.coefficient;
    } else if (mentions(d.variable, name)) return null;
  }
  return stride;
}

/** Whether `e` is a multiple of 4 whenever `name` is. */
export function isAligned(e: Index, name: string): boolean {
  if (e.constant % 4 !== 0) return false;
  return e.digits.every((d) => {
    if (d.coefficient % 4 === 0) return true;
    return d.variable.name === name && inSteps(d);
  });
}

/** `e` in lane `k`, when `name` is a multiple of 4 in the first. */
export function atLane(e: Index, name: string, k: number): Index {
  if (k === 0) return e;
  const isSame = (d: Digit): boolean => d.divisor % 4 === 0;
  const stays = e.digits.filter((d) => d.variable.name === name && (isSame(d) || inSteps(d)));
  const steps = stays.reduce((sum, d) => sum + (isSame(d) ? 0 : k * d.coefficient), 0);
  const others = {
    constant: e.constant + steps,
    digits: e.digits.filter((d) => !stays.includes(d)),
  };
  const moved = substitute(others, (v) => {
    if (v !== name) return undefined;
    return offset(ranged(name, 0, Math.max(0, largest(e, name) - 3)), k);
  });
  return add({ constant: 0, digits: stays }, moved);
}

/** The largest value of the variable `name`, which `e` may have inside a quotient only. */
function largest(e: Index, name: string): number {
  let max = 0;
  for (const { variable: v } of e.digits)
    max = Math.max(max, v.name === name ? v.max : v.inner ? largest(v.inner.of, name) : 0);
  return max;
}
