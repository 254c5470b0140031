export { Tensor } from '../ir/tensor.ts';
export type { TensorLike } from '../ops/operand.ts';
export * from './functions/index.ts';
export type { TensorMethods } from './methods.ts';
export { traceFunction, type TracedFunction } from './trace.ts';
