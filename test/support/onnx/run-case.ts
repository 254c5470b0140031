import { expect } from 'vitest';
import { array, checkJacobian, evaluate, type HostArray, type Tensor } from '../../../src/index.ts';
import { loadOnnx, type OnnxModel } from '../../../src/onnx.ts';
import { buildModel, type Operand } from './build.ts';
import type { OpCase } from './case.ts';
import { runInRuntime } from './runtime.ts';

type Arrays = Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }>;
type Outputs = Record<string, Tensor>;

/** The model of one node, and what it is called with. */
function modelOf(c: OpCase): {
  bytes: Uint8Array;
  given: Record<string, Operand>;
  names: string[];
} {
  const operands = new Map<string, Operand>();
  const inputs = c.inputs.map((operand, i) => {
    if (operand) operands.set(`x${i}`, operand);
    return operand ? `x${i}` : '';
  });
  const asked =
    typeof c.outputs === 'number' ? new Array<boolean>(c.outputs).fill(true) : c.outputs;
  const outputs = asked.map((wanted, i) => (wanted ? `y${i}` : ''));
  const names = outputs.filter((name) => name !== '');
  const of = (stored: boolean) =>
    Object.fromEntries([...operands].filter(([, o]) => (o.stored ?? false) === stored));
  const given = of(false);
  const bytes = buildModel({
    opset: c.opset,
    inputs: Object.fromEntries(
      Object.entries(given).map(([name, { type, shape }]) => [name, { type, shape }]),
    ),
    outputs: Object.fromEntries(names.map((name) => [name, {}])),
    stored: of(true),
    nodes: [{ op: c.op, inputs, outputs, attributes: c.attributes }],
  });
  return { bytes, given, names };
}

export function hostArray({ type, shape, data }: Operand): HostArray {
  const dtype = type === 'float' ? 'f32' : type === 'bool' ? 'bool' : 'i32';
  return array(Float64Array.from(data), shape, dtype);
}

const named = (model: OnnxModel<unknown>, y: unknown): Outputs =>
  model.outputs.length === 1 ? { [model.outputs[0]?.name ?? '']: y as Tensor } : (y as Outputs);

/** Compares the value of a case with ONNX Runtime's. */
export async function checkValue(c: OpCase): Promise<void> {
  const { bytes, given } = modelOf(c);
  const model = await loadOnnx<unknown>(bytes);
  const got = evaluate(
    (x: Record<string, Tensor>) => named(model, model.call(x)),
    Object.fromEntries(Object.entries(given).map(([name, o]) => [name, hostArray(o)])),
  ) as unknown as Arrays;
  if (c.alone) return;
  const want = await runInRuntime(bytes, given);
  for (const [name, { shape, data }] of Object.entries(want)) {
    const mine = got[name];
    expect(mine?.shape, `shape of ${name}`).toEqual(shape);
    const scale = data.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 1);
    data.forEach((v, i) => {
      const g = mine?.data[i] as number;
      const close = Object.is(g, v) || g === v || Math.abs(g - v) <= (c.tolerance ?? 1e-5) * scale;
      if (!close) expect.fail(`${name}[${i}] is ${g}, expected ${v}`);
    });
  }
}

/** Compares the derivatives of a case by all its float inputs with differences. */
export async function checkDerivative(c: OpCase): Promise<void> {
  const { bytes, given } = modelOf(c);
  const model = await loadOnnx<unknown>(bytes);
  const by: Record<string, HostArray> = {};
  const fixed: Record<string, HostArray> = {};
  for (const [name, o] of Object.entries(given))
    (o.type === 'float' ? by : fixed)[name] = hostArray(o);
  if (Object.keys(by).length === 0) return;
  const all = (x: Outputs, rest: Outputs): Outputs => named(model, model.call({ ...x, ...rest }));
  const types = evaluate(all, by, fixed) as unknown as Record<string, { dtype: string }>;
  const kept = Object.keys(types).filter((name) => types[name]?.dtype === 'f32');
  if (kept.length === 0) return;
  const f = (x: Outputs, rest: Outputs): Outputs => {
    const y = all(x, rest);
    return Object.fromEntries(kept.map((name) => [name, y[name] as Tensor]));
  };
  const { relativeError, maxAbsoluteError, ok } = checkJacobian(f, by, fixed, {
    options: true,
    step: c.step ?? 1e-5,
  });
  if (!ok)
    expect.fail(`the Jacobian is off by ${relativeError} of its norm, ${maxAbsoluteError} at most`);
}
