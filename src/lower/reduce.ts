import reduceFile from '../../shaders/reduce.wgsl?raw';
import { add, constant, render, scale, variable, type Index } from '../ir/index-expr.ts';
import { divided, unflatten, type Coordinates, type Guard } from '../ir/index-map.ts';
import type { Tensor } from '../ir/tensor.ts';
import type { Group } from '../plan/plan.ts';
import { broadcastShape } from '../ops/axes.ts';
import { isChainable, operandAt } from '../ops/storage.ts';
import type { Emitter } from './emitter.ts';
import { KernelWriter, fits, type Kernel, type LowerLimits } from './kernel.ts';
import { range } from '../util/shape.ts';
import { NotVector } from './lanes.ts';
import { indent } from './slots.ts';
import { widen } from './library.ts';
import { literal, VALUE_TYPE } from './types.ts';

/** Sums of so few terms have no loop. */
const MAX_UNROLLED = 8;

/** Which variable, if any, runs four values at a time. */
type Width = 'i' | 'r' | null;

/** A reduction, and what is computed of its results before the next. */
type Stage = readonly [Tensor, ...Tensor[]];

function stagesOf({ anchor, members }: Group): Stage[] {
  const stages: [Tensor, ...Tensor[]][] = [];
  for (const m of members)
    if (m === anchor || isChainable(m)) stages.push([m]);
    else stages.at(-1)?.push(m);
  return stages;
}

/** Reductions: vectors along the results, else along the terms, else single elements. */
export function lowerReduce(group: Group, limits: LowerLimits): Kernel {
  const anchors = stagesOf(group).map(([node]) => node);
  const inner = group.domain.shape.filter((n) => n !== 1).at(-1) ?? 1;
  const tries: Width[] = [];
  if (inner % 4 === 0 && !anchors.some(isArg)) tries.push('i');
  if (anchors.every((node) => termsOf(node) % 4 === 0 && isChainable(node))) tries.push('r');
  for (const width of tries) {
    try {
      const kernel = write(group, limits, width);
      if (fits(kernel, limits)) return kernel;
    } catch (e) {
      if (!(e instanceof NotVector)) throw e;
    }
  }
  return write(group, limits, null);
}

const isArg = (node: Tensor): boolean => node.op.name === 'argmax' || node.op.name === 'argmin';

/** Axes a reduction runs over, counted from the front. */
function reducedAxes(node: Tensor): number[] {
  const x = node.inputs[0] as Tensor;
  const axes = isArg(node) ? [-1] : (node.params['axes'] as number[]);
  return axes.map((a) => x.rank + a);
}

function termsOf(node: Tensor): number {
  const x = node.inputs[0] as Tensor;
  if (node.op.name === 'fold') return x.shape[x.rank - 1] as number;
  if (node.op.name === 'scatterAdd') return broadcastShape(node.inputs).at(-1) as number;
  return reducedAxes(node).reduce((n, i) => n * (x.shape[i] as number), 1);
}

/** Where term `r` of the result at `at` comes from. */
function termAt(node: Tensor, at: Coordinates, r: Index): { at: Coordinates; guards: Guard[] } {
  const x = node.inputs[0] as Tensor;
  if (node.op.name === 'fold') {
    // y[i] = Σ_t x[(i - t·dilation) / stride, t], where that is a position
    const { axis, stride, dilation } = node.params as {
      axis: number;
      stride: number;
      dilation: number;
    };
    const i = node.rank + axis;
    const n = x.shape[i] as number;
    const shifted = add(at[i] as Index, scale(r, -dilation));
    const { quotient, guards } = divided(shifted, stride);
    return {
      at: [...at.map((c, j) => (j === i ? quotient : c)), r],
      guards: [{ index: shifted, lo: 0, hi: (n - 1) * stride + 1 }, ...guards],
    };
  }
  if (node.op.name === 'scatterAdd') return { at: [...at.slice(0, -1), r], guards: [] };
  const axes = reducedAxes(node);
  const inner = unflatten(
    r,
    axes.map((i) => x.shape[i] as number),
  );
  return {
    at: at.map((c, i) => (axes.includes(i) ? (inner[axes.indexOf(i)] as Index) : c)),
    guards: [],
  };
}

/** What the accumulator starts with. */
function identity(node: Tensor): string {
  const { dtype } = node.inputs[0] as Tensor;
  if (node.op.name === 'max' || node.op.name === 'argmax')
    return dtype === 'f32' ? '(-ct_inf())' : literal(dtype === 'i32' ? -2147483648 : 0, dtype);
  if (node.op.name === 'min' || node.op.name === 'argmin')
    return dtype === 'f32' ? 'ct_inf()' : literal(dtype === 'i32' ? 2147483647 : 4294967295, dtype);
  return literal(0, dtype);
}

function combine(node: Tensor, a: string, b: string): string {
  const name = node.op.name;
  return name === 'max' || name === 'min' ? `${name}(${a}, ${b})` : `${a} + ${b}`;
}

function write(group: Group, limits: LowerLimits, width: Width): Kernel {
  const writer = new KernelWriter(group, limits);
  const { domain } = group;
  const at = unflatten(variable('i', domain.size), domain.shape);
  const places = writer.placesAt(at);
  const finish = writer.emitter(width === 'i' ? { variable: 'i' } : undefined);
  const [first, ...others] = stagesOf(group) as [Stage, ...Stage[]];
  const steps = stepsOf(writer, first, [], places, width);
  const end = ([node, ...after]: Stage, result: string): void => {
    finish.define(node, finish.bind(result, 'total'));
    writer.members(finish, at, [node, ...after]);
  };
  end(first, steps.result);
  const done: Tensor[] = [...first];
  for (const stage of others) {
    const held = done.map((m) => [m, finish.localName(m) as string] as const);
    const { start, term, loop, result } = stepsOf(writer, stage, held, places, width);
    finish.lines.push(...start, loop, ...indent(term), '}');
    end(stage, result);
    done.push(...stage);
  }
  const { start, term, terms, perStep } = steps;
  return writer.assemble(
    reduceFile,
    { PER_THREAD: width === 'i' ? 4 : 1, TERMS: terms, PER_STEP: perStep },
    { start: start.join('\n'), term: term.join('\n'), finish: finish.lines.join('\n') },
    width === 'i' ? domain.size / 4 : domain.size,
    writer.workgroup(64),
  );
}

/** The loop of one reduction. */
interface Steps {
  readonly start: readonly string[];
  /** head of the loop over `terms`, and its body */
  readonly loop: string;
  readonly term: readonly string[];
  readonly terms: number;
  readonly perStep: number;
  /** text of the result */
  readonly result: string;
}

/** The loop of the reduction of a stage; `held`: what the thread has computed before, by name. */
function stepsOf(
  writer: KernelWriter,
  [node]: Stage,
  held: readonly (readonly [Tensor, string])[],
  places: ReadonlyMap<Tensor, Coordinates>,
  width: Width,
): Steps {
  const x = node.inputs[0] as Tensor;
  const at = places.get(node) as Coordinates;
  const terms = termsOf(node);
  const lanes = width ? { variable: width, strict: true } : undefined;
  const before = writer.emitter(width === 'i' ? lanes : undefined);
  const loop = before.inside('r', lanes);
  for (const [m, name] of held)
    loop.define(m, width === 'r' ? `${widen(VALUE_TYPE[m.dtype])}(${name})` : name);
  const wide = (text: string): string => (width ? widen(text) : text);
  const type = wide(VALUE_TYPE[x.dtype]);
  const acc = writer.around.fresh('acc');
  const best = writer.around.fresh('best');
  const start = [`var ${acc}: ${type} = ${wide(`${VALUE_TYPE[x.dtype]}(${identity(node)})`)};`];
  if (isArg(node)) start.push(`var ${best} = 0i;`);
  const isUnrolled = width !== 'r' && terms <= MAX_UNROLLED;
  const combined = isUnrolled ? range(terms).map(constant) : [variable('r', terms)];
  for (const r of combined) {
    const from = termAt(node, at, r);
    if (isArg(node)) {
      const v = loop.value(x, from.at);
      const isBetter = `${v} ${node.op.name === 'argmax' ? '>' : '<'} ${acc}`;
      loop.line(`if (${isBetter}) { ${acc} = ${v}; ${best} = i32(${render(r)}); }`);
    } else accumulate(node, acc, loop, from, at);
  }
  const perStep = isUnrolled ? terms : width === 'r' ? 4 : 1;
  const halves = [`${acc}.x, ${acc}.y`, `${acc}.z, ${acc}.w`].map((pair) => pair.split(', '));
  const [a, b] = halves.map(([p, q]) => combine(node, p as string, q as string));
  return {
    ...{ terms, perStep, term: loop.lines, start: [...before.lines, ...start] },
    loop: `for (var r = 0u; r < ${terms}u; r += ${perStep}u) {`,
    result: isArg(node) ? best : width === 'r' ? combine(node, `(${a})`, `(${b})`) : acc,
  };
}

/** acc = acc ∘ term, where the term exists. */
function accumulate(
  node: Tensor,
  acc: string,
  loop: Emitter,
  from: { at: Coordinates; guards: Guard[] },
  at: Coordinates,
): void {
  const x = node.inputs[0] as Tensor;
  const source = operandAt(x, from.at);
  if (node.op.name !== 'scatterAdd') {
    loop.line(`${acc} = ${combine(node, acc, loop.guarded(x, source, from.guards))};`);
    return;
  }
  if (loop.lanes) throw new NotVector();
  const indices = node.inputs[1] as Tensor;
  const n = node.shape[node.rank - 1] as number;
  const j = loop.value(indices, operandAt(indices, from.at));
  const target = loop.indexText(at[at.length - 1] as Index);
  loop.block(`if (clamp(i32(${j}), 0, ${n - 1}) == ${target})`, () =>
    loop.line(`${acc} = ${acc} + ${loop.value(x, source)};`),
  );
}
