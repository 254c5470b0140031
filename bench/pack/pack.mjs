// npm run bench:pack: a folder that runs the benchmark and the GPU tests on a Linux x64 machine with a
// GPU but no network and no Node. It lies in bench/results/cotangent-bench, with a tarball beside it.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const LIMIT_MB = 40;
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
process.chdir(root);
const out = 'bench/results/cotangent-bench';

/** @param {string} folder @returns {number} bytes of the files in it */
const sizeOf = (folder) =>
  readdirSync(folder, { withFileTypes: true }).reduce((n, e) => {
    const path = join(folder, e.name);
    return n + (e.isDirectory() ? sizeOf(path) : statSync(path).size);
  }, 0);

/** @param {string} from @param {string} to */
function compress(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  const data = execFileSync('xz', ['-9e', '-T1', '-c', from], { maxBuffer: 2 ** 28 });
  writeFileSync(`${to}.xz`, data);
}

/**
 * Programs as ES modules for Node: `name.mjs` in `folder` for each entry.
 *
 * @param {string} folder
 * @param {Record<string, string>} input
 * @param {{ external?: (string | RegExp)[], alias?: { find: string | RegExp, replacement: string }[] }} options
 */
async function bundle(folder, input, { external = [], alias = [] }) {
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    resolve: { alias },
    ssr: { noExternal: true, target: 'node', external: ['webgpu'] },
    build: {
      ssr: true,
      target: 'node20',
      outDir: join(out, folder),
      emptyOutDir: false,
      minify: false,
      rolldownOptions: {
        input,
        external: ['webgpu', /^node:/, ...external],
        output: { format: 'es', entryFileNames: '[name].mjs', chunkFileNames: 'chunk-[name].mjs' },
      },
    },
  });
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const npm = (/** @type {string[]} */ ...args) =>
  execFileSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] });

// the library, built as npm would publish it
npm('run', 'build');
const library = join(out, 'node_modules/cotangent');
cpSync('package.json', join(library, 'package.json'));
cpSync('dist', join(library, 'dist'), {
  recursive: true,
  filter: (from) => !/\.map$|\.d\.ts$|cli\.js$/.test(from),
});

// the bench runs on the built library, through its public entry
await bundle(
  'bench',
  { main: 'bench/main.ts' },
  {
    external: ['cotangent/node'],
    alias: [{ find: /^.*\/src\/(node|index)\.ts$/, replacement: 'cotangent/node' }],
  },
);
execFileSync(process.execPath, ['bench/peers/libraries.mjs'], { stdio: 'inherit' });
await bundle('bench/peers', { 'jax-js': 'bench/peers/jax-js.ts', tfjs: 'bench/peers/tfjs.ts' }, {});
for (const path of ['bench/run.mjs', 'bench/README.md', 'bench/peers/python'])
  cpSync(path, join(out, path), { recursive: true });
cpSync('bench/peers/node_modules/.bundles', join(out, 'bench/peers/node_modules/.bundles'), {
  recursive: true,
});

// the tests that need a GPU and nothing else; they look for fixtures at ../fixtures
const tests = ['gpu', 'shaders'].flatMap((folder) =>
  readdirSync(join('test', folder))
    .filter((f) => f.endsWith('.test.ts'))
    .map((f) => [`${folder}-${basename(f, '.ts')}`, join('test', folder, f)]),
);
await bundle(
  'test/support',
  {
    'test-runner': 'bench/pack/test-runner.ts',
    'setup-node': 'test/support/setup-node.ts',
    .../** @type {Record<string, string>} */ (Object.fromEntries(tests)),
  },
  { alias: [{ find: 'vitest', replacement: join(root, 'bench/pack/vitest.ts') }] },
);
cpSync('test/fixtures', join(out, 'test/fixtures'), { recursive: true });
execFileSync('tar', ['-cf', 'test.tar', 'test'], { cwd: out });
rmSync(join(out, 'test'), { recursive: true });
compress(join(out, 'test.tar'), join(out, 'test.tar'));
rmSync(join(out, 'test.tar'));

// what it runs on
compress(process.execPath, join(out, 'bin/node'));
const dawn = 'node_modules/webgpu';
for (const path of ['package.json', 'index.js']) cpSync(join(dawn, path), join(out, dawn, path));
compress(join(dawn, 'dist/linux-x64/dawn.node'), join(out, dawn, 'dist/linux-x64/dawn.node'));
const loader = readdirSync('node_modules/.cache', { withFileTypes: true })
  .filter((e) => e.name.startsWith('swiftshader'))
  .map((e) => join('node_modules/.cache', e.name, 'libvulkan.so.1'))
  .find((path) => existsSync(path));
if (loader) cpSync(loader, join(out, 'lib/libvulkan.so.1'));
const { name, version, license } = /** @type {Record<string, string>} */ (
  JSON.parse(readFileSync('package.json', 'utf8'))
);
writeFileSync(
  join(out, 'package.json'),
  `${JSON.stringify({ name: `${name}-bench`, version, license, type: 'module' }, null, 2)}\n`,
);
cpSync('LICENSE', join(out, 'LICENSE'));
cpSync('bench/pack/run.sh', join(out, 'run.sh'));
chmodSync(join(out, 'run.sh'), 0o755);

const megabytes = sizeOf(out) / 1e6;
execFileSync('tar', ['-cf', `${basename(out)}.tar`, basename(out)], { cwd: dirname(out) });
console.log(`${out}: ${megabytes.toFixed(1)} MB`);
if (megabytes > LIMIT_MB) {
  console.error(`that is more than ${LIMIT_MB} MB`);
  process.exit(1);
}
