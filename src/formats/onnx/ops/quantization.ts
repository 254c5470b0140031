import { cast, mul, reshape, sub, type Tensor } from '../../../trace/index.ts';
import type { Call } from '../call.ts';
import { op } from '../op.ts';

/** Scale or zero point, of the whole tensor or of each element of `axis`. */
function along(n: Call, p: Tensor, x: Tensor): Tensor {
  if (p.size === 1) return reshape(p, []);
  const axis = n.axis(n.int('axis', 1), x.rank);
  if (p.rank !== 1 || p.size !== x.shape[axis])
    n.fail('a scale for each block of elements is not supported; one for each element of axis is');
  return reshape(
    p,
    x.shape.map((d, i) => (i === axis ? d : 1)),
  );
}

export const DequantizeLinear = op(
  (n) => {
    const x = n.input(0);
    const zero = n.optional(2);
    const shifted = cast(zero ? sub(x, along(n, zero, x)) : x, 'f32');
    return mul(shifted, along(n, n.input(1), x));
  },
  { since: 10, limits: 'one scale, or one for each element of axis' },
);
