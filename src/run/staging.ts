import type { DType, TypedArray } from '../util/dtype.ts';
import { DeviceLostError } from '../util/errors.ts';
import type { Allocation } from './buffers.ts';
import type { DeviceContext } from './context.ts';
import { scoped, validationError } from './faults.ts';
import { MAP_MODE_READ, STAGING } from './usage.ts';

/**
 * Copies elements from the device into `out`. The copy is submitted before this returns, so the
 * source may be written or released at once; every read has a staging buffer of its own, so reads
 * may overlap.
 */
export async function readBack(
  { device, pool, losses }: DeviceContext,
  who: string,
  source: { buffer: GPUBuffer; offset: number },
  dtype: DType,
  out: TypedArray,
): Promise<void> {
  const bytes = out.length * 4;
  const request = { label: 'cotangent readback', bytes, usage: STAGING };
  const map = (buffer: GPUBuffer): Promise<Error | null> =>
    buffer.mapAsync(MAP_MODE_READ, 0, bytes).then(
      () => null,
      (error: unknown) => error as Error,
    );
  const copyTo = (target: Allocation | null) =>
    scoped(device, !target, () => {
      const staging = target ?? pool.create(request);
      const encoder = device.createCommandEncoder({ label: request.label });
      encoder.copyBufferToBuffer(source.buffer, source.offset, staging.buffer, 0, bytes);
      device.queue.submit([encoder.finish()]);
      // new memory may be refused: then the error of mapping it is caught here, too
      return { staging, mapped: map(staging.buffer) };
    });
  let { value, caught } = copyTo(pool.take(request));
  try {
    let [errors, failure] = await losses.guard(Promise.all([caught, value.mapped]));
    if (errors.outOfMemory) {
      pool.discard(value.staging);
      ({ value, caught } = copyTo(((await pool.allocate([request])) as [Allocation])[0]));
      [errors, failure] = await losses.guard(Promise.all([caught, value.mapped]));
    }
    if (errors.validation) throw validationError(who, errors.validation);
    // a valid mapping fails only when the device goes away; its `lost` may tell a moment later
    if (failure)
      throw new DeviceLostError(
        `${who}: the GPU device was lost before the result was there; call again`,
        { cause: failure },
      );
    const { staging } = value;
    const raw = staging.buffer.getMappedRange(0, bytes);
    if (dtype === 'f32') out.set(new Float32Array(raw));
    else if (dtype === 'i32') out.set(new Int32Array(raw));
    else out.set(new Uint32Array(raw));
    staging.buffer.unmap();
    staging.release();
  } catch (error) {
    pool.discard(value.staging);
    throw error;
  }
}
