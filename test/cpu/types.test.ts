import { describe, expectTypeOf, test } from 'vitest';
import {
  batchJacobian,
  compile,
  concat,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  valueAndGrad,
  valueAndJacobian,
  vjp,
  vmap,
  type DeviceArray,
  type HostArray,
  type Tensor,
} from '../../src/index.ts';

// Nothing runs here: `tsc` checks the assertions. What a compiled function gives is typed all the way.

type Params = { w: Tensor; b: Tensor };
type Grads = { w: DeviceArray; b: DeviceArray };
const f = (x: Tensor, p: Params): Tensor => x.matmul(p.w).add(p.b);
const withAux = (x: Tensor): [Tensor, { h: Tensor }] => [x.sin(), { h: x.cos() }];

/** The type of what a compiled function gives, which is not made here. */
const result = <T>(make: () => (...args: never[]) => Promise<T>): T => make as never;

describe('results of compiled functions', () => {
  test('argnums choose arguments', () => {
    expectTypeOf(result(() => compile(jacobian(f)))).toEqualTypeOf<DeviceArray>();
    expectTypeOf(result(() => compile(jacobian(f, { argnums: 1 })))).toEqualTypeOf<Grads>();
    expectTypeOf(result(() => compile(jacobian(f, { argnums: -1 })))).toEqualTypeOf<Grads>();
    expectTypeOf(result(() => compile(jacobian(f, { argnums: -2 })))).toEqualTypeOf<DeviceArray>();
    expectTypeOf(result(() => compile(jacobian(f, { argnums: [0, 1] })))).toEqualTypeOf<
      [DeviceArray, Grads]
    >();
    expectTypeOf(result(() => compile(hessian(f, { argnums: [-1] })))).toEqualTypeOf<
      [{ w: [Grads]; b: [Grads] }]
    >();
    expectTypeOf(
      result(() =>
        compile(jacobian((...xs: Tensor[]) => concat(xs), { argnums: [0, 1] as const })),
      ),
    ).toEqualTypeOf<[DeviceArray, DeviceArray]>();
  });

  test('aux keeps its type', () => {
    type Both = [DeviceArray, { h: DeviceArray }];
    expectTypeOf(result(() => compile(jacobian(withAux, { hasAux: true })))).toEqualTypeOf<Both>();
    expectTypeOf(
      result(() =>
        compile(jacobian((x: Tensor) => [x.sin(), { h: x }] as const, { hasAux: true })),
      ),
    ).toEqualTypeOf<Both>();
    expectTypeOf(
      result(() => compile(batchJacobian(withAux, { hasAux: true }))),
    ).toEqualTypeOf<Both>();
    expectTypeOf(result(() => compile(valueAndJacobian(withAux, { hasAux: true })))).toEqualTypeOf<
      [DeviceArray, DeviceArray, { h: DeviceArray }]
    >();
    expectTypeOf(
      result(() =>
        compile(
          valueAndGrad((p: Params, x: Tensor): [Tensor, Tensor] => [f(x, p).sum(), x], {
            hasAux: true,
          }),
        ),
      ),
    ).toEqualTypeOf<[[DeviceArray, DeviceArray], Grads]>();
  });

  test('maps, products and second derivatives', () => {
    expectTypeOf(
      result(() => compile(vmap(jacobian(f, { argnums: [1] }), { inAxes: [0, null] }))),
    ).toEqualTypeOf<[Grads]>();
    expectTypeOf(
      result(() =>
        compile((x: Tensor, p: Params, v: Tensor) => ({
          one: hvp((y: Tensor) => y.sum(), [x], [v]),
          several: hvp((y: Tensor, q: Params) => f(y, q).sum(), [x, p], [v, p]),
          pulled: vjp(f, x, p)[1](v),
          pushed: jvp((y: Tensor) => ({ y }), [x], [v])[1],
        })),
      ),
    ).toEqualTypeOf<{
      one: DeviceArray;
      several: [DeviceArray, Grads];
      pulled: [DeviceArray, Grads];
      pushed: { y: DeviceArray };
    }>();
  });
});

test('a compiled function takes values, and inside another function tensors', () => {
  const inner = () => compile((x: Tensor, n: number) => x.mul(n));
  type Inner = ReturnType<typeof inner>;
  expectTypeOf<(f: Inner, x: HostArray) => Promise<DeviceArray>>().toEqualTypeOf(
    (g: Inner, x: HostArray) => g(x, 2),
  );
  expectTypeOf<(f: Inner, x: Tensor) => Tensor>().toEqualTypeOf((g: Inner, x: Tensor) => g(x, 2));
  expectTypeOf(() => compile(grad((x: Tensor) => inner()(x, 3).sum()))).not.toBeAny();
});
