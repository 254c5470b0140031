/**
 * Integer index expressions in a normal form that makes reshapes, transposes and broadcasts vanish.
 *
 * An expression is `constant + Σ coefficient · digit`, where a digit is `(v / divisor) % modulus` of a
 * variable v. Splitting and joining digits is how a reshape of a transpose of a reshape becomes plain
 * strides, with a division left only where the shapes really call for one.
 */

/** A loop variable of a kernel, or an expression that could not be simplified further. */
export interface Variable {
  /** WGSL expression of type u32 (or i32 where `min` < 0) */
  readonly name: string;
  readonly min: number;
  /** inclusive */
  readonly max: number;
  /** for run-time values: what they are computed from, so that equal ones are one */
  readonly inner?: { readonly op: 'div' | 'mod'; readonly of: Index; readonly by: number };
}

interface Digit {
  readonly variable: Variable;
  readonly divisor: number;
  /** number of values the digit takes */
  readonly modulus: number;
  readonly coefficient: number;
}

export interface Index {
  readonly constant: number;
  readonly digits: readonly Digit[];
}

export function constant(value: number): Index {
  return { constant: value, digits: [] };
}

export const ZERO: Index = constant(0);

/** The variable `name` with values `0 .. size-1`. A variable of size 1 is the constant 0. */
export function variable(name: string, size: number): Index {
  return ranged(name, 0, size - 1);
}

/** A run-time value between `min` and `max`, both inclusive. */
export function ranged(name: string, min: number, max: number): Index {
  if (max <= min) return constant(min);
  const v: Variable = { name, min, max };
  return { constant: 0, digits: [whole(v, 1)] };
}

function whole(v: Variable, coefficient: number): Digit {
  return { variable: v, divisor: 1, modulus: v.min < 0 ? Infinity : v.max + 1, coefficient };
}

const digitMin = (d: Digit): number => (d.variable.min < 0 ? d.variable.min : 0);
const digitMax = (d: Digit): number => (d.variable.min < 0 ? d.variable.max : d.modulus - 1);

export function minOf(e: Index): number {
  let m = e.constant;
  for (const d of e.digits) m += d.coefficient * (d.coefficient > 0 ? digitMin(d) : digitMax(d));
  return m;
}

export function maxOf(e: Index): number {
  let m = e.constant;
  for (const d of e.digits) m += d.coefficient * (d.coefficient > 0 ? digitMax(d) : digitMin(d));
  return m;
}

const sameVariable = (a: Variable, b: Variable): boolean => a === b || a.name === b.name;

/** Joins digits that are neighbours: `c·m·((v/(d·m)) % n) + c·((v/d) % m) = c·((v/d) % (m·n))`. */
function normalise(constantPart: number, list: readonly Digit[]): Index {
  const digits: Digit[] = [];
  for (const d of list) {
    if (d.coefficient === 0 || d.modulus === 1) continue;
    const same = digits.findIndex(
      (e) =>
        sameVariable(e.variable, d.variable) && e.divisor === d.divisor && e.modulus === d.modulus,
    );
    if (same < 0) digits.push(d);
    else {
      const e = digits[same] as Digit;
      const coefficient = e.coefficient + d.coefficient;
      if (coefficient === 0) digits.splice(same, 1);
      else digits[same] = { ...e, coefficient };
    }
  }
  for (let joined = true; joined;) {
    joined = false;
    for (let i = 0; i < digits.length && !joined; i++)
      for (let j = 0; j < digits.length && !joined; j++) {
        const lo = digits[i] as Digit;
        const hi = digits[j] as Digit;
        if (i === j || !sameVariable(lo.variable, hi.variable)) continue;
        if (hi.divisor !== lo.divisor * lo.modulus) continue;
        if (hi.coefficient !== lo.coefficient * lo.modulus) continue;
        digits[i] = { ...lo, modulus: lo.modulus * hi.modulus };
        digits.splice(j, 1);
        joined = true;
      }
  }
  return rejoined({ constant: constantPart, digits });
}

/** Joins a quotient and its remainder: `c·n·(e / n) + c·(e % n) = c·e`. */
function rejoined(e: Index): Index {
  for (const rest of e.digits) {
    const { inner } = rest.variable;
    if (inner?.op !== 'mod' || !isWhole(rest)) continue;
    const quotient = e.digits.find(
      (d) =>
        d.variable.inner?.op === 'div' &&
        d.variable.inner.by === inner.by &&
        d.coefficient === rest.coefficient * inner.by &&
        isWhole(d) &&
        equal(d.variable.inner.of, inner.of),
    );
    if (!quotient) continue;
    const others = e.digits.filter((d) => d !== rest && d !== quotient);
    return add({ constant: e.constant, digits: others }, scale(inner.of, rest.coefficient));
  }
  return e;
}

const isWhole = ({ divisor, modulus, variable: v }: Digit): boolean =>
  divisor === 1 && modulus > v.max;

export function add(a: Index, b: Index): Index {
  return normalise(a.constant + b.constant, [...a.digits, ...b.digits]);
}

export function scale(a: Index, factor: number): Index {
  return normalise(
    a.constant * factor,
    a.digits.map((d) => ({ ...d, coefficient: d.coefficient * factor })),
  );
}

export function offset(a: Index, by: number): Index {
  return { constant: a.constant + by, digits: a.digits };
}

const floorMod = (a: number, n: number): number => ((a % n) + n) % n;

/**
 * Splits `e = n·quotient + rest` with `0 <= rest < n`, if its digits can be taken apart that way.
 */
function split(e: Index, n: number): { quotient: Index; rest: Index } | null {
  const restConstant = floorMod(e.constant, n);
  let quotient = constant((e.constant - restConstant) / n);
  let rest = constant(restConstant);
  for (const d of e.digits) {
    if (d.coefficient % n === 0) {
      quotient = add(quotient, ofDigit({ ...d, coefficient: d.coefficient / n }));
      continue;
    }
    // c·digit with c | n and the digit large: its low part stays, its high part moves up
    const parts = partsOf(d, n / d.coefficient);
    rest = add(rest, parts ? scale(parts.low, d.coefficient) : ofDigit(d));
    if (parts) quotient = add(quotient, parts.high);
  }
  return minOf(rest) < 0 || maxOf(rest) >= n ? null : { quotient, rest };
}

const ofDigit = (d: Digit): Index => ({ constant: 0, digits: [d] });

/** A digit (without its coefficient) as `part·high + low`, if it has both. */
function partsOf(d: Digit, part: number): { low: Index; high: Index } | null {
  if (d.variable.min < 0 || !Number.isInteger(part) || part <= 1 || d.modulus <= part) return null;
  if (d.modulus % part !== 0 && d.modulus !== lastModulus(d)) return null;
  const { inner } = d.variable;
  // (e % pq) % p = e % p and (e % pq) / p = (e / p) % q, which may be known
  if (inner?.op === 'mod' && isWhole(d) && inner.by % part === 0 && minOf(inner.of) >= 0)
    return { low: mod(inner.of, part), high: mod(div(inner.of, part), inner.by / part) };
  const modulus = Math.ceil(d.modulus / part);
  return {
    low: ofDigit({ ...d, modulus: part, coefficient: 1 }),
    high: ofDigit({ ...d, divisor: d.divisor * part, modulus, coefficient: 1 }),
  };
}

/** The number of values of the topmost digit of the variable at this divisor. */
function lastModulus(d: Digit): number {
  return d.variable.min < 0 ? Infinity : Math.ceil((d.variable.max + 1) / d.divisor);
}

function opaque(op: 'div' | 'mod', of: Index, by: number, low: number, max: number): Index {
  const min = Math.max(0, low); // negative only outside a guard, where nothing is read
  if (min >= max) return constant(min);
  const text = isSigned(of) ? `u32(${render(of)})` : render(of);
  const name = `(${op === 'div' ? quotient(text, by) : remainder(text, by)})`;
  return { constant: 0, digits: [whole({ name, min, max, inner: { op, of, by } }, 1)] };
}

/** `e` as `n·multiple + rest`, with all that n divides taken out of it. */
function withoutMultiples(e: Index, n: number): { multiple: Index; rest: Index } {
  const isMultiple = (d: Digit): boolean => d.coefficient % n === 0;
  const left = floorMod(e.constant, n);
  const rest = { constant: left, digits: e.digits.filter((d) => !isMultiple(d)) };
  // a quotient of what may be negative is none that u32 can tell
  if (minOf(rest) < 0) return { multiple: ZERO, rest: e };
  const digits = e.digits.filter(isMultiple);
  const multiple = digits.map((d) => ({ ...d, coefficient: d.coefficient / n }));
  return { multiple: { constant: (e.constant - left) / n, digits: multiple }, rest };
}

/** `floor(e / n)` for `e >= 0`. */
export function div(e: Index, n: number): Index {
  if (n === 1) return e;
  const s = split(e, n);
  if (s) return s.quotient;
  const { multiple, rest } = withoutMultiples(e, n);
  const [low, high] = [Math.floor(minOf(rest) / n), Math.floor(maxOf(rest) / n)];
  return add(multiple, opaque('div', rest, n, low, high));
}

/** `e mod n` for `e >= 0`. */
export function mod(e: Index, n: number): Index {
  if (n === 1) return ZERO;
  if (minOf(e) >= 0 && maxOf(e) < n) return e;
  const s = split(e, n);
  if (s) return s.rest;
  const { rest } = withoutMultiples(e, n);
  return opaque('mod', rest, n, 0, Math.min(n - 1, maxOf(rest)));
}

/** Whether two expressions are the same for all values of their variables. */
export function equal(a: Index, b: Index): boolean {
  return isConstant(add(a, scale(b, -1)), 0);
}

export function isConstant(e: Index, value?: number): boolean {
  return e.digits.length === 0 && (value === undefined || e.constant === value);
}

/** The coefficient by which `e` moves when `variable` moves by one; null if it is no fixed stride. */
export function strideIn(e: Index, name: string): number | null {
  let stride = 0;
  for (const d of e.digits) {
    if (d.variable.name === name) {
      if (d.divisor !== 1) return null;
      if (d.modulus <= d.variable.max) return null;
      stride += d.coefficient;
    } else if (d.variable.inner && mentions(d.variable.inner.of, name)) return null;
  }
  return stride;
}

export function mentions(e: Index, name: string): boolean {
  return e.digits.some((d) => isOf(d, name));
}

const isOf = ({ variable: v }: Digit, name: string): boolean =>
  v.name === name || (v.inner ? mentions(v.inner.of, name) : false);

/** The terms of `e`, but its constant, that depend on one of the variables, and those that do not. */
export function partsBy(e: Index, names: readonly string[]): { own: Index; rest: Index } {
  const isOwn = (d: Digit): boolean => names.some((name) => isOf(d, name));
  return {
    own: { constant: 0, digits: e.digits.filter(isOwn) },
    rest: { constant: 0, digits: e.digits.filter((d) => !isOwn(d)) },
  };
}

/** Replaces variables by expressions (which must have the same range or a smaller one). */
export function substitute(e: Index, by: (name: string) => Index | undefined): Index {
  let out: Index = constant(e.constant);
  for (const d of e.digits) {
    let value: Index;
    if (d.variable.inner) {
      const inner = substitute(d.variable.inner.of, by);
      value =
        d.variable.inner.op === 'div'
          ? div(inner, d.variable.inner.by)
          : mod(inner, d.variable.inner.by);
    } else {
      value = by(d.variable.name) ?? { constant: 0, digits: [whole(d.variable, 1)] };
    }
    if (d.divisor !== 1) value = div(value, d.divisor);
    if (d.modulus !== Infinity && maxOf(value) >= d.modulus) value = mod(value, d.modulus);
    out = add(out, scale(value, d.coefficient));
  }
  return out;
}

const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n));

// Shifts are left to no compiler: some software adapters divide instead, lane by lane.

const quotient = (text: string, n: number): string =>
  isPowerOfTwo(n) ? `${operand(text)} >> ${Math.log2(n)}u` : `${text} / ${n}u`;

const remainder = (text: string, n: number): string =>
  isPowerOfTwo(n) ? `${operand(text)} & ${n - 1}u` : `${text} % ${n}u`;

/** WGSL mixes shifts and masks with nothing that is not in parentheses. */
const operand = (text: string): string => (isWord(text) || isGroup(text) ? text : `(${text})`);

const isWord = (text: string): boolean => /^\w+$/.test(text);

/** Whether the parenthesis that opens `text` closes at its end. */
function isGroup(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    if (depth === 0) return i > 0 && i === text.length - 1;
  }
  return false;
}

/** WGSL text: u32 arithmetic, or i32 where a part may be negative. */
export function render(e: Index): string {
  const signed = e.constant < 0 || e.digits.some((d) => d.coefficient < 0 || d.variable.min < 0);
  const suffix = signed ? 'i' : 'u';
  const parts: string[] = [];
  for (const d of e.digits) {
    let text = d.variable.name;
    if (d.divisor !== 1) text = quotient(text, d.divisor);
    const top = lastModulus(d);
    if (d.modulus < top) text = remainder(d.divisor !== 1 ? `(${text})` : text, d.modulus);
    const plain = text === d.variable.name;
    if (signed && d.variable.min >= 0) text = `i32(${text})`;
    else if (!plain) text = `(${text})`;
    if (d.coefficient !== 1) text = `${text} * ${d.coefficient}${suffix}`;
    parts.push(text);
  }
  if (e.constant !== 0 || parts.length === 0) parts.push(`${e.constant}${suffix}`);
  return parts.length === 1 ? (parts[0] as string) : `(${parts.join(' + ')})`;
}

/** Whether `render` gives i32 text. */
export function isSigned(e: Index): boolean {
  return e.constant < 0 || e.digits.some((d) => d.coefficient < 0 || d.variable.min < 0);
}
