import type { OpCase } from '../case.ts';
import { attention } from './attention.ts';
import { constants } from './constants.ts';
import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';
import { layout } from './layout.ts';
import { networks } from './networks.ts';
import { recurrent } from './recurrent.ts';
import { reduction } from './reduction.ts';
import { resize } from './resize.ts';
import { sampling } from './sampling.ts';

export const cases: readonly OpCase[] = [
  ...[...elementwise, ...reduction, ...layout, ...indexing, ...constants],
  ...[...networks, ...resize, ...sampling, ...recurrent, ...attention],
];
