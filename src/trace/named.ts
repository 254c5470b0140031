import { withSite } from '../ir/tensor.ts';
import { CotangentError } from '../util/errors.ts';

let depth = 0;

/**
 * A public tensor function: the nodes it makes remember the user's call of it, and what it throws has
 * that call as `cause`. Where one calls another, the outermost counts.
 */
export function named<A extends unknown[], R>(
  name: string,
  f: (...args: A) => R,
): (...args: A) => R {
  const call = (...args: A): R =>
    depth > 0 ? f(...args) : outermost(name, call, () => f(...args));
  Object.defineProperty(call, 'name', { value: name });
  return call;
}

/** Runs `f` as the user's call of `name`; `from` is the function that the user called. */
export function outermost<R>(name: string, from: (...args: never[]) => unknown, f: () => R): R {
  const site = new Error(`${name} was called here`);
  // not every browser has it; without, the stack begins a few frames further in
  Error.captureStackTrace?.(site, from);
  depth++;
  try {
    return withSite(() => site, f);
  } catch (error) {
    if (error instanceof CotangentError) error.cause ??= site;
    throw error;
  } finally {
    depth--;
  }
}
