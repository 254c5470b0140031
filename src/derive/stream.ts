import type { Tensor } from '../ir/tensor.ts';
import { TraceError } from '../util/errors.ts';
import { callOnVariables, resolveArgnums } from './arguments.ts';
import { jacobianBlocks } from './jacobian.ts';
import { rowsAt } from './rows.ts';
import type { JacobianOptions, TensorFunction } from './types.ts';

/** What a Jacobian transform tells the runner, so that it can be computed in blocks of rows. */
export interface RowBlocks {
  /** elements of the output, and of the argument */
  size(args: readonly unknown[]): { readonly rows: number; readonly columns: readonly number[] };
  /** rows `offset .. offset + count - 1` of the Jacobian: `[count, ...x]` */
  block(args: readonly unknown[], offset: Tensor, count: number): Tensor;
  /** rows at a time that the user asked for */
  readonly chunk?: number;
}

const blocksOf = new WeakMap<object, RowBlocks>();

/** The row blocks of a function made by `jacobian`, `jacrev` or `jacfwd`. */
export function rowBlocksOf(f: object): RowBlocks | undefined {
  return blocksOf.get(f);
}

/** Remembers how the Jacobian `transformed` of `f` is computed in blocks. */
export function rememberRowBlocks(
  transformed: object,
  f: TensorFunction,
  options: JacobianOptions,
  who: string,
): void {
  const { argnums = 0, chunk, ...rest } = options;
  const open = (args: readonly unknown[]) => {
    const positions = resolveArgnums(argnums, args.length, who);
    const call = callOnVariables(f, args, positions, who, { hasAux: options.hasAux ?? false });
    const [x] = call.variables;
    const [y] = call.output.leaves;
    if (!x || !y || call.variables.length > 1 || call.output.leaves.length > 1)
      throw new TraceError(
        `stream: takes the Jacobian of one tensor by one tensor, got ${call.output.leaves.length} outputs and ${call.variables.length} arguments; stream each block by itself`,
      );
    return { call, x, y };
  };
  blocksOf.set(transformed, {
    ...(chunk !== undefined && { chunk }),
    size(args) {
      const { x, y } = open(args);
      return { rows: y.size, columns: x.shape };
    },
    block(args, offset, count) {
      const { call, x, y } = open(args);
      const rows = rowsAt(y, offset, count);
      const [[block]] = jacobianBlocks([rows], [x], { mode: rest.mode ?? 'auto' }, who) as [
        [Tensor],
      ];
      return call.bind([block])[0] as Tensor;
    },
  });
}
