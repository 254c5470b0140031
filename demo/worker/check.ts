import { array, evaluate } from '../../src/index.ts';
import { functionOf } from '../playground/language/compile.ts';
import { ExpressionError } from '../playground/language/error.ts';

/** What is wrong with a text, and where. */
export interface Problem {
  readonly message: string;
  readonly from: number;
  readonly to: number;
}

/** What is wrong with a formula of a vector of so many entries; null where nothing is. */
export function checkSource(source: string, inputs: number): Problem | null {
  try {
    const { shape } = evaluate(functionOf(source), array(new Float32Array(inputs).fill(0.5)));
    const size = shape.reduce((a, b) => a * b, 1);
    if (size > 1024)
      return { message: `${size} results are too many here`, from: 0, to: source.length };
    return null;
  } catch (e) {
    if (e instanceof ExpressionError) return { message: e.message, from: e.from, to: e.to };
    return { message: e instanceof Error ? e.message : String(e), from: 0, to: source.length };
  }
}
