import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  add,
  constant,
  div,
  equal,
  isSigned,
  maxOf,
  mentions,
  minOf,
  mod,
  offset,
  render,
  scale,
  strideIn,
  substitute,
  variable,
  type Index,
} from '../../src/ir/index-expr.ts';
import { flatten, unflatten, type Coordinates, type Guard } from '../../src/ir/index-map.ts';
import { apply, withTrace, type Tensor } from '../../src/ir/tensor.ts';
import { atLane, isAligned, laneStride } from '../../src/lower/lanes.ts';
import { ops } from '../../src/ops/index.ts';
import { variableLike } from '../../src/ops/source.ts';
import { interpret } from '../../src/reference/interpret.ts';
import { range, sameShape } from '../../src/util/shape.ts';
import { Draw, SEED } from '../support/draw.ts';
import { samplers, type Spec } from '../support/op-samples.ts';
import { integerExpression, type Integer } from '../support/wgsl-integers.ts';

type Point = Readonly<Record<string, number>>;

/** What an expression means at a point. */
function valueAt(e: Index, at: Point): number {
  let value = e.constant;
  for (const { variable: v, divisor, modulus, coefficient } of e.digits) {
    let digit: number;
    if (v.inner) {
      const of = valueAt(v.inner.of, at);
      const quotient = Math.floor(of / v.inner.by);
      digit = v.inner.op === 'div' ? quotient : of - quotient * v.inner.by;
    } else digit = at[v.name] as number;
    if (divisor !== 1) digit = Math.floor(digit / divisor);
    if (modulus !== Infinity) digit = ((digit % modulus) + modulus) % modulus;
    value += coefficient * digit;
  }
  return value;
}

/** What its WGSL text means at points. */
function renderedAt(e: Index): (at: Point) => number {
  const text = render(e);
  const expression = integerExpression(text);
  return (at) => {
    const names: Record<string, Integer> = {};
    for (const name in at) names[name] = { type: 'u32', value: at[name] as number };
    const { type, value } = expression(names);
    if (type !== (isSigned(e) ? 'i32' : 'u32')) throw new Error(`${text} is ${type}`);
    return value;
  };
}

// ---- expressions made at random, next to a function that computes them

interface Made {
  readonly index: Index;
  readonly value: (at: Point) => number;
}

const SIZES: Point = { i: 12, j: 5, k: 8 };
const points: Point[] = range(12).flatMap((i) =>
  range(5).flatMap((j) => range(8).map((k) => ({ i, j, k }))),
);

function made(d: Draw, depth: number): Made {
  if (depth === 0 || d.chance(0.15)) {
    if (d.chance(0.2)) {
      const c = d.int(-9, 30);
      return { index: constant(c), value: () => c };
    }
    const name = d.pick(Object.keys(SIZES));
    return { index: variable(name, SIZES[name] as number), value: (at) => at[name] as number };
  }
  const a = made(d, depth - 1);
  const n = d.pick([1, 2, 3, 4, 5, 6, 8, 12, 24]);
  switch (d.pick(['add', 'add', 'scale', 'offset', 'div', 'mod', 'join'])) {
    case 'add': {
      const b = made(d, depth - 1);
      return { index: add(a.index, b.index), value: (at) => a.value(at) + b.value(at) };
    }
    case 'scale': {
      const factor = d.chance(0.2) ? -n : n;
      return { index: scale(a.index, factor), value: (at) => a.value(at) * factor };
    }
    case 'offset':
      return { index: offset(a.index, n), value: (at) => a.value(at) + n };
    case 'join': {
      // n · (a / n) + a % n, taken apart and put together
      const p = positive(a);
      return { index: add(scale(div(p.index, n), n), mod(p.index, n)), value: p.value };
    }
    case 'div': {
      const p = positive(a);
      return { index: div(p.index, n), value: (at) => Math.floor(p.value(at) / n) };
    }
    default: {
      const p = positive(a);
      return { index: mod(p.index, n), value: (at) => p.value(at) % n };
    }
  }
}

/** The same moved up so that it is never negative, as `div` and `mod` ask. */
function positive({ index, value }: Made): Made {
  const low = Math.min(0, minOf(index));
  return { index: offset(index, -low), value: (at) => value(at) - low };
}

const expressions = fc
  .record({ seed: fc.nat(), depth: fc.integer({ min: 1, max: 6 }) })
  .map(({ seed, depth }) => made(new Draw(seed), depth));
const settings = { numRuns: 300, seed: SEED };

describe('expressions', () => {
  test('mean what they were made of, and stay within their bounds', () => {
    fc.assert(
      fc.property(expressions, ({ index, value }) => {
        const [low, high] = [minOf(index), maxOf(index)];
        for (const at of points) {
          const want = value(at);
          const got = valueAt(index, at);
          if (got !== want) throw new Error(`${render(index)} is ${got}, want ${want}`);
          if (want < low || want > high) throw new Error(`${want} is outside ${low}..${high}`);
        }
      }),
      settings,
    );
  });

  test('are rendered as WGSL with the same value, one type throughout', () => {
    fc.assert(
      fc.property(expressions, ({ index, value }) => {
        const rendered = renderedAt(index);
        for (const at of points.filter((_, n) => n % 7 === 0))
          if (rendered(at) !== value(at))
            throw new Error(`${render(index)} at ${JSON.stringify(at)}, want ${value(at)}`);
      }),
      settings,
    );
  });

  test('that are equal have equal values, and the difference of one with itself is 0', () => {
    fc.assert(
      fc.property(expressions, expressions, (a, b) => {
        expect(equal(a.index, a.index)).toBe(true);
        if (equal(a.index, b.index))
          expect(points.every((at) => a.value(at) === b.value(at))).toBe(true);
      }),
      settings,
    );
  });

  test('a stride is by how much they move; what is not mentioned does not move them', () => {
    fc.assert(
      fc.property(expressions, ({ index, value }) => {
        const stride = strideIn(index, 'i');
        for (const at of points.filter((p) => (p['i'] as number) < 11)) {
          const step = value({ ...at, i: (at['i'] as number) + 1 }) - value(at);
          const want = mentions(index, 'i') ? stride : 0;
          if (want !== null && step !== want) throw new Error(`${render(index)}: step ${step}`);
        }
      }),
      settings,
    );
  });

  test('substitution of a variable', () => {
    fc.assert(
      fc.property(expressions, ({ index, value }) => {
        // i = 3 p + q
        const i = add(scale(variable('p', 4), 3), variable('q', 3));
        const got = substitute(index, (name) => (name === 'i' ? i : undefined));
        for (const at of points.filter((_, n) => n % 5 === 0)) {
          const n = at['i'] as number;
          if (valueAt(got, { ...at, p: Math.floor(n / 3), q: n % 3 }) !== value(at))
            throw new Error(`${render(index)} became ${render(got)}`);
        }
      }),
      { ...settings, numRuns: 200 },
    );
  });
});

test('reshapes of transposes leave no division where strides do', () => {
  const i = variable('i', 24);
  // [4, 6] -> [2, 2, 6] -> [24] and back: nothing is left
  expect(render(flatten(unflatten(i, [2, 2, 6]), [2, 2, 6]))).toBe('i');
  // row and column of the transpose of [4, 6]
  const [row, column] = unflatten(i, [6, 4]) as [Index, Index];
  expect(render(flatten([column, row], [4, 6]))).toBe('((i >> 2u) + (i & 3u) * 6u)');
  expect(render(div(flatten(unflatten(i, [6, 4]), [6, 4]), 4))).toBe('(i >> 2u)');
});

// ---- index maps of ops, one after another

const MOVING = [
  ...['reshape', 'transpose', 'broadcast', 'slice', 'pad', 'flip', 'window'],
  ...['takeDiagonal', 'embedDiagonal'],
];
const opOf = new Map(ops.map((op) => [op.name, op]));

/** `x` after one op that only moves elements, if the drawn one fits it. */
function moved(d: Draw, x: Tensor): Tensor {
  const name = d.pick(MOVING);
  const signature = (samplers[name] as (typeof samplers)[string]).signature(d, x.shape, 'f32');
  let { params } = signature;
  if (name === 'takeDiagonal') {
    const pairs = x.shape.flatMap((n, a) =>
      x.shape.flatMap((m, b) => (a !== b && n === m ? [{ a: a - x.rank, b: b - x.rank }] : [])),
    );
    if (pairs.length === 0) return x;
    params = d.pick(pairs);
  } else if (!sameShape((signature.inputs[0] as Spec).shape, x.shape)) return x;
  const op = opOf.get(name) as (typeof ops)[number];
  const y = apply(op, [x], params);
  return y.size === 0 || y.size > 600 ? x : y;
}

interface Chain {
  readonly leaf: Tensor;
  readonly last: Tensor;
}

function chain(seed: number, length: number, isForVectors = false): Chain {
  const d = new Draw(seed);
  for (;;) {
    const shape = range(d.int(0, 3)).map(() => d.pick([1, 2, 3, 4, 5, 6, 8]));
    const leaf = variableLike({ shape, dtype: 'f32' });
    let last = leaf;
    for (let k = 0; k < length; k++) last = moved(d, last);
    if (!isForVectors || last.size % 4 === 0) return { leaf, last };
  }
}

/** Address in the leaf of element `i` of the last tensor, and when there is one. */
function addressOf({ leaf, last }: Chain): { address: Index; guards: Guard[]; all: Index[] } {
  let at: Coordinates = unflatten(variable('i', last.size), last.shape);
  const guards: Guard[] = [];
  const all: Index[] = [];
  for (let node = last; node !== leaf; node = node.inputs[0] as Tensor) {
    if (node.op.family !== 'linear' || !node.op.indexMap) throw new Error(node.op.name);
    const map = node.op.indexMap(at, node);
    guards.push(...map.guards);
    at = map.at;
    all.push(...at);
  }
  const address = flatten(at, leaf.shape);
  return { address, guards, all: [...all, address] };
}

const holds = (g: Guard, value: (e: Index) => number): boolean =>
  'left' in g ? value(g.left) === value(g.right) : value(g.index) >= g.lo && value(g.index) < g.hi;

const chains = fc.record({ seed: fc.nat(), length: fc.integer({ min: 1, max: 6 }) });

/** Nodes from the leaf on, for messages. */
function describeChain({ leaf, last }: Chain): string {
  const names: string[] = [];
  for (let node = last; node !== leaf; node = node.inputs[0] as Tensor)
    names.unshift(`${node.op.name} ${JSON.stringify(node.params)} [${node.shape.join()}]`);
  return `[${leaf.shape.join()}] ${names.join(' -> ')}`;
}

describe('chains of index maps', () => {
  test.each([
    ['as expressions', (e: Index) => (at: Point) => valueAt(e, at)],
    ['as WGSL', renderedAt],
  ])('bring every element from where it was, %s', (_, reader) => {
    fc.assert(
      fc.property(chains, ({ seed, length }) =>
        withTrace(() => {
          const c = chain(seed, length);
          const data = Float64Array.from({ length: c.leaf.size }, (__, i) => i + 1);
          const [want] = interpret([c.last], new Map([[c.leaf, data]])) as [Float64Array];
          const { address, guards } = addressOf(c);
          const readers = new Map<Index, (at: Point) => number>();
          want.forEach((w, i) => {
            const of = (e: Index): number => {
              const value = readers.get(e) ?? reader(e);
              readers.set(e, value);
              return value({ i });
            };
            const got = guards.every((g) => holds(g, of)) ? data[of(address)] : 0;
            if (got !== w)
              throw new Error(`${describeChain(c)}: element ${i} is ${got}, want ${w}`);
            if (got !== 0 && (of(address) < minOf(address) || of(address) > maxOf(address)))
              throw new Error(`${describeChain(c)}: element ${i} outside the bounds`);
          });
        }),
      ),
      settings,
    );
  });

  test('four lanes at a time', () => {
    fc.assert(
      fc.property(chains, ({ seed, length }) =>
        withTrace(() => {
          const c = chain(seed, length, true);
          const { guards, all } = addressOf(c);
          const indices = [
            ...all,
            ...guards.flatMap((g) => ('left' in g ? [g.left, g.right] : [g.index])),
          ];
          for (let i = 0; i < c.last.size; i += 4) {
            if (!guards.every((g) => holds(g, (e) => valueAt(e, { i })))) continue;
            for (const e of indices) lanes(e, i, () => `${describeChain(c)}: ${render(e)} at ${i}`);
          }
        }),
      ),
      settings,
    );
  });

  test('four lanes of expressions', () => {
    fc.assert(
      fc.property(expressions, ({ index }) => {
        for (const at of points.filter((p) => (p['i'] as number) % 4 === 0))
          lanes(index, at['i'] as number, () => `${render(index)} at ${JSON.stringify(at)}`, at);
      }),
      settings,
    );
  });
});

/** Stride, alignment and text of the lanes that begin at `i`. */
function lanes(e: Index, i: number, where: () => string, at: Point = {}): void {
  const value = (k: number): number => valueAt(e, { ...at, i: i + k });
  const stride = laneStride(e, 'i');
  for (const k of range(4)) {
    if (stride !== null && value(k) !== value(0) + stride * k)
      throw new Error(`${where()}: lane ${k} is ${value(k)}, stride ${stride} from ${value(0)}`);
    const got = valueAt(atLane(e, 'i', k), { ...at, i });
    if (got !== value(k)) throw new Error(`${where()}: lane ${k} is ${value(k)}, atLane ${got}`);
  }
  if (isAligned(e, 'i') && !mentionsOther(e) && ((value(0) % 4) + 4) % 4 !== 0)
    throw new Error(`${where()}: ${value(0)} is no multiple of 4`);
}

const mentionsOther = (e: Index): boolean => mentions(e, 'j') || mentions(e, 'k');
