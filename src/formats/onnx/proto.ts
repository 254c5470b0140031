import { decodeMessage, type Schema } from './wire.ts';

// The messages of onnx.proto that an importer needs, field numbers as there. Integers are numbers: 64-bit
// ones beyond 2^53 lose their last digits, which only ever mean "as far as it goes".

export interface ModelProto {
  readonly irVersion?: number;
  readonly producer?: string;
  readonly graph?: GraphProto;
  readonly opsets: readonly OpsetProto[];
  readonly functions: readonly FunctionProto[];
}

export interface OpsetProto {
  readonly domain?: string;
  readonly version?: number;
}

export interface GraphProto {
  readonly nodes: readonly NodeProto[];
  readonly name?: string;
  readonly initializers: readonly TensorProto[];
  readonly sparseInitializers: readonly SparseProto[];
  readonly inputs: readonly ValueProto[];
  readonly outputs: readonly ValueProto[];
}

export interface FunctionProto {
  readonly name?: string;
  readonly domain?: string;
  readonly overload?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly string[];
  readonly defaults: readonly AttributeProto[];
  readonly nodes: readonly NodeProto[];
  readonly opsets: readonly OpsetProto[];
}

export interface NodeProto {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name?: string;
  readonly opType?: string;
  readonly domain?: string;
  readonly overload?: string;
  readonly attributes: readonly AttributeProto[];
}

export interface AttributeProto {
  readonly name?: string;
  /** of the function around it, the attribute whose value this has */
  readonly reference?: string;
  /** which of the following is set; files before 2017 lack it */
  readonly type?: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly t?: TensorProto;
  readonly g?: GraphProto;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
  readonly strings: readonly Uint8Array[];
}

export interface TensorProto {
  readonly dims: readonly number[];
  readonly dataType?: number;
  readonly name?: string;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly int64Data: readonly number[];
  readonly doubleData: readonly number[];
  readonly uint64Data: readonly number[];
  readonly stringData: readonly Uint8Array[];
  readonly rawData?: Uint8Array;
  readonly external: readonly { readonly key?: string; readonly value?: string }[];
  /** 1: the elements are in another file */
  readonly location?: number;
}

export interface SparseProto {
  readonly values?: TensorProto;
}

export interface ValueProto {
  readonly name?: string;
  readonly type?: TypeProto;
}

export interface TypeProto {
  readonly tensor?: { readonly elementType?: number; readonly shape?: ShapeProto };
  readonly sequence?: unknown;
  readonly map?: unknown;
  readonly optional?: unknown;
  readonly sparse?: unknown;
}

export interface ShapeProto {
  readonly dims: readonly { readonly value?: number; readonly parameter?: string }[];
}

const opset: Schema = { domain: [1, 'string'], version: [2, 'int'] };

const entry: Schema = { key: [1, 'string'], value: [2, 'string'] };

const tensor: Schema = {
  dims: [1, 'int', 'many'],
  dataType: [2, 'int'],
  floatData: [4, 'float', 'many'],
  int32Data: [5, 'int', 'many'],
  stringData: [6, 'bytes', 'many'],
  int64Data: [7, 'int', 'many'],
  name: [8, 'string'],
  rawData: [9, 'bytes'],
  doubleData: [10, 'double', 'many'],
  uint64Data: [11, 'int', 'many'],
  external: [13, () => entry, 'many'],
  location: [14, 'int'],
};

const sparse: Schema = { values: [1, () => tensor] };

const dimension: Schema = { value: [1, 'int'], parameter: [2, 'string'] };

const shape: Schema = { dims: [1, () => dimension, 'many'] };

const tensorType: Schema = { elementType: [1, 'int'], shape: [2, () => shape] };

const anything: Schema = {};

const type: Schema = {
  tensor: [1, () => tensorType],
  sequence: [4, () => anything],
  map: [5, () => anything],
  sparse: [8, () => anything],
  optional: [9, () => anything],
};

const value: Schema = { name: [1, 'string'], type: [2, () => type] };

const attribute: Schema = {
  name: [1, 'string'],
  f: [2, 'float'],
  i: [3, 'int'],
  s: [4, 'bytes'],
  t: [5, () => tensor],
  g: [6, () => graph],
  floats: [7, 'float', 'many'],
  ints: [8, 'int', 'many'],
  strings: [9, 'bytes', 'many'],
  type: [20, 'int'],
  reference: [21, 'string'],
};

const node: Schema = {
  inputs: [1, 'string', 'many'],
  outputs: [2, 'string', 'many'],
  name: [3, 'string'],
  opType: [4, 'string'],
  attributes: [5, () => attribute, 'many'],
  domain: [7, 'string'],
  overload: [8, 'string'],
};

const graph: Schema = {
  nodes: [1, () => node, 'many'],
  name: [2, 'string'],
  initializers: [5, () => tensor, 'many'],
  inputs: [11, () => value, 'many'],
  outputs: [12, () => value, 'many'],
  sparseInitializers: [15, () => sparse, 'many'],
};

const functionSchema: Schema = {
  name: [1, 'string'],
  inputs: [4, 'string', 'many'],
  outputs: [5, 'string', 'many'],
  attributes: [6, 'string', 'many'],
  nodes: [7, () => node, 'many'],
  opsets: [9, () => opset, 'many'],
  domain: [10, 'string'],
  defaults: [11, () => attribute, 'many'],
  overload: [13, 'string'],
};

/** The message that an `.onnx` file is, for readers and for the tests' writer. */
export const modelSchema: Schema = {
  irVersion: [1, 'int'],
  producer: [2, 'string'],
  graph: [7, () => graph],
  opsets: [8, () => opset, 'many'],
  functions: [25, () => functionSchema, 'many'],
};

/** @throws FormatError for bytes that are no ONNX model */
export function decodeModel(bytes: Uint8Array): ModelProto {
  return decodeMessage(bytes, modelSchema, 'onnx') as ModelProto;
}
