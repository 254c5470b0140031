import { UnsupportedError, ValidationError } from '../util/errors.ts';
import type { KernelSource } from '../lower/program.ts';
import { scoped, type Losses } from './faults.ts';
import { STAGE_COMPUTE } from './usage.ts';

/** A compiled kernel. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Told after each pipeline that is ready. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  /** the kernel that became ready */
  readonly label: string;
}

/** Pipelines kept for later programs; a program in use holds its own beyond that. */
const MAX_KEPT = 1024;

/** Compiles each distinct WGSL text once per device, off the main thread, in parallel. */
export class PipelineCache {
  #compiled = new Map<string, Promise<Pipeline>>();
  #layouts = new Map<string, { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>();

  private readonly device: GPUDevice;
  private readonly losses: Losses;
  private readonly onCompile: () => void;

  constructor(device: GPUDevice, losses: Losses, onCompile: () => void) {
    this.device = device;
    this.losses = losses;
    this.onCompile = onCompile;
  }

  /**
   * The pipeline of a kernel.
   *
   * @throws ValidationError with the kernel's label, the line and the compiler's words
   * @throws UnsupportedError when the kernel needs a feature the device was not created with
   */
  get(kernel: KernelSource): Promise<Pipeline> {
    const access = kernel.access.map((a) => (a === 'read' ? 'r' : 'w')).join('');
    const key = `${access}\n${kernel.code}`;
    let pipeline = this.#compiled.get(key);
    if (pipeline) {
      this.#compiled.delete(key); // to the end: the front is what was not asked for longest
    } else {
      pipeline = this.#compile(kernel, access);
      pipeline.catch(() => this.#compiled.delete(key)); // a failure may be the device's, not the text's
      const [oldest] = this.#compiled.keys();
      if (this.#compiled.size >= MAX_KEPT && oldest !== undefined) this.#compiled.delete(oldest);
    }
    this.#compiled.set(key, pipeline);
    return pipeline;
  }

  async #compile(kernel: KernelSource, access: string): Promise<Pipeline> {
    const missing = kernel.features.filter((f) => !this.device.features.has(f));
    if (missing.length)
      throw new UnsupportedError(
        `${kernel.label}: its shader needs the WebGPU feature "${missing.join('", "')}", which this device lacks; request the device with requiredFeatures: ${JSON.stringify(missing)}`,
      );
    this.onCompile();
    const { device } = this;
    const { value, caught } = scoped(device, false, () => {
      const module = device.createShaderModule({ label: kernel.label, code: kernel.code });
      const layout = this.#layout(access);
      const compiling = device
        .createComputePipelineAsync({
          label: kernel.label,
          layout: layout.pipeline,
          compute: { module, entryPoint: 'main' },
        })
        .then(
          (pipeline) => ({ pipeline, layout: layout.group }),
          (error: unknown) => error as Error,
        );
      return { module, compiling };
    });
    const [errors, result] = await this.losses.guard(Promise.all([caught, value.compiling]));
    if (!errors.validation && !(result instanceof Error)) return result;
    const { messages } = await this.losses.guard(value.module.getCompilationInfo());
    throw compileError(kernel, messages, errors.validation ?? (result as Error));
  }

  #layout(access: string): { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout } {
    let layout = this.#layouts.get(access);
    if (!layout) {
      const group = this.device.createBindGroupLayout({
        label: `cotangent ${access}`,
        entries: [...access].map((a, binding) => ({
          binding,
          visibility: STAGE_COMPUTE,
          buffer: { type: a === 'r' ? 'read-only-storage' : 'storage' },
        })),
      });
      const pipeline = this.device.createPipelineLayout({
        label: `cotangent ${access}`,
        bindGroupLayouts: [group],
      });
      this.#layouts.set(access, (layout = { group, pipeline }));
    }
    return layout;
  }
}

function compileError(
  kernel: KernelSource,
  messages: readonly GPUCompilationMessage[],
  cause: { message: string },
): ValidationError {
  const lines = kernel.code.split('\n');
  const found = messages
    .filter((m) => m.type === 'error')
    .map((m) => {
      const source = m.lineNum > 0 ? `\n    ${(lines[m.lineNum - 1] ?? '').trim()}` : '';
      return `line ${m.lineNum}:${m.linePos}: ${m.message}${source}`;
    });
  return new ValidationError(
    `${kernel.label}: the GPU refused its shader: ${found.length ? found.join('\n  ') : cause.message}`,
    { cause },
  );
}

/** `promise`, given up (not stopped) when the signal aborts. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
