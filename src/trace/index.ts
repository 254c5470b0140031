export { Tensor } from '../ir/tensor.ts';
export type { TensorLike } from '../ops/operand.ts';
export * from './functions/index.ts';
