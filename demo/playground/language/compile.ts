import { full, stack, type Tensor } from '../../../src/index.ts';
import { ExpressionError } from './error.ts';
import { constants, functions, type Value } from './functions.ts';
import { parse, type Syntax } from './parse.ts';

/** Largest tensor of a formula, in elements, and most steps of one. */
const LARGEST = 1 << 18;
const MOST_STEPS = 4000;

/** A function of the vector `x` from its text. Parsed once; each call traces it anew. */
export function functionOf(source: string): (x: Tensor) => Tensor {
  const script = parse(source);
  return (x) => new Run(x, source.length).script(script);
}

const isTensor = (v: unknown): v is Tensor => typeof v === 'object';

const operators: Readonly<Record<string, string>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '**': 'pow',
  '@': 'matmul',
  '%': 'remainder',
  '<': 'less',
  '<=': 'lessEqual',
  '>': 'greater',
  '>=': 'greaterEqual',
  '==': 'equal',
  '!=': 'notEqual',
};
const onNumbers: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '**': (a, b) => a ** b,
  '%': (a, b) => a - b * Math.floor(a / b),
};

/** One walk through the syntax tree that builds the graph. */
class Run {
  readonly #names = new Map<string, Value>();
  #steps = 0;

  constructor(
    x: Tensor,
    private readonly end: number,
  ) {
    this.#names.set('x', x);
  }

  script({ children }: Syntax): Tensor {
    const statements = children.filter((s) => s.name !== ';');
    const last = statements.at(-1);
    if (!last) throw new ExpressionError('write a formula of the vector x', 0, 0);
    for (const statement of statements.slice(0, -1)) this.#assign(statement);
    if (last.name !== 'ExpressionStatement') {
      if (last.name === 'AssignStatement') this.#assign(last);
      throw new ExpressionError(
        'the last line is the result: a formula, not an assignment',
        last.from,
        this.end,
      );
    }
    const parts = last.children.filter((c) => c.name !== ',');
    const values = parts.map((c) => this.#value(c));
    const y = values.length === 1 ? (values[0] as Value) : this.#stacked(values, last);
    return isTensor(y) ? y : full([], y);
  }

  #assign(s: Syntax): void {
    if (s.name === 'ExpressionStatement')
      throw new ExpressionError(
        'only the last line is a result; name this one: a = ...',
        s.from,
        s.to,
      );
    const [target, sign, value, ...more] = s.children;
    if (
      s.name !== 'AssignStatement' ||
      target?.name !== 'VariableName' ||
      sign?.name !== 'AssignOp' ||
      !value ||
      more.length
    )
      throw new ExpressionError(`here can be: name = formula`, s.from, s.to);
    if (target.text === 'x')
      throw new ExpressionError('x is the input; choose another name', target.from, target.to);
    this.#names.set(target.text, this.#value(value));
  }

  /** The value of a formula; what goes wrong points at it. */
  #value(s: Syntax): Value {
    if (++this.#steps > MOST_STEPS)
      throw new ExpressionError(`the formula takes more than ${MOST_STEPS} steps`, s.from, s.to);
    try {
      const value = this.#formula(s);
      if (isTensor(value) && value.size > LARGEST)
        throw new Error(`a tensor of ${value.size} elements is too large for this page`);
      return value;
    } catch (e) {
      if (e instanceof ExpressionError) throw e;
      throw new ExpressionError(e instanceof Error ? e.message : String(e), s.from, s.to);
    }
  }

  #formula(s: Syntax): Value {
    switch (s.name) {
      case 'Number':
        return this.#number(s);
      case 'VariableName':
        return this.#name(s);
      case 'ParenthesizedExpression':
        return this.#value(s.children[1] as Syntax);
      case 'UnaryExpression':
        return this.#unary(s);
      case 'BinaryExpression':
        return this.#binary(s);
      case 'ArrayExpression':
        return this.#stacked(this.#items(s), s);
      case 'ArrayComprehensionExpression':
        return this.#comprehension(s);
      case 'MemberExpression':
        return this.#member(s);
      case 'CallExpression':
        return this.#call(s);
      case 'ConditionalExpression':
        throw new ExpressionError('write where(condition, a, b)', s.from, s.to);
      default:
        throw new ExpressionError(
          `${JSON.stringify(s.text.slice(0, 24))} is not part of the language`,
          s.from,
          s.to,
        );
    }
  }

  #number(s: Syntax): number {
    const value = Number(s.text.replaceAll('_', ''));
    if (!Number.isFinite(value)) throw new ExpressionError('not a number', s.from, s.to);
    return value;
  }

  #name(s: Syntax): Value {
    const value = this.#names.get(s.text) ?? constants.get(s.text);
    if (value !== undefined) return value;
    const hint = functions.has(s.text) ? `${s.text} is a function: ${s.text}(...)` : undefined;
    const known = [...this.#names.keys(), ...constants.keys()].join(', ');
    throw new ExpressionError(
      hint ?? `there is no ${JSON.stringify(s.text)}; there are ${known}`,
      s.from,
      s.to,
    );
  }

  #unary(s: Syntax): Value {
    const [sign, operand] = s.children as [Syntax, Syntax];
    const value = this.#value(operand);
    if (sign.text === '+') return value;
    if (sign.text !== '-')
      throw new ExpressionError(`no operator ${sign.text}`, sign.from, sign.to);
    return isTensor(value) ? value.neg() : -value;
  }

  #binary(s: Syntax): Value {
    const [left, sign, right] = s.children as [Syntax, Syntax, Syntax];
    const method = Object.hasOwn(operators, sign.text) ? operators[sign.text] : undefined;
    if (!method) {
      const hint = sign.text === '^' ? 'powers are written **' : `no operator ${sign.text}`;
      throw new ExpressionError(hint, sign.from, sign.to);
    }
    const [a, b] = [this.#value(left), this.#value(right)];
    const numbers = onNumbers[sign.text];
    if (!isTensor(a) && !isTensor(b) && numbers) return numbers(a, b);
    const tensor = isTensor(a) ? a : full([], a);
    return (tensor as unknown as Record<string, (b: Value) => Tensor>)[method]!(b);
  }

  #items(s: Syntax): Value[] {
    const inside = s.children.filter((c) => !['[', ']', '(', ')', ','].includes(c.name));
    return inside.map((c) => this.#value(c));
  }

  #stacked(values: readonly Value[], s: Syntax): Tensor {
    if (values.length === 0) throw new ExpressionError('an empty list', s.from, s.to);
    try {
      return stack(values.map((v) => (isTensor(v) ? v : full([], v))));
    } catch (e) {
      throw new ExpressionError((e as Error).message, s.from, s.to);
    }
  }

  /** `[formula for i in range(n)]` */
  #comprehension(s: Syntax): Tensor {
    const [, body, , name, , range, ...rest] = s.children;
    const count = range?.children[1]?.children[1];
    if (
      !body ||
      name?.name !== 'VariableName' ||
      range?.children[0]?.text !== 'range' ||
      !count ||
      rest.length !== 1
    )
      throw new ExpressionError('lists are written [formula for i in range(n)]', s.from, s.to);
    const n = this.#value(count);
    if (isTensor(n) || !Number.isInteger(n) || n < 1 || n > 256)
      throw new ExpressionError('range takes a whole number from 1 to 256', count.from, count.to);
    const before = this.#names.get(name.text);
    const values = Array.from({ length: n }, (_, i) => {
      this.#names.set(name.text, i);
      return this.#value(body);
    });
    if (before === undefined) this.#names.delete(name.text);
    else this.#names.set(name.text, before);
    return this.#stacked(values, s);
  }

  /** `x[0]`, `x[1:3]`, `A[0, 1:]` */
  #member(s: Syntax): Tensor {
    const [object, open, ...rest] = s.children as [Syntax, Syntax, ...Syntax[]];
    if (open.text !== '[')
      throw new ExpressionError('there are no methods: write sin(x), not x.sin()', open.from, s.to);
    const value = this.#value(object);
    if (!isTensor(value)) throw new ExpressionError('a number has no entries', s.from, s.to);
    type Range = number | [number | null, number | null];
    const ranges: Range[] = [];
    let part: Syntax[] = [];
    for (const child of rest) {
      if (child.name !== ',' && child.name !== ']') part.push(child);
      else {
        if (part.length) ranges.push(this.#range(part));
        part = [];
      }
    }
    return value.slice(...ranges);
  }

  #range(part: readonly Syntax[]): number | [number | null, number | null] {
    const colon = part.findIndex((p) => p.name === ':');
    const index = (p: Syntax): number => {
      const v = this.#value(p);
      if (isTensor(v) || !Number.isInteger(v))
        throw new ExpressionError('an index is a whole number', p.from, p.to);
      return v;
    };
    if (colon < 0) return index(part[0] as Syntax);
    const [start, stop] = [part[colon - 1], part[colon + 1]];
    return [start ? index(start) : null, stop ? index(stop) : null];
  }

  #call(s: Syntax): Tensor {
    const [name, list] = s.children as [Syntax, Syntax];
    if (name.name === 'MemberExpression')
      throw new ExpressionError('there are no methods: write sin(x), not x.sin()', name.from, s.to);
    const known = functions.get(name.text);
    if (!known)
      throw new ExpressionError(
        `there is no function ${JSON.stringify(name.text.slice(0, 24))}`,
        name.from,
        name.to,
      );
    const parts = list.children.filter((c) => !['(', ')', ','].includes(c.name));
    let axis: number | undefined;
    const args: Value[] = [];
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as Syntax;
      if (parts[i + 1]?.name === 'AssignOp') {
        const value = this.#value(parts[i + 2] as Syntax);
        if (part.text !== 'axis' || isTensor(value))
          throw new ExpressionError('the only named argument is axis = number', part.from, part.to);
        axis = value;
        i += 2;
      } else args.push(this.#value(part));
    }
    if (args.length < known.least || args.length > known.most)
      throw new ExpressionError(
        `${name.text} takes ${known.least} argument${known.least === 1 ? '' : 's'}, got ${args.length}`,
        list.from,
        list.to,
      );
    return known.call(args, axis);
  }
}
