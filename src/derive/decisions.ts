import type { Direction } from '../ir/role.ts';

/** What was decided about one Jacobian while tracing, for `explain()`. */
export interface Decision {
  readonly order: string;
  /** in words */
  readonly reason: string;
  /** number of seeds carried, added up over the passes */
  readonly seeds: number;
  /** of a batch: each carries these seeds */
  readonly samples?: number;
  /** candidate orders with their cost in FLOPs, the chosen one included */
  readonly candidates?: readonly { readonly order: string; readonly flops: number }[];
  /** for mixed orders, the parts of the function from input to output */
  readonly segments?: readonly Segment[];
}

/** A part of a function between two tensors that every path passes through. */
export interface Segment {
  /** of the tensor at its end */
  readonly size: number;
  readonly move: Direction;
  /** at its end, what lies before is multiplied with what lies after */
  readonly product?: true;
}

let log: Decision[] | null = null;

/** Runs `f` and returns what was decided meanwhile. */
export function withDecisions<T>(f: () => T): { value: T; decisions: Decision[] } {
  const outer = log;
  log = [];
  try {
    return { value: f(), decisions: log };
  } finally {
    log = outer;
  }
}

export function note(decision: Decision): void {
  log?.push(decision);
}
