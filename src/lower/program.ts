import type { ArrayValue } from '../util/array.ts';
import type { DType } from '../util/dtype.ts';
import type { Shape } from '../util/shape.ts';

/** What a buffer of a program is, and who owns it. */
export type BufferRole =
  /** argument number `index`; bound or uploaded at each run */
  | { readonly kind: 'input'; readonly index: number }
  /** an array the function closed over; uploaded once per engine, a device array is bound as it is */
  | { readonly kind: 'constant'; readonly value: ArrayValue }
  /** intermediate; buffers with the same `slot` are never alive together and share memory */
  | { readonly kind: 'scratch'; readonly slot: number }
  /** result number `index` */
  | { readonly kind: 'output'; readonly index: number }
  /** in the memory of an output or an intermediate, buffer number `of`, from byte `offset` on */
  | { readonly kind: 'part'; readonly of: number; readonly offset: number };

export interface ProgramBuffer {
  readonly label: string;
  /** bytes, a multiple of 16, at least 16 */
  readonly bytes: number;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly role: BufferRole;
}

export interface KernelSource {
  readonly label: string;
  /** complete WGSL; entry point `main`; bindings 0..n-1 of group 0, storage buffers all */
  readonly code: string;
  /** WGSL features it needs, for example `subgroups` */
  readonly features: readonly string[];
  /** one entry per binding */
  readonly access: readonly ('read' | 'read_write')[];
}

/** One dispatch. */
export interface Step {
  readonly label: string;
  /** index into `kernels` */
  readonly kernel: number;
  /** buffer index for each binding of the kernel */
  readonly bindings: readonly number[];
  readonly workgroups: readonly [number, number, number];
}

/** Everything the run room needs, as plain data: no graph, no ops. */
export interface Program {
  readonly label: string;
  readonly buffers: readonly ProgramBuffer[];
  readonly kernels: readonly KernelSource[];
  readonly steps: readonly Step[];
  /** buffer index of each input leaf, in order; null: an argument the function does not use */
  readonly inputs: readonly (number | null)[];
  /** buffer index of each output leaf, in order; all distinct, each has role `output` */
  readonly outputs: readonly number[];
  /** bytes of each scratch slot */
  readonly slots: readonly number[];
}
