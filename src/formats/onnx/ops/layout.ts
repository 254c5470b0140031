import {
  broadcastTo,
  concat,
  expandDims,
  pad,
  reshape,
  slice,
  split,
  squeeze,
  tile,
  transpose,
  type Range,
  type Tensor,
} from '../../../trace/index.ts';
import { sizeOf } from '../../../util/shape.ts';
import type { Call } from '../call.ts';
import { op } from '../op.ts';

export const Identity = op((n) => n.value(0));

export const Dropout = op(
  (n) => {
    const x = n.input(0);
    if (n.opset >= 12 && n.known(2)?.data.some((v) => v !== 0))
      n.fail('drops elements at random in training mode; export the model for inference');
    if (!n.wants(1)) return x;
    return [x, keepAll(x)];
  },
  { limits: 'inference only' },
);

const keepAll = (x: Tensor): Tensor => broadcastTo(true, x.shape);

export const Reshape = op((n) => {
  const x = n.input(0);
  const given = n.knownInts(1) ?? n.fail('has no shape');
  const allowZero = n.flag('allowzero');
  const shape = given.map((d, i) =>
    d === 0 && !allowZero ? (x.shape[i] ?? n.fail(`copies axis ${i}, which is not there`)) : d,
  );
  const rest = sizeOf(shape.filter((d) => d !== -1));
  // 0 elements in any shape: -1 is 0 then, where numpy could not tell
  if (x.size === 0 && rest === 0)
    return reshape(
      x,
      shape.map((d) => (d === -1 ? 0 : d)),
    );
  return reshape(x, shape);
});

export const Flatten = op((n) => {
  const x = n.input(0);
  const axis = n.int('axis', 1);
  const at = axis === x.rank ? axis : n.axis(axis, x.rank);
  return reshape(x, [sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at))]);
});

export const Transpose = op((n) => transpose(n.input(0), n.ints('perm')));

/** Axes as an attribute before opset 13, as an input from then on. */
const axesOf = (n: Call): readonly number[] | undefined =>
  n.opset < 13 ? n.ints('axes') : n.knownInts(1);

export const Squeeze = op((n) => {
  const x = n.input(0);
  const axes = axesOf(n);
  return squeeze(x, axes && axes.map((a) => n.axis(a, x.rank)));
});

export const Unsqueeze = op((n) => {
  const x = n.input(0);
  const given = axesOf(n) ?? n.fail('has no axes');
  const rank = x.rank + given.length;
  const axes = given.map((a) => n.axis(a, rank)).sort((a, b) => a - b);
  return axes.reduce((y, a) => expandDims(y, a), x);
});

export const Expand = op(
  (n) => {
    const x = n.input(0);
    const given = n.knownInts(1) ?? n.fail('has no shape');
    const rank = Math.max(x.rank, given.length);
    const at = (shape: readonly number[], i: number): number => shape[i - rank + shape.length] ?? 1;
    const shape = Array.from({ length: rank }, (_, i) => {
      const [a, b] = [at(x.shape, i), at(given, i)];
      return b === 1 ? a : b;
    });
    return broadcastTo(x, shape);
  },
  { since: 8 },
);

export const Tile = op((n) => {
  const x = n.input(0);
  const repeats = n.knownInts(1) ?? n.fail('has no repeats');
  if (repeats.length !== x.rank) n.fail(`repeats has ${repeats.length} numbers for ${x.rank} axes`);
  return tile(x, repeats);
});

export const Concat = op((n) => {
  const xs = n.all();
  const axis = n.int('axis') ?? n.fail('has no axis');
  const y = concat(xs, axis);
  if (n.axis(axis, y.rank) === y.rank - 1 && y.shape[y.rank - 1] === xs.length) columns.set(y, xs);
  return y;
});

/** What Concat put side by side, where each is one column. */
const columns = new WeakMap<Tensor, readonly Tensor[]>();

/** Column `i` of `x [..., columns]`: `[...]`, as it was before it stood beside others. */
export function columnOf(x: Tensor, i: number): Tensor {
  const column = columns.get(x)?.[i];
  if (column) return reshape(column, column.shape.slice(0, -1));
  return slice(x, ...new Array<null>(x.rank - 1).fill(null), i);
}

export const Split = op((n) => {
  const x = n.input(0);
  const axis = n.axis(n.int('axis', 0), x.rank);
  const sizes = n.opset < 13 ? n.ints('split') : n.knownInts(1);
  if (sizes) return split(x, sizes, axis);
  const parts = n.outputs;
  const asked = n.int('num_outputs', parts);
  if (asked !== parts) n.fail(`num_outputs is ${asked}, the node has ${parts} outputs`);
  const length = x.shape[axis] as number;
  const each = Math.ceil(length / parts);
  const lengths = Array.from({ length: parts }, (_, i) =>
    Math.max(0, Math.min(each, length - i * each)),
  );
  return split(x, lengths, axis);
});

export const Slice = op((n) => {
  const x = n.input(0);
  const list = (name: string, i: number): readonly number[] | undefined =>
    n.opset < 10 ? n.ints(name) : n.knownInts(i);
  const starts = list('starts', 1) ?? n.fail('has no starts');
  const ends = list('ends', 2) ?? n.fail('has no ends');
  const axes = list('axes', 3) ?? starts.map((_, i) => i);
  const steps = n.opset < 10 ? undefined : n.knownInts(4);
  if (starts.length !== ends.length || starts.length !== axes.length)
    n.fail(`starts, ends and axes differ in length`);
  const ranges = new Array<Range>(x.rank).fill(null);
  axes.forEach((a, i) => {
    const step = steps?.[i] ?? 1;
    ranges[n.axis(a, x.rank)] = [starts[i] as number, ends[i] as number, step];
  });
  return slice(x, ...ranges);
});

const padModes = {
  constant: 'constant',
  reflect: 'reflect',
  edge: 'replicate',
  wrap: 'circular',
} as const;

export const Pad = op((n) => {
  const x = n.input(0);
  const mode = padModes[n.choice('mode', 'constant', 'reflect', 'edge', 'wrap')];
  const pads = (n.opset < 11 ? n.ints('pads') : n.knownInts(1)) ?? n.fail('has no pads');
  const axes = (n.opset >= 18 ? n.knownInts(3) : undefined) ?? x.shape.map((_, i) => i);
  if (pads.length !== 2 * axes.length)
    n.fail(`pads has ${pads.length} numbers for ${axes.length} axes, expected two for each`);
  const value = n.opset < 11 ? n.float('value', 0) : (n.knownNumber(2) ?? 0);
  const pairs = x.shape.map((): [number, number] => [0, 0]);
  axes.forEach((a, i) => {
    pairs[n.axis(a, x.rank)] = [pads[i] as number, pads[axes.length + i] as number];
  });
  return pad(x, pairs, { mode, value });
});

export const CenterCropPad = op(
  (n) => {
    const x = n.input(0);
    const sizes = n.knownInts(1) ?? n.fail('has no shape');
    const axes = n.ints('axes') ?? x.shape.map((_, i) => i);
    const pairs = x.shape.map((): [number, number] => [0, 0]);
    axes.forEach((a, i) => {
      const axis = n.axis(a, x.rank);
      const more = (sizes[i] ?? n.fail('has a size too few')) - (x.shape[axis] as number);
      // the odd element: the last one added, or the last one taken away
      const before = more >= 0 ? more >> 1 : -(-more >> 1);
      pairs[axis] = [before, more - before];
    });
    return pad(x, pairs);
  },
  { since: 18 },
);

/** [N, C, H, W] */
function image(n: Call): { x: Tensor; shape: [number, number, number, number]; block: number } {
  const x = n.input(0);
  const block = n.int('blocksize') ?? n.fail('has no blocksize');
  if (x.rank !== 4) n.fail(`takes [N, C, H, W], got ${x.rank} axes`);
  if (!(block >= 1)) n.fail(`blocksize is ${block}`);
  return { x, shape: x.shape as unknown as [number, number, number, number], block };
}

export const DepthToSpace = op((n) => {
  const { x, shape, block: b } = image(n);
  const [N, C, H, W] = shape;
  if (C % (b * b) !== 0) n.fail(`${C} channels do not split into blocks of ${b} · ${b}`);
  const c = C / (b * b);
  const apart =
    n.choice('mode', 'DCR', 'CRD') === 'DCR'
      ? transpose(reshape(x, [N, b, b, c, H, W]), [0, 3, 4, 1, 5, 2])
      : transpose(reshape(x, [N, c, b, b, H, W]), [0, 1, 4, 2, 5, 3]);
  return reshape(apart, [N, c, H * b, W * b]);
});

export const SpaceToDepth = op((n) => {
  const { x, shape, block: b } = image(n);
  const [N, C, H, W] = shape;
  if (H % b !== 0 || W % b !== 0) n.fail(`${H} x ${W} does not split into blocks of ${b} · ${b}`);
  const apart = transpose(reshape(x, [N, C, H / b, b, W / b, b]), [0, 3, 5, 1, 2, 4]);
  return reshape(apart, [N, C * b * b, H / b, W / b]);
});
