import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Peer } from '../contenders/peer.ts';

const inputs = 'bench/results/inputs';

/** Whether Python has a module. */
function pythonHas(module: string): boolean {
  try {
    execFileSync('python3', ['-c', `import ${module}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The pack has the programs bundled, and the libraries installed. */
const isPacked = existsSync('bench/peers/jax-js.mjs');

const inNode = (name: string): [string, ...string[]] => [
  process.execPath,
  ...(isPacked ? [`bench/peers/${name}.mjs`] : ['tools/run.mjs', `bench/peers/${name}.ts`]),
];

const inPython = (...args: string[]): [string, ...string[]] => [
  'python3',
  '-u',
  'bench/peers/python/serve.py',
  ...args,
];

interface Known {
  readonly commandLine: [string, ...string[]];
  /** Python module it needs; without one it is a library of ours to install */
  readonly module?: string;
}

const known: Readonly<Record<string, Known>> = {
  'jax-js': { commandLine: inNode('jax-js') },
  tfjs: { commandLine: inNode('tfjs') },
  'torch-eager': { commandLine: inPython('torch-eager'), module: 'torch' },
  'torch-compiled': { commandLine: inPython('torch-compiled'), module: 'torch' },
  jax: { commandLine: inPython('jax'), module: 'jax' },
};

export const peerNames: readonly string[] = Object.keys(known);

/**
 * The peers asked for, their libraries installed. Of `all`, those whose Python module is missing are
 * left out.
 *
 * @throws Error when the libraries cannot be installed
 */
export function openPeers(names: readonly string[]): Peer[] {
  const usable = names.filter((name) => {
    const module = known[name]?.module;
    return !module || pythonHas(module);
  });
  if (!isPacked && usable.some((name) => !known[name]?.module))
    execFileSync(process.execPath, ['bench/peers/libraries.mjs'], { stdio: 'inherit' });
  return usable.map((name) => new Peer(name, (known[name] as Known).commandLine, inputs));
}
