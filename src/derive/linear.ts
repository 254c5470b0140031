import type { Tensor } from '../ir/tensor.ts';
import { dependents, topological } from '../ir/walk.ts';
import { TraceError } from '../util/errors.ts';

/** A user's rule that cannot be transposed, being not linear: the derivative has no such mode. */
export class NotLinearError extends TraceError {}

/**
 * The transpose `transposed` of a linear map does not depend on what the map takes.
 *
 * @throws NotLinearError when it does
 */
export function checkLinear(
  transposed: readonly (Tensor | null)[],
  variables: readonly Tensor[],
  message: string,
): void {
  const found = transposed.filter((t) => t !== null);
  const own = dependents(topological(found), variables);
  if (found.some((t) => own.has(t))) throw new NotLinearError(message);
}

/** What `f` gives, or null where a rule it needs cannot be transposed. */
export function ifLinear<T>(f: () => T): T | null {
  try {
    return f();
  } catch (error) {
    if (error instanceof NotLinearError) return null;
    throw error;
  }
}
