import { expect } from 'vitest';
import type { CotangentError } from '../../src/index.ts';
import type { Backend, Traced } from './backend.ts';
import { scenario, type Scenario } from './scenario.ts';

type ErrorClass = abstract new (message: string) => CotangentError;

/** What must happen: an error of this class whose message has all the parts. */
export interface Refusal {
  readonly error: ErrorClass;
  readonly says: readonly (string | RegExp)[];
}

/** Asserts that running `f` is refused: by whom, what it got. */
export async function expectRefusal(
  b: Backend,
  f: Traced,
  args: readonly unknown[],
  { error, says }: Refusal,
): Promise<void> {
  const thrown: unknown = await b.run(f, ...args).then(
    (result) => `nothing thrown, the result is ${JSON.stringify(result)}`,
    (e: unknown) => e,
  );
  expect(thrown).toBeInstanceOf(error);
  for (const part of says) expect((thrown as Error).message).toMatch(part);
}

/** A scenario in which `f` is refused. */
export const refused = (
  title: string,
  f: Traced,
  args: readonly unknown[],
  refusal: Refusal,
): Scenario => scenario(title, (b) => expectRefusal(b, f, args, refusal));
