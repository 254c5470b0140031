// node tools/run.mjs tools/ops-table.mjs: writes docs/ops.md
import { writeFileSync } from 'node:fs';
import { opsTable } from '../test/support/ops-table.ts';

writeFileSync('docs/ops.md', await opsTable());
