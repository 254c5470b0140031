import { describe, test } from 'vitest';
import type { Backend } from './backend.ts';

/** One test that any backend can run. The title says what must hold. */
export interface Scenario {
  readonly title: string;
  readonly run: (backend: Backend) => Promise<void>;
}

export type Scenarios = Readonly<Record<string, readonly Scenario[]>>;

/** A scenario. */
export const scenario = (title: string, run: Scenario['run']): Scenario => ({ title, run });

/** Each scenario as a test on `backend`, under the heading of its group. */
export function scenarioSuite(groups: Scenarios, backend: Backend): void {
  for (const [heading, list] of Object.entries(groups))
    describe(heading, () => {
      for (const { title, run } of list) test(title, () => run(backend));
    });
}
