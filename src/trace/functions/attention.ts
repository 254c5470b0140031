import type { Tensor } from '../../ir/tensor.ts';
import { toTensor, type TensorLike } from '../../ops/operand.ts';
import { DTypeError, ShapeError } from '../../util/errors.ts';
import { formatShape, range } from '../../util/shape.ts';
import { broadcastShapes, whole } from '../checks.ts';
import { named } from '../named.ts';
import { float } from '../operands.ts';
import * as op from '../primitives.ts';
import { linear } from './products.ts';
import { softmaxOrZero } from './softmax.ts';

export interface AttentionOptions {
  /**
   * broadcasts to the scores `[..., L, S]`: bool (true: takes part), or f32 that is added to them
   * (-Infinity: takes no part)
   */
  readonly mask?: TensorLike;
  /** query i sees keys 0 to i only */
  readonly causal?: boolean;
  /** factor of the scores; default 1 / √E */
  readonly scale?: number;
}

/**
 * softmax(q kᵀ·scale + mask) v: `q [..., L, E]`, `k [..., S, E]`, `v [..., S, F]` -> `[..., L, F]`. A query
 * that sees no key gives zeros.
 *
 * @throws ShapeError when the sizes do not fit
 * @throws DTypeError for a mask of integers
 */
export const scaledDotProductAttention = named(
  'scaledDotProductAttention',
  (q: TensorLike, k: TensorLike, v: TensorLike, options: AttentionOptions = {}): Tensor => {
    const who = 'scaledDotProductAttention';
    return attend(who, float(who, q), float(who, k), float(who, v), options);
  },
);

function attend(who: string, q: Tensor, k: Tensor, v: Tensor, o: AttentionOptions): Tensor {
  const end = (x: Tensor, i: number): number | undefined => x.shape[x.rank - i];
  const fits =
    Math.min(q.rank, k.rank, v.rank) >= 2 && end(q, 1) === end(k, 1) && end(k, 2) === end(v, 2);
  if (!fits)
    throw new ShapeError(
      `${who}: expected q [..., L, E], k [..., S, E] and v [..., S, F], got ${[q, k, v]
        .map((x) => formatShape(x.shape))
        .join(', ')}; transpose one?`,
    );
  broadcastShapes(
    who,
    [q, k, v].map((x) => x.shape.slice(0, -2)),
  );
  const scale = o.scale ?? 1 / Math.sqrt(end(q, 1) as number);
  // [.., L, 1, E] · [.., 1, S, E] -> [.., L, S]
  const dots = op.contract(insert(op.mul(q, scale), -2), insert(k, -3), [-1]);
  let scores = op.reshape(dots, dots.shape.slice(0, -1));
  if (o.mask !== undefined) scores = masked(who, scores, o.mask);
  if (o.causal) {
    const [L, S] = [end(q, 2) as number, end(k, 2) as number];
    const seen = op.lessEqual(op.iota(S), op.reshape(op.iota(L), [L, 1]));
    scores = op.where(seen, scores, -Infinity);
  }
  // [.., L, S, 1] · [.., 1, S, F] -> [.., L, F]
  const weights = softmaxOrZero(scores, -1);
  const y = op.contract(insert(weights, -1), insert(v, -3), [-2]);
  return op.reshape(y, [...y.shape.slice(0, -2), end(y, 1) as number]);
}

/** `x` with a new axis of length 1, which the result counts as `axis` from the end. */
function insert(x: Tensor, axis: number): Tensor {
  const at = x.rank + 1 + axis;
  return op.reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

function masked(who: string, scores: Tensor, mask: TensorLike): Tensor {
  const m = toTensor(mask, who);
  if (m.dtype !== 'bool' && m.dtype !== 'f32')
    throw new DTypeError(
      `${who}: a mask is bool (true: takes part) or f32 (added), got ${m.toString()}; cast it to bool`,
    );
  const shape = broadcastShapes(who, [scores.shape, m.shape]);
  if (formatShape(shape) !== formatShape(scores.shape))
    throw new ShapeError(
      `${who}: the mask broadcasts to the scores ${formatShape(scores.shape)}, got ${formatShape(m.shape)}; drop an axis`,
    );
  return m.dtype === 'bool' ? op.where(m, scores, -Infinity) : op.add(scores, m);
}

/** Weights `[D, D]`, applied as by `linear`, and biases `[D]` of queries, keys, values and the output. */
export interface SeparateProjections {
  readonly wq: TensorLike;
  readonly wk: TensorLike;
  readonly wv: TensorLike;
  readonly wo: TensorLike;
  readonly bq?: TensorLike;
  readonly bk?: TensorLike;
  readonly bv?: TensorLike;
  readonly bo?: TensorLike;
}

/** PyTorch's `in_proj_weight [3·D, D]` (queries, keys, values), `in_proj_bias [3·D]`, `out_proj`. */
export interface PackedProjections {
  readonly inWeight: TensorLike;
  readonly inBias?: TensorLike;
  readonly outWeight: TensorLike;
  readonly outBias?: TensorLike;
}

export interface MultiHeadOptions extends AttentionOptions {
  /** D is split into so many heads */
  readonly heads: number;
  /** what keys come from, `[..., S, D]`; default `x` */
  readonly key?: TensorLike;
  /** what values come from, `[..., S, D]`; default `key` */
  readonly value?: TensorLike;
}

/**
 * Multi-head attention of `x [..., L, D]` to itself, or to `key` and `value`: `[..., L, D]`. The mask, as
 * in `scaledDotProductAttention`, broadcasts to `[..., heads, L, S]`.
 *
 * @param params `{ wq, wk, wv, wo, bq?, bk?, bv?, bo? }`, or as PyTorch stores them
 *   `{ inWeight, inBias?, outWeight, outBias? }`; weights are `[out, in]`
 * @throws ShapeError when `heads` does not divide D, and when sizes do not fit
 */
export const multiHeadAttention = named(
  'multiHeadAttention',
  (
    x: TensorLike,
    params: SeparateProjections | PackedProjections,
    options: MultiHeadOptions,
  ): Tensor => {
    const who = 'multiHeadAttention';
    const query = float(who, x);
    const key = options.key === undefined ? query : float(who, options.key);
    const value = options.value === undefined ? key : float(who, options.value);
    const p = 'inWeight' in params ? unpacked(who, params) : params;
    const heads = whole(who, 'heads', options.heads, 1);
    const split = (t: Tensor): Tensor => {
      const width = t.shape[t.rank - 1] as number;
      if (t.rank < 2 || width % heads !== 0)
        throw new ShapeError(
          `${who}: ${heads} heads do not divide [..., length, ${width}], got shape ${formatShape(t.shape)}; use a divisor`,
        );
      // [.., L, h·d] -> [.., h, L, d]
      return op.swap(op.reshape(t, [...t.shape.slice(0, -1), heads, width / heads]), -2, -3);
    };
    const each = attend(
      who,
      split(linear(query, p.wq, p.bq)),
      split(linear(key, p.wk, p.bk)),
      split(linear(value, p.wv, p.bv)),
      options,
    );
    const side = op.swap(each, -2, -3);
    const width = (side.shape[side.rank - 1] as number) * heads;
    return linear(op.reshape(side, [...side.shape.slice(0, -2), width]), p.wo, p.bo);
  },
);

function unpacked(who: string, p: PackedProjections): SeparateProjections {
  const parts = (value: TensorLike, axis: number): [Tensor, Tensor, Tensor] => {
    const t = float(who, value);
    const n = (t.shape[0] ?? 1) / 3;
    if (t.rank !== -axis || !Number.isInteger(n))
      throw new ShapeError(
        `${who}: inWeight is [3·D, D] and inBias [3·D], got ${formatShape(t.shape)}; pass wq, wk, wv instead`,
      );
    return range(3).map((i) => op.slice(t, axis, i * n, n)) as [Tensor, Tensor, Tensor];
  };
  const [wq, wk, wv] = parts(p.inWeight, -2);
  const [bq, bk, bv] = p.inBias === undefined ? [] : parts(p.inBias, -1);
  return {
    ...{ wq, wk, wv, wo: p.outWeight },
    ...(bq && bk && bv ? { bq, bk, bv } : {}),
    ...(p.outBias === undefined ? {} : { bo: p.outBias }),
  };
}
