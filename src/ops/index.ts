import type { Op } from '../ir/op.ts';
import { contractOp } from './contract.ts';
import { arithmeticOps } from './elementwise/arithmetic.ts';
import { compareOps } from './elementwise/compare.ts';
import { exponentialOps } from './elementwise/exponential.ts';
import { roundingOps } from './elementwise/rounding.ts';
import { specialOps } from './elementwise/special.ts';
import { trigonometricOps } from './elementwise/trigonometric.ts';
import { extremumOps } from './general/extremum.ts';
import { diagonalOps } from './linear/diagonal.ts';
import { gatherOps } from './linear/gather.ts';
import { layoutOps } from './linear/layout.ts';
import { scanOps } from './linear/scan.ts';
import { sliceOps } from './linear/slice.ts';
import { windowOps } from './linear/window.ts';
import { sourceOps } from './source.ts';
import { stopOps } from './stop.ts';

/** Every op there is. All else is a plain function of these. */
export const ops: readonly Op[] = [
  ...sourceOps,
  ...arithmeticOps,
  ...compareOps,
  ...roundingOps,
  ...exponentialOps,
  ...trigonometricOps,
  ...specialOps,
  ...layoutOps,
  ...diagonalOps,
  ...sliceOps,
  ...windowOps,
  ...gatherOps,
  ...scanOps,
  contractOp,
  ...extremumOps,
  ...stopOps,
];
