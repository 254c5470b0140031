import type { Tensor } from '../ir/tensor.ts';
import { bytesOf } from '../ops/storage.ts';
import type { Group, Plan, Storage } from '../plan/plan.ts';
import type { ArrayValue } from '../util/array.ts';
import { lowerContract } from './contract.ts';
import type { Kernel, LowerLimits } from './kernel.ts';
import { lowerMap } from './map.ts';
import type { BufferRole, KernelSource, Program, ProgramBuffer, Step } from './program.ts';
import { lowerReduce } from './reduce.ts';
import { lowerScan } from './scan.ts';
import { kernelOf, type Written } from './written.ts';

function lowerGroup(group: Group, limits: LowerLimits): Kernel {
  switch (group.kind) {
    case 'map':
      return lowerMap(group, limits);
    case 'reduce':
      return lowerReduce(group, limits);
    case 'contract':
      return lowerContract(group, limits);
    case 'scan':
      return lowerScan(group, limits);
  }
}

function roleOf(x: Tensor, place: Storage, bufferOf: (x: Tensor) => number): BufferRole {
  if (place.kind === 'constant')
    return { kind: 'constant', value: x.params['value'] as ArrayValue };
  if (place.kind !== 'part') return place;
  return { kind: 'part', of: bufferOf(place.whole), offset: place.offset };
}

/** Plan -> WGSL programs and buffers. */
export function lower(plan: Plan, limits: LowerLimits, label: string): Program {
  const buffers: ProgramBuffer[] = [];
  const index = new Map<Tensor, number>();
  const bufferOf = (x: Tensor): number => {
    let i = index.get(x);
    if (i === undefined) {
      const { shape, dtype } = x;
      const role = roleOf(x, plan.storage.get(x) as Storage, bufferOf);
      i = buffers.push({
        label: `${label}/${x.op.name}${x.id}`,
        bytes: bytesOf(x),
        shape,
        dtype,
        role,
      });
      index.set(x, --i);
    }
    return i;
  };
  const kernels: KernelSource[] = [];
  const byCode = new Map<string, number>();
  const steps: Step[] = [];
  const written = limits.written ?? (new Map() as Written);
  for (const group of plan.groups) {
    const kernel = kernelOf(group, written, (own) => lowerGroup(own, limits));
    let k = byCode.get(kernel.code);
    if (k === undefined) {
      const { label: name, code, features, access } = kernel;
      k = kernels.push({ label: `${label}/${name}`, code, features, access }) - 1;
      byCode.set(code, k);
    }
    const bindings = kernel.bindings.map(bufferOf);
    steps.push({
      label: `${label}/${kernel.label}`,
      kernel: k,
      bindings,
      workgroups: kernel.workgroups,
    });
  }
  const outputs = [...new Set(plan.outputs)].map(bufferOf);
  const inputs = plan.inputs.map((x) => index.get(x) ?? null);
  return { label, buffers, kernels, steps, inputs, outputs, slots: plan.slots };
}
