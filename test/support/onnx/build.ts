import { modelSchema } from '../../../src/formats/onnx/proto.ts';
import { encodeMessage } from './encode.ts';

/** Element types of the format that tests use. */
export type ElementName = 'float' | 'int64' | 'int32' | 'bool' | 'uint8';

const numberOf: Record<ElementName, number> = { float: 1, uint8: 2, int32: 6, int64: 7, bool: 9 };

/** An array of a test's model: its value, and how the model has it. */
export interface Operand {
  readonly type: ElementName;
  readonly shape: readonly number[];
  readonly data: readonly number[];
  /** stored in the file, not passed when the model is called */
  readonly stored?: true;
}

/** A node: op, inputs and outputs by name, attributes as plain values. */
export interface TestNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Attributes;
  readonly name?: string;
  readonly domain?: string;
}

/** A whole number is an int; a float is written `{ float: 1 }`. */
export type AttributeValue =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly tensor: Operand }
  | { readonly graph: TestGraph }
  | { readonly reference: string; readonly type: number };

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** What a value of a graph is declared as; without a type nothing is said. */
export interface Declared {
  readonly type?: ElementName;
  readonly shape?: readonly (number | string)[];
}

export interface TestGraph {
  readonly inputs?: Readonly<Record<string, Declared>>;
  readonly outputs: Readonly<Record<string, Declared>>;
  readonly stored?: Readonly<Record<string, Operand>>;
  readonly nodes: readonly TestNode[];
}

export interface TestFunction {
  readonly name: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: readonly string[];
  readonly nodes: readonly TestNode[];
}

export interface TestModel extends TestGraph {
  readonly opset: number;
  readonly functions?: readonly TestFunction[];
}

const latin = (text: string): Uint8Array => new TextEncoder().encode(text);

/** An array as the file has it: floats as raw bytes, the rest as lists. */
export function tensorProto(name: string, { type, shape, data }: Operand): object {
  const base = { name, dims: shape, dataType: numberOf[type] };
  if (type === 'float') return { ...base, rawData: new Uint8Array(Float32Array.from(data).buffer) };
  return type === 'int64' ? { ...base, int64Data: data } : { ...base, int32Data: data };
}

function attribute(name: string, value: AttributeValue): object {
  if (typeof value === 'number') return { name, type: 2, i: value };
  if (typeof value === 'string') return { name, type: 3, s: latin(value) };
  if (Array.isArray(value)) {
    const list = value as readonly (number | string)[];
    if (typeof list[0] === 'string')
      return { name, type: 8, strings: (list as string[]).map(latin) };
    return { name, type: 7, ints: list };
  }
  const one = value as Exclude<AttributeValue, number | string | readonly unknown[]>;
  if ('float' in one) return { name, type: 1, f: one.float };
  if ('floats' in one) return { name, type: 6, floats: one.floats };
  if ('tensor' in one) return { name, type: 4, t: tensorProto('', one.tensor) };
  if ('graph' in one) return { name, type: 5, g: graphProto(one.graph, name) };
  return { name, type: one.type, reference: one.reference };
}

function nodeProto({ op, attributes = {}, ...rest }: TestNode): object {
  const list = Object.entries(attributes).map(([name, value]) => attribute(name, value));
  return { ...rest, opType: op, attributes: list };
}

function valueProto(name: string, { type, shape }: Declared): object {
  if (!type) return { name };
  const dims = shape?.map((d) => (typeof d === 'number' ? { value: d } : { parameter: d }));
  const tensor = { elementType: numberOf[type], ...(dims && { shape: { dims } }) };
  return { name, type: { tensor } };
}

function graphProto({ inputs = {}, outputs, stored = {}, nodes }: TestGraph, name: string): object {
  return {
    name,
    nodes: nodes.map(nodeProto),
    initializers: Object.entries(stored).map(([key, value]) => tensorProto(key, value)),
    inputs: Object.entries(inputs).map(([key, value]) => valueProto(key, value)),
    outputs: Object.entries(outputs).map(([key, value]) => valueProto(key, value)),
  };
}

/** An ONNX file. */
export function buildModel({ opset, functions = [], ...graph }: TestModel): Uint8Array {
  // ir_version: the oldest that knows the opset, so that every reader takes the file
  const domains = [...new Set(functions.map((f) => f.domain))];
  const model = {
    irVersion: opset >= 21 ? 10 : opset >= 15 ? 8 : 7,
    producer: 'test',
    graph: graphProto(graph, 'main'),
    opsets: [{ version: opset }, ...domains.map((domain) => ({ domain, version: 1 }))],
    functions: functions.map(({ nodes, ...rest }) => ({
      ...rest,
      nodes: nodes.map(nodeProto),
      opsets: [{ version: opset }, ...domains.map((domain) => ({ domain, version: 1 }))],
    })),
  };
  return encodeMessage(model, modelSchema);
}
