import type { SyntaxNode } from '@lezer/common';
import { parser } from '@lezer/python';
import { ExpressionError } from './error.ts';

/** A node of the syntax tree, without comments and punctuation that carries no meaning. */
export interface Syntax {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly children: readonly Syntax[];
}

const LONGEST = 4000;
const DEEPEST = 60;

/**
 * Parses Python's notation of formulas: assignments, then an expression.
 *
 * @throws ExpressionError that points at the first character that cannot be read
 */
export function parse(source: string): Syntax {
  if (source.length > LONGEST)
    throw new ExpressionError(`the text is longer than ${LONGEST} characters`, LONGEST, LONGEST);
  return convert(parser.parse(source).topNode, source, 0);
}

function convert(node: SyntaxNode, source: string, depth: number): Syntax {
  if (depth > DEEPEST) throw new ExpressionError('this is nested too deeply', node.from, node.to);
  const children: Syntax[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (child.type.isError) throw unreadable(child, source);
    if (child.name !== 'Comment') children.push(convert(child, source, depth + 1));
  }
  const { name, from, to } = node;
  return { name, from, to, text: source.slice(from, to), children };
}

function unreadable({ from, to }: SyntaxNode, source: string): ExpressionError {
  const at = /^\s*/.exec(source.slice(from));
  const start = from + (at?.[0].length ?? 0);
  const found = source[start];
  if (to > from)
    return new ExpressionError(`cannot read ${JSON.stringify(source.slice(from, to))}`, from, to);
  return found === undefined
    ? new ExpressionError('the text ends here, but something is missing', from, from)
    : new ExpressionError(`something is missing before ${JSON.stringify(found)}`, start, start + 1);
}
