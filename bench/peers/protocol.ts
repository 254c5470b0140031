// How the bench talks with a peer, which runs in a process of its own: one JSON object a line. What a
// peer sends begins with MARK, as libraries print to the same place.
import type { Derivative } from '../subject.ts';

export const MARK = '@bench ';

/** An array in `NAME.bin`; `offset` counts elements. */
export interface Given {
  readonly shape: readonly number[];
  readonly offset: number;
}

/** A subject in `NAME.json`. */
export interface Described {
  readonly name: string;
  readonly derivative: Derivative;
  readonly function: string;
  readonly settings: Readonly<Record<string, number>>;
  /** of the result */
  readonly shape: readonly number[];
  readonly inputs: readonly Given[];
  readonly parameters: Readonly<Record<string, Given>>;
}

export type Request =
  /** make everything ready and do the first call */
  | { readonly command: 'start'; readonly subject: string; readonly result: string }
  /** one warm run */
  | { readonly command: 'run' }
  | { readonly command: 'stop' };

export interface Reply {
  /** what the peer is and runs on; the first line it sends */
  readonly ready?: string;
  /** of the first call or of a run */
  readonly milliseconds?: number;
  /** which way of computing it */
  readonly way?: string;
  readonly unable?: string;
  readonly failed?: string;
}
