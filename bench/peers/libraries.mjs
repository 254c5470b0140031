// node bench/peers/libraries.mjs: installs the peers from their lockfile and bundles each library into
// one file, as an app would. Does nothing where that was done before.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const home = dirname(fileURLToPath(import.meta.url));
const built = join(home, 'node_modules', '.bundles');

/** name of the bundle -> what is in it */
const libraries = {
  'jax-js': "export * from '@jax-js/jax';",
  tfjs: [
    "export * from '@tensorflow/tfjs-core/dist/index';",
    "import '@tensorflow/tfjs-core/dist/register_all_gradients';",
    "import '@tensorflow/tfjs-backend-webgpu/dist/index';",
  ].join('\n'),
};

const isFresh = Object.keys(libraries).every((name) => {
  const file = join(built, `${name}.mjs`);
  return (
    existsSync(file) && statSync(file).mtimeMs > statSync(join(home, 'package-lock.json')).mtimeMs
  );
});
// the pack has the bundles and nothing to build them from
if (!isFresh && existsSync(join(home, 'package-lock.json'))) {
  console.error('installing the peers');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(npm, ['ci', '--no-audit', '--no-fund'], {
    cwd: home,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  mkdirSync(built, { recursive: true });
  for (const [name, code] of Object.entries(libraries)) {
    const entry = join(home, `.${name}.entry.mjs`);
    writeFileSync(entry, code);
    try {
      await build({
        configFile: false,
        root: home,
        logLevel: 'error',
        ssr: { noExternal: true, target: 'node' }, // one file, for Node
        build: {
          ssr: entry,
          target: 'node20',
          outDir: built,
          emptyOutDir: false,
          rolldownOptions: {
            output: { format: 'es', entryFileNames: `${name}.mjs`, codeSplitting: false },
          },
        },
      });
    } finally {
      rmSync(entry);
    }
  }
}
