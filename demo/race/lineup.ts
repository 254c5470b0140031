import type { Way } from '../worker/api.ts';

interface Title {
  readonly name: string;
  /** in words */
  readonly way: string;
}

/** The ways of computing that run in the page's own worker. */
export const ways: Readonly<Record<Way, Title>> = {
  auto: { name: 'Cotangent', way: 'the order that costs least' },
  reverse: { name: 'Cotangent, reverse', way: 'all rows pulled back at once' },
  forward: { name: 'Cotangent, forward', way: 'all columns pushed forward at once' },
  rows: { name: 'row by row', way: 'one backward pass for each output' },
  differences: { name: 'finite differences', way: 'two evaluations for each input' },
};

/** Those of a group take turns. */
export const groups: readonly (readonly Way[])[] = [
  ['auto', 'reverse', 'forward'],
  ['rows'],
  ['differences'],
];
