import type { Tensor } from '../../trace/index.ts';
import type { Call } from './call.ts';

/** A list of tensors as one value of a graph (ONNX's sequence). */
export class Sequence {
  constructor(readonly items: readonly Tensor[]) {}
}

/** What a name in a graph stands for; `undefined`: an optional value that is not there. */
export type Value = Tensor | Sequence | undefined;

/** What there is to say about a handler beside what it computes. */
export interface OpNotes {
  /** first opset that has the op, if that is after 7 */
  readonly since?: number;
  /** last opset that has it, if it was withdrawn */
  readonly until?: number;
  /** false: its result is integer or piecewise constant, so every derivative of it is 0 */
  readonly derivative?: false;
  /** what of the op is not there */
  readonly limits?: string;
}

/** How a node of one type is computed: its outputs, of which trailing ones may be missing. */
export interface Op extends OpNotes {
  readonly run: (n: Call) => Value | readonly Value[];
}

/** A handler. Exported under the name that the op has in ONNX. */
export const op = (run: Op['run'], notes: OpNotes = {}): Op => ({ ...notes, run });

/** Ops of one argument. */
export const unary = (f: (x: Tensor) => Tensor, notes?: OpNotes): Op =>
  op((n) => f(n.input(0)), notes);

/** Ops of two arguments. */
export const binary = (f: (a: Tensor, b: Tensor) => Tensor, notes?: OpNotes): Op =>
  op((n) => f(n.input(0), n.input(1)), notes);
