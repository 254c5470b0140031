import {
  add,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  pad,
  reshape,
  type ConvOptions,
  type ConvTransposeOptions,
  type Tensor,
} from '../../../trace/index.ts';
import { convTranspose3d } from '../../../trace/functions/convolution.ts';
import { formatShape } from '../../../util/shape.ts';
import type { Call } from '../call.ts';
import { op } from '../op.ts';
import { perAxis, reach, windowsOf } from './windows.ts';

/** `bias [C]` added to each channel of `y [N, C, ...]`. */
function withBias(y: Tensor, bias: Tensor | undefined): Tensor {
  if (!bias) return y;
  return add(y, reshape(bias, [bias.size, ...new Array<number>(y.rank - 2).fill(1)]));
}

/** Input and weight, with as many spatial axes each. */
function operands(n: Call): { x: Tensor; w: Tensor; d: number; kernel: readonly number[] } {
  const [x, w] = [n.input(0), n.input(1)];
  if (x.rank !== w.rank || x.rank < 3)
    n.fail(`x ${formatShape(x.shape)} and weight ${formatShape(w.shape)} do not fit`);
  const kernel = w.shape.slice(2);
  const said = n.ints('kernel_shape');
  if (said && said.join() !== kernel.join())
    n.fail(`kernel_shape is [${said.join()}], the weight is ${formatShape(w.shape)}`);
  return { x, w, d: x.rank - 2, kernel };
}

export const Conv = op(
  (n) => {
    const { x, w, d, kernel } = operands(n);
    const conv = [conv1d, conv2d, conv3d][d - 1] ?? n.fail(`has ${d} spatial axes, 3 are the most`);
    const windows = windowsOf(n, x.shape.slice(2), kernel);
    const even = windows.every(({ before, after }) => before === after && before >= 0);
    const options: ConvOptions = {
      stride: windows.map((v) => v.stride),
      dilation: windows.map((v) => v.dilation),
      groups: n.int('group', 1),
      padding: even ? windows.map((v) => v.before) : 0,
    };
    const padded = even
      ? x
      : pad(
          x,
          windows.map((v) => [v.before, v.after]),
        );
    return withBias(conv(padded, w, options), n.optional(2));
  },
  { limits: '1 to 3 spatial axes' },
);

export const ConvTranspose = op(
  (n) => {
    const { x, w, d, kernel } = operands(n);
    const conv =
      [convTranspose1d, convTranspose2d, convTranspose3d][d - 1] ??
      n.fail(`has ${d} spatial axes, 3 are the most`);
    const [stride, dilation] = [perAxis(n, 'strides', d, 1, 1), perAxis(n, 'dilations', d, 1, 1)];
    const options: ConvTransposeOptions = { stride, dilation, groups: n.int('group', 1) };
    const whole = conv(x, w, options);
    return withBias(pad(whole, borders(n, whole.shape.slice(2), kernel)), n.optional(2));
  },
  { limits: '1 to 3 spatial axes' },
);

/**
 * What to take from (< 0) and add to the ends of the whole result.
 *
 * @param whole lengths that the result has without padding
 */
function borders(
  n: Call,
  whole: readonly number[],
  kernel: readonly number[],
): [before: number, after: number][] {
  const d = whole.length;
  const strides = perAxis(n, 'strides', d, 1, 1);
  const dilations = perAxis(n, 'dilations', d, 1, 1);
  const extra = perAxis(n, 'output_padding', d, 0, 0);
  const automatic = n.choice('auto_pad', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID');
  const same = automatic === 'SAME_UPPER' || automatic === 'SAME_LOWER';
  const target =
    n.ints('output_shape')?.slice(-d) ??
    (same
      ? whole.map((length, i) => {
          const span = reach({ size: kernel[i] as number, dilation: dilations[i] as number });
          const stride = strides[i] as number;
          return ((length - span) / stride + 1) * stride;
        })
      : undefined);
  if (!target) {
    const pads = automatic === 'VALID' ? whole.flatMap(() => [0, 0]) : perAxis(n, 'pads', 2 * d, 0);
    return whole.map((_, i) => [
      -(pads[i] as number),
      (extra[i] as number) - (pads[d + i] as number),
    ]);
  }
  return whole.map((length, i) => {
    const more = extra[i] as number;
    const total = length + more - (target[i] as number);
    const half = Math.floor(total / 2);
    return automatic === 'SAME_UPPER' ? [-half, more - total + half] : [half - total, more - half];
  });
}
