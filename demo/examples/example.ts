import type { Tensor } from '../../src/index.ts';
import { functionOf } from '../playground/language/compile.ts';

/** An example of the page: a function of a vector, where to look at it, and why. */
export interface Example {
  readonly title: string;
  /** one sentence */
  readonly about: string;
  /** its text in the playground's language */
  readonly source: string;
  readonly f: (x: Tensor) => Tensor;
  readonly inputs: readonly number[];
}

export const example = (
  title: string,
  about: string,
  inputs: readonly number[],
  source: string,
): Example => ({ title, about, source, f: functionOf(source), inputs });
