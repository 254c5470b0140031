import { describe, expect, test } from 'vitest';
import { examples } from '../../demo/examples/index.ts';
import {
  array,
  checkJacobian,
  compile,
  evaluate,
  hessian,
  valueAndJacobian,
  type Tensor,
} from '../../src/index.ts';
import { relativeError } from '../support/reference.ts';

describe.each(Object.entries(examples))('the example %s of the page', (_, { f, inputs }) => {
  const x = array([...inputs]);

  test('its Jacobian is that of differences in float64', () => {
    expect(checkJacobian(f, x).relativeError).toBeLessThan(1e-6);
  });

  test('the GPU gives what float64 gives', async () => {
    const want = evaluate(valueAndJacobian(f), x);
    const got = await compile(valueAndJacobian(f))(x);
    for (const i of [0, 1] as const) {
      const data = await got[i].read();
      expect(got[i].shape).toEqual(want[i].shape);
      expect(relativeError({ shape: got[i].shape, data }, want[i])).toBeLessThan(1e-5);
    }
  });

  test('the Hessian of a scalar too', async () => {
    if (evaluate(f, x).shape.length > 0) return;
    const scalar = (v: Tensor) => f(v);
    const want = evaluate(hessian(scalar), x);
    const got = await compile(hessian(scalar))(x);
    const data = await got.read();
    expect(relativeError({ shape: got.shape, data }, want)).toBeLessThan(1e-5);
  });
});
