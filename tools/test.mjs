// node tools/test.mjs [static | cpu | node | browser | package]...: everything that must pass.
//
// Without names it runs all of them. Each check that is not a test suite counts as one; a suite that
// crashes, or that runs no test, is one failure. The last line is `N passed, N failed`.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** @typedef {{ passed: number, failed: number }} Totals */

/** What the source must satisfy before anything runs: name -> command line, the longest first. */
const staticChecks = {
  lint: 'eslint .',
  types: 'tsc',
  format: 'prettier --check .',
  rooms: 'depcruise --config .dependency-cruiser.mjs src demo bench examples',
  unused: 'knip',
};

/** What the package that npm would publish must satisfy; each needs what those before it built. */
const packageChecks = {
  build: 'npm run build',
  demo: 'npm run demo:build',
  publint: 'publint --strict',
  attw: 'attw --pack . --profile esm-only',
  size: 'size-limit',
};

/**
 * Runs a command line, passes its output on when it ends (or at once, with `live`).
 *
 * @param {string} command
 * @param {{ live?: boolean, env?: Record<string, string> }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
function run(command, { live = false, env = {} } = {}) {
  const [program = '', ...args] = command.split(' ');
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: live ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32', // there the tools are .cmd files
      env: {
        ...process.env,
        ...env,
        PATH: `${join('node_modules', '.bin')}${delimiter}${process.env.PATH}`,
      },
    });
    let output = '';
    child.stdout?.on('data', (/** @type {Buffer} */ data) => (output += data.toString()));
    child.stderr?.on('data', (/** @type {Buffer} */ data) => (output += data.toString()));
    child.on('error', (e) => resolve({ code: 1, output: String(e) }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/**
 * Runs the checks, `atOnce` of them at a time: each keeps one core busy.
 *
 * @param {Record<string, string>} checks
 * @param {number} [atOnce]
 * @returns {Promise<Totals>}
 */
async function runChecks(checks, atOnce = 1) {
  const totals = { passed: 0, failed: 0 };
  const waiting = Object.entries(checks);
  const work = async () => {
    for (let next; (next = waiting.shift());) {
      const [name, command] = next;
      const start = performance.now();
      const { code, output } = await run(command);
      const ok = code === 0;
      totals[ok ? 'passed' : 'failed']++;
      if (!ok) console.log(output.trimEnd());
      console.log(`${ok ? '✓' : '✗'} ${name} (${command}) ${seconds(start)}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return totals;
}

/**
 * Runs one project of vitest.config.ts.
 *
 * @param {string} project
 * @returns {Promise<Totals>}
 */
async function runSuite(project) {
  const start = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'cotangent-'));
  const file = join(folder, 'totals.json');
  const { code } = await run(
    `vitest run --project ${project} --reporter=default --reporter=./tools/totals-reporter.mjs`,
    { live: true, env: { TOTALS_FILE: file } },
  );
  const totals = existsSync(file)
    ? /** @type {Totals & { skipped: number }} */ (JSON.parse(readFileSync(file, 'utf8')))
    : { passed: 0, failed: 0, skipped: 0 };
  rmSync(folder, { recursive: true });
  if (totals.passed + totals.failed === 0) {
    console.log(`suite ${project}: no test was run`);
    totals.failed = 1;
  } else if (code !== 0 && totals.failed === 0) {
    console.log(`suite ${project}: vitest ended with ${code} though no test failed`);
    totals.failed = 1;
  }
  const { passed, failed, skipped } = totals;
  console.log(
    `${failed ? '✗' : '✓'} suite ${project}: ${passed} passed, ${failed} failed, ${skipped} skipped ${seconds(start)}`,
  );
  return totals;
}

/** @param {number} start */
const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/** The parts in the order they run: the quick and the telling ones first. */
const parts = {
  static: () => runChecks(staticChecks, 2),
  cpu: () => runSuite('cpu'),
  node: () => runSuite('node'),
  browser: () => runSuite('browser'),
  package: () => runChecks(packageChecks),
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in parts));
if (unknown.length) {
  console.error(`no part ${unknown.join(', ')}; there are: ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}
const total = { passed: 0, failed: 0 };
for (const [name, part] of Object.entries(parts)) {
  if (names.length && !names.includes(name)) continue;
  const { passed, failed } = await part();
  total.passed += passed;
  total.failed += failed;
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed ? 1 : 0;
