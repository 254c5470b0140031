import { describe, expect, test } from 'vitest';
import type { Backend, Traced } from '../backend.ts';
import { expectFunction, questions, readFunctions } from './cases.ts';
import { openFunctions } from './open.ts';

const translated: Readonly<Record<string, Traced>> = openFunctions;

/** Every function of functions_open.json: value, Jacobian in each mode, Hessian where given. */
export async function functionSuite(backend: Backend): Promise<void> {
  const entries = await readFunctions('functions_open');

  test('every function of the file is translated', () => {
    expect(Object.keys(translated)).toEqual(entries.map((entry) => entry.name));
  });

  for (const entry of entries) {
    const f = translated[entry.name];
    if (!f) continue;
    describe(entry.name, () => {
      for (const question of questions(entry))
        entry.cases.forEach((_, i) => {
          test(`${question}, case ${i}`, () => expectFunction(backend, entry, f, i, question));
        });
    });
  }
}
