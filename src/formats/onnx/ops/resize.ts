import { add, mul, repeat, reshape, take, tensor, type Tensor } from '../../../trace/index.ts';
import type { Call } from '../call.ts';
import { op } from '../op.ts';
import { tapsOf, type Axis } from './interpolation.ts';

/** What becomes of one axis. */
interface Target extends Axis {
  readonly axis: number;
}

/** Along each axis a weighted sum of a few elements: interpolation, one axis after another. */
function resized(n: Call, x: Tensor, targets: readonly Target[]): Tensor {
  return targets.reduce((y, target) => alongAxis(n, y, target), x);
}

function alongAxis(n: Call, x: Tensor, target: Target): Tensor {
  const { axis, from, to } = target;
  if (!(to >= 1 && to < 2 ** 24)) n.fail(`axis ${axis} would have ${to} elements`);
  if (from < 1) n.fail(`axis ${axis} is empty`);
  n.spend(1);
  const taps = tapsOf(target);
  if (from === to && taps.length === 1 && taps[0]?.index.every((k, i) => k === i)) return x;
  if (isRepetition(target, taps)) return repeat(x, to / from, axis);
  const parts = taps.map(({ index, weight }) => {
    const picked = take(x, tensor(Int32Array.from(index)), axis);
    if (weight.every((w) => w === 1)) return picked;
    const shape = x.shape.map((_, i) => (i === axis ? to : 1));
    return mul(picked, reshape(tensor(Float32Array.from(weight)), shape));
  });
  return parts.reduce(add);
}

const isRepetition = ({ from, to }: Target, taps: ReturnType<typeof tapsOf>): boolean =>
  to % from === 0 &&
  taps.length === 1 &&
  (taps[0]?.index.every((k, i) => k === Math.floor((i * from) / to)) ?? false);

/** Before opset 10, and under its old name: by factors, element floor(i / factor). */
export const Upsample = op(
  (n) => {
    const x = n.input(0);
    const scales = n.opset < 9 ? n.floats('scales') : n.knownInts(1);
    if (scales?.length !== x.rank) return n.fail(`has no scale for each of ${x.rank} axes`);
    const mode = n.choice('mode', 'nearest', 'linear', 'bilinear');
    const kind = mode === 'nearest' ? 'nearest' : 'linear';
    return resized(n, x, oldTargets(x, scales, kind));
  },
  { until: 9 },
);

const oldTargets = (x: Tensor, scales: readonly number[], kind: 'nearest' | 'linear'): Target[] =>
  scales.flatMap((scale, axis) => {
    if (scale === 1) return [];
    const from = x.shape[axis] as number;
    const to = Math.floor(from * scale);
    return [{ axis, from, to, scale, kind, coordinates: 'asymmetric', nearest: 'floor' } as const];
  });

export const Resize = op(
  (n) => {
    const x = n.input(0);
    const mode = n.choice('mode', 'nearest', 'linear', 'cubic');
    if (n.opset < 11) {
      const scales = n.knownInts(1) ?? n.fail('has no scales');
      if (mode === 'cubic') n.fail('cubic is there from opset 11 on');
      return resized(n, x, oldTargets(x, scales, mode === 'linear' ? 'linear' : 'nearest'));
    }
    const axes = (n.ints('axes') ?? x.shape.map((_, i) => i)).map((a) => n.axis(a, x.rank));
    const lengths = axes.map((a) => x.shape[a] as number);
    const { to, scales } = sizes(n, lengths);
    const coordinates = n.choice(
      'coordinate_transformation_mode',
      ...(['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel'] as const),
      ...(['align_corners', 'asymmetric', 'tf_crop_and_resize'] as const),
    );
    const roi = coordinates === 'tf_crop_and_resize' ? n.knownInts(1) : undefined;
    if (coordinates === 'tf_crop_and_resize' && roi?.length !== 2 * axes.length)
      n.fail('tf_crop_and_resize takes a roi with a start and an end for each axis');
    if (roi?.some((v) => v < 0 || v > 1))
      n.fail('a roi that reaches out of the image is not supported');
    const targets = axes.flatMap((axis, i): Target[] => {
      const [from, length] = [lengths[i] as number, to[i] as number];
      const untouched = from === length && scales[i] === 1 && !roi;
      if (untouched) return [];
      return [
        {
          axis,
          from,
          to: length,
          scale: scales[i] as number,
          kind: mode,
          coordinates,
          nearest: n.choice(
            'nearest_mode',
            'round_prefer_floor',
            'round_prefer_ceil',
            'floor',
            'ceil',
          ),
          antialias: n.flag('antialias'),
          cubic: n.float('cubic_coeff_a', -0.75),
          excludeOutside: n.flag('exclude_outside'),
          ...(roi && { roi: [roi[i] as number, roi[axes.length + i] as number] }),
        },
      ];
    });
    return resized(n, x, targets);
  },
  { since: 10, limits: 'constant sizes; a roi inside the image' },
);

/** The lengths asked for, and the factors they mean. */
function sizes(n: Call, lengths: readonly number[]): { to: number[]; scales: number[] } {
  const scales = n.has(2) ? Array.from(n.constant(2).data) : [];
  if (scales.length > 0) {
    if (scales.length !== lengths.length)
      n.fail(`has ${scales.length} scales for ${lengths.length} axes`);
    return { to: lengths.map((length, i) => Math.floor(length * (scales[i] as number))), scales };
  }
  const given = n.knownInts(3) ?? n.fail('has neither scales nor sizes');
  if (given.length !== lengths.length)
    n.fail(`has ${given.length} sizes for ${lengths.length} axes`);
  const factors = given.map((size, i) => size / (lengths[i] as number));
  const policy = n.choice('keep_aspect_ratio_policy', 'stretch', 'not_larger', 'not_smaller');
  if (policy === 'stretch') return { to: given, scales: factors };
  const one = policy === 'not_larger' ? Math.min(...factors) : Math.max(...factors);
  return { to: lengths.map((length) => Math.round(length * one)), scales: lengths.map(() => one) };
}
