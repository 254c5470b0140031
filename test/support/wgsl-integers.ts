/** A WGSL integer: its type and its value. */
export interface Integer {
  readonly type: 'u32' | 'i32';
  readonly value: number;
}

type Names = Readonly<Record<string, Integer>>;
type Expression = (names: Names) => Integer;

const wrapped = (type: Integer['type'], value: number): Integer => ({
  type,
  value: type === 'u32' ? value >>> 0 : value | 0,
});

const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': Math.imul,
  '/': (a, b) => Math.trunc(a / b),
  '%': (a, b) => a % b,
  '>>': (a, b) => (a >= 0 ? Math.floor(a / 2 ** b) : a >> b),
  '&': (a, b) => a & b,
};

/**
 * A WGSL expression of integers: literals `5u` and `-5i`, names, + - * / % >> &, parentheses, `i32(...)` and
 * `u32(...)`, all modulo 2³² as WGSL has it.
 *
 * @throws Error for text outside this language, and (when evaluated) where two operands differ in type
 */
export function integerExpression(text: string): Expression {
  const tokens = text.match(/\d+[iu]|[A-Za-z_]\w*|[-+*/%&()]|>>|\S/g) ?? [];
  let next = 0;
  const fail = (what: string): never => {
    throw new Error(`${what} in ${text}`);
  };
  const binary = (left: Expression, sign: string, right: Expression): Expression => {
    const operator = operators[sign] as (a: number, b: number) => number;
    return (names) => {
      const [a, b] = [left(names), right(names)];
      if (a.type !== b.type) fail(`${a.type} ${sign} ${b.type}`);
      if ((sign === '/' || sign === '%') && b.value === 0) fail(`${sign} 0`);
      return wrapped(a.type, operator(a.value, b.value));
    };
  };
  const inParentheses = (): Expression => {
    const value = sum();
    if (tokens[next++] !== ')') fail('no ")"');
    return value;
  };
  const primary = (): Expression => {
    const token = tokens[next++] ?? fail('the end');
    if (token === '(') return inParentheses();
    if (token === '-') {
      const operand = primary();
      return (names) => {
        const { type, value } = operand(names);
        return type === 'i32' ? wrapped(type, -value) : fail('- of u32');
      };
    }
    if (token === 'i32' || token === 'u32') {
      next++; // "("
      const operand = inParentheses();
      return (names) => wrapped(token, operand(names).value);
    }
    if (/^\d/.test(token)) {
      const value = wrapped(token.endsWith('u') ? 'u32' : 'i32', Number(token.slice(0, -1)));
      return () => value;
    }
    return (names) => names[token] ?? fail(`unknown ${token}`);
  };
  const product = (): Expression => {
    let left = primary();
    // neither mixes with another operator
    if (tokens[next] === '>>' || tokens[next] === '&') {
      left = binary(left, tokens[next++] as string, primary());
      return [')', undefined].includes(tokens[next])
        ? left
        : fail(`${tokens[next]} after a shift or mask`);
    }
    while (['*', '/', '%'].includes(tokens[next] ?? ''))
      left = binary(left, tokens[next++] as string, primary());
    return left;
  };
  function sum(): Expression {
    let left = product();
    while (['+', '-'].includes(tokens[next] ?? ''))
      left = binary(left, tokens[next++] as string, product());
    return left;
  }
  const value = sum();
  if (next !== tokens.length) fail(`rest ${tokens.slice(next).join(' ')}`);
  return value;
}
