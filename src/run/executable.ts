import type { Program, ProgramBuffer } from '../lower/program.ts';
import type { TypedArray } from '../util/dtype.ts';
import { BufferError, DeviceLostError, DTypeError, ShapeError } from '../util/errors.ts';
import { formatShape, sameShape, sizeOf } from '../util/shape.ts';
import type { Allocation, BufferRequest } from './buffers.ts';
import { DeviceArray } from './deviceArray.ts';
import type { EngineDevice } from './engine.ts';
import { scoped, validationError, type Caught } from './faults.ts';
import { Place } from './place.ts';
import { Prepared, type PrepareOptions } from './prepared.ts';
import { profile, type Profile } from './profile.ts';
import { DATA } from './usage.ts';

/** One argument: host elements in row-major order, or an array on the engine's device. */
export type RunInput = TypedArray | DeviceArray;

/** The caller's own arrays for `encode`. */
export interface EncodeArguments {
  /** one for each input; null or missing where the program does not use it */
  readonly inputs: readonly (DeviceArray | null | undefined)[];
  readonly outputs: readonly DeviceArray[];
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
}

/** By tag, not by class: an array may come from another realm. */
const hostArrays = {
  f32: 'Float32Array',
  i32: 'Int32Array',
  u32: 'Uint32Array',
  bool: 'Uint8Array',
} as const;

/** A program ready to run, again and again. */
export class Executable {
  #prepared: Prepared | null = null;
  #preparing: Promise<Prepared> | null = null;
  #destroyed = false;

  private readonly engine: EngineDevice;
  readonly program: Program;

  private constructor(engine: EngineDevice, program: Program) {
    this.engine = engine;
    this.program = program;
  }

  /**
   * Compiles the kernels and allocates what lives from call to call.
   *
   * @throws LimitError, OutOfMemoryError, ValidationError, UnsupportedError, DeviceLostError
   */
  static async prepare(
    engine: EngineDevice,
    program: Program,
    options: PrepareOptions = {},
  ): Promise<Executable> {
    const executable = new Executable(engine, program);
    await executable.#prepare(options);
    return executable;
  }

  /**
   * Runs the program: one submission. Elements of host inputs are taken when this is called. The
   * promise waits for the commands to be accepted, not for the GPU to finish them; calls may overlap.
   *
   * @returns fresh arrays, valid until they are destroyed
   * @throws ShapeError, DTypeError, BufferError for inputs that do not fit
   * @throws OutOfMemoryError, ValidationError, DeviceLostError from the device
   */
  async run(inputs: readonly RunInput[], options: RunOptions = {}): Promise<DeviceArray[]> {
    options.signal?.throwIfAborted();
    this.#check(inputs);
    let prepared = this.#prepared;
    let args: Pinned | null = null;
    try {
      if (
        !prepared ||
        prepared.context !== this.engine.current ||
        !this.#isReady(prepared, inputs)
      ) {
        args = new Pinned(inputs, this.program);
        prepared = await this.#settle(args.inputs);
        options.signal?.throwIfAborted();
      }
      let launch = this.#launch(prepared, args?.inputs ?? inputs);
      // new memory may turn out not to be there; then the inputs are needed once more
      if (launch.fresh) args ??= new Pinned(inputs, this.program);
      let caught = await prepared.context.losses.guard(launch.caught);
      if (caught.outOfMemory && launch.fresh) {
        for (const a of launch.outputs) prepared.context.pool.discard(a);
        const outputs = await prepared.context.pool.allocate(this.#outputRequests());
        launch = this.#launch(prepared, args?.inputs ?? inputs, outputs);
        caught = await prepared.context.losses.guard(launch.caught);
      }
      if (caught.outOfMemory ?? caught.validation) {
        for (const a of launch.outputs) prepared.context.pool.discard(a);
        if (caught.outOfMemory)
          throw prepared.context.pool.outOfMemory(this.#outputRequests(), caught.outOfMemory);
        throw validationError(this.program.label, caught.validation as GPUError);
      }
      const { context } = prepared;
      return launch.outputs.map((allocation, i) => {
        const { shape, dtype, label } = this.#output(i);
        const place = new Place(context, allocation);
        return new DeviceArray(this.engine, shape, dtype, label, { place });
      });
    } finally {
      args?.unpin();
    }
  }

  /**
   * Records the dispatches into the app's own encoder or compute pass: no submission, no readback,
   * and no allocation once the same arrays were seen before. In a pass, the pipeline and bind group
   * 0 are left set. Results are there when the app's submission has run.
   *
   * @throws BufferError, ShapeError, DTypeError for arrays that do not fit
   * @throws DeviceLostError after a loss, until the program is prepared again
   */
  encode(target: GPUCommandEncoder | GPUComputePassEncoder, args: EncodeArguments): void {
    const { program } = this;
    const prepared = this.#prepared;
    if (this.#destroyed) throw this.#gone();
    if (!prepared || prepared.context !== this.engine.current)
      throw new DeviceLostError(
        `${program.label}: encode needs the plan prepared on the present device; await its ready() first`,
      );
    if (typeof args?.inputs !== 'object' || typeof args.outputs !== 'object')
      throw new BufferError(
        `${program.label}: encode takes { inputs: [...], outputs: [...] }, device arrays to read and to write; see engine.wrap`,
      );
    if (
      typeof target !== 'object' ||
      !target ||
      !('beginComputePass' in target || 'setPipeline' in target)
    )
      throw new BufferError(
        `${program.label}: encode records into a GPUCommandEncoder or a GPUComputePassEncoder; pass one first`,
      );
    const [wanted, got] = [program.outputs.length, args.outputs.length];
    if (wanted !== got)
      throw new ShapeError(`${program.label}: gives ${wanted} outputs, got ${got} arrays for them`);
    this.#checkCount(args.inputs.length);
    const place = (index: number, array: unknown, who: string) => {
      if (!(array instanceof DeviceArray))
        throw new BufferError(`${who}: encode takes device arrays; upload() or wrap() it first`);
      this.#checkArray(array, program.buffers[index] as ProgramBuffer, who);
      prepared.bind(index, array.bindingOn(prepared.context, who));
    };
    prepared.bindConstants();
    program.inputs.forEach((index, i) => {
      if (index !== null) place(index, args.inputs[i], `${program.label}: input ${i}`);
    });
    program.outputs.forEach((index, i) => {
      place(index, args.outputs[i], `${program.label}: output ${i}`);
    });
    prepared.checkOverlaps();
    for (const array of args.inputs) array?.lend(false);
    for (const array of args.outputs) array.lend(true);
    if ('beginComputePass' in target) {
      const pass = target.beginComputePass({ label: program.label });
      prepared.record(pass);
      pass.end();
    } else prepared.record(target);
  }

  /**
   * GPU time of each step, from timestamp queries; every step has a pass of its own.
   *
   * @throws UnsupportedError when the device lacks the feature `timestamp-query`
   */
  async profile(inputs: readonly RunInput[]): Promise<Profile> {
    this.#check(inputs);
    const args = new Pinned(inputs, this.program);
    let outputs: Allocation[] = [];
    try {
      const prepared = await this.#settle(args.inputs);
      outputs = await prepared.context.pool.allocate(this.#outputRequests());
      return await profile(prepared, () => this.#bind(prepared, args.inputs, outputs));
    } finally {
      for (const a of outputs) a.release();
      args.unpin();
    }
  }

  /** Prepares again after a device loss; done at once when there was none. `encode` needs it then. */
  async ready(options: PrepareOptions = {}): Promise<void> {
    await this.#prepare(options);
  }

  /** Gives the memory back; results of earlier calls stay. Harmless the second time. */
  destroy(): void {
    this.#destroyed = true;
    this.#prepared?.context.untrack(this);
    this.#prepared?.release();
    this.#prepared = null;
  }

  /** Prepares on the present device, unless it is done. */
  async #prepare(options: PrepareOptions = {}): Promise<Prepared> {
    for (;;) {
      const context = await this.engine.ready();
      if (this.#destroyed) throw this.#gone();
      if (this.#prepared?.context === context) return this.#prepared;
      if (this.#preparing) {
        await this.#preparing.catch(() => undefined);
        continue;
      }
      const making = Prepared.make(context, this.program, options);
      this.#preparing = making;
      try {
        const prepared = await making;
        if (this.#destroyed) {
          prepared.release();
          throw this.#gone();
        }
        this.#prepared = prepared;
        const { holdings } = prepared;
        context.track(this, {
          label: `the plan ${this.program.label}`,
          free: () => holdings.release(),
        });
        return prepared;
      } finally {
        if (this.#preparing === making) this.#preparing = null;
      }
    }
  }

  /** Everything is on the present device: the rest of a run is synchronous. */
  #isReady(prepared: Prepared, inputs: readonly RunInput[]): boolean {
    for (let i = 0; i < inputs.length; i++) {
      const index = this.program.inputs[i];
      if (index === null || index === undefined) continue;
      const input = inputs[i] as RunInput;
      if (!(input instanceof DeviceArray)) {
        if (!prepared.upload(index)) return false;
        continue;
      }
      input.bindingOn(prepared.context, `${this.program.label}: input ${i}`);
      if (input.isPending) return false;
    }
    return prepared.bindConstants() === null;
  }

  /** Brings everything to the present device. */
  async #settle(inputs: readonly RunInput[]): Promise<Prepared> {
    for (;;) {
      const prepared = await this.#prepare();
      if (this.#isReady(prepared, inputs)) return prepared;
      for (const [i, index] of this.program.inputs.entries()) {
        if (index === null) continue;
        const input = inputs[i] as RunInput;
        if (input instanceof DeviceArray) await input.settle(`${this.program.label}: input ${i}`);
        else await prepared.makeUpload(index);
      }
      await prepared.bindConstants()?.settle(this.program.label);
      if (this.#destroyed) throw this.#gone();
    }
  }

  #bind(prepared: Prepared, inputs: readonly RunInput[], outputs: readonly Allocation[]): void {
    const { program } = this;
    prepared.bindConstants();
    program.inputs.forEach((index, i) => {
      if (index === null) return;
      const input = inputs[i] as RunInput;
      if (!(input instanceof DeviceArray)) prepared.writeInput(index, input);
      else prepared.bind(index, input.bindingOn(prepared.context, program.label));
    });
    program.outputs.forEach((index, i) => {
      const { id, buffer } = outputs[i] as Allocation;
      prepared.bind(index, { buffer, offset: 0, key: `${id}:0` });
    });
  }

  /** Writes the host inputs, records and submits, in one go: nothing else can come between. */
  #launch(
    prepared: Prepared,
    inputs: readonly RunInput[],
    given?: readonly Allocation[],
  ): { outputs: readonly Allocation[]; fresh: boolean; caught: Promise<Caught> } {
    if (this.#destroyed) throw this.#gone();
    const { context } = prepared;
    const { device, pool } = context;
    const requests = given ? [] : this.#outputRequests();
    const taken: readonly (Allocation | null)[] = given ?? requests.map((r) => pool.take(r));
    const fresh = taken.includes(null);
    const outputs: Allocation[] = [];
    try {
      const { caught } = scoped(device, fresh, () => {
        for (const [i, a] of taken.entries())
          outputs.push(a ?? pool.create(requests[i] as BufferRequest));
        this.#bind(prepared, inputs, outputs);
        const encoder = device.createCommandEncoder({ label: this.program.label });
        const pass = encoder.beginComputePass({ label: this.program.label });
        prepared.record(pass);
        pass.end();
        device.queue.submit([encoder.finish()]);
      });
      context.counters.submissions++;
      return { outputs, fresh, caught };
    } catch (error) {
      for (const a of new Set([...taken, ...outputs])) if (a) pool.discard(a);
      throw error;
    }
  }

  #output(i: number): ProgramBuffer {
    return this.program.buffers[this.program.outputs[i] as number] as ProgramBuffer;
  }

  #outputRequests(): BufferRequest[] {
    return this.program.outputs.map((_, i) => {
      const { label, bytes } = this.#output(i);
      return { label, bytes, usage: DATA };
    });
  }

  #gone(): BufferError {
    return new BufferError(`${this.program.label}: the plan was destroyed; prepare it again`);
  }

  #check(inputs: readonly (RunInput | null | undefined)[]): void {
    const { program } = this;
    this.#checkCount(inputs.length);
    program.inputs.forEach((index, i) => {
      if (index === null) return;
      const wanted = program.buffers[index] as ProgramBuffer;
      const input = inputs[i];
      const who = `${program.label}: input ${i}`;
      if (input instanceof DeviceArray) {
        this.#checkArray(input, wanted, who);
        return;
      }
      if (!ArrayBuffer.isView(input))
        throw new ShapeError(
          `${who}: expected ${wanted.dtype} ${formatShape(wanted.shape)}, got nothing`,
        );
      if (input[Symbol.toStringTag] !== hostArrays[wanted.dtype])
        throw new DTypeError(
          `${who}: expected a ${hostArrays[wanted.dtype]} for ${wanted.dtype}, got a ${input[Symbol.toStringTag]}`,
        );
      if (input.length !== sizeOf(wanted.shape))
        throw new ShapeError(
          `${who}: expected ${sizeOf(wanted.shape)} elements for ${formatShape(wanted.shape)}, got ${input.length}`,
        );
    });
  }

  #checkCount(got: number): void {
    const wanted = this.program.inputs.length;
    if (got !== wanted)
      throw new ShapeError(`${this.program.label}: takes ${wanted} inputs, got ${got}`);
  }

  #checkArray(array: DeviceArray, wanted: ProgramBuffer, who: string): void {
    if (array.home !== this.engine)
      throw new BufferError(
        `${who}: the array belongs to another engine; read() it and upload() it to this one, or make both engines one`,
      );
    if (array.dtype !== wanted.dtype)
      throw new DTypeError(`${who}: expected ${wanted.dtype}, got ${array.dtype}`);
    if (!sameShape(array.shape, wanted.shape))
      throw new ShapeError(
        `${who}: expected ${formatShape(wanted.shape)}, got ${formatShape(array.shape)}`,
      );
  }
}

const isGone = (input: RunInput): boolean => input instanceof DeviceArray && input.isDestroyed;

/** Inputs as they were when a call was made: host elements copied, device memory kept. */
export class Pinned {
  readonly inputs: readonly RunInput[];
  readonly #shared: DeviceArray[] = [];

  /** @param program says which inputs matter, once that is known */
  constructor(inputs: readonly RunInput[], program?: Program) {
    this.inputs = inputs.map((input, i) => {
      if (program ? program.inputs[i] === null : isGone(input)) return input;
      if (!(input instanceof DeviceArray)) return input.slice();
      const shared = input.share();
      this.#shared.push(shared);
      return shared;
    });
  }

  unpin(): void {
    for (const array of this.#shared) array.destroy();
  }
}
