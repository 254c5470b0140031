/** What was decided about one Jacobian while tracing, for `explain()`. */
export interface Decision {
  readonly order: string;
  /** in words */
  readonly reason: string;
  /** number of seeds carried, added up over the passes */
  readonly seeds: number;
  /** candidate orders with their cost in FLOPs, the chosen one included */
  readonly candidates?: readonly { readonly order: string; readonly flops: number }[];
  /** sizes of the tensors every path passes through, from input to output, for mixed orders */
  readonly segments?: readonly { readonly size: number; readonly move: string }[];
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
