import type { Tensor } from '../../ir/tensor.ts';
import type { DType } from '../../util/dtype.ts';
import { apply } from '../../ir/tensor.ts';
import { lead } from '../linear/layout.ts';
import { binary, elementwise, unary, type Operand } from './define.ts';

function comparison(name: string, symbol: string, holds: (a: number, b: number) => boolean) {
  return binary({
    name,
    scalar: (a, b) => Number(holds(a, b)),
    wgsl: (a, b, type) =>
      type === 'bool'
        ? `(select(U(0), U(1), ${a}) ${symbol} select(U(0), U(1), ${b}))`
        : `(${a} ${symbol} ${b})`,
    dtype: () => 'bool',
    partials: () => [null, null],
    derivative: '0 (bool)',
  });
}

const eq = comparison('equal', '==', (a, b) => a === b);
const ne = comparison('notEqual', '!=', (a, b) => a !== b);
const lt = comparison('less', '<', (a, b) => a < b);
const le = comparison('lessEqual', '<=', (a, b) => a <= b);
const gt = comparison('greater', '>', (a, b) => a > b);
const ge = comparison('greaterEqual', '>=', (a, b) => a >= b);
export const equal = eq.call;
export const notEqual = ne.call;
export const less = lt.call;
export const lessEqual = le.call;
export const greater = gt.call;
export const greaterEqual = ge.call;

function logic(name: string, symbol: string, holds: (a: number, b: number) => boolean) {
  return binary({
    name,
    scalar: (a, b) => Number(holds(a, b)),
    wgsl: (a, b) => `(${a} ${symbol} ${b})`,
    dtype: () => 'bool',
    partials: () => [null, null],
    derivative: '0 (bool)',
  });
}

const both = logic('logicalAnd', '&', (a, b) => a !== 0 && b !== 0);
const either = logic('logicalOr', '|', (a, b) => a !== 0 || b !== 0);
const negation = unary({
  name: 'logicalNot',
  scalar: (a) => Number(a === 0),
  wgsl: (a) => `(!${a})`,
  dtype: () => 'bool',
  partials: () => [null],
  derivative: '0 (bool)',
});
export const logicalAnd = both.call;
export const logicalOr = either.call;
export const logicalNot = negation.call;

// ---- cast: f32 to integers truncates; to bool: nonzero

const WGSL = { f32: 'F', i32: 'I', u32: 'U' } as const;

function convert(from: DType, to: DType, x: string): string {
  if (from === to) return x;
  if (to === 'bool') return `(${x} != ${WGSL[from as 'f32']}(0))`;
  if (from === 'bool') return `select(${WGSL[to]}(0), ${WGSL[to]}(1), ${x})`;
  return `${WGSL[to]}(${x})`;
}

/** One op for each target type. Its tangent passes where both ends are f32. */
function casting(to: DType) {
  return elementwise(1, {
    name: `cast_${to}`,
    scalar: (x) => (to === 'f32' ? x : to === 'bool' ? Number(x !== 0) : Math.trunc(x)),
    wgsl: ([x], [from]) => convert(from as DType, to, x as string),
    dtype: () => to,
    partials: ([x]) => [to === 'f32' && (x as Tensor).dtype === 'f32' ? (t) => t : null],
    derivative: to === 'f32' ? 'dx' : '0',
    rewrite: ([x]) => ((x as Tensor).dtype === to ? x : undefined),
  });
}

const casts = {
  f32: casting('f32'),
  i32: casting('i32'),
  u32: casting('u32'),
  bool: casting('bool'),
};

/** `x` in another element type: towards zero for integers, nonzero for bool. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return apply(casts[dtype], [x]);
}

/** y = x, computed and stored by a kernel of its own: what reads it finds it in order. */
const copying = elementwise(1, {
  name: 'copy',
  scalar: (x) => x,
  wgsl: ([x]) => x as string,
  partials: () => [(t) => t],
  derivative: 'dx',
  zeroPreserving: [0],
});

export function copy(x: Tensor): Tensor {
  return apply(copying, [x]);
}

/** Operands of equal rank and, where they differ, of the wider type (f32 before i32 before u32 before bool). */
export function promote(operands: readonly Operand[]): Operand[] {
  const order: readonly DType[] = ['bool', 'u32', 'i32', 'f32'];
  let widest = -1;
  for (const x of operands)
    widest = Math.max(
      widest,
      typeof x === 'number' ? (Number.isInteger(x) ? -1 : 3) : order.indexOf(x.dtype),
    );
  const type = order[widest];
  const rank = Math.max(0, ...operands.map((x) => (typeof x === 'number' ? 0 : x.rank)));
  return operands.map((x) =>
    typeof x === 'number' || type === undefined ? x : cast(lead(x, rank), type),
  );
}

export const compareOps = [
  ...[eq, ne, lt, le, gt, ge, both, either, negation].map((o) => o.op),
  ...Object.values(casts),
  copying,
];
