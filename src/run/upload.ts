import type { DType, TypedArray } from '../util/dtype.ts';

/** Writes host elements to a buffer, bool widened to one `u32` each. Ordered like a submission. */
export function write(
  device: GPUDevice,
  buffer: GPUBuffer,
  offset: number,
  data: TypedArray,
  dtype: DType,
): void {
  if (data.length === 0) return;
  const words = dtype === 'bool' ? Uint32Array.from(data, (v) => (v ? 1 : 0)) : data;
  device.queue.writeBuffer(buffer, offset, words as TypedArray & ArrayBufferView<ArrayBuffer>);
}
