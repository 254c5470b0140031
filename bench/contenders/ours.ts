import { createHash } from 'node:crypto';
import {
  hessian,
  hvp,
  jacobian,
  jacobianDiagonal,
  valueAndJacobian,
  vmap,
  type Compiled,
  type Engine,
  type Mode,
  type Profile,
  type Tensor,
} from '../../src/node.ts';
import { timed, type Contender, type Details, type Started } from '../contender.ts';
import { median } from '../statistics.ts';
import type { Subject } from '../subject.ts';

type Derived = (...args: Tensor[]) => Tensor;

/** The function that is compiled for a subject. */
export function derived({ f, derivative }: Subject, mode: Mode = 'auto'): Derived {
  switch (derivative) {
    case 'jacobian':
      return jacobian(f, { mode });
    case 'batch jacobian':
      return vmap(jacobian(f, { mode }));
    case 'hessian':
      return hessian(f, { mode });
    case 'diagonal':
      return jacobianDiagonal(f, { mode });
    case 'hvp':
      return (x, v) => hvp<[Tensor]>(f, x, v);
  }
}

/** Our engine in one mode: call and read. */
export function ours(subject: Subject, mode: Mode, makeEngine: () => Promise<Engine>): Contender {
  return {
    name: mode,
    async start(): Promise<Started> {
      const engine = await makeEngine();
      const compiled = engine.compile(derived(subject, mode), { label: subject.name });
      const call = async (): Promise<Float32Array> => {
        using out = await compiled(...subject.inputs);
        return await out.read();
      };
      let result: Float32Array = new Float32Array();
      const firstCall = await timed(async () => (result = await call()));
      const { json } = await compiled.explain(...subject.inputs);
      return {
        firstCall,
        result,
        dispatches: json.dispatches,
        work: json.jacobians[0]?.candidates ?? [],
        run: () => timed(call),
        details: () => details(subject, mode, engine, compiled),
        stop: () => engine.destroy(),
      };
    },
  };
}

const PROFILED_RUNS = 5;

async function details(
  subject: Subject,
  mode: Mode,
  engine: Engine,
  compiled: Compiled<Tensor[], Tensor>,
): Promise<Details> {
  const held = engine.memory().peakBytes;
  const plan = await compiled.prepare(...subject.inputs);
  const { json } = plan.explain();
  const profiles: Profile[] = [];
  if (engine.device.features.has('timestamp-query'))
    for (let i = 0; i < PROFILED_RUNS; i++) profiles.push(await plan.profile(...subject.inputs));
  const kernels = json.kernels.map(({ label, kind, workgroups, reads, writes }, i) => ({
    label,
    kind,
    workgroups,
    reads,
    writes,
    milliseconds: profiles.length
      ? median(profiles.map((p) => p.steps[i]?.milliseconds ?? 0))
      : undefined,
  }));
  return {
    order: json.jacobians.map((j) => j.order).join(', '),
    memory: { planned: json.memory.peak, held },
    ...(mode === 'auto' && (await withValue(subject, engine))),
    kernels,
    program: fingerprint(json.kernels),
  };
}

const fingerprint = (kernels: readonly { wgsl: string; workgroups: readonly number[] }[]): string =>
  createHash('sha256')
    .update(JSON.stringify(kernels.map(({ wgsl, workgroups }) => [wgsl, workgroups])))
    .digest('hex');

/** Dispatches of value and Jacobian from one plan. */
async function withValue(
  { f, derivative, inputs }: Subject,
  engine: Engine,
): Promise<Pick<Details, 'dispatchesWithValue'>> {
  if (derivative !== 'jacobian' && derivative !== 'batch jacobian') return {};
  const both = valueAndJacobian(f);
  const compiled = engine.compile(derivative === 'jacobian' ? both : vmap(both));
  return { dispatchesWithValue: (await compiled.explain(...inputs)).json.dispatches };
}
