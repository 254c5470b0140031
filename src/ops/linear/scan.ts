import { apply, type Tensor } from '../../ir/tensor.ts';
import { embedded } from '../embedded.ts';
import { linear } from './define.ts';

// ---- cumsum: along the last axis, y[i] = Σ_{j<=i} x[j], or Σ_{j>=i} x[j] if reverse

const cumsumOp = linear({
  name: 'cumsum',
  shape: (x) => x,
  evaluate([x], { reverse }, shape) {
    const out = Float64Array.from((x as { data: Float64Array }).data);
    const n = shape[shape.length - 1] as number;
    for (let row = 0; row < out.length; row += n)
      for (let i = 1; i < n; i++) {
        const to = reverse ? row + n - 1 - i : row + i;
        out[to] = (out[to] as number) + (out[reverse ? to + 1 : to - 1] as number);
      }
    return out;
  },
  transpose: (g, { params: { reverse } }) => cumsum(g, !reverse),
  rewrite([x], { reverse }) {
    const t = x as Tensor;
    if (t.shape[t.rank - 1] === 1) return t;
    const e = embedded(t);
    if (e && e.a !== -1 && e.b !== -1) return e.again(cumsum(e.inner, reverse as boolean));
    return undefined;
  },
  derivative: 'cumsum(dx)',
});

/** Running sum along the last axis, from the front or (reverse) from the back. */
export function cumsum(x: Tensor, reverse = false): Tensor {
  return apply(cumsumOp, [x], { reverse });
}

export const scanOps = [cumsumOp];
