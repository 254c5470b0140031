import { isRenaming, placesOf } from '../ops/storage.ts';
import type { Coordinates } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import type { Group } from '../plan/plan.ts';
import { Bindings } from './bindings.ts';
import { Emitter, type Lanes, type Surroundings } from './emitter.ts';
import { libraryFor, withBuiltins } from './library.ts';
import { fillSlots } from './slots.ts';
import type { Tiling } from './tiling.ts';
import type { Written } from './written.ts';

/** WGSL of one group, the tensors it binds and how many workgroups run. */
export interface Kernel {
  readonly label: string;
  readonly code: string;
  readonly bindings: readonly Tensor[];
  readonly access: readonly ('read' | 'read_write')[];
  readonly features: readonly string[];
  readonly workgroups: readonly [number, number, number];
}

/** What lowering must know of a device. */
export interface LowerLimits {
  readonly storageBuffersPerStage: number;
  readonly invocationsPerWorkgroup: number;
  readonly workgroupsPerDimension: number;
  /** `native`: the adapter's own transcendental functions, fast and only as exact as WGSL asks */
  readonly math?: 'accurate' | 'native';
  /** bytes of memory that a workgroup shares */
  readonly workgroupStorage: number;
  /** threads of a subgroup where all have the same number, and kernels may use them; else null */
  readonly subgroupSize: number | null;
  /** the "GPU" is the CPU */
  readonly isSoftware: boolean;
  /** threads that are left at least where each of a map computes several rows */
  readonly threadsWithRows?: number;
  /** overrides the choice of how contractions are computed, where it is possible */
  readonly tiling?: Partial<Tiling>;
  /** ways that were measured to be the fastest, by the text of the kernel that would be taken else */
  readonly tuned?: { get(code: string): Tiling | undefined } | undefined;
  /** what was written before for such a device: looked up, and added to */
  readonly written?: Written;
}

const mapValues = (
  bodies: Readonly<Record<string, string>>,
  f: (text: string) => string,
): Record<string, string> =>
  Object.fromEntries(Object.entries(bodies).map(([name, text]) => [name, f(text)]));

/** Collects what one kernel is made of. */
export class KernelWriter {
  readonly bindings = new Bindings();
  readonly around: Surroundings;
  #names = 0;

  constructor(
    readonly group: Group,
    readonly limits: LowerLimits,
  ) {
    const sources = new Set(group.sources);
    this.around = {
      isStored: (node) => sources.has(node),
      bindings: this.bindings,
      fresh: (prefix) => `${prefix}${this.#names++}`,
    };
  }

  emitter(lanes?: Lanes): Emitter {
    return new Emitter(this.around, lanes);
  }

  /** Threads of one workgroup, within the device's limits. */
  workgroup(wanted: number): number {
    return Math.min(wanted, this.limits.invocationsPerWorkgroup);
  }

  /**
   * Computes members of the group at `at` of its domain and stores those that are outputs. Anchors are in
   * the emitter already.
   */
  members(e: Emitter, at: Coordinates, members = this.group.members): void {
    const places = this.placesAt(at);
    for (const m of members) {
      if (e.localName(m) !== undefined) continue;
      const isMoved = m !== this.group.domain && m.op.family !== 'elementwise';
      const from = isMoved && m.inputs.find((x) => places.has(x) && x.size === m.size);
      const name = from ? e.localName(from) : e.value(m, places.get(m) as Coordinates);
      e.define(m, name as string);
    }
    for (const y of members)
      if (this.group.outputs.includes(y))
        e.store(y, places.get(y) as Coordinates, e.localName(y) as string);
  }

  /** Where the elements of the group's members are that belong to `at` of its domain. */
  placesAt(at: Coordinates): ReadonlyMap<Tensor, Coordinates> {
    return placesOf(this.group.domain, this.group.members, at);
  }

  /** The kernel: `file` with its slots filled. */
  assemble(
    file: string,
    constants: Readonly<Record<string, number>>,
    bodies: Readonly<Record<string, string>>,
    threads: number,
    workgroup: number,
  ): Kernel {
    const size = Object.entries({ THREADS: threads, WORKGROUP: workgroup, ...constants })
      .map(([name, value]) => `const ${name}: u32 = ${value}u;`)
      .join('\n');
    const own = this.limits.math === 'native' ? mapValues(bodies, withBuiltins) : bodies;
    const text = Object.values(own).join('\n');
    const narrow = 'alias F = f32;\nalias I = i32;\nalias U = u32;\nalias B = bool;';
    const wide = 'alias F4 = vec4f;\nalias I4 = vec4i;\nalias U4 = vec4u;\nalias B4 = vec4<bool>;';
    const count = Math.ceil(threads / workgroup);
    const x = Math.min(count, this.limits.workgroupsPerDimension);
    return {
      label: this.label(),
      code: fillSlots(file, {
        types: `${narrow}\n${wide}`,
        library: libraryFor(text),
        bindings: this.bindings.declarations(),
        size,
        ...own,
      }),
      bindings: this.bindings.tensors,
      access: this.bindings.access,
      features: [...file.matchAll(/^enable (\w+);/gm)].map((m) => m[1] as string),
      workgroups: [x, Math.ceil(count / x), 1],
    };
  }

  /** `matmul+add+tanh`: the ops of the group, for labels. */
  label(): string {
    const names = this.group.members
      .filter((m) => !isRenaming(m) || m === this.group.domain)
      .map((m) => m.op.name);
    return names.length > 6
      ? `${names.slice(0, 5).join('+')}+${names.length - 5} more`
      : names.join('+');
  }
}

/** Whether a kernel written with vectors still binds no more buffers than allowed. */
export function fits(kernel: Kernel, limits: LowerLimits): boolean {
  return kernel.bindings.length <= limits.storageBuffersPerStage;
}
