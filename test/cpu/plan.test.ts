import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LEAST } from '../../src/compile.ts';
import {
  add,
  concat,
  cos,
  div,
  jacobianDiagonal,
  matmul,
  mul,
  pad,
  sin,
  slice,
  stack,
  sub,
  sum,
  tanh,
  unstack,
} from '../../src/index.ts';
import { pushforward } from '../../src/derive/jvp.ts';
import { pullback } from '../../src/derive/vjp.ts';
import { printGraph } from '../../src/ir/print.ts';
import { withTrace, type Tensor } from '../../src/ir/tensor.ts';
import { topological } from '../../src/ir/walk.ts';
import { lower } from '../../src/lower/index.ts';
import type { Program } from '../../src/lower/program.ts';
import { makePlan } from '../../src/plan/index.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { isInput, variableLike } from '../../src/ops/source.ts';
import { range } from '../../src/util/shape.ts';
import { checkPlan } from '../support/check-plan.ts';
import { Draw, SEED } from '../support/draw.ts';
import { withPlan } from '../support/planned.ts';
import { randomGraph } from '../support/random-graph.ts';

const graphs = fc.record({ seed: fc.nat(), nodes: fc.integer({ min: 2, max: 25 }) });
const settings = { numRuns: 60, seed: SEED };

/** A random graph and the derivatives of its sum. */
function rootsOf(seed: number, nodes: number): Tensor[] {
  const { outputs, leaves } = randomGraph(new Draw(seed), nodes);
  const cotangents = outputs.map((y) =>
    y.dtype === 'f32' ? variableLike({ shape: y.shape, dtype: 'f32' }) : null,
  );
  const back = pullback(outputs, cotangents, leaves).filter((x): x is Tensor => x !== null);
  return [...outputs, ...back];
}

function planned(roots: readonly Tensor[], storageBuffersPerStage: number): Plan {
  return makePlan(topological(roots).filter(isInput), roots, { storageBuffersPerStage });
}

/** Checks the plan of a random graph, on a device with so many bindings; errors show the graph. */
function forPlans(bindings: number, check: (plan: Plan, roots: readonly Tensor[]) => void): void {
  fc.assert(
    fc.property(graphs, ({ seed, nodes }) =>
      withTrace(() => {
        const roots = rootsOf(seed, nodes);
        try {
          check(planned(roots, bindings), roots);
        } catch (e) {
          throw new Error(`${(e as Error).message}\n${printGraph(roots)}`, { cause: e });
        }
      }),
    ),
    settings,
  );
}

describe.each([8, 5, 4])('with %i storage buffers', (bindings) => {
  test('every tensor is where a group reads it, in memory that is shared', () => {
    forPlans(bindings, checkPlan);
  });

  test('no group and no kernel binds more', () => {
    forPlans(bindings, (plan) => {
      for (const g of plan.groups)
        expect(g.sources.length + g.outputs.length).toBeLessThanOrEqual(bindings);
      const program = lower(plan, { ...LEAST, storageBuffersPerStage: bindings }, 'test');
      for (const kernel of program.kernels)
        expect(kernel.access.length, kernel.code).toBeLessThanOrEqual(bindings);
    });
  });
});

test('a chain of any length keeps two intermediates in memory', () => {
  withTrace(() => {
    const x = variableLike({ shape: [32, 32], dtype: 'f32' });
    let y = x;
    for (let layer = 0; layer < 10; layer++) y = tanh(matmul(y, x));
    const plan = planned([y], 8);
    checkPlan(plan);
    expect(plan.groups.length).toBe(10);
    expect(plan.slots).toEqual([4096, 4096]);
  });
});

test('a loop whose every step needs too many bindings is planned step by step alike', () => {
  const groupsOf = (steps: number): number =>
    withTrace(() => {
      const weights = range(7).map(() => variableLike({ shape: [8, 8], dtype: 'f32' }));
      let y = variableLike({ shape: [8, 8], dtype: 'f32' });
      for (let i = 0; i < steps; i++)
        y = weights.map((w) => tanh(matmul(y, w))).reduce((a, b) => add(a, b));
      const plan = planned([y], 4);
      checkPlan(plan);
      for (const g of plan.groups)
        expect(g.sources.length + g.outputs.length).toBeLessThanOrEqual(4);
      return plan.groups.length;
    });
  expect(groupsOf(200)).toBe(200 * groupsOf(1));
});

test('where groups along a loop crowd one another, they are taken apart', () => {
  withTrace(() => {
    const x = variableLike({ shape: [4], dtype: 'f32' });
    const p = variableLike({ shape: [4], dtype: 'f32' });
    let y = x;
    for (let i = 0; i < 30; i++) {
      const [a, b, c, d] = unstack(y) as [Tensor, Tensor, Tensor, Tensor];
      const [k, l, m, n] = unstack(p) as [Tensor, Tensor, Tensor, Tensor];
      const near = sin(sub(a, b));
      const rate = div(mul(near, add(mul(k, mul(c, c)), mul(l, cos(a)))), add(m, mul(n, near)));
      y = add(y, stack([mul(c, 0.1), mul(d, 0.1), rate, mul(rate, b)]));
    }
    const tangents = [x, p].map((v) => variableLike(v));
    const roots = [y, ...pushforward([y], [x, p], tangents).filter((t) => t !== null)];
    const check = (plan: Plan): void => {
      checkPlan(plan);
      for (const g of plan.groups)
        expect(g.sources.length + g.outputs.length).toBeLessThanOrEqual(5);
    };
    check(planned(roots, 5));
    const cotangent = variableLike(y);
    const back = pullback([y], [cotangent], [x, p]).filter((t) => t !== null);
    check(planned([y, ...back], 5));
  });
});

test('many groups that would bind too much, alone and of the same maps, all fit', () => {
  withTrace(() => {
    const xs = Array.from({ length: 12 }, () => variableLike({ shape: [64], dtype: 'f32' }));
    const maps = xs.map((x, i) => add(x, xs[(i + 1) % 12] as Tensor));
    const total = (k: number): Tensor =>
      maps.map((m, i) => mul(m, i + k)).reduce((a, b) => add(a, b));
    const roots = Array.from({ length: 40 }, (_, k) => sum(tanh(total(k + 2))));
    const plan = planned(roots, 8);
    checkPlan(plan);
    for (const g of plan.groups) expect(g.sources.length + g.outputs.length).toBeLessThanOrEqual(8);
  });
});

test('steps that each read their neighbours are not written into one kernel over and over', () => {
  withTrace(() => {
    let u = variableLike({ shape: [13], dtype: 'f32' });
    for (let i = 0; i < 12; i++) {
      const wide = pad(u, [[1, 1]]);
      u = add(u, mul(sub(add(slice(wide, [2, null]), slice(wide, [null, -2])), u), 0.1));
    }
    const { kernels } = lower(planned([u], 8), LEAST, 'test');
    for (const { code } of kernels) expect(code.length).toBeLessThan(1e4);
  });
});

/** A program with ids of nodes taken out of its labels. */
const plain = ({ kernels, steps, buffers, slots, inputs, outputs }: Program): unknown => ({
  kernels: kernels.map((k) => k.code),
  steps: steps.map(({ kernel, bindings, workgroups }) => ({ kernel, bindings, workgroups })),
  buffers: buffers.map(({ bytes, shape, dtype, role }) => ({
    ...{ bytes, shape, dtype },
    role: role.kind === 'constant' ? 'constant' : role,
  })),
  ...{ slots, inputs, outputs },
});

test('a map that is read through a reshape is computed where it is read', () => {
  const f = (x: Tensor): Tensor => x.mul(x.square().neg().exp()).add(x.sin().tanh());
  withPlan(jacobianDiagonal(f) as never, [[1000]], ({ plan }) => {
    expect(plan.groups).toHaveLength(1);
    checkPlan(plan);
  });
});

test('the same function gives the same program, bit for bit', () => {
  fc.assert(
    fc.property(graphs, ({ seed, nodes }) => {
      const once = (): unknown =>
        withTrace(() => plain(lower(planned(rootsOf(seed, nodes), 8), LEAST, 'test')));
      expect(once()).toEqual(once());
    }),
    { ...settings, numRuns: 20 },
  );
});

test('groups compute what their threads hold: members have as many elements as the domain', () => {
  forPlans(8, ({ groups }) => {
    for (const { domain, members, anchor, outputs } of groups) {
      for (const m of members) expect(m.size).toBe(domain.size);
      if (anchor) expect(members[0]).toBe(anchor);
      for (const y of outputs) expect(members).toContain(y);
    }
  });
});

describe('parts of one tensor', () => {
  const [rows, width] = [4, 16]; // 256 bytes
  const product = (x: Tensor, w: Tensor): Tensor => x.matmul(w).tanh();
  const plan = (f: (w: Tensor, xs: Tensor[]) => Tensor[], n: number): Plan => {
    const shapes = [[width, width], ...range(n).map(() => [rows, width])];
    return withPlan(
      (w: Tensor, ...xs: Tensor[]) => f(w, xs),
      shapes,
      ({ plan: made }) => {
        checkPlan(made);
        return made;
      },
    );
  };
  const kinds = ({ groups }: Plan): string[] => groups.map((g) => g.kind);
  const parts = ({ storage }: Plan): number[] =>
    [...storage.values()].flatMap((s) => (s.kind === 'part' ? [s.offset] : []));

  test('are written where they belong by the kernels that compute them', () => {
    const made = plan((w, xs) => [concat(xs.map((x) => product(x, w)))], 3);
    expect(kinds(made)).toEqual(['contract', 'contract', 'contract']);
    expect(parts(made)).toEqual([0, 256, 512]);
    expect(made.slots).toEqual([]);
  });

  test('of an intermediate, which then is read as a whole', () => {
    const made = plan(
      (w, xs) => [
        concat(xs.map((x) => product(x, w)))
          .reshape([-1])
          .cumsum(0),
      ],
      3,
    );
    expect(kinds(made)).toEqual(['contract', 'contract', 'contract', 'scan']);
    expect(made.slots).toEqual([768]);
  });

  test('are put together by one kernel where that can compute them on the way', () => {
    const made = plan((_, xs) => [concat(xs.map((x) => x.mul(2)))], 3);
    expect(kinds(made)).toEqual(['map']);
    const costly = plan((_, xs) => [concat(xs.map((x) => x.sin()))], 3);
    expect(kinds(costly)).toEqual(['map', 'map', 'map']);
    expect(parts(costly)).toEqual([0, 256, 512]);
  });

  test('are written where they belong where one kernel cannot bind them all', () => {
    const made = plan((_, xs) => [concat(xs.map((x) => x.sin()))], 12);
    expect(kinds(made)).toEqual(Array(12).fill('map'));
    expect(parts(made)).toHaveLength(12);
  });

  test.each<[string, (w: Tensor, xs: Tensor[]) => Tensor[]]>([
    ['that do not begin where bindings may', (w, xs) => [concat(xs.map((x) => product(x, w).slice(null, [0, 12])))]], // prettier-ignore
    [
      'whose rows alternate',
      (w, xs) => [
        concat(
          xs.map((x) => product(x, w)),
          1,
        ),
      ],
    ],
    ['that overlap', (w, [x]) => [x!.matmul(w).pad([[0, 4], [0, 0]]).add(x!.tanh().matmul(w).pad([[4, 0], [0, 0]]).add(1))]], // prettier-ignore
    ['of something that is read in another order', (w, xs) => [concat(xs.map((x) => product(x, w))).t()]], // prettier-ignore
  ])('%s are put together by a kernel', (_, f) => {
    const made = plan(f, 3);
    expect(parts(made)).toEqual([]);
    expect(kinds(made)).toContain('map');
  });

  test('that are results themselves, or read on their own, are computed once and copied', () => {
    const made = plan((w, xs) => {
      const all = xs.map((x) => product(x, w));
      return [concat(all), all[1]!, all[2]!.sum()];
    }, 3);
    expect(kinds(made).filter((k) => k === 'contract')).toHaveLength(3);
    expect(parts(made)).toEqual([]);
  });
});
