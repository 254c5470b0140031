import { build, LEAST } from './compile.ts';
import { withSpecs } from './compiled.ts';
import { requiredLimits as limitsOf } from './run/limits.ts';

/**
 * The device limits that `f` needs for such arguments: what an app passes to `requestDevice`, where they
 * exceed WebGPU's defaults.
 *
 * @param specs arguments, or `{ shape, dtype }` in their place
 */
export function requiredLimits(
  f: (...args: never[]) => unknown,
  ...specs: readonly unknown[]
): Record<string, number> {
  return limitsOf(build(f, specs.map(withSpecs), LEAST, f.name || 'function').program);
}
