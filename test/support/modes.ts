import { jacfwd, jacobian, jacrev } from '../../src/index.ts';
import type { Backend, Traced } from './backend.ts';
import { scenario, type Scenario } from './scenario.ts';

/** A Jacobian transform of a function of anything: scenarios pass trees, flags and lists. */
export type Transform = (
  f: Traced,
  options?: { argnums?: number | number[]; hasAux?: boolean; chunk?: number },
) => Traced;

/** The three ways to a Jacobian by their names. */
export const modes: Readonly<Record<'jacrev' | 'jacfwd' | 'jacobian', Transform>> = {
  jacrev: jacrev as Transform,
  jacfwd: jacfwd as Transform,
  jacobian: jacobian as Transform,
};

export const modeNames = ['jacrev', 'jacfwd', 'jacobian'] as const;

/** One scenario for each of the three: what PyTorch runs twice. */
export const inEachMode = (
  row: string,
  what: string,
  body: (J: Transform) => (b: Backend) => Promise<void>,
): Scenario[] =>
  Object.entries(modes).map(([name, J]) => scenario(`${row}: ${what} (${name})`, body(J)));

/** Forward and reverse inside forward and reverse. */
export const pairsOfModes = (['jacrev', 'jacfwd'] as const).flatMap((outer) =>
  (['jacrev', 'jacfwd'] as const).map(
    (inner) => [modes[outer], modes[inner], outer, inner] as const,
  ),
);
