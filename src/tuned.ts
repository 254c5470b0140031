import type { Tiling } from './lower/tiling.ts';
import type { EngineDevice } from './run/engine.ts';

const tunings = new WeakMap<EngineDevice, Map<string, Tiling>>();

/** What was measured for contractions on an engine, by the text of the kernel that is taken else. */
export interface TuningCache {
  get(code: string): Tiling | undefined;
  set(code: string, tiling: Tiling): void;
}

/** The measurements made on an engine with the adapter it has now. */
export function tuningsOf(engine: EngineDevice): TuningCache {
  let all = tunings.get(engine);
  if (!all) tunings.set(engine, (all = new Map<string, Tiling>()));
  const known = all;
  const { vendor, architecture, description } = engine.info;
  const keyOf = (code: string): string => [vendor, architecture, description, code].join('\n');
  return {
    get: (code) => known.get(keyOf(code)),
    set: (code, tiling) => known.set(keyOf(code), tiling),
  };
}
