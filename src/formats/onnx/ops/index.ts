import type { Op } from '../op.ts';
import * as activations from './activations.ts';
import * as arithmetic from './arithmetic.ts';
import * as attention from './attention.ts';
import * as constants from './constants.ts';
import * as control from './control.ts';
import * as convolution from './convolution.ts';
import * as elementary from './elementary.ts';
import * as indexing from './indexing.ts';
import * as layout from './layout.ts';
import * as linear from './linear.ts';
import * as logic from './logic.ts';
import * as loss from './loss.ts';
import * as normalization from './normalization.ts';
import * as pooling from './pooling.ts';
import * as quantization from './quantization.ts';
import * as recurrent from './recurrent.ts';
import * as reduction from './reduction.ts';
import * as resize from './resize.ts';
import * as sampling from './sampling.ts';
import * as sequence from './sequence.ts';

const families: readonly object[] = [
  ...[activations, arithmetic, attention, constants, control, convolution, elementary, indexing],
  ...[layout, linear, logic, loss, normalization, pooling, quantization, recurrent, reduction],
  ...[resize, sampling, sequence],
];

const isOp = (x: unknown): x is Op => typeof x === 'object' && x !== null && 'run' in x;

/** Every handler by the name of its op. */
export const ops: ReadonlyMap<string, Op> = new Map(
  families.flatMap((family) =>
    Object.entries(family).filter((entry): entry is [string, Op] => isOp(entry[1])),
  ),
);
