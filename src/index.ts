/** Cotangent: Jacobians on WebGPU. The public surface, re-exports only. */
export { compile, createEngine, type Engine } from './engine.ts';
export type { Compiled, CompileOptions, Plan, Results, Spec, Value, Values } from './compiled.ts';
export type { RowBlock } from './stream.ts';
export { requiredLimits } from './required-limits.ts';
export type { ExplainedKernel, ExplainedNode, Explanation } from './explain.ts';
export type { EngineOptions, EngineStats, MemoryUse } from './run/engine.ts';
export type { AdapterFacts } from './run/device.ts';
export type { EncodeArguments } from './run/executable.ts';
export type { Profile } from './run/profile.ts';
export type { Tuned, TunedWay } from './autotune.ts';
export type { Tiling } from './lower/tiling.ts';
export { DeviceArray } from './run/deviceArray.ts';
export { array, HostArray, type ArrayData, type Nested } from './util/array.ts';
export type { DType, TypedArray } from './util/dtype.ts';
export type { Shape } from './util/shape.ts';
export * from './util/errors.ts';

export { evaluate, type Evaluated, type Float64Result } from './evaluate.ts';
export { checkJacobian, type CheckOptions, type JacobianCheck } from './check-jacobian.ts';

export { divergence, jacobian, laplacian } from './derive/overloads.ts';
export {
  grad,
  hessian,
  jacfwd,
  jacrev,
  valueAndGrad,
  valueAndJacobian,
} from './derive/transforms.ts';
export { hvp, jvp, linearize, vjp, vjpWithAux } from './derive/products.ts';
export { vmap, type MapAxes, type VmapOptions } from './derive/vmap.ts';
export { gradient, jacobianDiagonal } from './derive/operators.ts';
export { batchJacobian } from './derive/batch.ts';
export { finiteDifferenceJacobian, type DifferenceOptions } from './derive/differences.ts';
export { checkpoint, customJvp, customVjp, type ReverseRule } from './derive/custom.ts';
export type {
  Chosen,
  JacobianOptions,
  JacobianTree,
  TensorTree,
  TransformOptions,
} from './derive/types.ts';
export type { Argnums } from './derive/arguments.ts';
export type { Decision, Segment } from './derive/decisions.ts';
export type { Direction, Role } from './ir/role.ts';
export type { AccumulationOptions, Mode } from './derive/jacobian.ts';

export * from './trace/functions/index.ts';
export { Tensor } from './ir/tensor.ts';
export type { TensorMethods } from './trace/methods.ts';
export type { TensorLike } from './ops/operand.ts';
