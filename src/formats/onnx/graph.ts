import type { HostArray } from '../../util/array.ts';
import type { DType } from '../../util/dtype.ts';
import type { Op } from './op.ts';

/** An input or output of a model. */
export interface ValueInfo {
  readonly name: string;
  /**
   * axis lengths; a name (`"batch"`) stands for any length, the same wherever it occurs, and `"?"` for any
   * at all. Missing where the file says nothing.
   */
  readonly shape?: readonly (number | string)[];
  /** `undefined` for sequences and for element types that there is no tensor of */
  readonly dtype?: DType;
}

/** The value of an attribute, by the kind that the file says it is. */
export type Attribute =
  | { readonly kind: 'int' | 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints' | 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensor'; readonly value: HostArray }
  | { readonly kind: 'graph'; readonly value: Graph };

/** A node whose op is known, with everything it says decoded. */
export interface Node {
  /** for errors: `node "conv1" (Conv)` */
  readonly label: string;
  readonly type: string;
  /** what computes it: a handler, or the body of a function of the model */
  readonly op: Op | Graph;
  /** names of values; '' where an optional one is left out */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** version of the default domain's ops */
  readonly opset: number;
}

/** A graph whose nodes are in an order in which they can be computed. */
export interface Graph {
  readonly name: string;
  /** without those that only have an initializer for their value */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: ReadonlyMap<string, HostArray>;
  readonly nodes: readonly Node[];
}

export const isGraph = (x: Op | Graph): x is Graph => 'nodes' in x;
