import { describe, expect, test } from 'vitest';
import {
  add,
  array,
  batchJacobian,
  conv2d,
  exp,
  gelu,
  hessian,
  jacfwd,
  jacobian,
  jacobianDiagonal,
  jacrev,
  layerNorm,
  matmul,
  maxPool2d,
  mul,
  relu,
  sin,
  softmax,
  sum,
  tanh,
  trace,
  vjp,
  vmap,
  type HostArray,
  type Tensor,
} from '../../src/index.ts';
import { printGraph } from '../../src/ir/print.ts';
import { sizeOf } from '../../src/util/shape.ts';
import { checkPlan } from '../support/check-plan.ts';
import { named, printPlan, withPlan, type Planned } from '../support/planned.ts';

// What rewriting makes of derivatives: no identity matrix in memory, no work that its zeros do not need.

type F = (x: Tensor) => Tensor;

const weights = (...shape: number[]): HostArray =>
  array(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i + 1)),
    shape,
  );

const [W1, W2, W3] = [weights(12, 20), weights(20, 16), weights(16, 6)];
const mlp: F = (x) => matmul(gelu(matmul(tanh(matmul(x, W1)), W2)), W3);
const kernel = weights(4, 2, 3, 3);
const convolutional: F = (x) => relu(conv2d(x, kernel, { padding: 1 }));
const pooled: F = (x) => sum(maxPool2d(convolutional(x), 2), [-2, -1]);
const chain: F = (x) => tanh(exp(sin(x)));
const normalised: F = (x) => softmax(layerNorm(x, -1));

/** The largest tensor that is stored and is no result. */
const largestScratch = ({ plan }: Planned): number =>
  Math.max(0, ...[...plan.storage].map(([x, s]) => (s.kind === 'scratch' ? x.size : 0)));

const productSizes = (nodes: readonly Tensor[]): number[] =>
  named(nodes, 'contract')
    .map((x) => x.size)
    .sort((a, b) => a - b);

/** Elements computed by elementwise ops and products. */
const work = ({ nodes }: Planned): number =>
  nodes
    .filter((x) => x.op.family === 'elementwise' || x.op.family === 'bilinear')
    .reduce((n, x) => n + x.size, 0);

describe('no identity in memory', () => {
  const functions: readonly [string, F, number[]][] = [
    ['mlp', mlp, [12]],
    ['convolution', convolutional, [1, 2, 6, 6]],
    ['convolution and pooling', pooled, [1, 2, 6, 6]],
    ['elementwise chain', chain, [30]],
    ['normalisation', normalised, [9]],
  ];
  const transforms: readonly [string, (f: F) => F][] = [
    ['reverse', (f) => jacrev(f)],
    ['forward', (f) => jacfwd(f)],
    ['auto', (f) => jacobian<[Tensor], Tensor>(f)],
    [
      'mapped',
      (f) => (x) => vmap(jacobian(f))(mul(x, array([1, 2, 3], [3, ...x.shape.map(() => 1)]))),
    ],
  ];
  describe.each(functions)('%s', (_, f, shape) => {
    test.each(transforms)('%s', (__, transform) => {
      withPlan(transform(f), [shape], ({ plan }) => {
        checkPlan(plan);
        const results = new Set(plan.outputs);
        for (const { sources, outputs } of plan.groups)
          for (const x of [...sources, ...outputs])
            if (!results.has(x)) expect(x.op.name).not.toBe('embedDiagonal');
      });
    });
  });
});

test('the first product of a pullback is skipped: the Jacobian of x W is a copy of W', () => {
  withPlan(
    jacrev((x: Tensor) => matmul(x, W1)),
    [[12]],
    ({ nodes, plan }) => {
      expect(named(nodes, 'contract').length).toBe(0);
      expect(plan.groups.length).toBe(1);
    },
  );
});

test('a layer costs one product per pullback, and the last one none', () => {
  withPlan(jacrev(mlp), [[12]], ({ nodes }) => {
    // x W1 and its W2 for the derivatives of tanh and gelu, then W3ᵀ d · W2ᵀ and · W1ᵀ
    expect(productSizes(nodes)).toEqual([16, 20, 6 * 12, 6 * 20]);
    expect(named(nodes, 'embedDiagonal').length).toBe(0);
  });
  withPlan(jacfwd(mlp), [[12]], ({ nodes }) => {
    expect(productSizes(nodes)).toEqual([16, 20, 12 * 6, 12 * 16]);
    expect(named(nodes, 'embedDiagonal').length).toBe(0);
  });
});

test.each([
  ['reverse', jacrev],
  ['forward', jacfwd],
])('an elementwise chain of n has a Jacobian with n of work, %s', (_, transform) => {
  const n = 50;
  withPlan(transform(chain), [[n]], (planned) => {
    expect(named(planned.nodes, 'embedDiagonal').map((x) => x.size)).toEqual([n * n]);
    for (const x of planned.nodes)
      if (x.op.name !== 'embedDiagonal') expect(x.size, x.op.name).toBeLessThanOrEqual(n);
    // the diagonal, and its place among zeros
    expect(planned.plan.groups.length).toBe(2);
    expect(largestScratch(planned)).toBe(n);
  });
});

test('the Hessian of a sum of an elementwise chain is diagonal', () => {
  const n = 50;
  withPlan(
    hessian((x: Tensor) => sum(chain(x))),
    [[n]],
    ({ nodes }) => {
      for (const x of nodes)
        if (x.op.name !== 'embedDiagonal') expect(x.size, x.op.name).toBeLessThanOrEqual(n);
    },
  );
});

test('the diagonal of a product takes n dot products', () => {
  const n = 40;
  withPlan(
    (a: Tensor, b: Tensor) => trace(matmul(a, b)),
    [
      [n, n],
      [n, n],
    ],
    ({ nodes }) => {
      for (const x of named(nodes, 'contract')) expect(x.size).toBeLessThanOrEqual(n);
    },
  );
  const square = weights(n, n);
  withPlan(
    jacobianDiagonal((x: Tensor) => tanh(matmul(x, square))),
    [[n]],
    (planned) => {
      expect(work(planned)).toBeLessThan(20 * n);
      expect(largestScratch(planned)).toBeLessThanOrEqual(n);
    },
  );
});

test('a Jacobian per sample has no pairs of samples', () => {
  const batch = 32;
  withPlan(batchJacobian(mlp), [[batch, 12]], (planned) => {
    expect(largestScratch(planned)).toBeLessThanOrEqual(batch * 6 * 20);
    for (const x of planned.nodes) expect(x.size).toBeLessThanOrEqual(batch * 6 * 20);
  });
});

test('what does not depend on the seed has no seed axis', () => {
  withPlan(
    jacrev((x: Tensor) => mul(tanh(matmul(x, W1)), exp(matmul(x, W1)))),
    [[12]],
    ({ nodes }) => {
      for (const name of ['tanh', 'exp'])
        for (const x of named(nodes, name)) expect(x.size).toBe(20);
      // the two factors meet before they meet the seeds
      expect(named(nodes, 'contract').map((x) => x.size)).toEqual([20]);
    },
  );
});

test('a convolution pulled back is a convolution: no product of positions and taps', () => {
  const pulled = (x: Tensor, u: Tensor): unknown => vjp(convolutional, x)[1](u);
  withPlan(
    pulled,
    [
      [1, 2, 8, 8],
      [1, 4, 8, 8],
    ],
    (planned) => {
      expect(named(planned.nodes, 'fold').length).toBe(0);
      expect(largestScratch(planned)).toBeLessThanOrEqual(4 * 8 * 8);
    },
  );
});

describe('snapshots', () => {
  const small: F = (x) => tanh(add(matmul(x, weights(3, 4)), weights(4)));

  test('the graph of a Jacobian', () => {
    withPlan(jacobian(small), [[3]], ({ plan }) => {
      expect(printGraph(plan.outputs)).toMatchInlineSnapshot(`
        "%0 = full() value=1 : f32[1]
        %1 = input() index=0 : f32[3]
        %2 = reshape(%1) from=[] to=[1] : f32[3,1]
        %3 = constant() value=array : f32[3,4]
        %4 = contract(%2, %3) axes=[-2] : f32[1,4]
        %5 = reshape(%4) from=[1,4] to=[4] : f32[4]
        %6 = constant() value=array : f32[4]
        %7 = add(%5, %6) : f32[4]
        %8 = tanh(%7) : f32[4]
        %9 = mul(%8, %8) : f32[4]
        %10 = sub(%0, %9) : f32[4]
        %11 = reshape(%10) from=[] to=[1,1] : f32[4,1,1]
        %12 = reshape(%3) from=[3,4] to=[1,3,4] : f32[1,3,4]
        %13 = transpose(%12) perm=[-1,-2,-3] : f32[4,3,1]
        %14 = mul(%11, %13) : f32[4,3,1]
        %15 = reshape(%14) from=[1] to=[] : f32[4,3]
        return %15"
      `);
    });
  });

  test('its plan', () => {
    withPlan(jacobian(small), [[3]], ({ plan }) => {
      expect(printPlan(plan)).toMatchInlineSnapshot(`
        "contract: contract, reshape, add, tanh, mul, sub, reshape
          reads argument 0, constant [3,4], constant [4]
          writes t0 f32[4] in slot 0
        map: mul, reshape
          reads t0, constant [3,4]
          writes t1 f32[4,3] in result 0
        slots of 16 bytes"
      `);
    });
  });

  test('the graph of the Jacobian of an elementwise chain', () => {
    withPlan(jacobian(chain), [[5]], ({ plan }) => {
      expect(printGraph(plan.outputs)).toMatchInlineSnapshot(`
        "%0 = full() value=1 : f32[1]
        %1 = input() index=0 : f32[5]
        %2 = sin(%1) : f32[5]
        %3 = exp(%2) : f32[5]
        %4 = tanh(%3) : f32[5]
        %5 = mul(%4, %4) : f32[5]
        %6 = sub(%0, %5) : f32[5]
        %7 = reshape(%6) from=[5] to=[1,5] : f32[1,5]
        %8 = reshape(%3) from=[5] to=[1,5] : f32[1,5]
        %9 = guardedMul(%7, %8) : f32[1,5]
        %10 = cos(%1) : f32[5]
        %11 = reshape(%10) from=[5] to=[1,5] : f32[1,5]
        %12 = guardedMul(%9, %11) : f32[1,5]
        %13 = embedDiagonal(%12) a=-2 b=-1 : f32[5,5]
        return %13"
      `);
    });
  });
});
