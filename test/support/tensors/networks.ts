import * as ct from '../../../src/index.ts';
import { array, type HostArray, type Tensor } from '../../../src/index.ts';
import { points } from '../differences.ts';
import type { Numbers } from '../reference.ts';
import type { Scenario } from '../scenario.ts';
import { at, made, refuses, sumOver, values } from './values.ts';

interface Conv {
  readonly stride?: number[];
  readonly padding?: number[];
  readonly dilation?: number[];
  readonly groups?: number;
}

const of = (list: number[] | undefined, i: number, otherwise: number): number =>
  list?.[i] ?? otherwise;

/** Cross-correlation by its definition, any number of spatial axes. */
function correlation(x: Numbers, w: Numbers, o: Conv = {}): Numbers {
  const [N, , ...image] = x.shape as [number, number, ...number[]];
  const [O, C, ...kernel] = w.shape as [number, number, ...number[]];
  const groups = o.groups ?? 1;
  const out = image.map(
    (n, i) =>
      Math.floor(
        (n + 2 * of(o.padding, i, 0) - of(o.dilation, i, 1) * ((kernel[i] as number) - 1) - 1) /
          of(o.stride, i, 1),
      ) + 1,
  );
  return made([N, O, ...out], (n, oc, ...p) =>
    sumOver([C, ...kernel], (c, ...k) => {
      const where = p.map(
        (v, i) =>
          v * of(o.stride, i, 1) - of(o.padding, i, 0) + (k[i] as number) * of(o.dilation, i, 1),
      );
      const group = Math.floor(oc / (O / groups));
      return at(x, n, group * C + c, ...where) * at(w, oc, c, ...k);
    }),
  );
}

/** Transposed convolution by its definition: every input element spreads the kernel. */
function transposed(x: Numbers, w: Numbers, o: Conv & { outputPadding?: number[] } = {}): Numbers {
  const [N, C, ...image] = x.shape as [number, number, ...number[]];
  const [, own, ...kernel] = w.shape as [number, number, ...number[]];
  const groups = o.groups ?? 1;
  const out = image.map(
    (n, i) =>
      (n - 1) * of(o.stride, i, 1) -
      2 * of(o.padding, i, 0) +
      of(o.dilation, i, 1) * ((kernel[i] as number) - 1) +
      of(o.outputPadding, i, 0) +
      1,
  );
  return made([N, own * groups, ...out], (n, oc, ...p) => {
    const group = Math.floor(oc / own);
    return sumOver([C / groups, ...image, ...kernel], (c, ...rest) => {
      const from = rest.slice(0, image.length);
      const k = rest.slice(image.length);
      const hits = from.every(
        (v, i) =>
          v * of(o.stride, i, 1) - of(o.padding, i, 0) + (k[i] as number) * of(o.dilation, i, 1) ===
          p[i],
      );
      const channel = group * (C / groups) + c;
      return hits ? at(x, n, channel, ...from) * at(w, channel, oc % own, ...k) : 0;
    });
  });
}

const x1 = points([2, 4, 9], 51);
const w1 = points([6, 4, 3], 52);
const g1 = points([6, 2, 2], 53);
const x2 = points([2, 4, 7, 6], 54);
const w2 = points([2, 4, 3, 2], 55);
const g2 = points([4, 1, 3, 3], 56);
const x3 = points([1, 2, 4, 3, 4], 57);
const w3 = points([2, 2, 2, 3, 2], 58);
const t1 = points([4, 3, 3], 59);
const t2 = points([4, 2, 3, 2], 60);

const plus = (y: Numbers, bias: readonly number[]): Numbers =>
  made(y.shape, (...i) => at(y, ...i) + (bias[i[1] as number] as number));

const convolutions: Scenario[] = [
  values(
    'conv1d',
    (x: Tensor, w: Tensor, g: Tensor) => ({
      plain: x.conv1d(w),
      strided: x.conv1d(w, { stride: 2, padding: 1 }),
      dilated: x.conv1d(w, { dilation: 3, padding: [2] }),
      grouped: x.conv1d(g, { groups: 2 }),
      same: x.conv1d(w, { padding: 'same', dilation: 2 }),
      sameEven: x.conv1d(g, { padding: 'same', groups: 2 }),
      valid: x.conv1d(w, { padding: 'valid' }),
      bias: x.conv1d(w, { bias: [1, 2, 3, 4, 5, 6] }),
      single: x.slice(0).conv1d(w),
      point: x.conv1d(w.slice(null, null, [0, 1])),
    }),
    [x1, w1, g1],
    {
      plain: correlation(x1, w1),
      strided: correlation(x1, w1, { stride: [2], padding: [1] }),
      dilated: correlation(x1, w1, { dilation: [3], padding: [2] }),
      grouped: correlation(x1, g1, { groups: 2 }),
      same: correlation(x1, w1, { dilation: [2], padding: [2] }),
      sameEven: correlation(
        made([2, 4, 10], (n, c, i) => at(x1, n, c, i)),
        g1,
        { groups: 2 },
      ),
      valid: correlation(x1, w1),
      bias: plus(correlation(x1, w1), [1, 2, 3, 4, 5, 6]),
      single: made([6, 7], (o, i) => at(correlation(x1, w1), 0, o, i)),
      point: correlation(
        x1,
        made([6, 4, 1], (o, c) => at(w1, o, c, 0)),
      ),
    },
  ),
  values(
    'conv2d',
    (x: Tensor, w: Tensor, g: Tensor) => ({
      plain: x.conv2d(w),
      strided: x.conv2d(w, { stride: [2, 1], padding: [1, 2] }),
      dilated: x.conv2d(w, { dilation: [2, 3] }),
      depthwise: x.conv2d(g, { groups: 4, padding: 1, stride: 2 }),
      bias: x.conv2d(w, { bias: [0.5, -1] }),
      nothing: x.slice([0, 0]).conv2d(w),
    }),
    [x2, w2, g2],
    {
      plain: correlation(x2, w2),
      strided: correlation(x2, w2, { stride: [2, 1], padding: [1, 2] }),
      dilated: correlation(x2, w2, { dilation: [2, 3] }),
      depthwise: correlation(x2, g2, { groups: 4, padding: [1, 1], stride: [2, 2] }),
      bias: plus(correlation(x2, w2), [0.5, -1]),
      nothing: made([0, 2, 5, 5], () => 0),
    },
  ),
  values(
    'conv3d',
    (x: Tensor, w: Tensor) => ({
      plain: x.conv3d(w),
      strided: x.conv3d(w, { stride: [2, 1, 2], padding: [0, 1, 1] }),
    }),
    [x3, w3],
    {
      plain: correlation(x3, w3),
      strided: correlation(x3, w3, { stride: [2, 1, 2], padding: [0, 1, 1] }),
    },
  ),
  values(
    'convTranspose1d',
    (x: Tensor, w: Tensor) => ({
      plain: x.convTranspose1d(w),
      strided: x.convTranspose1d(w, { stride: 3, padding: 1, outputPadding: 2 }),
      dilated: x.convTranspose1d(w, { dilation: 2, padding: 3 }),
      cropped: x.convTranspose1d(w, { padding: 4 }),
      grouped: x.convTranspose1d(w, { groups: 2, stride: 2, bias: [1, 2, 3, 4, 5, 6] }),
      single: x.slice(1).convTranspose1d(w).expandDims(0),
    }),
    [x1, t1],
    {
      plain: transposed(x1, t1),
      strided: transposed(x1, t1, { stride: [3], padding: [1], outputPadding: [2] }),
      dilated: transposed(x1, t1, { dilation: [2], padding: [3] }),
      cropped: transposed(x1, t1, { padding: [4] }),
      grouped: plus(transposed(x1, t1, { groups: 2, stride: [2] }), [1, 2, 3, 4, 5, 6]),
      single: transposed(
        made([1, 4, 9], (_, c, i) => at(x1, 1, c, i)),
        t1,
      ),
    },
  ),
  values(
    'convTranspose2d',
    (x: Tensor, w: Tensor) => ({
      plain: x.convTranspose2d(w),
      strided: x.convTranspose2d(w, { stride: 2, padding: [1, 0], outputPadding: [1, 0] }),
    }),
    [x2, t2],
    {
      plain: transposed(x2, t2),
      strided: transposed(x2, t2, { stride: [2, 2], padding: [1, 0], outputPadding: [1, 0] }),
    },
  ),
  values(
    'unfold, and fold, its adjoint',
    (x: Tensor) => {
      const options = { stride: [2, 1], padding: [1, 0], dilation: [1, 2] };
      const columns = x.unfold([3, 2], options);
      return { columns, back: columns.fold([7, 6], [3, 2], options) };
    },
    [x2],
    {
      columns: made([2, 24, 16], (n, row, l) => {
        const [c, k] = [Math.floor(row / 6), row % 6];
        const [i, j] = [Math.floor(l / 4) * 2 - 1 + (k >> 1), (l % 4) + 2 * (k % 2)];
        return at(x2, n, c, i, j);
      }),
      // each element as often as windows have it
      back: made([2, 4, 7, 6], (n, c, i, j) => {
        const times = sumOver([4, 4, 3, 2], (oh, ow, kh, kw) =>
          Number(2 * oh - 1 + kh === i && ow + 2 * kw === j),
        );
        return times * at(x2, n, c, i, j);
      }),
    },
  ),
  values(
    'pixelShuffle and back',
    (x: Tensor) => ({
      shuffled: x.pixelShuffle(2),
      back: x.pixelShuffle(2).pixelUnshuffle(2),
    }),
    [x2],
    {
      shuffled: made([2, 1, 14, 12], (n, _, i, j) =>
        at(x2, n, 2 * (i % 2) + (j % 2), i >> 1, j >> 1),
      ),
      back: x2,
    },
  ),
  refuses(
    'channels that do not fit',
    'ShapeError',
    (x: Tensor, w: Tensor) => x.conv1d(w, { groups: 2 }),
    [x1, w1],
    'conv1d',
    '[6,4,3]',
    '4',
    '[2,4,9]',
  ),
  refuses(
    'a kernel larger than the image',
    'ShapeError',
    (x: Tensor, w: Tensor) => x.conv1d(w, { dilation: 5 }),
    [x1, w1],
    'conv1d',
    '[3]',
    '[9]',
  ),
  refuses(
    'conv2d of a line',
    'ShapeError',
    (x: Tensor, w: Tensor) => x.conv2d(w),
    [points([3], 1), w2],
    'conv2d',
    'batch, channels, height, width',
    '[3]',
  ),
  refuses(
    'a stride for another number of axes',
    'ShapeError',
    (x: Tensor, w: Tensor) => x.conv2d(w, { stride: [1, 1, 1] }),
    [x2, w2],
    'conv2d',
    'stride',
    '2 axes',
  ),
  refuses(
    'an unknown padding',
    'ShapeError',
    (x: Tensor, w: Tensor) => x.conv2d(w, { padding: 'full' as never }),
    [x2, w2],
    'conv2d',
    'full',
  ),
  refuses(
    'a bias of another length',
    'ShapeError',
    (x: Tensor, w: Tensor) => x.conv2d(w, { bias: [1] }),
    [x2, w2],
    'conv2d',
    'bias',
    '[1]',
  ),
  refuses(
    'outputPadding as large as the stride',
    'ShapeError',
    (x: Tensor, w: Tensor) => x.convTranspose1d(w, { outputPadding: 1 }),
    [x1, t1],
    'convTranspose1d',
    'outputPadding',
  ),
];

interface Pool extends Conv {
  readonly beyond?: number[];
}

/** Elements of each window over the last axes; beyond the image there are none. */
function pooled(
  x: Numbers,
  size: number[],
  out: number[],
  o: Pool,
  f: (elements: number[], inside: number) => number,
): Numbers {
  const d = size.length;
  const head = x.shape.slice(0, -d);
  return made([...head, ...out], (...index) => {
    const [h, p] = [index.slice(0, -d), index.slice(-d)];
    const elements: number[] = [];
    let inside = 0;
    sumOver(size, (...k) => {
      const where = p.map(
        (v, i) =>
          v * of(o.stride, i, size[i] as number) -
          of(o.padding, i, 0) +
          (k[i] as number) * of(o.dilation, i, 1),
      );
      const image = x.shape.slice(-d);
      if (where.every((v, i) => v >= 0 && v < (image[i] as number)))
        elements.push(at(x, ...h, ...where));
      if (
        where.every(
          (v, i) => v >= -of(o.padding, i, 0) && v < (image[i] as number) + of(o.padding, i, 0),
        )
      )
        inside++;
      return 0;
    });
    return f(elements, inside);
  });
}

const max = (elements: number[]): number => Math.max(...elements);
const mean = (elements: number[]): number => elements.reduce((a, b) => a + b, 0) / elements.length;
const meanWithPadding = (elements: number[], inside: number): number =>
  elements.reduce((a, b) => a + b, 0) / inside;

const pools: Scenario[] = [
  values(
    'max pooling',
    (x: Tensor, l: Tensor) => ({
      plain: x.maxPool2d(2),
      strided: x.maxPool2d([3, 2], { stride: [1, 2], padding: [1, 1] }),
      dilated: x.maxPool2d(2, { stride: 1, dilation: [2, 3] }),
      ceil: x.maxPool2d(2, { ceil: true }),
      line: l.maxPool1d(3, { stride: 2, padding: 1 }),
      lineCeil: l.maxPool1d(2, { stride: 3, padding: 1, ceil: true }),
      single: x.slice(0).maxPool2d(2).expandDims(0),
    }),
    [x2, x1],
    {
      plain: pooled(x2, [2, 2], [3, 3], {}, max),
      strided: pooled(x2, [3, 2], [7, 4], { stride: [1, 2], padding: [1, 1] }, max),
      dilated: pooled(x2, [2, 2], [5, 3], { stride: [1, 1], dilation: [2, 3] }, max),
      ceil: pooled(x2, [2, 2], [4, 3], {}, max),
      line: pooled(x1, [3], [5], { stride: [2], padding: [1] }, max),
      lineCeil: pooled(x1, [2], [4], { stride: [3], padding: [1] }, max),
      single: pooled(
        made([1, 4, 7, 6], (_, ...i) => at(x2, 0, ...i)),
        [2, 2],
        [3, 3],
        {},
        max,
      ),
    },
  ),
  values(
    'average pooling',
    (x: Tensor, l: Tensor) => ({
      plain: x.avgPool2d(2),
      padded: x.avgPool2d([3, 2], { stride: [1, 2], padding: [1, 1] }),
      excluding: x.avgPool2d([3, 2], { stride: [1, 2], padding: 1, countIncludePad: false }),
      ceil: x.avgPool2d([2, 4], { ceil: true }),
      ceilPadded: x.avgPool2d([3, 4], { ceil: true, padding: [1, 2] }),
      line: l.avgPool1d(3, { stride: 2, padding: 1 }),
      dilated: l.avgPool1d(3, { stride: 1, dilation: 2 }),
    }),
    [x2, x1],
    {
      plain: pooled(x2, [2, 2], [3, 3], {}, mean),
      padded: pooled(x2, [3, 2], [7, 4], { stride: [1, 2], padding: [1, 1] }, meanWithPadding),
      excluding: pooled(x2, [3, 2], [7, 4], { stride: [1, 2], padding: [1, 1] }, mean),
      ceil: pooled(x2, [2, 4], [4, 2], {}, mean),
      ceilPadded: pooled(x2, [3, 4], [3, 2], { padding: [1, 2] }, meanWithPadding),
      line: pooled(x1, [3], [5], { stride: [2], padding: [1] }, meanWithPadding),
      dilated: pooled(x1, [3], [5], { stride: [1], dilation: [2] }, mean),
    },
  ),
  values(
    'adaptive and global pooling',
    (x: Tensor, l: Tensor) => ({
      adaptive: x.adaptiveAvgPool2d([3, 4]),
      one: x.adaptiveAvgPool2d(1).squeeze(),
      same: x.adaptiveAvgPool2d([7, 6]),
      more: x.adaptiveAvgPool2d([7, 8]),
      global: x.globalAvgPool(),
      line: l.globalAvgPool(),
      kept: x.globalAvgPool({ keepDims: true }).squeeze([2, 3]),
    }),
    [x2, x1],
    {
      adaptive: adaptive(x2, 3, 4),
      one: pooledAll(x2),
      same: x2,
      more: adaptive(x2, 7, 8),
      global: pooledAll(x2),
      line: pooledAll(x1),
      kept: pooledAll(x2),
    },
  ),
  refuses(
    'a window larger than the image',
    'ShapeError',
    (x: Tensor) => x.maxPool1d(10),
    [x1],
    'maxPool1d',
    '[10]',
    '[9]',
  ),
  refuses(
    'padding of more than half a window',
    'ShapeError',
    (x: Tensor) => x.avgPool1d(3, { padding: 2 }),
    [x1],
    'avgPool1d',
    'half',
  ),
];

function adaptive(x: Numbers, oh: number, ow: number): Numbers {
  const [, , H, W] = x.shape as [number, number, number, number];
  const window = (i: number, n: number, m: number): [number, number] => [
    Math.floor((i * n) / m),
    Math.ceil(((i + 1) * n) / m),
  ];
  return made([2, 4, oh, ow], (n, c, i, j) => {
    const [[a, b], [p, q]] = [window(i, H, oh), window(j, W, ow)];
    return sumOver([b - a, q - p], (k, l) => at(x, n, c, a + k, p + l)) / ((b - a) * (q - p));
  });
}

function pooledAll(x: Numbers): Numbers {
  const image = x.shape.slice(2);
  const count = image.reduce((a, b) => a * b, 1);
  return made(x.shape.slice(0, 2), (n, c) => sumOver(image, (...i) => at(x, n, c, ...i)) / count);
}

/** (x - mean) / √(variance + eps) over the elements that `group` calls alike. */
function normalized(
  x: Numbers,
  group: (...i: number[]) => string,
  eps: number,
  centred = true,
): Numbers {
  const groups = new Map<string, number[]>();
  sumOver(x.shape, (...i) => {
    const key = group(...i);
    groups.set(key, [...(groups.get(key) ?? []), at(x, ...i)]);
    return 0;
  });
  return made(x.shape, (...i) => {
    const list = groups.get(group(...i)) as number[];
    const m = centred ? mean(list) : 0;
    return (at(x, ...i) - m) / Math.sqrt(mean(list.map((v) => (v - m) ** 2)) + eps);
  });
}

const scale = [1, -2, 0.5, 3];
const shift = [0, 1, -1, 0.25];
const affine = (y: Numbers): Numbers =>
  made(y.shape, (...i) => {
    const c = i[1] as number;
    return at(y, ...i) * (scale[c] as number) + (shift[c] as number);
  });
const wb = { weight: scale, bias: shift };

const norms: Scenario[] = [
  values(
    'batchNorm with given statistics',
    (x: Tensor, m: Tensor, v: Tensor) => ({
      plain: x.batchNorm(m, v),
      affine: x.batchNorm(m, v, { ...wb, eps: 0.5 }),
      flat: x.slice(null, null, 0, 0).batchNorm(m, v),
    }),
    [x2, array([0.5, 0, -1, 1]), array([1, 2, 0.5, 0.25])],
    (() => {
      const [m, v] = [
        [0.5, 0, -1, 1],
        [1, 2, 0.5, 0.25],
      ] as [number[], number[]];
      const one = (value: number, c: number, eps: number): number =>
        (value - (m[c] as number)) / Math.sqrt((v[c] as number) + eps);
      return {
        plain: made(x2.shape, (...i) => one(at(x2, ...i), i[1] as number, 1e-5)),
        affine: affine(made(x2.shape, (...i) => one(at(x2, ...i), i[1] as number, 0.5))),
        flat: made([2, 4], (n, c) => one(at(x2, n, c, 0, 0), c, 1e-5)),
      };
    })(),
  ),
  values(
    'batchNormTraining also gives mean and biased variance',
    (x: Tensor) => {
      const [y, m, v] = x.batchNormTraining(wb);
      return { y, m, v };
    },
    [x2],
    (() => {
      const channel = (c: number): number[] =>
        Array.from(made([2, 7, 6], (n, i, j) => at(x2, n, c, i, j)).data);
      const m = (c: number): number => mean(channel(c));
      return {
        y: affine(normalized(x2, (_, c) => String(c), 1e-5)),
        m: made([4], m),
        v: made([4], (c) => mean(channel(c).map((value) => (value - m(c)) ** 2))),
      };
    })(),
  ),
  values(
    'layerNorm, rmsNorm: axes or how many of the last',
    (x: Tensor, w: Tensor) => ({
      last: x.layerNorm([-1]),
      count: x.layerNorm(1),
      negative: x.layerNorm(-1),
      two: x.layerNorm(2, { eps: 1 }),
      channels: x.layerNorm([1], wb),
      weight: x.layerNorm([2, 3], { weight: w }),
      rms: x.rmsNorm(1),
      rmsWeight: x.rmsNorm([1], { weight: scale, eps: 0.5 }),
    }),
    [x2, points([7, 6], 61)],
    (() => {
      const row = normalized(x2, (n, c, i) => [n, c, i].join(), 1e-5);
      const image = (eps: number): Numbers => normalized(x2, (n, c) => [n, c].join(), eps);
      const w = points([7, 6], 61);
      return {
        last: row,
        count: row,
        negative: row,
        two: image(1),
        channels: affine(normalized(x2, (n, _, i, j) => [n, i, j].join(), 1e-5)),
        weight: made(x2.shape, (...i) => at(image(1e-5), ...i) * at(w, ...i.slice(2))),
        rms: normalized(x2, (n, c, i) => [n, c, i].join(), 1e-6, false),
        rmsWeight: (() => {
          const y = normalized(x2, (n, _, i, j) => [n, i, j].join(), 0.5, false);
          return made(y.shape, (...i) => at(y, ...i) * (scale[i[1] as number] as number));
        })(),
      };
    })(),
  ),
  values(
    'groupNorm and instanceNorm',
    (x: Tensor, l: Tensor) => ({
      groups: x.groupNorm(2, wb),
      each: x.groupNorm(4),
      instance: x.instanceNorm(wb),
      line: l.instanceNorm(),
    }),
    [x2, x1],
    {
      groups: affine(normalized(x2, (n, c) => [n, c >> 1].join(), 1e-5)),
      each: normalized(x2, (n, c) => [n, c].join(), 1e-5),
      instance: affine(normalized(x2, (n, c) => [n, c].join(), 1e-5)),
      line: normalized(x1, (n, c) => [n, c].join(), 1e-5),
    },
  ),
  refuses(
    'a weight of another shape',
    'ShapeError',
    (x: Tensor) => x.layerNorm(1, { weight: [1, 2] }),
    [x2],
    'layerNorm',
    'weight',
    '[6]',
    '[2]',
  ),
  refuses(
    'groups that do not divide',
    'ShapeError',
    (x: Tensor) => x.groupNorm(3),
    [x2],
    'groupNorm',
    '3',
    '4',
  ),
];

const q = points([2, 3, 4], 71);
const k = points([2, 5, 4], 72);
const v = points([2, 5, 2], 73);
const bias = points([3, 5], 74);

/** softmax(q kᵀ scale + mask) v for one sample */
function attention(
  n: number,
  i: number,
  f: number,
  scale_: number,
  mask: (i: number, j: number) => number,
): number {
  const scores = Array.from(
    { length: 5 },
    (_, j) => scale_ * sumOver([4], (e) => at(q, n, i, e) * at(k, n, j, e)) + mask(i, j),
  );
  const top = Math.max(...scores);
  if (top === -Infinity) return 0;
  const weights = scores.map((s) => Math.exp(s - top));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.reduce((sum, w, j) => sum + (w / total) * at(v, n, j, f), 0);
}

const attended = (scale_: number, mask: (i: number, j: number) => number): Numbers =>
  made([2, 3, 2], (n, i, f) => attention(n, i, f, scale_, mask));

const D = 6;
const seq = points([2, 3, D], 75);
const other = points([2, 4, D], 76);
const square = (seed: number): HostArray => points([D, D], seed);
const [wq, wk, wv, wo] = [square(77), square(78), square(79), square(80)];
const vector = (seed: number): HostArray => points([D], seed);
const [bq, bk, bv, bo] = [vector(81), vector(82), vector(83), vector(84)];

const attentions: Scenario[] = [
  values(
    'scaledDotProductAttention',
    (a: Tensor, b: Tensor, c: Tensor, m: Tensor) => ({
      plain: a.scaledDotProductAttention(b, c),
      scaled: a.scaledDotProductAttention(b, c, { scale: 2 }),
      added: a.scaledDotProductAttention(b, c, { mask: m }),
      masked: a.scaledDotProductAttention(b, c, { mask: m.greater(0) }),
      causal: a.scaledDotProductAttention(b, c, { causal: true }),
      both: a.scaledDotProductAttention(b, c, { causal: true, mask: m }),
      blind: a.scaledDotProductAttention(b, c, { mask: [[false], [true], [true]] }),
    }),
    [q, k, v, bias],
    {
      plain: attended(0.5, () => 0),
      scaled: attended(2, () => 0),
      added: attended(0.5, (i, j) => at(bias, i, j)),
      masked: attended(0.5, (i, j) => (at(bias, i, j) > 0 ? 0 : -Infinity)),
      causal: attended(0.5, (i, j) => (j <= i ? 0 : -Infinity)),
      both: attended(0.5, (i, j) => (j <= i ? at(bias, i, j) : -Infinity)),
      blind: attended(0.5, (i) => (i === 0 ? -Infinity : 0)),
    },
  ),
  values(
    'multiHeadAttention is attention of each head, and takes both forms of parameters',
    (x: Tensor, y: Tensor) => {
      const separate = { wq, wk, wv, wo, bq, bk, bv, bo };
      const packed = {
        inWeight: ct.concat([wq, wk, wv]),
        inBias: ct.concat([bq, bk, bv]),
        outWeight: wo,
        outBias: bo,
      };
      const byHand = (from: Tensor, to: Tensor): Tensor => {
        const [a, b, c] = [from.linear(wq, bq), to.linear(wk, bk), to.linear(wv, bv)];
        const heads = [0, 1, 2].map((h) => {
          const part = (t: Tensor): Tensor => t.slice(null, null, [2 * h, 2 * h + 2]);
          return part(a).scaledDotProductAttention(part(b), part(c), { causal: true });
        });
        return ct.concat(heads, -1).linear(wo, bo);
      };
      const options = { heads: 3, causal: true };
      const error = (got: Tensor, want: Tensor): Tensor =>
        got.sub(want).abs().max().less(1e-4).cast('f32');
      return {
        separate: error(x.multiHeadAttention(separate, options), byHand(x, x)),
        packed: error(x.multiHeadAttention(packed, options), byHand(x, x)),
        cross: error(x.multiHeadAttention(separate, { ...options, key: y }), byHand(x, y)),
        value: error(
          x.multiHeadAttention(separate, { ...options, key: y, value: y }),
          byHand(x, y),
        ),
        single: error(x.slice(0).multiHeadAttention(separate, options), byHand(x, x).slice(0)),
      };
    },
    [seq, other],
    { separate: 1, packed: 1, cross: 1, value: 1, single: 1 },
  ),
  refuses(
    'heads that do not divide',
    'ShapeError',
    (x: Tensor) => x.multiHeadAttention({ wq, wk, wv, wo }, { heads: 4 }),
    [seq],
    'multiHeadAttention',
    '4',
    '6',
  ),
  refuses(
    'keys of another width',
    'ShapeError',
    (a: Tensor, b: Tensor) => a.scaledDotProductAttention(b, b),
    [q, v],
    'scaledDotProductAttention',
    '[2,3,4]',
    '[2,5,2]',
  ),
  refuses(
    'a mask of integers',
    'DTypeError',
    (a: Tensor, b: Tensor) =>
      a.scaledDotProductAttention(b, b, { mask: array([1], undefined, 'i32') }),
    [q, k],
    'scaledDotProductAttention',
    'i32',
    'bool',
  ),
  refuses(
    'a mask that does not broadcast',
    'ShapeError',
    (a: Tensor, b: Tensor) => a.scaledDotProductAttention(b, b, { mask: array([true, false]) }),
    [q, k],
    'scaledDotProductAttention',
    '[2]',
  ),
];

const image = array([
  [
    [
      [1, 2],
      [3, 5],
    ],
  ],
]);

const resizing: Scenario[] = [
  values(
    'upsample: nearest is floor(i·in/out), bilinear half-pixel and clamped',
    (x: Tensor, y: Tensor) => ({
      nearest: x.upsample({ scale: 2, mode: 'nearest' }),
      sizes: x.upsample({ size: [3, 1] }),
      down: y.upsample({ size: 3, mode: 'nearest' }),
      bilinear: x.upsample({ scale: [1, 2], mode: 'bilinear' }),
      corners: x.upsample({ size: 3, mode: 'bilinear', alignCorners: true }),
      fewer: y.upsample({ size: [3, 2], mode: 'bilinear' }),
    }),
    [image, x2],
    {
      nearest: [
        [
          [
            [1, 1, 2, 2],
            [1, 1, 2, 2],
            [3, 3, 5, 5],
            [3, 3, 5, 5],
          ],
        ],
      ],
      sizes: [[[[1], [1], [3]]]],
      down: made([2, 4, 3, 3], (n, c, i, j) => at(x2, n, c, Math.floor((i * 7) / 3), 2 * j)),
      bilinear: [
        [
          [
            [1, 1.25, 1.75, 2],
            [3, 3.5, 4.5, 5],
          ],
        ],
      ],
      corners: [
        [
          [
            [1, 1.5, 2],
            [2, 2.75, 3.5],
            [3, 4, 5],
          ],
        ],
      ],
      fewer: made([2, 4, 3, 2], (n, c, i, j) => {
        const u = ((i + 0.5) * 7) / 3 - 0.5;
        const w = ((j + 0.5) * 6) / 2 - 0.5;
        const [a, b] = [Math.floor(u), Math.floor(w)];
        return sumOver(
          [2, 2],
          (p, r) =>
            (p ? u - a : 1 - (u - a)) * (r ? w - b : 1 - (w - b)) * at(x2, n, c, a + p, b + r),
        );
      }),
    },
  ),
  refuses(
    'upsample to nothing given',
    'ShapeError',
    (x: Tensor) => x.upsample({ mode: 'nearest' }),
    [image],
    'upsample',
    'scale',
  ),
  refuses(
    'an unknown mode of upsampling',
    'TraceError',
    (x: Tensor) => x.upsample({ scale: 2, mode: 'cubic' as never }),
    [image],
    'upsample',
    'cubic',
  ),
];

const logits = array([
  [1, 2, 0.5],
  [0, -1, 3],
]);
const logp = (row: number[], c: number): number =>
  (row[c] as number) - Math.log(row.reduce((s, z) => s + Math.exp(z), 0));
const [first, second] = [
  [1, 2, 0.5],
  [0, -1, 3],
] as [number[], number[]];

const losses: Scenario[] = [
  values(
    'mse and huber',
    (x: Tensor) => ({
      mse: x.mseLoss([0, 0, 0]),
      sum: x.mseLoss(0, { reduction: 'sum' }),
      none: x.mseLoss([1, 1, 1], { reduction: 'none' }),
      huber: x.huberLoss(0, { reduction: 'none' }),
      delta: x.huberLoss(0, { delta: 4 }),
    }),
    [array([0.5, -3, 2])],
    {
      mse: (0.25 + 9 + 4) / 3,
      sum: 13.25,
      none: [0.25, 16, 1],
      huber: [0.125, 2.5, 1.5],
      delta: (0.125 + 4.5 + 2) / 3,
    },
  ),
  values(
    'cross entropy of class ids and of probabilities',
    (x: Tensor, i: Tensor) => ({
      ids: x.crossEntropy([1, 2]),
      run: x.crossEntropy(i, { reduction: 'none' }),
      sum: x.crossEntropy([1, -1], { reduction: 'sum' }),
      probabilities: x.crossEntropy([
        [0, 1, 0],
        [0.5, 0, 0.5],
      ]),
      one: x.slice(0).crossEntropy(1),
      pixels: x
        .t()
        .expandDims(0)
        .crossEntropy([[1, 2]]),
      impossible: ct.where([true, true, false], x, -Infinity).crossEntropy(
        [
          [1, 0, 0],
          [0, 1, 0],
        ],
        { reduction: 'none' },
      ),
    }),
    [logits, array([0, 2], undefined, 'i32')],
    {
      ids: -(logp(first, 1) + logp(second, 2)) / 2,
      run: [-logp(first, 0), -logp(second, 2)],
      sum: -(logp(first, 1) + logp(second, 2)),
      probabilities: -(logp(first, 1) + 0.5 * (logp(second, 0) + logp(second, 2))) / 2,
      one: -logp(first, 1),
      pixels: -(logp(first, 1) + logp(second, 2)) / 2,
      impossible: [-logp([1, 2], 0), -logp([0, -1], 1)],
    },
  ),
  values(
    'binary cross entropy with logits',
    (x: Tensor) => ({
      none: x.bceWithLogits([1, 0, 0.25], { reduction: 'none' }),
      mean: x.bceWithLogits(1),
    }),
    [array([2, -500, 1])],
    {
      none: [
        Math.log1p(Math.exp(-2)),
        0,
        0.25 * Math.log1p(Math.exp(-1)) + 0.75 * Math.log1p(Math.exp(1)),
      ],
      mean: (Math.log1p(Math.exp(-2)) + 500 + Math.log1p(Math.exp(-1))) / 3,
    },
  ),
  refuses(
    'an unknown reduction',
    'TraceError',
    (x: Tensor) => x.mseLoss(0, { reduction: 'max' as never }),
    [logits],
    'mseLoss',
    'max',
  ),
  refuses(
    'labels that fit neither',
    'ShapeError',
    (x: Tensor) => x.crossEntropy([0, 1, 2]),
    [logits],
    'crossEntropy',
    '[2]',
    '[2,3]',
    '[3]',
  ),
  refuses(
    'a label out of range',
    'ShapeError',
    (x: Tensor) => x.crossEntropy([0, 3]),
    [logits],
    'crossEntropy',
    '3',
  ),
  refuses(
    'labels of fractions',
    'DTypeError',
    (x: Tensor, y: Tensor) => x.crossEntropy(y),
    [logits, array([0, 1])],
    'crossEntropy',
    'f32',
  ),
];

/** By heading. */
export const networks = {
  convolutions,
  pooling: pools,
  normalization: norms,
  attention: attentions,
  upsampling: resizing,
  losses,
};
