import { wrap } from 'comlink';
import { devDependencies } from '../../../package.json';
import { messageOf } from '../../ui/format.ts';
import type { RaceEntry } from '../../worker/api.ts';
import type { Task } from './task.ts';
import type { Library, PeerService } from './worker.ts';

/** Other libraries that compute on the visitor's GPU. */
export const peers: readonly { readonly library: Library; readonly name: string }[] = [
  { library: 'tfjs', name: `TensorFlow.js ${devDependencies['@tensorflow/tfjs-core']}` },
  { library: 'jax-js', name: `jax-js ${devDependencies['@jax-js/jax']}` },
];

/** After so long a library is stopped. */
const PATIENCE = 90_000;

/** Runs one library in a worker of its own, which ends with it. What goes wrong there is its reason. */
export async function racePeer(
  { library, name }: (typeof peers)[number],
  task: Task,
  want: Float64Array,
  signal: AbortSignal,
): Promise<RaceEntry> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    type: 'module',
    name: library,
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const trouble = new Promise<never>((_, reject) => {
    worker.addEventListener('error', (e) => {
      e.preventDefault();
      reject(new Error(e.message || 'its file could not be loaded'));
    });
    signal.addEventListener('abort', () => reject(new Error('stopped')));
    timer = setTimeout(() => reject(new Error('it took too long')), PATIENCE);
  });
  try {
    const result = wrap<PeerService>(worker).race(library, name, task, want);
    const entry = await Promise.race([result, trouble]);
    return entry ?? { name, refused: 'it gave nothing' };
  } catch (e) {
    return { name, refused: messageOf(e) };
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
}
