import type { Kernel } from './report.ts';

/** One way of computing the result of a subject. */
export interface Contender {
  readonly name: string;
  /** The first call, from nothing. @throws Unable where it cannot do the subject */
  start(): Promise<Started>;
}

/** A contender after its first call. */
export interface Started {
  /** milliseconds from nothing to the result in host memory, compilation included */
  readonly firstCall: number;
  /** row-major, what the first call gave */
  readonly result: Float32Array;
  /** dispatches of one run, where it is known */
  readonly dispatches?: number;
  /** FLOPs of the orders it chose from */
  readonly work?: readonly { readonly order: string; readonly flops: number }[];
  /** further numbers for the report, taken after the timed runs */
  details?(): Promise<Details>;
  /** One warm run up to the result in host memory, in milliseconds. */
  run(): Promise<number>;
  stop(): void | Promise<void>;
}

/** What else is known about our own plans. */
export interface Details {
  /** how it was accumulated, or which variant it is */
  readonly order?: string;
  /** milliseconds of GPU time, where it was measured as a whole */
  readonly gpu?: number;
  /** bytes of GPU memory: by the plan, and the most that was held at a time */
  readonly memory?: { readonly planned: number; readonly held: number };
  /** dispatches of value and Jacobian together */
  readonly dispatchesWithValue?: number;
  readonly kernels?: readonly Kernel[];
  /** what two plans have in common exactly where they run the same kernels in the same order */
  readonly program?: string;
}

/** A contender that cannot do a subject. */
export class Unable extends Error {}

/** Milliseconds that a task takes. */
export async function timed(task: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await task();
  return performance.now() - start;
}
