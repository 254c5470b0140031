import type { HostArray } from '../../util/array.ts';
import { FormatError } from '../../util/errors.ts';
import { elementTypes } from './elements.ts';
import type { Attribute, Graph, Node, ValueInfo } from './graph.ts';
import { ops } from './ops/index.ts';
import { Names, ordered } from './order.ts';
import type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  OpsetProto,
  TensorProto,
  ValueProto,
} from './proto.ts';
import { readTensor, type External } from './tensors.ts';
import { Unsupported } from './unsupported.ts';

/** The opsets of the default domain that are read. */
export const OLDEST_OPSET = 7;
export const NEWEST_OPSET = 26;

/** A file has at most so many nodes, those of its functions counted at each call. */
const MOST_NODES = 200_000;

/** What the nodes of one graph or function body share. */
interface Scope {
  readonly opset: number;
  /** inside a function: its attributes' values at this call */
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** functions being expanded, outermost first */
  readonly within: readonly string[];
  /** where we are, for errors: `onnx: ` */
  readonly where: string;
}

const text = new TextDecoder();

/**
 * The graph of a model, with every node's op found and functions of the model put in their place.
 *
 * @throws FormatError for what is no valid model, and one that lists all nodes that cannot be computed
 */
export function parseModel(model: ModelProto, external: External): Graph {
  if (!model.graph) throw new FormatError('onnx: the file has no graph; is it an ONNX model?');
  const parser = new Parser(model.functions, external);
  const scope: Scope = {
    opset: opsetOf(model.opsets),
    attributes: new Map(),
    within: [],
    where: 'onnx: ',
  };
  const graph = parser.graph(model.graph, scope, new Names());
  parser.unsupported.check();
  return graph;
}

function opsetOf(opsets: readonly OpsetProto[]): number {
  const version = opsets.find((o) => isDefault(o.domain))?.version ?? 0;
  if (version < OLDEST_OPSET || version > NEWEST_OPSET)
    throw new FormatError(
      `onnx: the model uses opset ${version}, ${OLDEST_OPSET} to ${NEWEST_OPSET} are read; convert it, or export it with another opset_version`,
    );
  return version;
}

const isDefault = (domain = ''): boolean => domain === '' || domain === 'ai.onnx';

const keyOf = (domain = '', name = '', overload = ''): string =>
  `${isDefault(domain) ? '' : domain}::${name}::${overload}`;

class Parser {
  readonly unsupported = new Unsupported();
  private readonly functions = new Map<string, FunctionProto>();
  private nodes = 0;

  constructor(
    functions: readonly FunctionProto[],
    private readonly external: External,
  ) {
    for (const f of functions) this.functions.set(keyOf(f.domain, f.name, f.overload), f);
  }

  /** @param outer what the surrounding graphs define */
  graph(proto: GraphProto, scope: Scope, outer: Names): Graph {
    const { where } = scope;
    if (proto.sparseInitializers.length > 0)
      throw new FormatError(`${where}sparse initializers cannot be read; store them dense`);
    const initializers = new Map<string, HostArray>();
    for (const tensor of proto.initializers) {
      const name = tensor.name ?? '';
      if (name === '' || initializers.has(name))
        throw new FormatError(
          `${where}two initializers are called ${JSON.stringify(name)}; each needs a name of its own`,
        );
      initializers.set(name, this.tensor(tensor, `${where}initializer ${JSON.stringify(name)}`));
    }
    const inputs = proto.inputs
      .map((value, i) => valueInfo(value, `${where}input ${i}`))
      .filter(({ name }) => !initializers.has(name));
    const outputs = proto.outputs.map((value, i) => valueInfo(value, `${where}output ${i}`));
    const defined = [...initializers.keys(), ...inputs.map((input) => input.name)];
    const wanted = outputs.map((output) => output.name);
    const nodes = this.body(proto.nodes, scope, defined, wanted, outer);
    return { name: proto.name ?? '', inputs, outputs, initializers, nodes };
  }

  /** The nodes of a graph or function, in an order in which they can be computed. */
  private body(
    protos: readonly NodeProto[],
    scope: Scope,
    defined: readonly string[],
    wanted: readonly string[],
    outer: Names,
  ): Node[] {
    const { where } = scope;
    const visible = new Names(outer);
    const define = (name: string, by: string): void => {
      if (!visible.define(name))
        throw new FormatError(`${where}${by} defines ${JSON.stringify(name)} a second time`);
    };
    defined.forEach((name) => define(name, 'the graph'));
    protos.forEach((node, i) =>
      node.outputs.forEach((name) => {
        if (name !== '') define(name, labelOf(node, i));
      }),
    );
    for (const name of wanted)
      if (!visible.has(name))
        throw new FormatError(`${where}no node computes the output ${JSON.stringify(name)}`);
    const nodes = protos.map((proto, i) => this.node(proto, i, scope, visible));
    return ordered(nodes, new Names(outer, defined), where);
  }

  private node(proto: NodeProto, i: number, scope: Scope, visible: Names): Node {
    if (++this.nodes > MOST_NODES)
      throw new FormatError(`${scope.where}the model has more than ${MOST_NODES} nodes`);
    const label = labelOf(proto, i);
    const inside: Scope = { ...scope, where: `${scope.where}${label}: ` };
    const type = proto.opType ?? '';
    const attributes = new Map<string, Attribute>();
    for (const attribute of proto.attributes) {
      const value = this.attribute(attribute, inside, visible);
      if (value) attributes.set(attribute.name ?? '', value);
    }
    const node = {
      label,
      type,
      inputs: proto.inputs,
      outputs: proto.outputs,
      attributes,
      opset: scope.opset,
    };
    const body = this.functions.get(keyOf(proto.domain, type, proto.overload));
    if (body) return { ...node, op: this.expanded(body, attributes, inside) };
    const found = isDefault(proto.domain) ? ops.get(type) : undefined;
    if (found) return { ...node, op: found };
    this.unsupported.add(nameOf(proto, i), proto.domain ?? '', type, scope.opset);
    return { ...node, op: { run: () => [] } };
  }

  /** The body of a function of the model, as a graph for one call of it. */
  private expanded(
    body: FunctionProto,
    given: ReadonlyMap<string, Attribute>,
    scope: Scope,
  ): Graph {
    const key = keyOf(body.domain, body.name, body.overload);
    if (scope.within.includes(key))
      throw new FormatError(`${scope.where}the function ${body.name} calls itself`);
    const attributes = new Map(given);
    for (const proto of body.defaults) {
      const name = proto.name ?? '';
      const value = attributes.has(name) ? undefined : this.attribute(proto, scope, new Names());
      if (value) attributes.set(name, value);
    }
    const inner: Scope = {
      opset: body.opsets.length > 0 ? opsetOf(body.opsets) : scope.opset,
      attributes,
      within: [...scope.within, key],
      where: scope.where,
    };
    const nodes = this.body(body.nodes, inner, body.inputs, body.outputs, new Names());
    const named = (name: string): ValueInfo => ({ name });
    return {
      name: body.name ?? '',
      inputs: body.inputs.map(named),
      outputs: body.outputs.map(named),
      initializers: new Map(),
      nodes,
    };
  }

  private tensor(proto: TensorProto, what: string): HostArray {
    return readTensor(proto, this.external, what);
  }

  /** `undefined` for a reference to an attribute that the call of the function leaves out. */
  private attribute(proto: AttributeProto, scope: Scope, visible: Names): Attribute | undefined {
    if (proto.reference) return scope.attributes.get(proto.reference);
    const what = `${scope.where}attribute ${JSON.stringify(proto.name ?? '')}`;
    switch (proto.type || guessedType(proto)) {
      case 1:
        return { kind: 'float', value: proto.f ?? 0 };
      case 2:
        return { kind: 'int', value: proto.i ?? 0 };
      case 3:
        return { kind: 'string', value: text.decode(proto.s) };
      case 4:
        if (!proto.t) throw new FormatError(`${what}: holds no tensor`);
        return { kind: 'tensor', value: this.tensor(proto.t, what) };
      case 5:
        if (!proto.g) throw new FormatError(`${what}: holds no graph`);
        return { kind: 'graph', value: this.graph(proto.g, scope, visible) };
      case 6:
        return { kind: 'floats', value: proto.floats };
      case 7:
        return { kind: 'ints', value: proto.ints };
      case 8:
        return { kind: 'strings', value: proto.strings.map((s) => text.decode(s)) };
      default:
        throw new FormatError(`${what}: is of a kind (${proto.type}) that no op here takes`);
    }
  }
}

/** The kind of an attribute of a file that does not say: by which field is set. */
function guessedType(proto: AttributeProto): number {
  if (proto.f !== undefined) return 1;
  if (proto.i !== undefined) return 2;
  if (proto.s !== undefined) return 3;
  if (proto.t !== undefined) return 4;
  if (proto.g !== undefined) return 5;
  if (proto.floats.length > 0) return 6;
  if (proto.strings.length > 0) return 8;
  return 7;
}

const nameOf = (proto: NodeProto, i: number): string =>
  `node ${proto.name ? JSON.stringify(proto.name) : i}`;

const labelOf = (proto: NodeProto, i: number): string =>
  `${nameOf(proto, i)} (${proto.opType ?? ''})`;

function valueInfo(proto: ValueProto, what: string): ValueInfo {
  const { name, type } = proto;
  if (name === undefined || name === '') throw new FormatError(`${what}: has no name`);
  const tensor = type?.tensor;
  if (!tensor) return { name };
  const dtype = elementTypes.get(tensor.elementType ?? 0)?.dtype;
  const shape = tensor.shape?.dims.map(({ value, parameter }) => {
    if (value === undefined) return parameter || '?';
    if (!Number.isSafeInteger(value) || value < 0)
      throw new FormatError(`${what} ${JSON.stringify(name)}: an axis has length ${value}`);
    return value;
  });
  return { name, ...(shape && { shape }), ...(dtype && { dtype }) };
}
