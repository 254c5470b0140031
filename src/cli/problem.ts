import { array, batchJacobian, valueAndJacobian } from '../node.ts';
import type { HostArray, Tensor } from '../node.ts';
import { readInput } from './input.ts';
import type { Model } from './model.ts';
import { UsageError } from './usage.ts';

/** What is differentiated by what, at which point. */
export interface Problem {
  /** `[value, Jacobian]` of the point */
  readonly f: (at: Tensor) => [Tensor, Tensor];
  readonly at: HostArray;
  /** the parameter's name; undefined if the point is an input */
  readonly parameter: string | undefined;
  /** name, and shape without the batch, of what is differentiated by */
  readonly name: string;
  readonly shape: readonly number[];
  /** several samples, each with a Jacobian of its own */
  readonly perSample: boolean;
}

export interface Question {
  /** `file`, or `name=file` */
  readonly input: readonly string[];
  readonly wrt?: string;
  readonly of?: string;
  readonly batch?: true;
  readonly mode: 'auto' | 'reverse' | 'forward';
}

/**
 * The Jacobian that a command line asks for.
 *
 * @throws UsageError for names that are not there, and inputs that do not fit
 */
export async function problemOf(model: Model, q: Question): Promise<Problem> {
  const inputs: Record<string, HostArray> = {};
  let isSample = false;
  for (const [name, path] of filesOf(model, q.input)) {
    const info = model.inputs.find((i) => i.name === name);
    const read = await readInput(path, info as (typeof model.inputs)[number]);
    inputs[name] = read.value;
    isSample ||= read.isSample;
  }
  const output = q.of ?? model.outputs[0]?.name ?? '';
  if (!model.outputs.some((o) => o.name === output))
    throw new UsageError(
      `--of ${output}: there are ${model.outputs.map((o) => o.name).join(', ')}`,
    );
  const first = model.inputs[0]?.name ?? '';
  const wrt = q.wrt ?? first;
  const options = { mode: q.mode };
  const drop = (y: Tensor): Tensor => (isSample && y.shape[0] === 1 ? y.squeeze(0) : y);

  const input = inputs[wrt];
  if (input) {
    const f = (x: Tensor): Tensor => model.call({ ...inputs, [wrt]: x })[output] as Tensor;
    const point = { at: input, parameter: undefined, name: wrt };
    if (q.batch) {
      const J = batchJacobian(f, options);
      return {
        ...point,
        f: (x) => [f(x), J(x)],
        shape: input.shape.slice(1),
        perSample: true,
      };
    }
    if (!isSample)
      return { ...point, f: valueAndJacobian(f, options), shape: input.shape, perSample: false };
    const shape = input.shape.slice(1);
    const one = (x: Tensor): Tensor => drop(f(x.expandDims(0)));
    const at = array(input.data, shape, input.dtype);
    return { ...point, at, f: valueAndJacobian(one, options), shape, perSample: false };
  }
  const parameter = Object.hasOwn(model.params, wrt) ? model.params[wrt] : undefined;
  if (!parameter)
    throw new UsageError(
      `--wrt ${wrt}: there are ${[...model.inputs.map((i) => i.name), ...Object.keys(model.params)].join(', ')}`,
    );
  if (q.batch)
    throw new UsageError('--batch gives a Jacobian by the input of each sample; leave --wrt out');
  const f = (p: Tensor): Tensor => drop(model.call(inputs, { [wrt]: p })[output] as Tensor);
  return {
    f: valueAndJacobian(f, options),
    at: parameter,
    parameter: wrt,
    name: wrt,
    shape: parameter.shape,
    perSample: false,
  };
}

/** The file of each input. */
function filesOf(model: Model, given: readonly string[]): Map<string, string> {
  const names = model.inputs.map((i) => i.name);
  const files = new Map<string, string>();
  for (const text of given) {
    const at = text.indexOf('=');
    const named = at > 0 && names.includes(text.slice(0, at));
    if (!named && names.length !== 1)
      throw new UsageError(
        `--input ${text}: the model takes ${names.join(', ')}; name one: --input ${names[0]}=${text}`,
      );
    files.set(named ? text.slice(0, at) : (names[0] as string), named ? text.slice(at + 1) : text);
  }
  const missing = names.filter((name) => !files.has(name));
  if (missing.length > 0)
    throw new UsageError(
      `--input: there is none for ${missing.join(', ')}; pass ${missing[0]}=file`,
    );
  return files;
}
