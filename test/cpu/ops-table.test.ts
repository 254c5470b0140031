import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { opsTable } from '../support/ops-table.ts';

test('docs/ops.md is what node tools/run.mjs tools/ops-table.mjs writes', async () => {
  expect(readFileSync('docs/ops.md', 'utf8')).toBe(await opsTable());
});
