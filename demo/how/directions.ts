import type { Direction } from '../../src/index.ts';

/** Names of the classes that give a direction its colour. */
export const classes: Readonly<Record<Direction, string>> = {
  'pushed forward': 'forward',
  'pulled back': 'reverse',
  multiplied: 'multiplied',
};
