import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diag, jacobian, layerNorm, sum, vmap, type Tensor } from '../../src/index.ts';
import { interpret } from '../../src/reference/interpret.ts';
import { Draw, SEED } from '../support/draw.ts';
import { named, withPlan, type Planned } from '../support/planned.ts';

// Sums over rows whose terms are known without adding them up, as they are planned.

const n = 24;

/** A random n × n matrix of a and b [n] that is nowhere dense, and the same in numbers. */
function drawn(draw: Draw, depth: number): [(a: Tensor, b: Tensor) => Tensor, Numbers] {
  const inner = (): ReturnType<typeof drawn> => drawn(draw, depth - 1);
  switch (draw.int(0, depth > 0 ? 5 : 2)) {
    case 0:
      return [(a) => diag(a), (a, _, i, j) => (i === j ? at(a, i) : 0)];
    case 1:
      return [(a, b) => a.reshape([n, 1]).mul(b), (a, b, i, j) => at(a, i) * at(b, j)];
    case 2:
      return [(_, b) => b.reshape([1, n]).broadcastTo([n, n]), (_, b, _i, j) => at(b, j)];
    case 3: {
      const [f, want] = inner();
      return [(a, b) => f(a, b).neg(), (...all) => -want(...all)];
    }
    case 4: {
      const [f, want] = inner();
      return [
        (a, b) => f(a, b).mul(a.reshape([n, 1]).add(3)),
        (a, b, i, j) => want(a, b, i, j) * (at(a, i) + 3),
      ];
    }
    default: {
      const [f, want] = inner();
      const onDiagonal: Numbers = (a, _, i, j) => (i === j ? at(a, i) : 0);
      return draw.int(0, 1)
        ? [(a, b) => diag(a).add(f(a, b)), (...all) => onDiagonal(...all) + want(...all)]
        : [(a, b) => f(a, b).sub(diag(a)), (...all) => want(...all) - onDiagonal(...all)];
    }
  }
}

type Numbers = (a: Float64Array, b: Float64Array, i: number, j: number) => number;
const at = (x: Float64Array, i: number): number => x[i] as number;

/** The most elements that one sum of the plan adds up. */
const mostRead = ({ nodes }: Planned): number =>
  Math.max(0, ...named(nodes, 'sum').map((x) => (x.inputs[0] as Tensor).size));

test('sums of diagonals, outer products and repeated rows read no matrix', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const draw = new Draw(seed);
      const [f, want] = drawn(draw, 3);
      const [a, b] = [0, 1].map(() => Float64Array.from({ length: n }, () => draw.uniform(-1, 1)));
      withPlan(
        (x: Tensor, y: Tensor) => sum(f(x, y).div(3), 1),
        [[n], [n]],
        (planned) => {
          const { plan } = planned;
          const data = new Map(plan.inputs.map((x, i) => [x, [a, b][i] as Float64Array]));
          const [got] = interpret(plan.outputs, data);
          for (let i = 0; i < n; i++) {
            const row = Array.from({ length: n }, (_, j) =>
              want(a as Float64Array, b as Float64Array, i, j),
            );
            expect(at(got as Float64Array, i)).toBeCloseTo(row.reduce((s, v) => s + v, 0) / 3, 9);
          }
          expect(mostRead(planned)).toBeLessThanOrEqual(n);
        },
      );
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test('the Jacobian of layerNorm adds up its inputs only', () => {
  const f = vmap(jacobian((x: Tensor) => layerNorm(x, 1)));
  withPlan(f, [[4, 16]], (planned) => expect(mostRead(planned)).toBe(4 * 16));
});

test('a dense sum stays one', () => {
  const f = (x: Tensor, y: Tensor): Tensor => sum(x.sub(y), 1);
  withPlan(
    f,
    [
      [8, 8],
      [8, 1],
    ],
    (planned) => expect(mostRead(planned)).toBe(64),
  );
});
