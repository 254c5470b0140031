import { expose } from 'comlink';
import type { AdapterFacts, ChunkMemory, HowFacts, JacobianResult, LatentResult } from './api.ts';
import type { ModelFacts, Mode, Parameters, RaceEntry, Subject, Way } from './api.ts';
import { engineOf } from './gpu.ts';
import { forget, howOf, jacobianOf, memoryWith } from './jacobians.ts';
import { latentAt, moved } from './latent.ts';
import { addModel, factsOf, parametersOf } from './models.ts';
import { checkSource, type Problem } from './check.ts';
import { race, referenceOf } from './race.ts';
import { inTurn } from './turn.ts';

let stopRace = new AbortController();

/** What the page asks its worker for. All GPU work and all tracing is here, off the page's thread. */
const service = {
  adapter: async (): Promise<AdapterFacts> => (await engineOf()).info,
  facts: (id: string): Promise<ModelFacts> => factsOf(id),
  async add(id: string, bytes: ArrayBuffer): Promise<ModelFacts> {
    forget(id);
    await addModel(id, bytes);
    return factsOf(id);
  },
  jacobian: (
    subject: Subject,
    x: Float32Array,
    mode: Mode,
    options: { hessian?: boolean } = {},
  ): Promise<JacobianResult> => inTurn(() => jacobianOf(subject, x, mode, options)),
  how: (subject: Subject, x: Float32Array, mode: Mode): Promise<HowFacts> =>
    inTurn(() => howOf(subject, x, mode)),
  memory: (
    subject: Subject,
    inputs: number,
    mode: 'reverse' | 'forward',
    chunk: number,
  ): Promise<ChunkMemory> => inTurn(() => memoryWith(subject, inputs, mode, chunk)),
  check: (source: string, inputs: number): Problem | null => checkSource(source, inputs),
  latent: (z: Float32Array, mode: Mode): Promise<LatentResult> => inTurn(() => latentAt(z, mode)),
  moved: (
    z: Float32Array,
    at: Pick<LatentResult, 'jacobian' | 'metric'>,
    change: Map<number, number>,
  ): Float32Array => moved(z, at, change),
  parameters: (id: string): Promise<Parameters> => parametersOf(id),
  reference: (subject: Subject, x: Float32Array): Promise<Float64Array> => referenceOf(subject, x),
  race(
    subject: Subject,
    x: Float32Array,
    want: Float64Array,
    group: readonly Way[],
  ): Promise<RaceEntry[]> {
    stopRace = new AbortController();
    return race(subject, x, want, group, stopRace.signal);
  },
  /** The race that runs now ends with an error. */
  stopRace: (): void => stopRace.abort(),
};

export type Service = typeof service;

expose(service);
