import { Tensor } from '../../trace/index.ts';
import type { HostArray } from '../../util/array.ts';
import { FormatError } from '../../util/errors.ts';
import { formatShape, type Shape } from '../../util/shape.ts';
import type { Attribute, Graph, Node } from './graph.ts';
import { Sequence, type Value } from './op.ts';

/** Elements that are known while tracing, in row-major order. */
export interface Known {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** What surrounds the evaluation of a node. */
export interface Surroundings {
  /** the elements of a tensor that depends on nothing but constants, `undefined` for any other */
  known(x: Tensor): Float64Array | undefined;
  /** the file's value of an initializer, whatever `params` has in its place */
  initializer(name: string): Tensor | undefined;
  /** evaluates a graph inside the node, where the node's own scope is visible */
  run(graph: Graph, inputs: readonly Value[]): Value[];
  /** counts work that the file asked for. @throws FormatError when it is beyond all measure */
  spend(steps: number): void;
}

type Kind = Attribute['kind'];
type Maybe<T> = T | undefined;
type ValueOf<K extends Kind> = Extract<Attribute, { kind: K }>['value'];

/** One evaluation of one node: what its handler sees. */
export class Call {
  constructor(
    readonly node: Node,
    private readonly values: readonly Value[],
    private readonly around: Surroundings,
  ) {}

  /** Version of the ops of the default domain. */
  get opset(): number {
    return this.node.opset;
  }

  /** Number of outputs asked for. */
  get outputs(): number {
    return this.node.outputs.length;
  }

  /** Whether output `i` is used by name. */
  wants(i: number): boolean {
    return (this.node.outputs[i] ?? '') !== '';
  }

  // ---- inputs

  /** Number of inputs, those left out in the middle included. */
  get arity(): number {
    return this.values.length;
  }

  has(i: number): boolean {
    return this.values[i] !== undefined;
  }

  /** Input `i`. @throws FormatError when it is missing, or a sequence */
  input(i: number): Tensor {
    const value = this.values[i];
    if (value instanceof Tensor) return value;
    return this.fail(
      value === undefined ? `input ${i} is missing` : `input ${i} is a sequence, not a tensor`,
    );
  }

  /** Input `i`, if it is there. */
  optional(i: number): Tensor | undefined {
    return this.values[i] === undefined ? undefined : this.input(i);
  }

  /** All inputs, at least one. */
  all(): Tensor[] {
    if (this.values.length === 0) this.fail('has no inputs');
    return this.values.map((_, i) => this.input(i));
  }

  value(i: number): Value {
    return this.values[i];
  }

  /** Input `i`, which is a sequence. */
  sequence(i: number): readonly Tensor[] {
    const value = this.values[i];
    if (value instanceof Sequence) return value.items;
    return this.fail(`input ${i} is not a sequence`);
  }

  // ---- inputs whose elements the handler has to know

  /** The elements of input `i` if they are known while tracing. */
  known(i: number): Known | undefined {
    if (this.values[i] === undefined) return undefined;
    return this.knownOf(this.input(i), this.node.inputs[i]);
  }

  /** The elements of `x`, if they are known while tracing. */
  knownOf(x: Tensor, name?: string): Known | undefined {
    const data = this.around.known(x);
    if (data) return { shape: x.shape, data };
    const inFile = name === undefined ? undefined : this.around.initializer(name);
    const instead = inFile && this.around.known(inFile);
    return instead && { shape: inFile.shape, data: instead };
  }

  /** The elements of input `i`. @throws FormatError when they depend on the model's inputs */
  constant(i: number): Known {
    return (
      this.known(i) ??
      this.fail(
        this.has(i)
          ? `input ${i} depends on the values of the model's inputs; it has to be constant here`
          : `input ${i} is missing`,
      )
    );
  }

  /** Input `i` as a list of whole numbers known while tracing; `undefined` when it is left out. */
  knownInts(i: number): number[] | undefined {
    if (!this.has(i)) return undefined;
    const { shape, data } = this.constant(i);
    if (shape.length > 1)
      this.fail(`input ${i} is a list of numbers, got shape ${formatShape(shape)}`);
    return Array.from(data);
  }

  /** Input `i` as one number known while tracing; `undefined` when it is left out. */
  knownNumber(i: number): number | undefined {
    if (!this.has(i)) return undefined;
    const { shape, data } = this.constant(i);
    if (data.length !== 1) this.fail(`input ${i} is one number, got shape ${formatShape(shape)}`);
    return data[0];
  }

  // ---- attributes

  hasAttribute(name: string): boolean {
    return this.node.attributes.has(name);
  }

  int(name: string): number | undefined;
  int(name: string, otherwise: number): number;
  int(name: string, otherwise?: number): number | undefined {
    return this.attribute(name, 'int') ?? otherwise;
  }

  /** A 0 or 1. */
  flag(name: string, otherwise = false): boolean {
    const value = this.attribute(name, 'int');
    return value === undefined ? otherwise : value !== 0;
  }

  float(name: string): number | undefined;
  float(name: string, otherwise: number): number;
  float(name: string, otherwise?: number): number | undefined {
    return this.attribute(name, 'float') ?? otherwise;
  }

  string(name: string): string | undefined;
  string(name: string, otherwise: string): string;
  string(name: string, otherwise?: string): string | undefined {
    return this.attribute(name, 'string') ?? otherwise;
  }

  ints(name: string): readonly number[] | undefined {
    return this.attribute(name, 'ints');
  }

  floats(name: string): readonly number[] | undefined {
    return this.attribute(name, 'floats');
  }

  strings(name: string): readonly string[] | undefined {
    return this.attribute(name, 'strings');
  }

  tensor(name: string): HostArray | undefined {
    return this.attribute(name, 'tensor');
  }

  /** @throws FormatError when there is no such graph */
  graph(name: string): Graph {
    return this.attribute(name, 'graph') ?? this.fail(`has no attribute ${name}`);
  }

  /** One of the choices, the first unless the node says something else. */
  choice<const C extends string>(name: string, first: C, ...others: C[]): C {
    const value = this.string(name, first);
    const found = [first, ...others].find((choice) => choice === value);
    return (
      found ??
      this.fail(
        `${name} is ${JSON.stringify(value)}, expected one of ${[first, ...others].join(', ')}`,
      )
    );
  }

  private attribute<K extends Kind>(name: string, kind: K): Maybe<ValueOf<K>> {
    const found = this.node.attributes.get(name);
    if (found === undefined) return undefined;
    if (found.kind !== kind) this.fail(`attribute ${name} is of kind ${found.kind}, not ${kind}`);
    return found.value as Maybe<ValueOf<K>>;
  }

  // ---- the rest

  /** Evaluates a graph that the node holds. */
  run(graph: Graph, inputs: readonly Value[]): Value[] {
    return this.around.run(graph, inputs);
  }

  /** Counts work that the file asked for, in nodes. */
  spend(steps: number): void {
    this.around.spend(steps);
  }

  /** `axis` counted from the front. @throws FormatError when `rank` axes have no such one */
  axis(axis: number, rank: number): number {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
      this.fail(`axis ${axis} is out of range for ${rank} axes`);
    return axis < 0 ? axis + rank : axis;
  }

  /** @throws FormatError that names the node */
  fail(message: string): never {
    throw new FormatError(message);
  }
}
