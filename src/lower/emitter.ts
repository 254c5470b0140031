import {
  isConstant,
  isSigned,
  maxOf,
  mentions,
  minOf,
  offset,
  partsBy,
  render,
  div,
  variable,
  ZERO,
  type Index,
} from '../ir/index-expr.ts';
import { flatten, type Bound, type Coordinates, type Guard } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import { fullValue, isIota } from '../ops/source.ts';
import type { Bindings } from './bindings.ts';
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
  /** told every index that decides what is read */
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
  readonly #memo = [new Map<string, string>()];
  readonly #local = new Map<Tensor, string>();
  #indent = '';

  constructor(
    readonly around: Surroundings,
    /** vectors of four along this variable; scalars if absent */
    readonly lanes?: Lanes,
    /** for the body of a loop: what writes before the loop, and the loop's variable */
    private readonly loop?: { readonly before: Emitter; readonly variable: string },
  ) {}

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

  localName(node: Tensor): string | undefined {
    return this.#local.get(node);
  }

  /** WGSL name of the element of `node` at `at`. */
  value(node: Tensor, at: Coordinates): string {
    const local = this.#local.get(node);
    if (local !== undefined) return local;
    const number = fullValue(node);
    if (number !== undefined) return this.#wide(literal(number, node.dtype));
    if (this.loop && this.#isInvariant(node, at, this.loop.variable)) {
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
    const name = /^\w+$/.test(text) ? text : this.bind(text, 'v');
    (this.#memo[this.#memo.length - 1] as Map<string, string>).set(key, name);
    return name;
  }

  #isInvariant(node: Tensor, at: Coordinates, loopVariable: string): boolean {
    if (at.some((c) => mentions(c, loopVariable))) return false;
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
      const args = inputs.map((x) =>
        this.value(
          x,
          at.map((c, i) => (x.shape[i] === 1 ? ZERO : c)),
        ),
      );
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
   * safe in WGSL: branches between many products cost more than loads, and drivers minutes to compile.
   */
  guarded(x: Tensor, at: Coordinates, guards: readonly Guard[]): string {
    const condition = this.condition(guards);
    if (condition === 'true') return this.value(x, at);
    const zero = this.#wide(literal(0, x.dtype));
    if (condition === 'false') return zero;
    if (this.#isLoaded(x)) return `select(${zero}, ${this.value(x, at)}, ${condition})`;
    const name = this.around.fresh('p');
    this.line(`var ${name} = ${zero};`);
    this.block(`if (${condition})`, () => this.line(`${name} = ${this.value(x, at)};`));
    return name;
  }

  /** Whether elements of `x` are elements in memory, perhaps moved. */
  #isLoaded(x: Tensor): boolean {
    if (this.around.isStored(x) || fullValue(x) !== undefined) return true;
    return x.op.family === 'linear' && !!x.op.indexMap && this.#isLoaded(x.inputs[0] as Tensor);
  }

  /** Condition text; `true` or `false` where the ranges decide it. */
  condition(guards: readonly Guard[]): string {
    const tests = guards.map((g) => this.#test(g)).filter((t) => t !== 'true');
    if (tests.includes('false')) return 'false';
    if (tests.length === 0) return 'true';
    // `&&` would be a branch
    return tests.length === 1 ? (tests[0] as string) : tests.map((t) => `(${t})`).join(' & ');
  }

  #test(guard: Guard): string {
    const parts = 'left' in guard ? [guard.left, guard.right] : [guard.index];
    parts.forEach((e) => this.around.onIndex?.(e));
    const { loop } = this;
    if (loop && !parts.some((e) => mentions(e, loop.variable))) return loop.before.#test(guard);
    parts.forEach((e) => this.#uniform(e));
    const text = 'left' in guard ? this.#match(guard.left, guard.right) : this.#bound(guard);
    return text === 'true' || text === 'false' ? text : this.#once(text, 'c');
  }

  #match(left: Index, right: Index): string {
    if (isConstant(left) && isConstant(right)) return String(left.constant === right.constant);
    const signed = isSigned(left) || isSigned(right);
    return `${this.index(left, signed)} == ${this.index(right, signed)}`;
  }

  #bound({ index, lo, hi }: Bound): string {
    const isAbove = minOf(index) >= lo;
    const isBelow = maxOf(index) < hi;
    if (maxOf(index) < lo || minOf(index) >= hi) return 'false';
    if (isAbove && isBelow) return 'true';
    const signed = isSigned(index);
    const suffix = signed ? 'i' : 'u';
    if (isAbove) return `${this.index(index)} < ${hi}${suffix}`;
    if (isBelow) return `${this.index(index)} >= ${lo}${suffix}`;
    // one test for both bounds: what is below the lower one wraps around
    const from = this.index(offset(index, -lo), signed || lo > 0);
    return `u32(${from}) < ${hi - lo}u`;
  }

  /** A guard must hold for all lanes or for none. */
  #uniform(e: Index): void {
    if (this.lanes && laneStride(e, this.lanes.variable) !== 0) throw new NotVector();
  }

  #load(x: Tensor, at: Coordinates): string {
    const address = flatten(at, x.shape);
    this.around.onIndex?.(address);
    const { bindings } = this.around;
    const from = (text: string): string => (x.dtype === 'bool' ? `(${text} != 0u)` : text);
    const one = (a: Index): string => from(`${bindings.read(x, 1)}[${this.index(a)}]`);
    if (!this.lanes) return one(address);
    const { variable: lane } = this.lanes;
    const type = widen(VALUE_TYPE[x.dtype]);
    const stride = laneStride(address, lane);
    if (stride === 0) return `${type}(${one(address)})`;
    if (stride === 1 && isAligned(address, lane)) {
      const text = `${bindings.read(x, 4)}[${this.index(div(address, 4))}]`;
      return x.dtype === 'bool' ? `(${text} != vec4u(0u))` : text;
    }
    if (this.lanes.strict) throw new NotVector();
    return `${type}(${[0, 1, 2, 3].map((k) => one(atLane(address, lane, k))).join(', ')})`;
  }

  /**
   * Text of an index, as i32 if `signed`. In a loop, what does not change is added up before it, and
   * indices that differ by a constant share the rest.
   */
  index(e: Index, signed = isSigned(e)): string {
    if (!this.loop || isConstant(e)) return asInteger(e, signed);
    const base = this.#sum(e, signed);
    if (e.constant === 0) return base;
    return `${base} ${e.constant < 0 ? '-' : '+'} ${Math.abs(e.constant)}${signed ? 'i' : 'u'}`;
  }

  /** Name of an index without its constant. */
  #sum(e: Index, signed: boolean): string {
    if (!this.loop) return this.#once(asInteger({ ...e, constant: 0 }, signed), 'x');
    const { own, rest } = partsBy(e, this.loop.variable);
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

  /** Writes the element of `node` that is in `value` to memory. */
  store(node: Tensor, at: Coordinates, value: string): void {
    const address = flatten(at, node.shape);
    const { bindings } = this.around;
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
    const broadcast = (t: Tensor): Index[] => at.map((c, i) => (t.shape[i] === 1 ? ZERO : c));
    const j = this.value(indices, broadcast(indices));
    const n = x.shape[x.rank - 1] as number;
    const name = this.bind(`u32(clamp(i32(${j}), 0, ${n - 1}))`, 'g');
    return this.value(x, [...broadcast(x).slice(0, -1), variable(name, n)]);
  }
}

const asInteger = (e: Index, signed: boolean): string =>
  signed && !isSigned(e) ? `i32(${render(e)})` : render(e);
