import type { Tensor } from '../ir/tensor.ts';

/** Which kernel a group runs as. */
export type GroupKind = 'map' | 'reduce' | 'contract' | 'scan';

/**
 * One dispatch: an op with a kernel of its own (the anchor), or none for a pure map, and the elementwise
 * nodes computed in the same threads right after it. Everything else a group reads and that is not
 * stored (index maps, cheap recomputed chains) is evaluated where it is used.
 */
export interface Group {
  readonly kind: GroupKind;
  readonly anchor: Tensor | null;
  /** the tensor whose elements the threads run over */
  readonly domain: Tensor;
  /**
   * nodes computed per element of the domain, in order; the anchor first if there is one. Where the anchor is
   * a reduction, further reductions with as many results may be among them
   */
  readonly members: readonly Tensor[];
  /** members that are written to memory */
  readonly outputs: readonly Tensor[];
  /** stored tensors it reads */
  readonly sources: readonly Tensor[];
}

/** Where a stored tensor lives. */
export type Storage =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'constant' }
  | { readonly kind: 'output'; readonly index: number }
  | { readonly kind: 'scratch'; readonly slot: number }
  /** in the memory of another tensor, from this byte on */
  | { readonly kind: 'part'; readonly whole: Tensor; readonly offset: number };

/** What runs, in order, and where everything is kept. Plain data: the graph's nodes and numbers. */
export interface Plan {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly groups: readonly Group[];
  readonly storage: ReadonlyMap<Tensor, Storage>;
  /** bytes of each scratch slot */
  readonly slots: readonly number[];
}

/** What the planner must know of a device. */
export interface PlanLimits {
  readonly storageBuffersPerStage: number;
  /** rather more work than more memory; default: rather more memory */
  readonly memoryIsShort?: boolean;
}
