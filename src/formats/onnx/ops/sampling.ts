import {
  abs,
  add,
  cast,
  clamp,
  equal,
  expandDims,
  floor,
  fold,
  greaterEqual,
  lessEqual,
  logicalAnd,
  mul,
  pad,
  remainder,
  reshape,
  round,
  slice,
  sub,
  takeAlongAxis,
  where,
  type Tensor,
} from '../../../trace/index.ts';
import { formatShape, sizeOf, stridesOf } from '../../../util/shape.ts';
import { op } from '../op.ts';
import { perAxis } from './windows.ts';

type Padding = 'zeros' | 'border' | 'reflection';

/** Positions `[N, points]` along one axis of the image. */
interface Along {
  readonly position: Tensor;
  readonly length: number;
  readonly aligned: boolean;
  readonly padding: Padding;
}

/** An element of an axis for each point, and its weight there. */
interface Tap {
  readonly index: Tensor;
  readonly weight: Tensor;
}

/** `x` within [0, length - 1]; its derivative on the ends is 0. */
function within(x: Tensor, length: number): Tensor {
  const most = length - 1;
  return where(lessEqual(x, 0), 0, where(greaterEqual(x, most), most, x));
}

/** `x` thrown back at the ends of the image, as often as it takes. */
function reflected(x: Tensor, { length, aligned }: Along): Tensor {
  const [low, span] = aligned ? [0, length - 1] : [-0.5, length];
  if (span === 0) return mul(x, 0);
  const far = abs(sub(x, low));
  const flips = floor(mul(far, 1 / span));
  const rest = sub(far, mul(flips, span));
  return add(where(equal(remainder(flips, 2), 0), rest, sub(span, rest)), low);
}

/** A position that lies in the image, whichever way the image goes on beyond its ends. */
function inside(x: Tensor, along: Along): Tensor {
  if (along.padding === 'zeros') return x;
  return within(along.padding === 'reflection' ? reflected(x, along) : x, along.length);
}

/** The weight where `at` lies in the image, else 0; and an index that does. */
function tap(at: Tensor, weight: Tensor | number, along: Along): Tap {
  const held = inside(at, along);
  const most = along.length - 1;
  const exists = logicalAnd(greaterEqual(held, 0), lessEqual(held, most));
  return { index: cast(clamp(held, 0, most), 'i32'), weight: where(exists, weight, 0) };
}

/** Keys' cubic kernel with a = -3/4, at distances of less than one and of one to two. */
const near = (d: Tensor): Tensor => add(mul(mul(sub(mul(d, 1.25), 2.25), d), d), 1);
const far = (d: Tensor): Tensor => add(mul(sub(mul(add(mul(d, -0.75), 3.75), d), 6), d), 3);

function tapsAlong(along: Along, mode: 'nearest' | 'linear' | 'cubic'): Tap[] {
  if (mode === 'nearest') return [tap(round(inside(along.position, along)), 1, along)];
  const x = mode === 'linear' ? inside(along.position, along) : along.position;
  const first = floor(x);
  const t = sub(x, first);
  const at = (offset: number, weight: Tensor): Tap => tap(add(first, offset), weight, along);
  if (mode === 'linear') return [at(0, sub(1, t)), at(1, t)];
  return [at(-1, far(add(t, 1))), at(0, near(t)), at(1, near(sub(1, t))), at(2, far(sub(2, t)))];
}

/** An image sampled at computed points, its derivative by the points the one to their right. */
export const GridSample = op(
  (n) => {
    const [x, grid] = [n.input(0), n.input(1)];
    const d = x.rank - 2;
    if (d < 1 || d > 3 || grid.rank !== x.rank || grid.shape[grid.rank - 1] !== d)
      n.fail(`x ${formatShape(x.shape)} and grid ${formatShape(grid.shape)} do not fit`);
    const said = n.choice(
      'mode',
      ...(['linear', 'bilinear', 'nearest', 'cubic', 'bicubic'] as const),
    );
    const mode = said === 'bilinear' ? 'linear' : said === 'bicubic' ? 'cubic' : said;
    const padding = n.choice('padding_mode', 'zeros', 'border', 'reflection');
    const aligned = n.flag('align_corners');
    const [batch, channels] = x.shape as [number, number];
    const image = x.shape.slice(2);
    const points = grid.shape.slice(1, -1);
    const flat = reshape(grid, [batch, sizeOf(points), d]);
    const strides = stridesOf(image);
    // the last axis of the image comes first in the grid
    const axes = image.map((length, i) => {
      const g = slice(flat, null, null, d - 1 - i);
      const scale = (aligned ? length - 1 : length) / 2;
      const position = add(mul(g, scale), (length - 1) / 2);
      return tapsAlong({ position, length, aligned, padding }, mode);
    });
    const pixels = reshape(x, [batch, channels, sizeOf(image)]);
    const combined = axes
      .map((taps, i) =>
        taps.map(({ index, weight }) => ({ index: mul(index, strides[i] as number), weight })),
      )
      .reduce((all, taps) =>
        all.flatMap((a) =>
          taps.map((b) => ({ index: add(a.index, b.index), weight: mul(a.weight, b.weight) })),
        ),
      );
    n.spend(combined.length);
    const y = combined
      .map(({ index, weight }) =>
        mul(takeAlongAxis(pixels, expandDims(index, 1), 2), expandDims(weight, 1)),
      )
      .reduce(add);
    return reshape(y, [batch, channels, ...points]);
  },
  { since: 16, limits: '1 to 3 spatial axes' },
);

/** Columns put back where windows took them: overlaps add up. */
export const Col2Im = op(
  (n) => {
    const image = n.knownInts(1) ?? n.fail('has no image_shape');
    const block = n.knownInts(2) ?? n.fail('has no block_shape');
    const x = n.input(0);
    if (image.length !== 2 || block.length !== 2 || x.rank !== 3)
      n.fail(
        `has ${image.length} spatial axes and columns ${formatShape(x.shape)}, 2 and 3 axes are`,
      );
    const pads = perAxis(n, 'pads', 4, 0, 0) as [number, number, number, number];
    const whole = image.map((length, i) => length + (pads[i] as number) + (pads[i + 2] as number));
    const options = {
      stride: [...perAxis(n, 'strides', 2, 1, 1)],
      dilation: [...perAxis(n, 'dilations', 2, 1, 1)],
    };
    const y = fold(x, whole, block, options);
    return pad(y, [
      [-pads[0], -pads[2]],
      [-pads[1], -pads[3]],
    ]);
  },
  { since: 18, limits: '2 spatial axes' },
);
