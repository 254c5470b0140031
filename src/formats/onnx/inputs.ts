import { cast, Tensor, type TensorLike } from '../../trace/index.ts';
import { constant, full } from '../../trace/primitives.ts';
import { ArrayValue, hostArray, type HostArray, type Nested } from '../../util/array.ts';
import { DTypeError, ShapeError, TraceError } from '../../util/errors.ts';
import { formatShape, sameShape } from '../../util/shape.ts';
import type { ValueInfo } from './graph.ts';
import type { TensorsByName } from './load.ts';

const isByName = (x: unknown): x is TensorsByName =>
  typeof x === 'object' &&
  x !== null &&
  !(x instanceof Tensor) &&
  !(x instanceof ArrayValue) &&
  !Array.isArray(x);

const quoted = (names: Iterable<string>): string =>
  [...names].map((n) => JSON.stringify(n)).join(', ');

/**
 * What a model is called with, in the order of its inputs, checked against what it takes.
 *
 * @throws TraceError for names that are not there, ShapeError and DTypeError for other tensors
 */
export function givenInputs(
  inputs: readonly ValueInfo[],
  given: TensorLike | TensorsByName,
): Tensor[] {
  const names = quoted(inputs.map((input) => input.name));
  if (!isByName(given) && inputs.length !== 1)
    throw new TraceError(
      `onnx: the model takes ${inputs.length} inputs (${names}); pass an object with a tensor for each name`,
    );
  const byName = isByName(given) ? given : { [(inputs[0] as ValueInfo).name]: given };
  for (const name of Object.keys(byName))
    if (!inputs.some((input) => input.name === name))
      throw new TraceError(
        `onnx: the model has no input ${JSON.stringify(name)}; its inputs are ${names}`,
      );
  const lengths = new Map<string, { length: number; input: string }>();
  return inputs.map((input) => {
    if (!Object.hasOwn(byName, input.name) || byName[input.name] === undefined)
      throw new TraceError(
        `onnx: there is no value for the input ${JSON.stringify(input.name)}; the model takes ${names}`,
      );
    const x = ofType(byName[input.name] as TensorLike, input);
    checkShape(x, input, lengths);
    return x;
  });
}

function toTensor(value: TensorLike, who: string): Tensor {
  if (value instanceof Tensor) return value;
  if (value instanceof ArrayValue) return constant(value);
  if (typeof value === 'number') return full([], value);
  return constant(hostArray(value, undefined, undefined, who));
}

/** A value as a tensor of the type that an input has. */
function ofType(value: TensorLike, { name, dtype }: ValueInfo): Tensor {
  const who = `onnx: input ${JSON.stringify(name)}`;
  if (Array.isArray(value) && dtype !== undefined)
    return constant(hostArray(value as Nested, undefined, dtype, who));
  const x = toTensor(value, who);
  if (dtype === undefined || x.dtype === dtype) return x;
  if (x.dtype === 'f32')
    throw new DTypeError(
      `${who}: is ${dtype}, got ${x.toString()}; pass array(data, shape, '${dtype}')`,
    );
  return cast(x, dtype);
}

function checkShape(
  x: Tensor,
  { name, shape }: ValueInfo,
  lengths: Map<string, { length: number; input: string }>,
): void {
  if (!shape) return;
  const wanted = `[${shape.join(', ')}]`;
  const who = `onnx: input ${JSON.stringify(name)} has shape ${wanted}, got ${formatShape(x.shape)}`;
  if (x.rank !== shape.length)
    throw new ShapeError(
      x.rank === shape.length - 1
        ? `${who}; add the missing axis: x.expandDims(0)`
        : `${who}; reshape it`,
    );
  shape.forEach((d, i) => {
    const length = x.shape[i] as number;
    if (typeof d === 'number') {
      if (d !== length) throw new ShapeError(`${who}; axis ${i} has to be ${d}`);
      return;
    }
    if (d === '?') return;
    const before = lengths.get(d);
    if (before === undefined) lengths.set(d, { length, input: name });
    else if (before.length !== length)
      throw new ShapeError(
        `${who}; ${d} is ${before.length} in the input ${JSON.stringify(before.input)}, pass the same here`,
      );
  });
}

/**
 * Parameters that take the place of those in the file.
 *
 * @throws TraceError for a name that is no parameter, ShapeError for another shape
 */
export function givenParams(
  params: Readonly<Record<string, HostArray>>,
  given: TensorsByName,
): ReadonlyMap<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [name, value] of Object.entries(given)) {
    const own = params[name];
    if (!own)
      throw new TraceError(
        `onnx: the model has no parameter ${JSON.stringify(name)}; it has ${quoted(Object.keys(params))}`,
      );
    const x = cast(toTensor(value, `onnx: parameter ${JSON.stringify(name)}`), 'f32');
    if (!sameShape(x.shape, own.shape))
      throw new ShapeError(
        `onnx: the parameter ${JSON.stringify(name)} has shape ${formatShape(own.shape)}, got ${formatShape(x.shape)}; reshape it`,
      );
    tensors.set(name, x);
  }
  return tensors;
}
