import type { DType } from '../util/dtype.ts';
import type { Shape } from '../util/shape.ts';
import type { Coordinates, IndexMap } from './index-map.ts';
import type { Tensor } from './tensor.ts';

/** Parameters of a node: numbers, strings, lists of them, or an array value (compared by identity). */
export type Params = Readonly<Record<string, unknown>>;

/** Concrete float64 array, as the reference interpreter sees it (row-major). */
export interface NdArray {
  readonly shape: Shape;
  readonly data: Float64Array;
}

interface OpBase {
  readonly name: string;
  /** Shape of the result. Inputs have equal rank; parameters speak of trailing axes only. */
  shape(inputs: readonly Tensor[], params: Params): Shape;
  /** Element type of the result. */
  dtype(inputs: readonly Tensor[], params: Params): DType;
  /** Float64 meaning of the op. Returns the elements in row-major order. */
  evaluate(inputs: readonly NdArray[], params: Params, shape: Shape): Float64Array;
  /** A simpler node with the same value, if there is one. Called before the node is made. */
  rewrite?(inputs: readonly Tensor[], params: Params): Tensor | undefined;
  /** One line for the table of ops: its derivative. */
  readonly derivative: string;
}

/** Node without inputs: argument, captured constant, filled array, counter. */
export interface SourceOp extends OpBase {
  readonly family: 'source';
}

/**
 * How an elementwise op passes a tangent (or, being diagonal, a cotangent) from one input to the
 * output: a factor, or a function where a product would not do (`where` selects). `null`: not at all.
 */
export type Partial = Tensor | ((t: Tensor) => Tensor) | null;

/** y[i] = f(a[i], b[i], ...); axes of length 1 broadcast. */
export interface ElementwiseOp extends OpBase {
  readonly family: 'elementwise';
  readonly arity: number;
  /** Float64 meaning for one element. */
  scalar(...x: number[]): number;
  /** WGSL expression of the arguments; calls functions `ct_*` of shaders/lib. F, I, U, B are its types. */
  wgsl(args: readonly string[], types: readonly DType[]): string;
  /** Approximate cost of one element, in multiply-adds. */
  readonly flops: number;
  partials(inputs: readonly Tensor[], y: Tensor): readonly Partial[];
  /** Arguments for which f is 0 where they are 0, whatever finite values the others have. */
  readonly zeroPreserving: readonly number[];
}

/** Linear in input 0; further inputs are indices. */
export interface LinearOp extends OpBase {
  readonly family: 'linear';
  /** Adjoint applied to the cotangent `g`, which may have further leading axes. */
  transpose(g: Tensor, node: Tensor): Tensor;
  /**
   * Where an element of the output comes from, for ops that only move elements; absent for ops that
   * add elements up and so need a kernel of their own.
   */
  indexMap?(at: Coordinates, node: Tensor): IndexMap;
}

/** Linear in each of two inputs. */
export interface BilinearOp extends OpBase {
  readonly family: 'bilinear';
  /** Adjoint with respect to input `i` applied to `g`, which may have further leading axes. */
  transpose(g: Tensor, node: Tensor, i: 0 | 1): Tensor;
}

/** Everything else states its own rules. */
export interface GeneralOp extends OpBase {
  readonly family: 'general';
  /** the value is that of input 0; only the derivative differs */
  readonly isIdentity?: true;
  /** Tangent of the output for tangents of the inputs (`null`: zero). */
  jvp(tangents: readonly (Tensor | null)[], node: Tensor): Tensor | null;
  /** Cotangents of the inputs for a cotangent of the output. */
  vjp(g: Tensor, node: Tensor): readonly (Tensor | null)[];
}

export type Op = SourceOp | ElementwiseOp | LinearOp | BilinearOp | GeneralOp;
