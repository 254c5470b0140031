import { expose } from 'comlink';
import type { RaceEntry } from '../../worker/api.ts';
import { measure, timed } from '../measure.ts';
import type { Prepare, Task } from './task.ts';

const libraries = {
  tfjs: async (): Promise<Prepare> => (await import('./tfjs.ts')).prepare,
  'jax-js': async (): Promise<Prepare> => (await import('./jax-js.ts')).prepare,
};

export type Library = keyof typeof libraries;

const service = {
  /** Loads the library and lets it run. @throws what the library throws where it cannot do it */
  async race(
    library: Library,
    name: string,
    task: Task,
    want: Float64Array,
  ): Promise<RaceEntry | undefined> {
    const { way, run } = await (await libraries[library]())(task);
    return (await measure([{ name, way, run: () => timed(run) }], want))[0];
  },
};

export type PeerService = typeof service;

expose(service);
