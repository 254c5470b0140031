import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { build, LEAST } from '../../src/compile.ts';
import { cheapestOrder, type Order, type SegmentCost } from '../../src/derive/chain.ts';
import { articulationNodes } from '../../src/derive/segments.ts';
import { explain } from '../../src/explain.ts';
import { traceFunction } from '../../src/trace/trace.ts';
import {
  array,
  evaluate,
  grad,
  jacfwd,
  jacobian,
  jacrev,
  jvp,
  vjp,
  zeros,
  type Tensor,
} from '../../src/index.ts';

/** Cost of an order, added up move by move. */
function costOf(order: Order, sizes: readonly number[], segments: readonly SegmentCost[]): number {
  const size = (i: number): number => sizes[i] as number;
  const between = (a: number, b: number, of: 'push' | 'pull'): number =>
    segments.slice(a, b).reduce((n, s) => n + s[of], 0);
  switch (order.move) {
    case 'own':
      return (segments[order.from] as SegmentCost).own;
    case 'push':
      return (
        costOf(order.first, sizes, segments) +
        size(order.from) * between(order.at, order.to, 'push')
      );
    case 'pull':
      return (
        costOf(order.last, sizes, segments) + size(order.to) * between(order.from, order.at, 'pull')
      );
    case 'multiply':
      return (
        costOf(order.first, sizes, segments) +
        costOf(order.last, sizes, segments) +
        2 * size(order.from) * size(order.at) * size(order.to)
      );
  }
}

/** Every way to accumulate `from..to`: not coded with efficiency in mind. */
function* everyOrder(from: number, to: number): Generator<Order> {
  if (to === from + 1) yield { move: 'own', from, to };
  for (let at = from + 1; at < to; at++) {
    for (const first of everyOrder(from, at)) {
      yield { move: 'push', from, to, at, first };
      for (const last of everyOrder(at, to)) yield { move: 'multiply', from, to, at, first, last };
    }
    for (const last of everyOrder(at, to)) yield { move: 'pull', from, to, at, last };
  }
}

const segment = fc.record({
  push: fc.integer({ min: 1, max: 500 }),
  pull: fc.integer({ min: 1, max: 500 }),
  own: fc.integer({ min: 0, max: 5000 }),
});

describe('the cheapest order', () => {
  test('is the optimum over all bracketings of chains of random widths and costs', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 5 })
          .chain((n) =>
            fc.tuple(
              fc.array(fc.integer({ min: 1, max: 20 }), { minLength: n + 1, maxLength: n + 1 }),
              fc.array(segment, { minLength: n, maxLength: n }),
            ),
          ),
        ([sizes, segments]) => {
          const found = cheapestOrder(sizes, segments);
          expect(costOf(found.order, sizes, segments)).toBe(found.flops);
          let best = Infinity;
          for (const order of everyOrder(0, segments.length))
            best = Math.min(best, costOf(order, sizes, segments));
          expect(found.flops).toBe(best);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('of dense layers with a waist multiplies there', () => {
    const sizes = [784, 256, 16, 256, 784];
    const segments = sizes.slice(1).map((n, i) => {
      const product = 2 * n * (sizes[i] as number);
      return { push: product, pull: product, own: 0 };
    });
    const { order } = cheapestOrder(sizes, segments);
    expect(order.move).toBe('multiply');
  });
});

describe('articulation nodes', () => {
  const names = (f: (x: Tensor) => Tensor): string[] =>
    traceFunction(f, [array([1, 2, 3])], 'test', ({ inputs: [x], outputs: [y] }) =>
      articulationNodes(y as Tensor, x as Tensor).map((n) => n.op.name),
    );

  test('of a chain are all its nodes', () => {
    expect(names((x) => x.sin().exp())).toEqual(['input', 'sin', 'exp']);
  });

  test('leave out the branches of a residual block', () => {
    expect(names((x) => x.sin().add(x).exp())).toEqual(['input', 'add', 'exp']);
  });

  test('are none where there is no path', () => {
    expect(names(() => zeros([3]))).toEqual([]);
  });
});

describe('mixed accumulation', () => {
  const weights = [12, 9, 2, 8, 11].map((n, i, all) => {
    const m = all[i - 1] ?? 0;
    return array(
      Float32Array.from({ length: m * n }, (_, k) => Math.sin(k * 1.7 + i) / 3),
      [m, n],
    );
  });
  const net = (x: Tensor): Tensor =>
    weights.slice(1).reduce((h, w) => h.matmul(w).tanh().add(h.sum().mul(0.1)), x);

  test('gives the Jacobian of both pure modes', () => {
    const x = array(Float32Array.from({ length: 12 }, (_, i) => Math.cos(i)));
    const [a, r, f] = [jacobian(net), jacrev(net), jacfwd(net)].map((j) => evaluate(j, x).data);
    for (let i = 0; i < 132; i++) {
      expect(a?.[i]).toBeCloseTo(r?.[i] as number, 12);
      expect(f?.[i]).toBeCloseTo(r?.[i] as number, 12);
    }
  });

  test('takes an output that is the input itself, beside one at the end of a chain', () => {
    const x = array(Float32Array.from({ length: 12 }, (_, i) => Math.cos(i)));
    const both = (v: Tensor) => ({ same: v, end: net(v) });
    const { same, end } = evaluate(jacobian(both), x);
    const { data } = evaluate(jacrev(net), x);
    data.forEach((v, i) => expect(end.data[i]).toBeCloseTo(v, 12));
    same.data.forEach((v, i) => expect(v).toBe(i % 13 === 0 ? 1 : 0));
  });
});

describe('explain() says of each node in which direction it is passed', () => {
  const dense = (widths: readonly number[]) => {
    const all = widths.slice(1).map((n, i) => {
      const m = widths[i] as number;
      const w = Float32Array.from({ length: m * n }, (_, k) => Math.sin(k + i));
      return array(w, [m, n]);
    });
    return (x: Tensor): Tensor => all.reduce((h, w) => h.matmul(w).tanh(), x);
  };
  const linesOf = (f: (x: Tensor) => unknown, inputs: number): string[] => {
    const x = array(new Float32Array(inputs));
    const { json } = explain(build(f, [x], LEAST, 'test'));
    expect(json.graph.split('\n').length).toBe(json.nodes.length + 1);
    return json.nodes.map(({ op, shape, role }) => {
      const what = role ? `${role.of}, ${role.direction}` : '';
      return `${op} [${shape.join()}] ${what}`.trim();
    });
  };

  test('for the pure modes', () => {
    expect(linesOf(jacrev(dense([6, 5])), 6)).toMatchSnapshot();
    expect(linesOf(jacfwd(dense([6, 5])), 6)).toMatchSnapshot();
  });

  test('for a mixed order, segment by segment', () => {
    const f = dense([96, 64, 4, 64, 96]);
    const x = array(new Float32Array(96));
    const { json } = explain(build(jacobian(f), [x], LEAST, 'test'));
    expect(json.jacobians[0]?.segments).toMatchInlineSnapshot(`
      [
        {
          "move": "pulled back",
          "size": 96,
        },
        {
          "move": "pulled back",
          "size": 64,
        },
        {
          "move": "pulled back",
          "product": true,
          "size": 4,
        },
        {
          "move": "pulled back",
          "size": 64,
        },
        {
          "move": "pushed forward",
          "size": 96,
        },
      ]
    `);
    expect(linesOf(jacobian(f), 96)).toMatchSnapshot();
  });

  test('for products, and for gradients', () => {
    const f = dense([6, 5]);
    const roles = (g: (x: Tensor) => unknown): string[] =>
      [...new Set(linesOf(g, 6).map((l) => l.replace(/.*\]/, '').trim()))].sort();
    const [value, back] = ['function, pulled back', 'derivative, pulled back'];
    expect(roles((x) => vjp(f, x)[1](zeros([5]).add(1)))).toEqual(['', back, value].sort());
    expect(roles(grad((x) => f(x).sum()))).toEqual(['', back, value].sort());
    expect(roles((x) => jvp(f, [x], [x.mul(2)])).filter((r) => /pulled/.test(r))).toEqual([]);
  });

  test('of nested transforms too, each node of a derivative once', () => {
    const g = jacobian((x: Tensor) => jacobian(dense([4, 3]))(x));
    const lines = linesOf(g, 4).filter((l) => !/^(input|constant|full)/.test(l));
    expect(lines.filter((l) => !/function|derivative/.test(l))).toEqual([]);
  });
});
