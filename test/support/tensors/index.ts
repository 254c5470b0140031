import type { Scenarios } from '../scenario.ts';
import { contractions } from './contractions.ts';
import { elementwise } from './elementwise.ts';
import { geometry } from './geometry.ts';
import { indexing } from './indexing.ts';
import { networks } from './networks.ts';
import { reductions } from './reductions.ts';
import { creation, layout, padding, slicing } from './shapes.ts';

/** Every tensor function against values computed by its definition, by heading. */
export const tensorFunctions: Scenarios = {
  ...elementwise,
  reductions,
  creation,
  layout,
  slicing,
  padding,
  indexing,
  ...contractions,
  ...networks,
  geometry,
};
