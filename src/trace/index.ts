export { Tensor } from '../ir/tensor.ts';
export * from './functions/index.ts';
export type { TensorMethods } from './methods.ts';
export { traceFunction, type TracedFunction } from './trace.ts';
