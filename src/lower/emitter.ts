import {
  isConstant,
  isSigned,
  maxOf,
  mentions,
  minOf,
  partsBy,
  render,
  div,
  variable,
  ZERO,
  type Index,
} from '../ir/index-expr.ts';
import { flatten, type Coordinates, type Guard } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import { fullValue, isIota } from '../ops/source.ts';
import { operandAt } from '../ops/storage.ts';
import type { Bindings } from './bindings.ts';
import { allOf, conditionOf, indicesOf, isUniform, masksOf, type TextOf } from './guards.ts';
import { atLane, isAligned, laneStride, NotVector } from './lanes.ts';
import { widen } from './library.ts';
import { literal, MEMORY_TYPE, VALUE_TYPE } from './types.ts';

/** How a kernel knows the nodes around it. */
export interface Surroundings {
  /** whether a node's elements are in memory */
  isStored(node: Tensor): boolean;
  readonly bindings: Bindings;
  /** names for new variables, unique in the kernel */
  fresh(prefix: string): string;
  /** told every index that decides what a value is */
  onIndex?(e: Index): void;
}

/** Four neighbouring values of a variable computed as one vector. */
export interface Lanes {
  readonly variable: string;
  /** refuse loads that are neither the same for all lanes nor neighbours */
  readonly strict?: boolean;
}

/**
 * Writes WGSL statements that compute elements of nodes at index expressions: loads what is stored,
 * follows index maps, and computes what is inlined.
 */
export class Emitter {
  readonly lines: string[] = [];
  /** elements that a thread reads and writes, where every statement runs once */
  moved = 0;
  readonly #memo = [new Map<string, string>()];
  readonly #local = new Map<Tensor, string>();
  /** the loop's variable, and what is bound in its body for addresses */
  readonly #varying: string[];
  /** whether addresses that differ by a constant share the rest, as in loops */
  #sharesAddresses = false;
  #indent = '';
  readonly #text: TextOf = (e, signed) => this.index(e, signed);

  constructor(
    readonly around: Surroundings,
    /** vectors of four along this variable; scalars if absent */
    readonly lanes?: Lanes,
    /** for the body of a loop: what writes before the loop, and the loop's variable */
    private readonly loop?: { readonly before: Emitter; readonly variable: string },
  ) {
    this.#varying = loop ? [loop.variable] : [];
  }

  /**
   * Writes the body of a loop over `variable`. What stays the same in it, loads and parts of addresses,
   * is written here, before the loop.
   */
  inside(loopVariable: string, lanes = this.lanes): Emitter {
    return new Emitter(this.around, lanes, { before: this, variable: loopVariable });
  }

  line(text: string): void {
    this.lines.push(this.#indent + text);
  }

  /** Text of a value, in the width of this emitter. */
  #wide(text: string): string {
    return this.lanes ? widen(text) : text;
  }

  /** Statements inside braces; what is computed there is forgotten afterwards. */
  block(head: string, body: () => void): void {
    this.line(`${head} {`);
    this.#indent += '  ';
    this.#memo.push(new Map());
    body();
    this.#memo.pop();
    this.#indent = this.#indent.slice(2);
    this.line('}');
  }

  /** Says that the element of `node` that a thread works on is in the variable `name`. */
  define(node: Tensor, name: string): void {
    this.#local.set(node, name);
  }

  /** Several elements of each node, one after the other: what `define` says holds for one of them. */
  elements(count: number, write: (k: number) => void): void {
    this.#sharesAddresses = count > 1;
    for (let k = 0; k < count; k++) {
      this.#local.clear();
      write(k);
    }
  }

  localName(node: Tensor): string | undefined {
    return this.#local.get(node);
  }

  /** WGSL name of the element of `node` at `at`. */
  value(node: Tensor, at: Coordinates): string {
    const local = this.#local.get(node);
    if (local !== undefined) return local;
    const number = fullValue(node);
    if (number !== undefined) return this.#wide(literal(number, node.dtype));
    if (this.loop && this.#isInvariant(node, at)) {
      const known = this.loop.before.value(node, at);
      return this.lanes && !this.loop.before.lanes
        ? `${widen(VALUE_TYPE[node.dtype])}(${known})`
        : known;
    }
    const key = `${node.id}@${at.map(render).join()}`;
    for (const scope of this.#memo) {
      const known = scope.get(key);
      if (known !== undefined) return known;
    }
    const text = this.around.isStored(node) ? this.#load(node, at) : this.compute(node, at);
    const name = isZero(text) || /^\w+$/.test(text) ? text : this.bind(text, 'v');
    (this.#memo[this.#memo.length - 1] as Map<string, string>).set(key, name);
    return name;
  }

  #varies(e: Index): boolean {
    return this.#varying.some((name) => mentions(e, name));
  }

  #isInvariant(node: Tensor, at: Coordinates): boolean {
    if (at.some((c) => this.#varies(c))) return false;
    return this.#local.size === 0 || this.around.isStored(node);
  }

  bind(text: string, prefix: string): string {
    const name = this.around.fresh(prefix);
    this.line(`let ${name} = ${text};`);
    return name;
  }

  /** Expression for the element of `node` at `at`, from its inputs. */
  compute(node: Tensor, at: Coordinates): string {
    const { op, inputs } = node;
    if (op.family === 'elementwise') {
      const args = inputs.map((x) => this.value(x, operandAt(x, at)));
      return this.#wide(
        op.wgsl(
          args,
          inputs.map((x) => x.dtype),
        ),
      );
    }
    if (isIota(node)) return this.#counter(at[0] as Index, node);
    if (op.name === 'gather') return this.#gather(node, at);
    if (op.family === 'general' && op.isIdentity) return this.value(inputs[0] as Tensor, at);
    if (op.family === 'linear' && op.indexMap) {
      const map = op.indexMap(at, node);
      return this.guarded(inputs[0] as Tensor, map.at, map.guards);
    }
    throw new Error(`lower: ${op.name} has to be stored before it is read`);
  }

  /**
   * The element of `x` where the guards hold, else 0. What is only loaded is loaded in any case, which is
   * safe in WGSL: branches cost more than loads, and many of them drivers minutes to compile.
   */
  guarded(x: Tensor, at: Coordinates, guards: readonly Guard[]): string {
    const source = this.#sourceOf(x, at, guards);
    const uniform = source.guards.filter((g) => isUniform(g, this.lanes));
    const condition = this.condition(uniform);
    const zero = this.#wide(literal(0, x.dtype));
    if (condition === 'false') return zero;
    const masks = source.guards.filter((g) => !uniform.includes(g)).flatMap((g) => this.#masks(g));
    const tests = condition === 'true' ? [] : [condition];
    if (tests.length + masks.length === 0) return this.value(source.node, source.at);
    const isRead = this.around.isStored(source.node);
    const mask = masks.length > 0 ? this.bind(masks.join(' & '), 'm') : null;
    if (isRead && (!mask || tests.length === 0)) {
      const value = this.value(source.node, source.at);
      const bits = mask || x.dtype === 'bool' ? null : this.#bitsBefore(uniform);
      return this.#once(
        bits === null
          ? `select(${zero}, ${value}, ${mask ?? condition})`
          : this.#wide(`bitcast<${VALUE_TYPE[x.dtype]}>(bitcast<U>(${value}) & U(${bits}))`),
        'p',
      );
    }
    if (mask) tests.push(`any(${mask})`);
    const name = this.around.fresh('p');
    this.line(`var ${name} = ${zero};`);
    this.block(`if (${allOf(tests)})`, () => {
      const value = this.value(source.node, source.at);
      this.line(`${name} = ${mask ? `select(${zero}, ${value}, ${mask})` : value};`);
    });
    return name;
  }

  /** Where an element comes from: through index maps, with all their guards, to what is stored or computed. */
  #sourceOf(
    node: Tensor,
    at: Coordinates,
    guards: readonly Guard[],
  ): { node: Tensor; at: Coordinates; guards: readonly Guard[] } {
    const { op } = node;
    const isHere = this.#local.has(node) || this.around.isStored(node);
    if (isHere || op.family !== 'linear' || !op.indexMap) return { node, at, guards };
    const map = op.indexMap(at, node);
    return this.#sourceOf(node.inputs[0] as Tensor, map.at, [...guards, ...map.guards]);
  }

  /** Condition text; `true` or `false` where the ranges decide it. */
  condition(guards: readonly Guard[]): string {
    const tests = guards.map((g) => this.#test(g)).filter((t) => t !== 'true');
    if (tests.includes('false')) return 'false';
    return tests.length === 0 ? 'true' : allOf(tests);
  }

  /**
   * Name of a number with all bits set where the guards hold, else none, computed before the loop; null
   * where the guards change in it. Many values kept or dropped by the same guards cost one `&` each.
   */
  #bitsBefore(guards: readonly Guard[]): string | null {
    const { loop } = this;
    if (!loop || guards.some((g) => indicesOf(g).some((e) => this.#varies(e)))) return null;
    const { before } = loop;
    return (
      before.#bitsBefore(guards) ??
      before.#once(`select(0u, ~0u, ${before.condition(guards)})`, 'b')
    );
  }

  #test(guard: Guard): string {
    const parts = indicesOf(guard);
    parts.forEach((e) => this.around.onIndex?.(e));
    const { loop } = this;
    if (loop && !parts.some((e) => this.#varies(e))) return loop.before.#test(guard);
    if (!isUniform(guard, this.lanes)) throw new NotVector();
    const text = conditionOf(guard, this.#text);
    return text === 'true' || text === 'false' ? text : this.#once(text, 'c');
  }

  /** Conditions of a guard, lane by lane. */
  #masks(guard: Guard): string[] {
    if (!this.lanes || this.lanes.strict) throw new NotVector();
    indicesOf(guard).forEach((e) => this.around.onIndex?.(e));
    return masksOf(guard, this.lanes.variable, this.#text);
  }

  #load(x: Tensor, at: Coordinates): string {
    const address = flatten(at, x.shape);
    this.around.onIndex?.(address);
    const { bindings } = this.around;
    const from = (text: string): string => (x.dtype === 'bool' ? `(${text} != 0u)` : text);
    // where guards drop it, an address may lie outside: WGSL refuses that of a constant
    const isOutside = (a: Index): boolean => minOf(a) >= x.size || maxOf(a) < 0;
    const one = (a: Index): string => {
      this.moved++;
      return from(`${bindings.read(x, 1)}[${this.index(isOutside(a) ? ZERO : a)}]`);
    };
    if (!this.lanes) return one(address);
    const { variable: lane } = this.lanes;
    const type = widen(VALUE_TYPE[x.dtype]);
    const stride = laneStride(address, lane);
    if (stride === 0) return `${type}(${one(address)})`;
    if (stride === 1 && isAligned(address, lane)) {
      const text = `${bindings.read(x, 4)}[${this.index(isOutside(address) ? ZERO : div(address, 4))}]`;
      this.moved += 4;
      return x.dtype === 'bool' ? `(${text} != vec4u(0u))` : text;
    }
    if (this.lanes.strict) throw new NotVector();
    return `${type}(${[0, 1, 2, 3].map((k) => one(atLane(address, lane, k))).join(', ')})`;
  }

  /**
   * Text of an index, as i32 if `signed`. In a loop, what does not change is added up before it, and
   * indices that differ by a constant share the rest, as they do where several elements are written.
   */
  index(e: Index, signed = isSigned(e)): string {
    if (isConstant(e) || !(this.loop || this.#sharesAddresses)) return asInteger(e, signed);
    const base = this.#sum(e, signed);
    if (e.constant === 0) return base;
    return `${base} ${e.constant < 0 ? '-' : '+'} ${Math.abs(e.constant)}${signed ? 'i' : 'u'}`;
  }

  /** Name of an index without its constant. */
  #sum(e: Index, signed: boolean): string {
    if (!this.loop) return this.#once(asInteger({ ...e, constant: 0 }, signed), 'x');
    const { own, rest } = partsBy(e, this.#varying);
    if (isConstant(own)) return this.loop.before.#sum(rest, signed);
    const terms = [
      ...(isConstant(rest) ? [] : [this.loop.before.#sum(rest, signed)]),
      asInteger(own, signed),
    ];
    return this.#once(terms.join(' + '), 'x');
  }

  /** Name of the variable that holds `text`, bound where it is first needed. */
  #once(text: string, prefix: string): string {
    if (/^\w+$/.test(text)) return text;
    for (const scope of this.#memo) {
      const known = scope.get(text);
      if (known !== undefined) return known;
    }
    const name = this.bind(text, prefix);
    (this.#memo[this.#memo.length - 1] as Map<string, string>).set(text, name);
    return name;
  }

  /** An index as i32 text. */
  indexText(e: Index): string {
    return this.index(e, true);
  }

  /** Text of the element of a result that this thread has stored before. */
  stored(node: Tensor, at: Coordinates): string {
    const address = flatten(at, node.shape);
    const { bindings } = this.around;
    const one = (a: Index): string => `${bindings.write(node, 1)}[${this.index(a)}]`;
    if (!this.lanes) return one(address);
    const { variable: lane } = this.lanes;
    if (laneStride(address, lane) === 1 && isAligned(address, lane))
      return `${bindings.write(node, 4)}[${this.index(div(address, 4))}]`;
    const four = [0, 1, 2, 3].map((k) => one(atLane(address, lane, k)));
    return `${widen(VALUE_TYPE[node.dtype])}(${four.join(', ')})`;
  }

  /** Writes the element of `node` that is in `value` to memory. */
  store(node: Tensor, at: Coordinates, value: string): void {
    const address = flatten(at, node.shape);
    const { bindings } = this.around;
    this.moved += this.lanes ? 4 : 1;
    if (!this.lanes) {
      const v = node.dtype === 'bool' ? `select(0u, 1u, ${value})` : value;
      this.line(`${bindings.write(node, 1)}[${this.index(address)}] = ${v};`);
      return;
    }
    const { variable: lane } = this.lanes;
    const v = node.dtype === 'bool' ? `select(vec4u(0u), vec4u(1u), ${value})` : value;
    if (laneStride(address, lane) === 1 && isAligned(address, lane)) {
      this.line(`${bindings.write(node, 4)}[${this.index(div(address, 4))}] = ${v};`);
      return;
    }
    const name = this.bind(v, 's');
    [0, 1, 2, 3].forEach((k) =>
      this.line(
        `${bindings.write(node, 1)}[${this.index(atLane(address, lane, k))}] = ${name}.${'xyzw'[k]};`,
      ),
    );
  }

  /** The index itself as a value. */
  #counter(at: Index, node: Tensor): string {
    this.around.onIndex?.(at);
    const cast = VALUE_TYPE[node.dtype];
    if (!this.lanes) return `${cast}(${this.index(at)})`;
    const parts = [0, 1, 2, 3].map((k) => atLane(at, (this.lanes as Lanes).variable, k));
    const memory = MEMORY_TYPE[node.dtype];
    return `${widen(cast)}(${parts.map((p) => `${memory}(${this.index(p)})`).join(', ')})`;
  }

  /** x[.., clamp(indices[.., j])] */
  #gather(node: Tensor, at: Coordinates): string {
    const [x, indices] = node.inputs as [Tensor, Tensor];
    if (this.lanes) throw new NotVector();
    const j = this.value(indices, operandAt(indices, at));
    const n = x.shape[x.rank - 1] as number;
    const name = this.bind(`u32(clamp(i32(${j}), 0, ${n - 1}))`, 'g');
    if (this.loop) this.#varying.push(name);
    return this.value(x, [...operandAt(x, at).slice(0, -1), variable(name, n)]);
  }
}

/** Whether the text of a value says that there is nothing: no need to multiply by it. */
export const isZero = (text: string): boolean => /^F4?\(0\.0\)$/.test(text);

const asInteger = (e: Index, signed: boolean): string =>
  signed && !isSigned(e) ? `i32(${render(e)})` : render(e);
