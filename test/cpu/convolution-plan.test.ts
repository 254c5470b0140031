import fc from 'fast-check';
import { expect, test } from 'vitest';
import { conv1d, conv2d, conv3d, vjp, type Tensor } from '../../src/index.ts';
import { interpret } from '../../src/reference/interpret.ts';
import { sizeOf } from '../../src/util/shape.ts';
import { Draw, SEED } from '../support/draw.ts';
import { inner } from '../support/op-graphs.ts';
import { named, withPlan, type Planned } from '../support/planned.ts';

// The gradient of a convolution as it is planned: contractions cut to the image, whatever the strides.

const convolve = [conv1d, conv2d, conv3d] as const;
type Convolve = (x: Tensor, w: Tensor, options: object) => Tensor;

/** A convolution with sizes and options of all kinds. */
function drawn(draw: Draw) {
  const rank = draw.int(1, 3);
  const each = (low: number, high: number): number[] =>
    Array.from({ length: rank }, () => draw.int(low, high));
  const [kernel, stride, dilation] = [each(1, 4), each(1, 3), each(1, 2)];
  const padding = each(0, 2);
  const image = kernel.map((k, i) => (k - 1) * (dilation[i] as number) + draw.int(1, 6));
  const groups = draw.int(1, 2);
  const [C, O] = [draw.int(1, 2), groups * draw.int(1, 3)];
  return {
    options: { stride, dilation, padding, groups },
    x: [2, C * groups, ...image],
    w: [O, C, ...kernel],
    f: convolve[rank - 1] as unknown as Convolve,
  };
}

/** What a plan computes, in float64. */
const computed = ({ plan }: Planned, inputs: readonly Float64Array[]): Float64Array[] =>
  interpret(plan.outputs, new Map(plan.inputs.map((x, i) => [x, inputs[i] as Float64Array])));

test('<u, conv(x)> = <Jᵀ u, x> for the planned Jᵀ, which has no scattered sum', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const draw = new Draw(seed);
      const { options, f, ...shapes } = drawn(draw);
      const data = (shape: readonly number[]): Float64Array =>
        Float64Array.from({ length: sizeOf(shape) }, () => draw.uniform(-1, 1));
      const [x, w] = [data(shapes.x), data(shapes.w)];
      const forward = (p: Tensor, q: Tensor): Tensor => f(p, q, options);
      const [y, u, uShape] = withPlan(forward, [shapes.x, shapes.w], (planned) => {
        const { shape } = planned.plan.outputs[0] as Tensor;
        return [computed(planned, [x, w]), data(shape), shape] as const;
      });
      const pulled = (p: Tensor, q: Tensor, g: Tensor): unknown =>
        vjp((z: Tensor) => forward(z, q), p)[1](g);
      withPlan(pulled, [shapes.x, shapes.w, uShape], (planned) => {
        const back = computed(planned, [x, w, u]);
        expect(inner(back, [x])).toBeCloseTo(inner(y, [u]), 9);
        const { stride, dilation } = options;
        const scattered = stride.some((s, i) => s > 1 && (dilation[i] as number) > 1);
        if (!scattered) expect(named(planned.nodes, 'fold')).toEqual([]);
      });
    }),
    { seed: SEED, numRuns: 150 },
  );
});

test('the border that padding adds is not computed', () => {
  const pulled = (x: Tensor, w: Tensor, g: Tensor): unknown =>
    vjp((z: Tensor) => conv2d(z, w, { padding: 2 }), x)[1](g);
  const shapes = [
    [3, 4, 8, 8],
    [6, 4, 5, 5],
    [3, 6, 8, 8],
  ];
  withPlan(pulled, shapes, ({ nodes }) => {
    expect(named(nodes, 'contract').map((x) => x.size)).toEqual([3 * 4 * 8 * 8]);
  });
});

test('a result that something else reads, too, is computed once', () => {
  const f = (x: Tensor, w: Tensor): unknown => {
    const y = x.matmul(w);
    return [y.slice(null, [0, 3]), y.slice(null, [2, 6]).tanh()];
  };
  const shapes = [
    [5, 4],
    [4, 8],
  ];
  withPlan(f, shapes, ({ nodes }) => {
    expect(named(nodes, 'contract').map((x) => x.size)).toEqual([40]);
  });
  withPlan(
    (x: Tensor, w: Tensor) => x.matmul(w).slice([1, 3], [0, 4]),
    shapes,
    ({ nodes }) => {
      expect(named(nodes, 'contract').map((x) => x.size)).toEqual([8]);
    },
  );
});

test('the gradient of an image with few channels is computed in blocks of positions', () => {
  const f = (x: Tensor, w: Tensor, g: Tensor): unknown =>
    vjp((z: Tensor) => conv2d(z, w, { padding: 1 }), x)[1](g);
  const tileFor = (channels: number, size: number): number[] =>
    withPlan(
      f,
      [
        [8, channels, size, size],
        [8, channels, 3, 3],
        [8, 8, size, size],
      ],
      ({ program }) => {
        const code = program.kernels.find(({ label }) => label.includes('contract'))?.code;
        return ['M', 'N'].map((axis) =>
          Number(new RegExp(`TILE_${axis}: u32 = (\\d+)u`).exec(code as string)?.[1]),
        );
      },
      { subgroupSize: 4, isSoftware: true },
    );
  expect(tileFor(1, 16)).toEqual([1, 16]); // columns of 4 x 4
  expect(tileFor(3, 16)).toEqual([3, 16]);
  expect(tileFor(1, 15)).toEqual([15, 1]); // rows of 3 x 5: what fills 15 x 15
});
