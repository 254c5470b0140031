import type { Tensor } from '../ir/tensor.ts';
import type { ArrayValue } from '../util/array.ts';
import type { Argnums } from './arguments.ts';
import type { AccumulationOptions } from './jacobian.ts';

/** Options of the transforms that differentiate by some of the arguments. */
export interface TransformOptions {
  /** argument(s) to differentiate by; default 0. A list makes the result a list. */
  readonly argnums?: Argnums;
  /** the function returns `[output, aux]`; the transform returns `[result, aux]` */
  readonly hasAux?: boolean;
}

export interface JacobianOptions extends TransformOptions, AccumulationOptions {}

/** A function of tensors, or of trees of them. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any[] is how TypeScript says "any arguments"
export type TensorFunction = (...args: any[]) => any;

/** Anything that stands for a tensor as a leaf of an argument. */
export type Leaf = Tensor | ArrayValue | number;

/** The Jacobian of a tree `Y` by a tree `X`: `X`'s structure inside `Y`'s. */
export type JacobianTree<Y, X> = Y extends Leaf
  ? X extends Leaf
    ? Tensor
    : { -readonly [K in keyof X]: JacobianTree<Y, X[K]> }
  : { -readonly [K in keyof Y]: JacobianTree<Y[K], X> };

/** A tree of `X`'s structure with a tensor at each leaf. */
export type TensorTree<X> = X extends Leaf
  ? Tensor
  : { -readonly [K in keyof X]: TensorTree<X[K]> };

/** Argument `N` of `A`, counted from the end if it is negative. */
type Argument<A extends unknown[], N> = N extends number
  ? number extends N
    ? A[number]
    : `${N}` extends `-${infer Last extends number}`
      ? FromEnd<A, Last>
      : A[N]
  : never;

/** `FromEnd<A, 1>` is the last of `A`. */
type FromEnd<A extends unknown[], N, Taken extends unknown[] = []> = A extends [
  ...infer Rest,
  infer Last,
]
  ? [...Taken, Last]['length'] extends N
    ? Last
    : FromEnd<Rest, N, [...Taken, Last]>
  : A[number];

/** The argument(s) that options `O` choose from `A`: a tuple for a list of argnums. */
export type Chosen<A extends unknown[], O> = O extends { argnums: infer N }
  ? N extends readonly unknown[]
    ? { -readonly [K in keyof N]: Argument<A, N[K]> }
    : Argument<A, N>
  : A[0];

/** Output of `F` without its aux. */
export type MainOutput<R, O> = O extends { hasAux: true }
  ? R extends readonly [infer Y, unknown]
    ? Y
    : never
  : R;

/** What a function with aux returns beside its output. */
export type Aux<R> = R extends readonly [unknown, infer A] ? A : never;

/** `[T, aux]` with hasAux, else `T`. */
export type WithAux<T, R, O> = O extends { hasAux: true } ? [T, Aux<R>] : T;
