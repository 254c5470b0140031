import { add, scale, variable, type Index } from '../ir/index-expr.ts';
import type { Contraction } from './contraction.ts';
import type { Emitter } from './emitter.ts';
import { allOf } from './guards.ts';
import { nest, type Bodies, type Depths, type WriteChunk } from './loops.ts';
import { indent } from './slots.ts';
import type { Chunk, Terms } from './terms.ts';
import type { Tiling } from './tiling.ts';

/** A loop over tiles of rows that a thread computes one after the other. */
export interface Turn {
  readonly variable: string;
  readonly size: number;
  /** text of the number of turns: the last thread may have fewer */
  readonly count: string;
}

/** The loops over a thread's tiles, the innermost last. */
export function turnsOf(
  { turns, M }: Contraction,
  { rows, repeat }: Pick<Tiling, 'rows' | 'repeat'>,
): Turn[] {
  if (turns.length === 0) {
    const count = M % (rows * repeat) === 0 ? `${repeat}u` : `min(${repeat}u, M - m0)`;
    return [{ variable: 'r', size: repeat, count }];
  }
  return turns.map((size, i) => ({
    variable: i === turns.length - 1 ? 'r' : `r${i}`,
    size,
    count: `${size}u`,
  }));
}

/** Row `i` of the tile of `rows` that a thread is at. */
export function rowIn(turns: readonly Turn[], rows: number, M: number, i: Index): Index {
  let stride = rows;
  let row = i;
  for (const { variable: name, size } of [...turns].reverse()) {
    row = add(scale(variable(name, size), stride), row);
    stride *= size;
  }
  return add(scale(variable('tile_m', Math.ceil(M / stride)), stride), row);
}

/** An emitter for each depth of the loops over tiles, from before them to the innermost body. */
export function insideTurns(before: Emitter, turns: readonly Turn[]): Depths {
  const depths = [before];
  for (const { variable: name } of turns) depths.push((depths.at(-1) as Emitter).inside(name));
  return depths;
}

/** What is done with the sums of a tile: at each depth of the loops over tiles, and before all loops. */
export interface Ending {
  readonly before: readonly string[];
  readonly depths: Depths;
}

/** How the sums of a tile are kept in memory between parts of the terms: the places, and what moves them. */
export interface Keeping extends Ending {
  readonly load: readonly string[];
  readonly store: readonly string[];
}

/** Tiles that a thread computes in turn. */
export interface Tiles {
  readonly turns: readonly Turn[];
  /** variables of the sums of a tile */
  readonly sums: readonly string[];
  /** null where all terms are one part */
  readonly keep: Keeping | null;
  /** null where nothing is left to do with sums that are kept */
  readonly finish: Ending | null;
  /** writes products to the last emitter */
  write(chunk: Chunk, l: Emitter, r: Emitter, out: Emitter): void;
}

/**
 * Loops over tiles of rows inside those over parts of the terms: the columns of a part are loaded before
 * the tiles, its terms are unrolled, and what is the same for all turns of a loop is before it. Sums that
 * are kept are loaded once more to be finished.
 */
export function repeated(tiles: Tiles, terms: Terms, left: Depths, right: Depths): Bodies {
  const { turns, sums, keep, finish } = tiles;
  const write: WriteChunk = (chunk, l, r, begun) => {
    const lefts = insideTurns(l, turns);
    const tile = lefts.at(-1) as Emitter;
    tiles.write(chunk, tile, r, tile);
    const { lines } = tile;
    const end = keep ? keep.store : innermost(finish as Ending);
    const body = [
      ...sums,
      ...(keep ? [...innermost(keep), ...onlyIf([OWN, begun], keep.load)] : []),
      ...lines,
      ...onlyIf([OWN], end),
    ];
    return [...l.lines, ...r.lines, ...inTurns(turns, [lefts, (keep ?? finish)?.depths], body)];
  };
  const { start, step, rest } = nest(terms, left, right, write);
  const endings = [finish, keep].flatMap((e) => e ?? []);
  const before = endings.flatMap((e) => [...e.before, ...(e.depths[0] as Emitter).lines]);
  const again =
    keep && finish
      ? inTurns(
          turns,
          [keep.depths, finish.depths],
          [...sums, ...innermost(keep), ...keep.load, ...innermost(finish)],
        )
      : [];
  return { start: [...before, ...start], step, rest, finish: again };
}

const innermost = ({ depths }: Ending): readonly string[] => (depths.at(-1) as Emitter).lines;

/** The loops over tiles around a body: what is before the outermost is not among it. */
function inTurns(
  turns: readonly Turn[],
  emitters: readonly (Depths | undefined)[],
  body: readonly string[],
): string[] {
  let all = [...body];
  for (let d = turns.length - 1; d >= 0; d--) {
    const { variable: name, count } = turns[d] as Turn;
    const head = `for (var ${name} = 0u; ${name} < ${count}; ${name}++) {`;
    const hoisted = d === 0 ? [] : emitters.flatMap((e) => (e?.[d] as Emitter).lines);
    all = [...hoisted, head, ...indent(all), '}'];
  }
  return all;
}

/** Lanes beyond the last column load and store nothing. */
const OWN = 'own_n == tile_n';

const onlyIf = (tests: readonly string[], body: readonly string[]): string[] => [
  `if (${allOf(tests.filter((t) => t !== 'true'))}) {`,
  ...indent(body),
  '}',
];
