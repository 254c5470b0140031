import type { Program, ProgramBuffer } from '../lower/program.ts';
import { allocate, type TypedArray } from '../util/dtype.ts';
import { BufferError, DeviceLostError, DTypeError, ShapeError } from '../util/errors.ts';
import { formatShape, sameShape, sizeOf } from '../util/shape.ts';
import type { Allocation, BufferRequest } from './buffers.ts';
import { DeviceArray } from './deviceArray.ts';
import type { EngineDevice } from './engine.ts';
import { scoped, validationError, type Caught } from './faults.ts';
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
        args = new Pinned(inputs);
        prepared = await this.#settle(args.inputs);
        options.signal?.throwIfAborted();
      }
      let launch = this.#launch(prepared, args?.inputs ?? inputs);
      // new memory may turn out not to be there; then the inputs are needed once more
      if (launch.fresh) args ??= new Pinned(inputs);
      let caught = await prepared.context.losses.guard(launch.caught);
      if (caught.outOfMemory && launch.fresh) {
        for (const a of launch.outputs) prepared.context.pool.discard(a);
        prepared.forgetGroups();
        const outputs = await prepared.context.pool.allocate(this.#outputRequests());
        launch = this.#launch(prepared, args?.inputs ?? inputs, outputs);
        caught = await prepared.context.losses.guard(launch.caught);
      }
      if (caught.outOfMemory ?? caught.validation) {
        for (const a of launch.outputs) prepared.context.pool.discard(a);
        prepared.forgetGroups();
        if (caught.outOfMemory)
          throw prepared.context.pool.outOfMemory(this.#outputRequests(), caught.outOfMemory);
        throw validationError(this.program.label, caught.validation as GPUError);
      }
      const { context } = prepared;
      return launch.outputs.map((allocation, i) => {
        const { shape, dtype, label } = this.#output(i);
        const place = { context, allocation, offset: 0 };
        return new DeviceArray(this.engine, shape, dtype, label, place);
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
        `${program.label}: encode needs the plan prepared on the present device; await its prepare() again`,
      );
    this.#check(args.inputs);
    if (args.outputs.length !== program.outputs.length)
      throw new ShapeError(
        `${program.label}: encode takes ${program.outputs.length} outputs, got ${args.outputs.length}`,
      );
    const place = (index: number, array: DeviceArray, who: string) => {
      const binding = array.bindingOn(prepared.context, who);
      if (!binding)
        throw new BufferError(`${who}: the array is still being uploaded; await its read() first`);
      prepared.bind(index, binding);
    };
    const waiting = prepared.bindConstants();
    if (waiting)
      throw new BufferError(`${program.label}: a captured array is still being uploaded`);
    program.inputs.forEach((index, i) => {
      const array = args.inputs[i];
      if (index !== null) place(index, array as DeviceArray, `${program.label}: input ${i}`);
    });
    program.outputs.forEach((index, i) => {
      const array = args.outputs[i] as DeviceArray;
      const who = `${program.label}: output ${i}`;
      this.#checkArray(array, this.#output(i), who);
      array.overwrite();
      place(index, array, who);
    });
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
    const args = new Pinned(inputs);
    let outputs: Allocation[] = [];
    try {
      const prepared = await this.#settle(args.inputs);
      outputs = await prepared.context.pool.allocate(this.#outputRequests());
      this.#bind(prepared, args.inputs, outputs);
      return await profile(prepared);
    } finally {
      for (const a of outputs) a.release();
      args.unpin();
    }
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
        if (context.isLost || this.#prepared) continue;
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
      const there =
        input instanceof DeviceArray
          ? input.bindingOn(prepared.context, `${this.program.label}: input ${i}`)
          : prepared.upload(index);
      if (!there) return false;
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
        if (input instanceof DeviceArray) await input.settle();
        else await prepared.makeUpload(index);
      }
      await prepared.bindConstants()?.settle();
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
      else {
        const binding = input.bindingOn(prepared.context, program.label);
        if (binding) prepared.bind(index, binding);
      }
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
    const { value, caught } = scoped(device, fresh, () => {
      const outputs = taken.map((a, i) => a ?? pool.create(requests[i] as BufferRequest));
      this.#bind(prepared, inputs, outputs);
      const encoder = device.createCommandEncoder({ label: this.program.label });
      const pass = encoder.beginComputePass({ label: this.program.label });
      prepared.record(pass);
      pass.end();
      device.queue.submit([encoder.finish()]);
      return outputs;
    });
    context.counters.submissions++;
    return { outputs: value, fresh, caught };
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
    if (inputs.length !== program.inputs.length)
      throw new ShapeError(
        `${program.label}: takes ${program.inputs.length} inputs, got ${inputs.length}`,
      );
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
      if (input.constructor !== allocate(wanted.dtype, 0).constructor)
        throw new DTypeError(
          `${who}: expected a ${allocate(wanted.dtype, 0).constructor.name} for ${wanted.dtype}, got ${input.constructor.name}`,
        );
      if (input.length !== sizeOf(wanted.shape))
        throw new ShapeError(
          `${who}: expected ${sizeOf(wanted.shape)} elements for ${formatShape(wanted.shape)}, got ${input.length}`,
        );
    });
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

/** Inputs as they were when a call was made: host elements copied, device memory kept. */
class Pinned {
  readonly inputs: readonly RunInput[];
  readonly #kept: Allocation[] = [];

  constructor(inputs: readonly RunInput[]) {
    this.inputs = inputs.map((input) => {
      if (!(input instanceof DeviceArray)) return input.slice();
      const kept = input.retain();
      if (kept) this.#kept.push(kept);
      return input;
    });
  }

  unpin(): void {
    for (const allocation of this.#kept) allocation.release();
  }
}
