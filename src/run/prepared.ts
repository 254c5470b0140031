import type { Program, Step } from '../lower/program.ts';
import { HostArray } from '../util/array.ts';
import type { TypedArray } from '../util/dtype.ts';
import { BufferError, UnsupportedError } from '../util/errors.ts';
import type { Allocation, BufferRequest } from './buffers.ts';
import type { DeviceContext } from './context.ts';
import { DeviceArray } from './deviceArray.ts';
import { checkLimits } from './limits.ts';
import type { Binding } from './place.ts';
import { abortable, type Pipeline, type Progress } from './pipelines.ts';
import { write } from './upload.ts';
import { DATA } from './usage.ts';

export interface PrepareOptions {
  /** gives up waiting; kernels already being compiled still go to the cache */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Bind groups kept for each step whose buffers change from call to call. */
const MAX_GROUPS = 32;

interface PreparedStep {
  readonly step: Step;
  readonly pipeline: Pipeline;
  /** those of its buffers that change from call to call */
  readonly changing: readonly number[];
  readonly groups: Map<string, GPUBindGroup>;
}

/** A program on one device: its pipelines, its memory, its bind groups. */
export class Prepared {
  /** what each buffer of the program is bound to; inputs and outputs change with each call */
  readonly #bound: (Binding | null)[];
  readonly #steps: PreparedStep[];
  /** buffers that lie in others: for each of those, which, and from which byte on */
  readonly #parts = new Map<number, [number, number][]>();
  readonly #uploads = new Map<number, Promise<Allocation>>();
  readonly #ready = new Map<number, Allocation>();
  #released = false;

  readonly context: DeviceContext;
  readonly program: Program;
  private readonly memory: ProgramMemory;

  private constructor(
    context: DeviceContext,
    program: Program,
    pipelines: readonly Pipeline[],
    memory: ProgramMemory,
  ) {
    this.context = context;
    this.program = program;
    this.memory = memory;
    for (const [index, { role }] of program.buffers.entries())
      if (role.kind === 'part')
        this.#parts.set(role.of, [...(this.#parts.get(role.of) ?? []), [index, role.offset]]);
    this.#bound = program.buffers.map(({ role }, index) => {
      if (role.kind === 'scratch') return bindingOf(memory.slots[role.slot] as Allocation);
      const constant = memory.constants.get(index);
      return constant ? bindingOf(constant) : null;
    });
    for (const [index, binding] of this.#bound.entries()) if (binding) this.#bindParts(index);
    this.#steps = program.steps.map((step) => ({
      step,
      pipeline: pipelines[step.kernel] as Pipeline,
      changing: step.bindings.filter((index) => {
        const own = program.buffers[index]?.role;
        const role = own?.kind === 'part' ? program.buffers[own.of]?.role : own;
        return (
          role?.kind === 'input' ||
          role?.kind === 'output' ||
          (role?.kind === 'constant' && role.value instanceof DeviceArray)
        );
      }),
      groups: new Map<string, GPUBindGroup>(),
    }));
  }

  /**
   * Checks limits, allocates what lives from call to call, uploads constants, compiles kernels.
   *
   * @throws LimitError, OutOfMemoryError, ValidationError, UnsupportedError, DeviceLostError
   */
  static async make(
    context: DeviceContext,
    program: Program,
    { signal, onProgress }: PrepareOptions,
  ): Promise<Prepared> {
    signal?.throwIfAborted();
    checkLimits(program, context.device.limits);
    const memory = new ProgramMemory(context, program);
    let done = 0;
    const total = program.kernels.length;
    const compiling = Promise.all(
      program.kernels.map(async (kernel) => {
        const pipeline = await context.pipelines.get(kernel);
        onProgress?.({ done: ++done, total, label: kernel.label });
        return pipeline;
      }),
    );
    const allocating = memory.allocate();
    try {
      const [pipelines] = await abortable(Promise.all([compiling, allocating]), signal);
      return new Prepared(context, program, pipelines, memory);
    } catch (error) {
      compiling.catch(() => undefined);
      await allocating.catch(() => undefined); // what is still to come must be released too
      memory.release();
      throw error;
    }
  }

  /** Memory for an input that comes from the host; made the first time it does. */
  upload(index: number): Allocation | null {
    return this.#ready.get(index) ?? null;
  }

  async makeUpload(index: number): Promise<void> {
    let making = this.#uploads.get(index);
    if (!making) {
      const buffer = this.program.buffers[index];
      const request = { label: buffer?.label ?? '', bytes: buffer?.bytes ?? 0, usage: DATA };
      making = this.context.pool.allocate([request]).then(([allocation]) => {
        if (this.#released) (allocation as Allocation).release();
        else {
          this.memory.extra.push(allocation as Allocation);
          this.#ready.set(index, allocation as Allocation);
        }
        return allocation as Allocation;
      });
      making.catch(() => this.#uploads.delete(index));
      this.#uploads.set(index, making);
    }
    await making;
  }

  /** Queues the elements of host input `index` and binds them. */
  writeInput(index: number, data: TypedArray): void {
    const allocation = this.#ready.get(index) as Allocation;
    const dtype = this.program.buffers[index]?.dtype ?? 'f32';
    write(this.context.device, allocation.buffer, 0, data, dtype);
    this.#bound[index] = bindingOf(allocation);
  }

  bind(index: number, binding: Binding): void {
    this.#bound[index] = binding;
    this.#bindParts(index);
  }

  /** What lies in a buffer is bound along with it. */
  #bindParts(of: number): void {
    const { buffer, offset, key } = this.#bound[of] as Binding;
    for (const [index, start] of this.#parts.get(of) ?? [])
      this.#bound[index] = { buffer, offset: offset + start, key: `${key}+${start}` };
  }

  /** Binds the device arrays the function closed over. Returns one that is still being uploaded. */
  bindConstants(): DeviceArray | null {
    let pending: DeviceArray | null = null;
    for (const [index, array] of this.memory.borrowed) {
      this.#bound[index] = array.bindingOn(this.context, this.program.label);
      if (array.isPending) pending = array;
    }
    return pending;
  }

  /** Outputs must share no bytes with anything else the caller owns. */
  checkOverlaps(): void {
    const { program } = this;
    for (const output of program.outputs) {
      const [a, aBytes] = [this.#bound[output] as Binding, program.buffers[output]?.bytes ?? 0];
      for (const [other, b] of this.#bound.entries()) {
        const role = program.buffers[other]?.role;
        const isOwn = other === output || (role?.kind === 'part' && role.of === output);
        if (!b || isOwn || a.buffer !== b.buffer) continue;
        if (a.offset + aBytes <= b.offset) continue;
        if (b.offset + (program.buffers[other]?.bytes ?? 0) <= a.offset) continue;
        throw new BufferError(
          `${program.label}: output ${program.buffers[output]?.label} and ${program.buffers[other]?.label} overlap in the same GPUBuffer; pass arrays that share no memory`,
        );
      }
    }
  }

  /** Records all dispatches with what is bound now. */
  record(pass: GPUComputePassEncoder): void {
    let pipeline: GPUComputePipeline | null = null;
    let group: GPUBindGroup | null = null;
    for (const prepared of this.#steps) {
      if (pipeline !== prepared.pipeline.pipeline)
        pass.setPipeline((pipeline = prepared.pipeline.pipeline));
      const next = this.#group(prepared);
      if (next !== group) pass.setBindGroup(0, (group = next));
      const [x, y, z] = prepared.step.workgroups;
      pass.dispatchWorkgroups(x, y, z);
    }
    this.context.counters.dispatches += this.#steps.length;
  }

  /** Records one step alone. */
  recordStep(pass: GPUComputePassEncoder, index: number): void {
    const prepared = this.#steps[index] as PreparedStep;
    pass.setPipeline(prepared.pipeline.pipeline);
    pass.setBindGroup(0, this.#group(prepared));
    const [x, y, z] = prepared.step.workgroups;
    pass.dispatchWorkgroups(x, y, z);
    this.context.counters.dispatches++;
  }

  /** Gives the memory back to the pool. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.memory.release();
  }

  /** What must be freed if the owner is forgotten; refers to the memory only. */
  get holdings(): { release(): void } {
    return this.memory;
  }

  #group(prepared: PreparedStep): GPUBindGroup {
    const { step, changing, groups } = prepared;
    let key = '';
    for (const index of changing) key += `${(this.#bound[index] as Binding).key},`;
    let group = groups.get(key);
    if (group) return group;
    this.#checkAliases(step);
    group = this.context.device.createBindGroup({
      label: step.label,
      layout: prepared.pipeline.layout,
      entries: step.bindings.map((index, binding) => {
        const { buffer, offset } = this.#bound[index] as Binding;
        const size = this.program.buffers[index]?.bytes ?? 0;
        return { binding, resource: { buffer, offset, size } };
      }),
    });
    if (groups.size >= MAX_GROUPS) groups.delete(groups.keys().next().value as string);
    groups.set(key, group);
    return group;
  }

  /** WebGPU refuses a buffer that one dispatch both reads and writes, even in different places. */
  #checkAliases(step: Step): void {
    const access = this.program.kernels[step.kernel]?.access ?? [];
    step.bindings.forEach((written, i) => {
      if (access[i] !== 'read_write') return;
      step.bindings.forEach((read, j) => {
        if (access[j] === 'read_write') return;
        if (this.#bound[written]?.buffer !== this.#bound[read]?.buffer) return;
        const [x, y] = [this.program.buffers[written]?.label, this.program.buffers[read]?.label];
        throw new BufferError(
          `${step.label}: ${x} is written and ${y} is read in the same GPUBuffer; pass arrays in different buffers`,
        );
      });
    });
  }
}

function bindingOf(allocation: Allocation): Binding {
  return { buffer: allocation.buffer, offset: 0, key: `${allocation.id}:0` };
}

/** The memory a prepared program holds from call to call. */
class ProgramMemory {
  slots: Allocation[] = [];
  /** by buffer index */
  readonly constants = new Map<number, Allocation>();
  /** device arrays that are bound as they are, by buffer index */
  readonly borrowed: [number, DeviceArray][] = [];
  /** upload buffers */
  readonly extra: Allocation[] = [];
  #acquired: HostArray[] = [];
  #released = false;

  private readonly context: DeviceContext;
  private readonly program: Program;

  constructor(context: DeviceContext, program: Program) {
    this.context = context;
    this.program = program;
  }

  async allocate(): Promise<void> {
    const { context, program } = this;
    const requests: BufferRequest[] = program.slots.map((bytes, slot) => ({
      label: `${program.label}: scratch ${slot}`,
      bytes,
      usage: DATA,
    }));
    const slots = context.pool.allocate(requests).then((slots) => {
      this.slots = slots;
    });
    const constants = program.buffers.map(async ({ role, bytes, label }, index) => {
      if (role.kind !== 'constant') return;
      const { value } = role;
      if (value instanceof DeviceArray) {
        this.borrowed.push([index, value]);
        const home = (await value.settle(program.label)).context;
        if (home !== context && !context.isLost)
          throw new BufferError(
            `${program.label}: the array ${label} it closes over belongs to another engine; read() it and upload() it to this one`,
          );
      } else if (value instanceof HostArray) {
        this.#acquired.push(value);
        try {
          this.constants.set(index, await context.constants.acquire(value, bytes, label));
        } catch (error) {
          this.#acquired.splice(this.#acquired.indexOf(value), 1);
          throw error;
        }
      } else throw new UnsupportedError(`${program.label}: ${label} is no array this engine knows`);
    });
    // all settle before any failure is told, so that a failure can release what the others got
    const results = await Promise.allSettled([slots, ...constants]);
    for (const r of results) if (r.status === 'rejected') throw r.reason as Error;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    for (const a of [...this.slots, ...this.extra]) a.release();
    for (const value of this.#acquired) this.context.constants.release(value);
  }
}
