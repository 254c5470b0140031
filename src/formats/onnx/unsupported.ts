import { FormatError } from '../../util/errors.ts';
import { reasons } from './ops/reasons.ts';

/** Nodes that cannot be computed, gathered over a whole model and reported at once. */
export class Unsupported {
  /** one line for each op: the nodes that use it */
  private readonly nodes = new Map<string, string[]>();

  add(name: string, domain: string, type: string, opset: number): void {
    const op = domain === '' || domain === 'ai.onnx' ? type : `${domain}.${type}`;
    const reason = domain === '' ? reasons[type] : undefined;
    const line = `${op} (opset ${opset}${reason ? `; ${reason}` : ''})`;
    const list = this.nodes.get(line) ?? [];
    list.push(name);
    this.nodes.set(line, list);
  }

  /** @throws FormatError that lists every op there is no handler for */
  check(): void {
    if (this.nodes.size === 0) return;
    const lines = [...this.nodes].map(([op, names]) => {
      const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
      return `  ${op}: ${names.slice(0, 5).join(', ')}${more}`;
    });
    throw new FormatError(
      `onnx: the model has ${this.nodes.size === 1 ? 'an op that is' : `${this.nodes.size} ops that are`} not supported; docs/onnx.md lists those that are\n${lines.join('\n')}`,
    );
  }
}
