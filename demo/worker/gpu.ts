import { createEngine, type Engine } from '../../src/index.ts';

let engine: Promise<Engine> | undefined;

/** The one engine of the page, with its device in this worker. */
export function engineOf(): Promise<Engine> {
  engine ??= createEngine();
  engine.catch(() => (engine = undefined));
  return engine;
}
