// npm run bench: chooses the adapter, which must be done before the process starts, then runs main.ts
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const args = process.argv.slice(2);
const env = { ...process.env };
const at = args.findIndex((a) => a === '--adapter' || a.startsWith('--adapter='));
if (at >= 0) {
  const adapter = args[at]?.split('=')[1] ?? args[at + 1] ?? '';
  if (adapter.endsWith('.json')) env.VK_DRIVER_FILES = adapter;
  else if (['software', 'system', 'auto'].includes(adapter)) env.WEBGPU_ADAPTER = adapter;
  else {
    console.error(`--adapter: software, system, auto or a driver's .json, got ${adapter}`);
    process.exit(2);
  }
}
// first calls are to be cold: no kernels from earlier runs
env.MESA_SHADER_CACHE_DISABLE = 'true';
env.__GL_SHADER_DISK_CACHE = '0';
// the pack has the program in one piece
const program = existsSync('bench/main.mjs')
  ? ['bench/main.mjs']
  : ['tools/run.mjs', 'bench/main.ts'];
const { status } = spawnSync(process.execPath, ['--expose-gc', ...program, ...args], {
  stdio: 'inherit',
  env,
});
process.exit(status ?? 1);
