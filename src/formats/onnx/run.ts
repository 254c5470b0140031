import { Tensor } from '../../trace/index.ts';
import { constant, full } from '../../trace/primitives.ts';
import type { HostArray } from '../../util/array.ts';
import { FormatError } from '../../util/errors.ts';
import { formatShape } from '../../util/shape.ts';
import { Call, type Surroundings } from './call.ts';
import { isGraph, type Graph, type Node } from './graph.ts';
import type { Value } from './op.ts';

/** Reads the elements of a tensor that depends on nothing but constants. */
export type KnownElements = (x: Tensor) => Float64Array | undefined;

/** Evaluating a model once makes at most so many nodes, those of unrolled loops counted each time. */
const MOST_STEPS = 50_000;

/** Tensors have at most so many axes. */
const MOST_AXES = 32;

/** A constant of the file, as a tensor: a uniform one needs no buffer. */
export function constantTensor(array: HostArray): Tensor {
  const first = array.data[0];
  if (first !== undefined && array.data.every((v) => Object.is(v, first)))
    return full(array.shape, first, array.dtype);
  return constant(array);
}

/** One evaluation of a model: its nodes one after another, on tensors. */
export class Run {
  private steps = 0;
  /** names of the innermost graph being evaluated, and of those around it */
  private scope: Env | undefined;

  constructor(
    private readonly model: Graph,
    private readonly known: KnownElements,
  ) {}

  /**
   * Outputs of the model's graph, of functions and of graphs that nodes hold alike.
   *
   * @param given values by name that take the place of the graph's own initializers
   */
  graph(graph: Graph, inputs: readonly Value[], given?: ReadonlyMap<string, Tensor>): Value[] {
    const outer = this.scope;
    const env = new Env(outer);
    for (const [name, array] of graph.initializers)
      env.set(name, given?.get(name) ?? initializerTensor(graph === this.model, array));
    graph.inputs.forEach(({ name }, i) => env.set(name, inputs[i]));
    this.scope = env;
    try {
      for (const node of graph.nodes) this.node(node, env);
    } finally {
      this.scope = outer;
    }
    return graph.outputs.map(({ name }) => env.get(name));
  }

  private node(node: Node, env: Env): void {
    try {
      this.spend(1);
      const inputs = node.inputs.map((name) => (name === '' ? undefined : env.get(name)));
      while (inputs.length > 0 && inputs[inputs.length - 1] === undefined) inputs.pop();
      const result = isGraph(node.op)
        ? this.inFunction(node.op, inputs)
        : node.op.run(new Call(node, inputs, this.surroundings));
      const outputs: readonly Value[] = Array.isArray(result) ? result : [result as Value];
      node.outputs.forEach((name, i) => {
        if (name !== '') env.set(name, checked(outputs[i]));
      });
    } catch (error) {
      if (error instanceof NodeError) throw error;
      throw new NodeError(node.label, error);
    }
  }

  /** A function sees only what it is given. */
  private inFunction(body: Graph, inputs: readonly Value[]): Value[] {
    const scope = this.scope;
    this.scope = undefined;
    try {
      return this.graph(body, inputs);
    } finally {
      this.scope = scope;
    }
  }

  private spend(steps: number): void {
    this.steps += steps;
    if (!(this.steps <= MOST_STEPS))
      throw new FormatError(
        `takes more than ${MOST_STEPS} steps with the loops of the model unrolled`,
      );
  }

  private readonly surroundings: Surroundings = {
    known: (x) => this.known(x),
    initializer: (name) => {
      const array = this.model.initializers.get(name);
      return array && constantTensor(array);
    },
    run: (graph, inputs) => this.graph(graph, inputs),
    spend: (steps) => this.spend(steps),
  };
}

/** Parameters stay one node each, so that they can be told apart; other constants may simplify. */
function initializerTensor(isParameter: boolean, array: HostArray): Tensor {
  return isParameter && array.dtype === 'f32' ? constant(array) : constantTensor(array);
}

function checked(value: Value): Value {
  if (value instanceof Tensor && value.rank > MOST_AXES)
    throw new FormatError(`gives ${value.rank} axes, ${MOST_AXES} are the most`);
  if (value instanceof Tensor && !Number.isSafeInteger(value.size))
    throw new FormatError(`gives an impossible shape ${formatShape(value.shape)}`);
  return value;
}

/** An error in a node of a file: who, and what the tensor functions said. */
class NodeError extends FormatError {
  constructor(label: string, cause: unknown) {
    const message = cause instanceof Error ? cause.message : String(cause);
    super(`onnx: ${label.slice(0, 1000)}: ${message.slice(0, 5000)}`, { cause });
  }
}

/** Values by name, behind them those of the graphs around. */
class Env {
  private readonly values = new Map<string, Value>();

  constructor(private readonly outer?: Env) {}

  set(name: string, value: Value): void {
    this.values.set(name, value);
  }

  get(name: string): Value {
    if (this.values.has(name)) return this.values.get(name);
    return this.outer?.get(name);
  }
}
