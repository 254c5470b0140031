import {
  add,
  arange,
  concat,
  div,
  expandDims,
  flatten,
  less,
  lessEqual,
  logicalAnd,
  matmul,
  mul,
  pad,
  repeat,
  reshape,
  slice,
  softmax,
  stack,
  sub,
  swapAxes,
  t,
  take,
  tanh,
  where,
  type Tensor,
} from '../../../trace/index.ts';
import { formatShape } from '../../../util/shape.ts';
import type { Call } from '../call.ts';
import { op } from '../op.ts';

/** [batch, length, heads · size] -> [batch, heads, length, size]; four axes are left as they are. */
function byHead(n: Call, x: Tensor, heads: number | undefined, name: string): Tensor {
  if (x.rank === 4) return x;
  const [batch, length, width] = x.shape as unknown as [number, number, number];
  if (x.rank !== 3 || heads === undefined || width % heads !== 0)
    return n.fail(`${name} is ${heads}, which does not split ${formatShape(x.shape)}`);
  return swapAxes(reshape(x, [batch, length, heads, width / heads]), 1, 2);
}

/** softmax(q kᵀ · scale + mask) v, by head; keys and values of earlier calls come first. */
export const Attention = op(
  (n) => {
    const query = n.input(0);
    const q = byHead(n, query, n.int('q_num_heads'), 'q_num_heads');
    const [newK, newV] = [1, 2].map((i) =>
      byHead(n, n.input(i), n.int('kv_num_heads'), 'kv_num_heads'),
    ) as [Tensor, Tensor];
    const k = n.has(4) ? concat([n.input(4), newK], 2) : newK;
    const v = n.has(5) ? concat([n.input(5), newV], 2) : newV;
    const [heads, size] = [q.shape[1], q.shape[3]] as [number, number];
    const groups = heads / (k.shape[1] as number);
    if (!Number.isInteger(groups)) n.fail(`${k.shape[1]} key heads do not divide ${heads}`);
    // as many key and value heads as query heads: each serves its neighbours
    const spread = (x: Tensor): Tensor => (groups === 1 ? x : repeat(x, groups, 1));
    const dots = mul(matmul(q, t(spread(k))), n.float('scale', 1 / Math.sqrt(size)));
    const cap = n.float('softcap', 0);
    const capped = cap > 0 ? mul(cap, tanh(div(dots, cap))) : dots;
    const seen = masked(n, capped, (k.shape[2] as number) - (newK.shape[2] as number));
    const weights = softmax(seen, -1);
    const y = matmul(weights, spread(v));
    const scores = [dots, capped, seen, weights][n.int('qk_matmul_output_mode', 0)];
    return [query.rank === 4 ? y : flatten(swapAxes(y, 1, 2), 2), k, v, scores];
  },
  { since: 23 },
);

/** Scores [.., L, S] with the node's masks. Query i comes after `past` keys of earlier calls. */
function masked(n: Call, scores: Tensor, past: number): Tensor {
  const [L, S] = scores.shape.slice(-2) as [number, number];
  const key = arange(0, S, 1, 'i32');
  let seen: Tensor | undefined;
  const also = (mask: Tensor): void => {
    seen = seen ? logicalAnd(seen, mask) : mask;
  };
  if (n.flag('is_causal')) also(lessEqual(key, add(expandDims(arange(0, L, 1, 'i32'), -1), past)));
  if (n.has(6)) also(less(key, reshape(n.input(6), [-1, 1, 1, 1])));
  let y = scores;
  if (n.has(3)) {
    const mask = n.input(3);
    // keys that a short mask does not speak of take no part
    const short = S - (mask.shape[mask.rank - 1] as number);
    if (mask.dtype === 'bool') also(short > 0 ? pad(mask, [[0, short]]) : mask);
    else y = add(y, short > 0 ? pad(mask, [[0, short]], { value: -Infinity }) : mask);
  }
  return seen ? where(seen, y, -Infinity) : y;
}

/** Pairs of components turned by an angle that grows with the position (Su et al. 2021). */
export const RotaryEmbedding = op(
  (n) => {
    const given = n.input(0);
    const heads = n.int('num_heads', 0);
    const x = byHead(n, given, heads === 0 ? undefined : heads, 'num_heads');
    const size = x.shape[3] as number;
    const turned = n.int('rotary_embedding_dim', 0) || size;
    const angles = (i: number): Tensor => {
      const table = n.input(i);
      // [batch, length, turned / 2], the same for all heads
      return expandDims(n.has(3) ? take(table, n.input(3), 0) : table, 1);
    };
    const [cos, sin] = [angles(1), angles(2)];
    const part = slice(x, null, null, null, [0, turned]);
    const interleaved = n.flag('interleaved');
    const half = turned / 2;
    const [a, b] = interleaved
      ? [slice(part, null, null, null, [0, null, 2]), slice(part, null, null, null, [1, null, 2])]
      : [slice(part, null, null, null, [0, half]), slice(part, null, null, null, [half, null])];
    const real = sub(mul(cos, a), mul(sin, b));
    const imaginary = add(mul(sin, a), mul(cos, b));
    const y = interleaved
      ? flatten(stack([real, imaginary], -1), 3)
      : concat([real, imaginary], -1);
    const whole = turned === size ? y : concat([y, slice(x, null, null, null, [turned, null])], -1);
    return given.rank === 4 ? whole : flatten(swapAxes(whole, 1, 2), 2);
  },
  { since: 23 },
);
