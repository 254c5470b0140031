import type { AdapterFacts, Explanation, Profile } from '../../src/index.ts';

/** How a Jacobian is accumulated: an order of the library's, or one product at a time. */
export type Mode = 'auto' | 'reverse' | 'forward' | 'rows';

/** The function a panel is about. */
export type Subject =
  | {
      readonly kind: 'model';
      readonly id: string;
      readonly output?: string;
      readonly input?: string;
    }
  | { readonly kind: 'expression'; readonly source: string };

/** One result of a panel, with what it took. */
export interface JacobianResult {
  readonly value: Float32Array;
  readonly valueShape: readonly number[];
  /** row-major, `[outputs, inputs]` */
  readonly jacobian: Float32Array;
  /** from large to small; empty where the Jacobian is too large for it */
  readonly singularValues: Float64Array;
  /** of a scalar function, `[inputs, inputs]` */
  readonly hessian?: Float32Array;
  /** from call to numbers on the host, in milliseconds; compilation is not in it */
  readonly milliseconds: number;
  /** tracing, planning and pipelines, 0 where they were there */
  readonly compileMilliseconds: number;
  readonly submissions: number;
}

/** An input or output of a model. */
export interface Port {
  readonly name: string;
  /** axes without a fixed length count as 1 */
  readonly shape: readonly number[];
}

export interface ModelFacts {
  readonly id: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly parameters: number;
}

/** What the "How it was computed" part of a panel shows. */
export interface HowFacts {
  readonly mode: Mode;
  readonly explanation: Explanation['json'];
  /** why there is no GPU time, or the time of each kernel */
  readonly profile: Profile | string;
  readonly outputs: number;
  readonly inputs: number;
}

/** Memory that a plan needs when it carries at most `chunk` seeds at a time. */
export interface ChunkMemory {
  readonly chunk: number;
  readonly bytes: number;
}

/** What is raced in the page's own worker. */
export type Way = Mode | 'differences';

/** Parameters of a model by name, as f32. */
export type Parameters = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>
>;

export interface RaceEntry {
  readonly name: string;
  /** which way of computing it */
  readonly way?: string;
  /** why it cannot run, in words */
  readonly refused?: string;
  readonly medianMilliseconds?: number;
  /** Frobenius norm of the difference from float64, relative */
  readonly error?: number;
  readonly runs?: number;
}

export interface LatentResult {
  readonly image: Float32Array;
  /** `[784, 16]` */
  readonly jacobian: Float32Array;
  /** JᵀJ, `[16, 16]` */
  readonly metric: Float32Array;
  readonly milliseconds: number;
  readonly submissions: number;
}

export type { AdapterFacts };
