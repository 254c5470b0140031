import { wrap, type Remote } from 'comlink';
import type { Service } from './worker.ts';

let service: Remote<Service> | undefined;

/** The worker of this page, started when it is first needed. */
export function worker(): Remote<Service> {
  service ??= wrap<Service>(
    new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'cotangent' }),
  );
  return service;
}
