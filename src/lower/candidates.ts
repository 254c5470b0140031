import { bytesOf } from '../ops/storage.ts';
import type { Plan } from '../plan/plan.ts';
import type { Tensor } from '../ir/tensor.ts';
import { waysOf, type Way } from './contract.ts';
import type { Kernel, LowerLimits } from './kernel.ts';
import type { Program, ProgramBuffer } from './program.ts';

/** A contraction of a plan, and the ways to compute it that are worth measuring. */
export interface Candidates {
  /** the text of the kernel that is taken where nothing was measured */
  readonly key: string;
  readonly label: string;
  readonly ways: readonly Way[];
}

/** Ways of each variant that are tried. */
const PER_VARIANT = 4;

/** The distinct contractions of a plan, each with the most promising ways of every variant. */
export function candidatesOf(plan: Plan, limits: LowerLimits): Candidates[] {
  const found = new Map<string, Candidates>();
  for (const group of plan.groups) {
    if (group.kind !== 'contract') continue;
    const counts = new Map<string, number>();
    const ways = new Map<string, Way>(); // by text: some tilings come to the same
    for (const way of waysOf(group, limits)) {
      const { variant } = way.tiling;
      const count = counts.get(variant) ?? 0;
      if (count >= PER_VARIANT || ways.has(way.kernel.code)) continue;
      counts.set(variant, count + 1);
      ways.set(way.kernel.code, way);
    }
    const [first] = ways.values();
    if (!first) continue;
    const { code: key, label } = first.kernel;
    found.set(key, { key, label, ways: [...ways.values()] });
  }
  return [...found.values()];
}

/** One kernel as a program without inputs: it reads zeros. */
export function alone({ label, code, bindings, access, features, workgroups }: Kernel): Program {
  const slots: number[] = [];
  const outputs: number[] = [];
  const index = new Map<Tensor, number>();
  const buffers: ProgramBuffer[] = [];
  bindings.forEach((x, i) => {
    if (index.has(x)) return;
    const bytes = bytesOf(x);
    const isRead = access[i] === 'read';
    const role = isRead
      ? ({ kind: 'scratch', slot: slots.push(bytes) - 1 } as const)
      : ({ kind: 'output', index: outputs.length } as const);
    if (!isRead) outputs.push(buffers.length);
    index.set(x, buffers.length);
    buffers.push({ label, bytes, shape: x.shape, dtype: x.dtype, role });
  });
  return {
    ...{ label, buffers, slots, outputs, inputs: [] },
    kernels: [{ label, code, features, access }],
    steps: [
      { label, kernel: 0, bindings: bindings.map((x) => index.get(x) as number), workgroups },
    ],
  };
}
