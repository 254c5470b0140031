/** How one axis of `from` elements becomes one of `to`. */
export interface Axis {
  readonly from: number;
  readonly to: number;
  /** to / from, as the file says it */
  readonly scale: number;
  readonly kind: 'nearest' | 'linear' | 'cubic';
  readonly coordinates:
    | 'half_pixel'
    | 'half_pixel_symmetric'
    | 'pytorch_half_pixel'
    | 'align_corners'
    | 'asymmetric'
    | 'tf_crop_and_resize';
  /** rounding of nearest */
  readonly nearest: 'round_prefer_floor' | 'round_prefer_ceil' | 'floor' | 'ceil';
  /** when shrinking, widen the filter by the factor */
  readonly antialias?: boolean;
  /** coefficient of the cubic filter */
  readonly cubic?: number;
  /** elements beyond the ends weigh nothing; else the end ones stand for them */
  readonly excludeOutside?: boolean;
  /** start and end of the part of the axis that is looked at, as fractions */
  readonly roi?: readonly [number, number];
}

/** One term of the weighted sum: for each element of the result, which element and its weight. */
export interface Tap {
  readonly index: readonly number[];
  readonly weight: readonly number[];
}

/** Each element of the result as a weighted sum of a few elements, the same number for each. */
export function tapsOf(axis: Axis): Tap[] {
  const rows = Array.from({ length: axis.to }, (_, i) => weightsAt(axis, source(axis, i)));
  const count = rows.reduce((most, row) => Math.max(most, row.length), 1);
  return Array.from({ length: count }, (_, tap) => ({
    index: rows.map((row) => row[tap]?.[0] ?? 0),
    weight: rows.map((row) => row[tap]?.[1] ?? 0),
  }));
}

const f = Math.fround;

/**
 * Where element `i` of the result lies on the axis that is read, in float32 as other implementations
 * have it: rounding decides between neighbours.
 */
function source({ from, to, scale: exact, coordinates, roi }: Axis, i: number): number {
  const scale = f(exact);
  switch (coordinates) {
    case 'half_pixel':
      return f(f((i + 0.5) / scale) - 0.5);
    case 'half_pixel_symmetric': {
      const adjustment = f(to / f(scale * from));
      const center = from / 2;
      return f(center * (1 - adjustment) + f(f((i + 0.5) / scale) - 0.5));
    }
    case 'pytorch_half_pixel':
      return to > 1 ? f(f((i + 0.5) / scale) - 0.5) : 0;
    case 'align_corners':
      return to > 1 ? f((i * (from - 1)) / (to - 1)) : 0;
    case 'asymmetric':
      return f(i / scale);
    case 'tf_crop_and_resize': {
      const [start, end] = roi as readonly [number, number];
      if (to <= 1) return 0.5 * (start + end) * (from - 1);
      return start * (from - 1) + (i * (end - start) * (from - 1)) / (to - 1);
    }
  }
}

type Weights = [index: number, weight: number][];

function weightsAt(axis: Axis, x: number): Weights {
  const { from, kind } = axis;
  const clamp = (k: number): number => Math.min(Math.max(k, 0), from - 1);
  if (kind === 'nearest') return [[clamp(rounded(axis.nearest, x)), 1]];
  const widen = axis.antialias && axis.scale < 1 ? 1 / axis.scale : 1;
  const radius = (kind === 'linear' ? 1 : 2) * widen;
  const filter = kind === 'linear' ? triangle : cubic(axis.cubic ?? -0.75);
  const weights = new Map<number, number>();
  let total = 0;
  for (let k = Math.ceil(x - radius); k <= Math.floor(x + radius); k++) {
    if (axis.excludeOutside && (k < 0 || k >= from)) continue;
    const weight = filter((k - x) / widen);
    if (weight === 0) continue;
    weights.set(clamp(k), (weights.get(clamp(k)) ?? 0) + weight);
    total += weight;
  }
  return [...weights].map(([k, w]): [number, number] => [k, w / total]);
}

function rounded(mode: Axis['nearest'], x: number): number {
  switch (mode) {
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    case 'round_prefer_floor':
      return Math.ceil(x - 0.5);
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5);
  }
}

const triangle = (t: number): number => Math.max(0, 1 - Math.abs(t));

/** The cubic convolution filter with coefficient `a` (Keys 1981). */
const cubic =
  (a: number) =>
  (t: number): number => {
    const s = Math.abs(t);
    if (s <= 1) return ((a + 2) * s - (a + 3)) * s * s + 1;
    if (s < 2) return ((a * s - 5 * a) * s + 8 * a) * s - 4 * a;
    return 0;
  };
