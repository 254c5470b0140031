import fc from 'fast-check';
import { test } from 'vitest';
import {
  array,
  concat,
  einsum,
  evaluate,
  stack,
  type PadOptions,
  type Range,
  type Tensor,
} from '../../src/index.ts';
import { Draw, SEED, shapes } from '../support/draw.ts';
import { expectNumbers, type Numbers } from '../support/reference.ts';
import { at, made, sumOver } from '../support/tensors/values.ts';

// Laws of the tensor functions that move elements, on random shapes with axes of length 0 and 1.

/** What a law is given: a shape, an array 0, 1, 2, ... of that shape, and choices. */
interface Given {
  readonly shape: readonly number[];
  readonly x: Numbers;
  readonly draw: Draw;
}

function law(title: string, least: number, holds: (given: Given) => void, runs = 60): void {
  test(title, () => {
    fc.assert(
      fc.property(shapes(200), fc.nat(), (shape, seed) => {
        fc.pre(shape.length >= least);
        let next = 0;
        holds({ shape, x: made(shape, () => next++), draw: new Draw(seed) });
      }),
      { seed: SEED, numRuns: runs },
    );
  });
}

const run = (f: (...xs: Tensor[]) => Tensor, ...xs: Numbers[]): Numbers =>
  evaluate(
    f as never,
    ...(xs.map((x) => array(Float64Array.from(x.data), x.shape)) as never[]),
  ) as unknown as Numbers;

const same = (got: Numbers, want: Numbers): void => expectNumbers(got, want, 1e-9);

/** An axis of `shape`, from the front or from the end. */
function axisOf(shape: readonly number[], draw: Draw): { axis: number; at: number } {
  const i = draw.int(0, shape.length - 1);
  return { axis: draw.chance(0.5) ? i : i - shape.length, at: i };
}

const replaced = (list: readonly number[], i: number, value: number): number[] =>
  list.map((v, k) => (k === i ? value : v));

law('reshape keeps the order of the elements', 1, ({ shape, x, draw }) => {
  const other = draw.shuffle(shape);
  same(
    run((t) => t.reshape(other), x),
    { shape: other, data: x.data },
  );
  same(
    run((t) => t.flatten(draw.int(0, shape.length - 1)).reshape(shape), x),
    x,
  );
});

law('transpose(p) puts axis p[i] at i', 1, ({ shape, x, draw }) => {
  const p = draw.shuffle(shape.map((_, i) => i));
  const want = made(
    p.map((i) => shape[i] as number),
    (...index) => at(x, ...shape.map((_, i) => index[p.indexOf(i)] as number)),
  );
  same(
    run((t) => t.transpose(p.map((i) => (draw.chance(0.5) ? i : i - shape.length))), x),
    want,
  );
});

law('slice takes what a loop would visit', 1, ({ shape, x, draw }) => {
  const lists: number[][] = [];
  const ranges = shape.map((n): Range => {
    const any = Array.from({ length: n }, (_, i) => i);
    if (draw.chance(0.2)) {
      lists.push(any);
      return null;
    }
    if (n > 0 && draw.chance(0.2)) {
      const pick = draw.int(-n, n - 1);
      lists.push([pick < 0 ? pick + n : pick]);
      return pick;
    }
    const end = (): number | null => (draw.chance(0.2) ? null : draw.int(-n - 2, n + 2));
    const [start, stop, step] = [end(), end(), draw.pick([1, 2, 3, -1, -2])];
    const from = start === null ? null : start < 0 ? start + n : start;
    const to = stop === null ? null : stop < 0 ? stop + n : stop;
    const list: number[] = [];
    // walk from the first position inside, as far as the last one before the stop
    let i = from ?? (step > 0 ? 0 : n - 1);
    if (step > 0) i = Math.max(i, 0);
    else i = Math.min(i, n - 1);
    for (; i >= 0 && i < n; i += step) {
      if (to !== null && (step > 0 ? i >= to : i <= to)) break;
      list.push(i);
    }
    lists.push(list);
    return step === 1 && draw.chance(0.5) ? [start, stop] : [start, stop, step];
  });
  const whole = made(
    lists.map((l) => l.length),
    (...index) => at(x, ...index.map((v, i) => (lists[i] as number[])[v] as number)),
  );
  const kept = whole.shape.filter((_, i) => typeof ranges[i] !== 'number');
  same(
    run((t) => t.slice(...ranges), x),
    { shape: kept, data: whole.data },
  );
});

law('flip, roll, repeat and tile along an axis', 1, ({ shape, x, draw }) => {
  const { axis, at: i } = axisOf(shape, draw);
  const n = shape[i] as number;
  const moved = (length: number, from: (k: number) => number): Numbers =>
    made(replaced(shape, i, length), (...index) =>
      at(x, ...replaced(index, i, from(index[i] as number))),
    );
  const shift = draw.int(-9, 9);
  const times = draw.int(0, 3);
  same(
    run((t) => t.flip(axis), x),
    moved(n, (k) => n - 1 - k),
  );
  same(
    run((t) => t.roll(shift, axis), x),
    moved(n, (k) => (((k - shift) % n) + n) % n),
  );
  same(
    run((t) => t.repeat(times, axis), x),
    moved(n * times, (k) => Math.floor(k / times)),
  );
  same(
    run(
      (t) =>
        t.tile(
          replaced(
            shape.map(() => 1),
            i,
            times,
          ),
        ),
      x,
    ),
    moved(n * times, (k) => k % n),
  );
});

law('pad in every mode, with crops', 1, ({ shape, x, draw }) => {
  const mode = draw.pick(['constant', 'reflect', 'replicate', 'circular'] as const);
  const pairs = shape.slice(draw.int(0, shape.length - 1)).map((n): [number, number] => {
    const before = draw.int(-Math.min(n, 2), 3);
    const left = n + Math.min(before, 0);
    const after = draw.int(-Math.min(left, 2), 3);
    const rest = left + Math.min(after, 0);
    const most = { constant: 9, reflect: rest - 1, replicate: rest > 0 ? 9 : 0, circular: rest };
    const cap = (p: number): number => Math.min(p, Math.max(0, most[mode]));
    return [cap(before), cap(after)];
  });
  const skip = shape.length - pairs.length;
  const source = (v: number, i: number): number | null => {
    const [before, after] = pairs[i - skip] ?? [0, 0];
    // the part of the axis that is left, and the position in it
    const [first, n] = [
      Math.max(0, -before),
      (shape[i] as number) + Math.min(0, before) + Math.min(0, after),
    ];
    let k = v - Math.max(0, before);
    if (k < 0 || k >= n) {
      if (mode === 'constant') return null;
      if (mode === 'replicate') k = k < 0 ? 0 : n - 1;
      if (mode === 'circular') k = (k + n) % n;
      if (mode === 'reflect') k = k < 0 ? -k : 2 * (n - 1) - k;
    }
    return first + k;
  };
  const value = draw.pick([0, -2.5]);
  const want = made(
    shape.map((n, i) => n + (pairs[i - skip] ?? [0, 0]).reduce((p, q) => p + q)),
    (...index) => {
      const from = index.map(source);
      return from.includes(null) ? value : at(x, ...(from as number[]));
    },
  );
  const options: PadOptions = mode === 'constant' ? { value } : { mode };
  same(
    run((t) => t.pad(pairs, options), x),
    want,
  );
});

law('concat puts together what split cut, stack what unstack did', 1, ({ shape, x, draw }) => {
  const { axis, at: i } = axisOf(shape, draw);
  const n = shape[i] as number;
  const sizes: number[] = [];
  for (let rest = n; rest > 0;) {
    const size = draw.int(0, rest);
    sizes.push(size);
    rest -= size;
  }
  if (sizes.length === 0) sizes.push(0);
  same(
    run((t) => concat(t.split(sizes, axis), axis), x),
    x,
  );
  if (n > 0)
    same(
      run((t) => stack(t.unstack(axis), axis), x),
      x,
    );
});

law('scatterAdd is the adjoint of take', 1, ({ shape, x, draw }) => {
  const { axis, at: i } = axisOf(shape, draw);
  const n = shape[i] as number;
  fc.pre(n > 0);
  const count = draw.int(0, 5);
  const indices = Array.from({ length: count }, () => draw.int(-n, n - 1));
  const wrapped = indices.map((k) => (k + n) % n);
  const taken = made(replaced(shape, i, count), (...index) =>
    at(x, ...replaced(index, i, wrapped[index[i] as number] as number)),
  );
  same(
    run((t) => t.take(indices, axis), x),
    taken,
  );
  const u = made(taken.shape, () => draw.int(-4, 4));
  const back = run((t, v) => t.zerosLike().scatterAdd(indices, v, axis), x, u);
  const inner = (a: Numbers, b: Numbers): number =>
    Array.from(a.data).reduce((s, v, k) => s + v * (b.data[k] as number), 0);
  same({ shape: [], data: [inner(back, x)] }, { shape: [], data: [inner(u, taken)] });
});

test('fold and transposed convolution are the adjoints of unfold and convolution', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const draw = new Draw(seed);
      const two = (low: number, high: number): [number, number] => [
        draw.int(low, high),
        draw.int(low, high),
      ];
      const [kernel, stride, dilation, padding] = [two(1, 3), two(1, 3), two(1, 2), two(0, 1)];
      const image = kernel.map((k, i) => (k - 1) * (dilation[i] as number) + draw.int(1, 5));
      const [C, O] = [draw.int(1, 3), draw.int(1, 3)];
      const random = (shape: number[]): Numbers => made(shape, () => draw.int(-4, 4));
      const options = { stride, dilation, padding };
      const x = random([2, C, ...image]);
      const w = random([O, C, ...kernel]);
      const convolved = run((a, b) => a.conv2d(b, options), x, w);
      const y = random([...convolved.shape]);
      // what the stride does not reach at the end
      const outputPadding = image.map((n, i) => {
        const reach = (kernel[i] as number) * (dilation[i] as number) - (dilation[i] as number) + 1;
        return (n + 2 * (padding[i] as number) - reach) % (stride[i] as number);
      });
      const total = (f: (...xs: Tensor[]) => Tensor, ...xs: Numbers[]): Numbers =>
        run((...ts) => f(...ts).sum(), ...xs);
      same(
        total((a, b, c) => a.mul(b.convTranspose2d(c, { ...options, outputPadding })), x, y, w),
        total((a, b) => a.mul(b), y, convolved),
      );
      const columns = run((a) => a.unfold(kernel, options), x);
      const u = random([...columns.shape]);
      same(
        total((a, b) => a.mul(b.fold(image, kernel, options)), x, u),
        total((a, b) => a.mul(b), u, columns),
      );
      // and a convolution is a matrix times columns
      same(
        run((a, b) => a.flatten(1).matmul(b).reshape(convolved.shape), w, columns),
        convolved,
      );
    }),
    { seed: SEED, numRuns: 30 },
  );
});

test('einsum is the sum over all letters that are not in the result', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const draw = new Draw(seed);
      const letters = ['a', 'b', 'c', 'd'];
      const length = Object.fromEntries(letters.map((l) => [l, draw.int(1, 3)]));
      const specs = Array.from({ length: draw.int(1, 4) }, () =>
        Array.from({ length: draw.int(0, 3) }, () => draw.pick(letters)),
      );
      const used = letters.filter((l) => specs.some((s) => s.includes(l)));
      const output = draw.shuffle(draw.some(used));
      const summed = used.filter((l) => !output.includes(l));
      const sizes = (list: readonly string[]): number[] => list.map((l) => length[l] as number);
      const xs = specs.map((s) => made(sizes(s), () => draw.int(-3, 3)));
      const want = made(sizes(output), (...free) =>
        sumOver(sizes(summed), (...bound) => {
          const value = (l: string): number =>
            output.includes(l)
              ? (free[output.indexOf(l)] as number)
              : (bound[summed.indexOf(l)] as number);
          return specs.reduce((p, s, k) => p * at(xs[k] as Numbers, ...s.map(value)), 1);
        }),
      );
      const spec = `${specs.map((s) => s.join('')).join()}->${output.join('')}`;
      same(
        run((...ts) => einsum(spec, ...ts), ...xs),
        want,
      );
    }),
    { seed: SEED, numRuns: 150 },
  );
});
