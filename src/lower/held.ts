import { add, offset, render, scale, variable, type Index } from '../ir/index-expr.ts';
import { range, sizeOf } from '../util/shape.ts';
import { isZero, type Emitter } from './emitter.ts';
import { rightFactors, type Places, type RightFactor } from './factors.ts';
import type { KernelWriter } from './kernel.ts';
import { indent } from './slots.ts';
import type { Chunk } from './terms.ts';

/** Steps of a loop that is worth writing. */
const LEAST_STEPS = 4;

/**
 * The factors of a thread's columns, loaded by a loop into an array first where that is possible: of a
 * load, SwiftShader makes ten times the instructions of a read from such an array.
 */
export function heldFactors(
  writer: KernelWriter,
  places: Places,
  columns: readonly Index[],
  chunk: Chunk,
  e: Emitter,
): RightFactor {
  const once = rightFactors(places, columns, chunk, writer.emitter(e.lanes));
  const { count, taps } = chunk;
  const whole = sizeOf(taps.map(({ size }) => size));
  const ofOuter = count > whole ? whole : whole / (taps[0]?.size ?? 1);
  const pattern =
    patternOf(once, count, columns.length, 1) ?? patternOf(once, count, columns.length, ofOuter);
  if (!pattern) return rightFactors(places, columns, chunk, e);

  const { terms, values, slots } = pattern;
  const steps = count / terms;
  const { fresh } = writer.around;
  const [array, i] = [fresh('held'), fresh('i')];
  const type = places.tiling.right === 'columns' ? 'F4' : 'F';
  places.names.push(`var ${array}: array<${type}, ${steps * values}>;`);
  const inner = e.inside(i);
  const first = scale(variable(i, steps), terms);
  const at: Chunk['at'] = (u) => chunk.at(add(first, u));
  const factor = rightFactors(places, columns, { ...chunk, at }, inner);
  const stored = new Set<number>();
  slots.forEach((ofTerm, u) => {
    for (const [j, slot] of ofTerm.entries()) {
      if (typeof slot === 'string' || stored.has(slot)) continue;
      stored.add(slot);
      const place = offset(scale(variable(i, steps), values), slot);
      inner.line(`${array}[${render(place)}] = ${factor(j, u)};`);
    }
  });
  e.lines.push(`for (var ${i} = 0u; ${i} < ${steps}u; ${i}++) {`, ...indent(inner.lines), '}');
  const names = range(steps * values).map((v) => e.bind(`${array}[${v}]`, 'b'));
  return (j, t) => {
    const slot = slots[t % terms]?.[j] as number | string;
    return typeof slot === 'string'
      ? slot
      : (names[Math.floor(t / terms) * values + slot] as string);
  };
}

/** What steps of so many terms have in common. */
interface Pattern {
  readonly terms: number;
  /** different factors in a step */
  readonly values: number;
  /** for each term and column the number of its factor in the step, or the text of one that is zero */
  readonly slots: readonly (readonly (number | string)[])[];
}

/** How steps of `terms` terms repeat each other; null where they do not, or have factors in common. */
function patternOf(
  factor: RightFactor,
  count: number,
  columns: number,
  terms: number,
): Pattern | null {
  if (count / terms < LEAST_STEPS) return null;
  const known = new Set<string>();
  let pattern: Pattern | null = null;
  for (let t = 0; t < count; t += terms) {
    const own: string[] = [];
    const slots = range(terms).map((u) =>
      range(columns).map((j) => {
        const text = factor(j, t + u);
        if (isZero(text)) return text;
        if (!own.includes(text)) own.push(text);
        return own.indexOf(text);
      }),
    );
    if (own.some((text) => known.has(text))) return null;
    own.forEach((text) => known.add(text));
    if (pattern && JSON.stringify(pattern.slots) !== JSON.stringify(slots)) return null;
    pattern ??= { terms, values: own.length, slots };
  }
  return pattern;
}
