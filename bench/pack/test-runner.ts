// The GPU tests without vitest. `node test/support/test-runner.mjs` runs each file in a process of its
// own and adds up; with a file it runs that one. The last line is `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTests, type Task, type VitestRunner } from '@vitest/runner';

const here = dirname(fileURLToPath(import.meta.url));

/** How a file of tests tells its totals: the status of its process is no place for two numbers. */
const MARK = '@totals ';

async function runFile(file: string): Promise<void> {
  await import(/* @vite-ignore */ join(here, 'setup-node.mjs'));
  let [passed, failed] = [0, 0];
  const runner: VitestRunner = {
    config: {
      root: here,
      name: undefined,
      setupFiles: [],
      passWithNoTests: false,
      testNamePattern: undefined,
      allowOnly: true,
      sequence: { seed: 1, hooks: 'stack', setupFiles: 'list' },
      chaiConfig: undefined,
      maxConcurrency: 1,
      testTimeout: 120_000,
      hookTimeout: 120_000,
      retry: 0,
      includeTaskLocation: false,
      tags: [],
      tagsFilter: undefined,
      strictTags: false,
    },
    importFile: (path) => import(/* @vite-ignore */ path),
  };
  const walk = (task: Task, path: string): void => {
    const name = `${path} > ${task.name}`;
    if (task.type === 'test') {
      if (task.result?.state === 'pass') passed++;
      if (task.result?.state !== 'fail') return;
      failed++;
      console.log(`✗ ${name}\n    ${task.result.errors?.[0]?.message?.split('\n')[0] ?? ''}`);
      return;
    }
    if (task.result?.errors?.length) {
      failed++;
      console.log(`✗ ${name}\n    ${task.result.errors[0]?.message ?? ''}`);
    }
    for (const child of task.tasks) walk(child, name);
  };
  for (const suite of await startTests([join(here, file)], runner)) walk(suite, basename(file));
  console.log(`${MARK}${passed} ${failed}`);
  process.exit(failed ? 1 : 0);
}

function runAll(): void {
  let [passed, failed] = [0, 0];
  for (const file of readdirSync(here).filter((f) => f.endsWith('.test.mjs'))) {
    const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), file], {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
      timeout: 900_000,
    });
    const lines = child.stdout.trimEnd().split('\n');
    const totals = lines.find((line) => line.startsWith(MARK));
    const [good = 0, bad = 1] = totals?.slice(MARK.length).split(' ').map(Number) ?? [];
    console.log(lines.filter((line) => !line.startsWith(MARK)).join('\n'));
    console.log(`${bad ? '✗' : '✓'} ${file}: ${good} passed, ${bad} failed`);
    if (!totals) console.log(`  it ended early (${child.signal ?? child.status})`);
    passed += good;
    failed += bad;
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

const [file] = process.argv.slice(2);
if (file) await runFile(file);
else runAll();
