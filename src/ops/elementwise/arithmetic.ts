import { apply, type Tensor } from '../../ir/tensor.ts';
import { sizeOf } from '../../util/shape.ts';
import { broadcastShape } from '../axes.ts';
import { broadcast, lead } from '../linear/layout.ts';
import { full, fullValue } from '../source.ts';
import { align, binary, elementwise, onDiagonal, sameDiagonal, unary } from './define.ts';

/** `x` in the shape of the result, when the other operand changes nothing. */
const grown = (x: Tensor, shape: number[]): Tensor => broadcast(x, shape);

const addition = binary({
  name: 'add',
  scalar: (a, b) => a + b,
  wgsl: (a, b) => `(${a} + ${b})`,
  // d(a + b) = da + db
  partials: () => [(t) => t, (t) => t],
  derivative: 'da + db',
  rewrite([a, b], shape) {
    if (fullValue(b as Tensor) === 0) return grown(a as Tensor, shape);
    if (fullValue(a as Tensor) === 0) return grown(b as Tensor, shape);
    const e = sameDiagonal(a as Tensor, b as Tensor);
    if (e) return e.again(onDiagonal(addition.op, [a as Tensor, b as Tensor], e));
    return factored(a as Tensor, b as Tensor, add);
  },
});
export const add = addition.call;

const subtraction = binary({
  name: 'sub',
  scalar: (a, b) => a - b,
  wgsl: (a, b) => `(${a} - ${b})`,
  // d(a - b) = da - db
  partials: () => [(t) => t, neg],
  derivative: 'da - db',
  rewrite([a, b], shape) {
    if (fullValue(b as Tensor) === 0) return grown(a as Tensor, shape);
    if (fullValue(a as Tensor) === 0) return grown(neg(b as Tensor), shape);
    const e = sameDiagonal(a as Tensor, b as Tensor);
    if (e) return e.again(onDiagonal(subtraction.op, [a as Tensor, b as Tensor], e));
    return factored(a as Tensor, b as Tensor, sub);
  },
});
export const sub = subtraction.call;

const multiplication = binary({
  name: 'mul',
  scalar: (a, b) => a * b,
  wgsl: (a, b) => `(${a} * ${b})`,
  // d(a b) = b da + a db
  partials: ([a, b]) => [b as Tensor, a as Tensor],
  derivative: 'b da + a db',
  zeroPreserving: [0, 1],
  rewrite([a, b], shape) {
    const [p, q] = [a as Tensor, b as Tensor];
    if (fullValue(q) === 1) return grown(p, shape);
    if (fullValue(p) === 1) return grown(q, shape);
    if (fullValue(q) === -1) return grown(neg(p), shape);
    if (fullValue(p) === -1) return grown(neg(q), shape);
    return regrouped(p, q, mul) ?? regrouped(q, p, mul);
  },
});
export const mul = multiplication.call;

/** The text of a constant 0: SPIR-V leaves it undefined to divide by it. */
const ZERO = /^(F4\()?F\(0\.0\)\)?$/;

const division = binary({
  name: 'div',
  scalar: (a, b) => a / b,
  wgsl: (a, b, type) => {
    if (type !== 'f32') return `(F(${a}) / F(${b}))`;
    return ZERO.test(b) ? `(${a} * ct_inf())` : `(${a} / ${b})`;
  },
  dtype: () => 'f32',
  // d(a / b) = da / b - (a / b) / b db
  partials: ([, b], y) => [
    (t) => divTangent(t, b as Tensor),
    (t) => neg(guardedMul(t, div(y, b as Tensor))),
  ],
  derivative: 'da / b - (a / b²) db',
  zeroPreserving: [0],
  flops: 2,
  rewrite([a, b], shape) {
    const divisor = fullValue(b as Tensor);
    if (divisor === 1 && (a as Tensor).dtype === 'f32') return grown(a as Tensor, shape);
    return undefined;
  },
});
export const div = division.call;

const negation = unary({
  name: 'neg',
  scalar: (x) => -x,
  wgsl: (x) => `(-${x})`,
  // d(-x) = -dx
  partials: () => [neg],
  derivative: '-dx',
  zeroPreserving: [0],
  rewrite([x]) {
    const t = x as Tensor;
    if (t.op === negation.op) return t.inputs[0];
    const f = scaled(t);
    return f ? f.times(f.large, neg(f.small)) : undefined;
  },
});
export function neg(x: Tensor): Tensor {
  return negation.call(x);
}

/**
 * Product of a tangent t and a factor p, either of which may be infinite: 0 where one of them is 0. So a
 * branch that `where` did not take contributes nothing, even where its derivative is infinite; and a
 * factor 0 (of relu, clamp, maximum) stops an infinite tangent.
 */
const guarded = binary({
  name: 'guardedMul',
  scalar: (t, p) => (t === 0 || p === 0 ? 0 : t * p),
  wgsl: (t, p) => `select(${t} * ${p}, F(0.0), (${t} == F(0.0)) | (${p} == F(0.0)))`,
  // d(t p) = p dt + t dp, each term 0 where one of its factors is
  partials: ([t, p]) => [p as Tensor, t as Tensor],
  derivative: 'p dt + t dp',
  zeroPreserving: [0, 1],
  rewrite(operands, shape) {
    const [t, p] = operands as [Tensor, Tensor];
    const values = [fullValue(t), fullValue(p)];
    if (values.includes(0)) return full(shape, 0);
    const plain = !t.mayBeInfinite && !p.mayBeInfinite;
    if (plain || values.some((v) => v !== undefined)) return mul(t, p);
    return regrouped(t, p, guardedMul);
  },
});
export function guardedMul(t: Tensor, p: Tensor): Tensor {
  return guarded.call(t, p);
}

/**
 * A tensor that is a large one times a small one repeated: a batch of tangents times one derivative.
 * Chains of such products are regrouped so that the small factors are combined once, not per seed.
 */
function scaled(x: Tensor): { large: Tensor; small: Tensor; times: Product } | null {
  if (x.op !== multiplication.op && x.op !== guarded.op) return null;
  const times: Product = x.op === guarded.op ? guardedMul : mul;
  const [a, b] = x.inputs as [Tensor, Tensor];
  if (a.size === x.size && b.size < x.size) return { large: a, small: b, times };
  if (x.op === multiplication.op && b.size === x.size && a.size < x.size)
    return { large: b, small: a, times };
  return null;
}

/** Plain or guarded: products are regrouped with the guards they have. */
type Product = (a: Tensor, b: Tensor) => Tensor;

const grownSize = (a: Tensor, b: Tensor): number => sizeOf(broadcastShape([a, b]));

/** (g a) b = g (a b), where a b is smaller than the product. */
function regrouped(p: Tensor, b: Tensor, times: Product): Tensor | undefined {
  const f = scaled(p);
  if (!f || grownSize(f.small, b) >= p.size || grownSize(p, b) > p.size) return undefined;
  const product = times === f.times ? times : guardedMul;
  return product(f.large, product(f.small, b));
}

/** g a ± g b = g (a ± b), where a ± b is smaller than the result; likewise g ± g b. */
function factored(
  p: Tensor,
  q: Tensor,
  combine: (a: Tensor | number, b: Tensor | number) => Tensor,
): Tensor | undefined {
  const [f, h] = [scaled(p), scaled(q)];
  if (f && h && f.large === h.large && grownSize(f.small, h.small) < p.size)
    return (f.times === h.times ? f.times : guardedMul)(f.large, combine(f.small, h.small));
  if (f && f.large === q) return f.times(q, combine(f.small, 1));
  if (h && h.large === p) return h.times(p, combine(1, h.small));
  return undefined;
}

/** t / b, 0 where t is 0. */
export function divTangent(t: Tensor, b: Tensor): Tensor {
  const divisor = fullValue(b);
  if (divisor !== undefined) return divisor === 0 ? guardedMul(t, div(1, b)) : div(t, b);
  return guardedMul(t, div(1, b));
}

const squaring = unary({
  name: 'square',
  scalar: (x) => x * x,
  wgsl: (x) => `(${x} * ${x})`,
  // d(x²) = 2 x dx
  partials: ([x]) => [mul(2, x as Tensor)],
  derivative: '2 x dx',
  zeroPreserving: [0],
});
export const square = squaring.call;

const selection = elementwise(3, {
  name: 'where',
  scalar: (c, a, b) => (c !== 0 ? a : b),
  wgsl: ([c, a, b]) => `select(${b}, ${a}, ${c})`,
  dtype: (types) => (types[1] === types[2] ? (types[1] as 'f32') : 'f32'),
  // d(c ? a : b) = c ? da : db; the branch not taken contributes exactly 0
  partials: ([c]) => [
    null,
    (t) => whereZero(c as Tensor, t, true),
    (t) => whereZero(c as Tensor, t, false),
  ],
  derivative: 'c ? da : db',
  rewrite(inputs, shape) {
    const [c, a, b] = inputs as [Tensor, Tensor, Tensor];
    const value = fullValue(c);
    if (value !== undefined) return grown(value !== 0 ? a : b, shape);
    if (a === b) return grown(a, shape);
    const e = sameDiagonal(a, b);
    if (e) return e.again(onDiagonal(selection, inputs, e));
    for (const [x, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const zeroElsewhere = fullValue(other) === 0 ? singleDiagonal(x) : null;
      if (zeroElsewhere) return zeroElsewhere.again(onDiagonal(selection, inputs, zeroElsewhere));
    }
    return undefined;
  },
});

const singleDiagonal = (x: Tensor): ReturnType<typeof sameDiagonal> => sameDiagonal(x, x);

function whereZero(c: Tensor, t: Tensor, keepTrue: boolean): Tensor {
  return keepTrue ? where(c, t, 0) : where(c, 0, t);
}

/** `condition ? a : b`, element by element. */
export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  const rank = Math.max(
    condition.rank,
    typeof a === 'number' ? 0 : a.rank,
    typeof b === 'number' ? 0 : b.rank,
  );
  return apply(selection, whereOperands(condition, a, b, rank));
}

function whereOperands(
  condition: Tensor,
  a: Tensor | number,
  b: Tensor | number,
  rank: number,
): Tensor[] {
  const [p, q] = align([a, b]) as [Tensor, Tensor];
  return [lead(condition, rank), lead(p, rank), lead(q, rank)];
}

export const arithmeticOps = [
  addition.op,
  subtraction.op,
  multiplication.op,
  division.op,
  negation.op,
  guarded.op,
  squaring.op,
  selection,
];
