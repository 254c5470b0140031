import type { Engine } from '../../src/node.ts';
import { SPREAD, type Shader } from './matmul.ts';

/** Channels of square images. */
export interface Plane {
  readonly channels: number;
  readonly size: number;
}

const TAPS = 3;

/**
 * A convolution of 3x3 taps, or its gradient by the image: `to[n, o, y, x]` is the sum over channels `c` and
 * taps `p`, `q` of `weights[o, c, p, q] * from[n, c, s y + p - padding, s x + q - padding]`, or of
 * `weights[c, o, p, q] * from[n, c, (y + padding - p) / s, (x + padding - q) / s]` where that is a position.
 */
export interface Convolution {
  readonly kind: 'value' | 'gradient';
  readonly images: number;
  readonly from: Plane;
  readonly to: Plane;
  readonly stride: number;
  readonly padding: number;
}

/** What a thread computes: a block of positions of some channels. */
export interface Block {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Blocks worth trying. */
export function blocksFor({ kind, to, stride }: Convolution): Block[] {
  const all: [number, number, number][] = [
    [4, 4, 1],
    [7, 7, 1],
    [2, 4, 2],
    [4, 4, 2],
    [2, 2, 4],
    [2, 4, 4],
    [2, 2, 8],
    [2, 4, 8],
  ];
  return all
    .map(([height, width, channels]) => ({ height, width, channels }))
    .filter(({ height, width, channels }) => {
      const isWhole = kind === 'value' || (height % stride === 0 && width % stride === 0);
      return isWhole && to.channels % channels === 0;
    });
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Lanes that share what they load of the weights. */
const QUAD = 4;
const THREADS = 32;

/** Numbers of weights for a thread and a channel, filled up for whole quads. */
const weightsOf = ({ channels }: Block): number =>
  Math.ceil((TAPS * TAPS * channels) / QUAD) * QUAD;

/** The weights as a kernel wants them: `[to / block, from, tap, block]`, the last two filled up. */
export function laidOut(c: Convolution, block: Block, weights: Float32Array): Float32Array {
  const { from, to, kind } = c;
  const each = weightsOf(block);
  const out = new Float32Array((to.channels / block.channels) * from.channels * each);
  for (let o = 0; o < to.channels; o++)
    for (let i = 0; i < from.channels; i++)
      for (let tap = 0; tap < TAPS * TAPS; tap++) {
        const source = kind === 'value' ? o * from.channels + i : i * to.channels + o;
        const group = Math.floor(o / block.channels) * from.channels + i;
        out[group * each + tap * block.channels + (o % block.channels)] = weights[
          source * TAPS * TAPS + tap
        ] as number;
      }
  return out;
}

/** Whether lanes can share weights by swaps: subgroups are quads. */
export const hasQuads = ({ info, device }: Engine): boolean =>
  device.features.has('subgroups') &&
  info.subgroupMinSize === QUAD &&
  info.subgroupMaxSize === QUAD;

/**
 * A thread loads the patch that its block needs of a channel, and adds up the products with the weights,
 * channel by channel. Bindings: images, weights, result.
 */
export function convolution(c: Convolution, block: Block, inQuads: boolean): Shader {
  const { kind, images, from, to, stride, padding } = c;
  const { height, width, channels } = block;
  /** where tap `k` of position `u` of a block is, from the first position of `from` on that belongs to it */
  const source = (u: number, k: number): number | null => {
    if (kind === 'value') return u * stride + k - padding;
    const offset = u + padding - k;
    return offset % stride === 0 ? offset / stride : null;
  };
  const reach = (n: number): [number, number] => {
    const all = range(n).flatMap((u) => range(TAPS).flatMap((k) => source(u, k) ?? []));
    return [Math.min(...all), Math.max(...all)];
  };
  const [[top, bottom], [left, right]] = [reach(height), reach(width)];
  const [rows, columns] = [bottom - top + 1, right - left + 1];
  const isInside = kind === 'value' && padding === 0;
  const down = Math.ceil(to.size / height);
  const across = Math.ceil(to.size / width);
  const blocks = images * down * across;
  const padded = Math.ceil(blocks / THREADS) * THREADS;
  const each = weightsOf(block);
  const area = from.size * from.size;
  const scaled = (text: string): string =>
    kind === 'value' ? `${text} * ${stride}u` : `${text} / ${stride}u`;
  const mask = (name: string, first: number, i: number): string =>
    `let ${name}${i} = select(0u, ~0u, u32(i32(${name}) + ${first + i}) < ${from.size}u);`;
  const sums = range(channels).flatMap((o) =>
    range(height).flatMap((u) => range(width).map((v) => `s${o}_${u}_${v}`)),
  );
  const loads = range(rows).flatMap((r) =>
    range(columns).map((q) => {
      const value = `from_[u32(base + ${(top + r) * from.size + left + q})]`;
      return isInside
        ? `let p${r}_${q} = ${value};`
        : `let p${r}_${q} = bitcast<f32>(bitcast<u32>(${value}) & row${r} & column${q});`;
    }),
  );
  const weights = inQuads
    ? range(each / QUAD).map((j) => `let w${j} = weights[first + ${QUAD * j}u + lane];`)
    : range(TAPS * TAPS * channels).map((e) => `let w${e} = weights[first + ${e}u];`);
  const weight = (e: number): string =>
    inQuads ? `spread(w${Math.floor(e / QUAD)}, only${e % QUAD})` : `w${e}`;
  const products = range(TAPS * TAPS).flatMap((tap) =>
    range(channels).flatMap((o) => {
      const [p, q] = [Math.floor(tap / TAPS), tap % TAPS];
      const e = tap * channels + o;
      const terms = range(height).flatMap((u) =>
        range(width).flatMap((v) => {
          const [y, x] = [source(u, p), source(v, q)];
          if (y === null || x === null) return [];
          const s = `s${o}_${u}_${v}`;
          return `${s} = fma(f${e}, p${y - top}_${x - left}, ${s});`;
        }),
      );
      return [`let f${e} = ${weight(e)}${inQuads ? '.x' : ''};`, ...terms];
    }),
  );
  const stores = range(channels).flatMap((o) =>
    range(height).flatMap((u) =>
      range(width).map(
        (v) =>
          `if (y + ${u}u < ${to.size}u && x + ${v}u < ${to.size}u) { to_[place + ${o * to.size * to.size + u * to.size + v}u] = s${o}_${u}_${v}; }`,
      ),
    ),
  );
  const lines = (list: readonly string[], indent: string): string =>
    list.map((line) => indent + line).join('\n');
  const code = `${inQuads ? 'enable subgroups;' : ''}
@group(0) @binding(0) var<storage, read> from_: array<f32, ${images * from.channels * area}>;
@group(0) @binding(1) var<storage, read> weights: array<f32, ${(to.channels / channels) * from.channels * each}>;
@group(0) @binding(2) var<storage, read_write> to_: array<f32, ${images * to.channels * to.size * to.size}>;
${inQuads ? SPREAD : ''}
@compute @workgroup_size(${THREADS}) fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,${inQuads ? '\n  @builtin(subgroup_invocation_id) lane: u32,' : ''}
) {
  let own = group.x * ${THREADS}u + local.x;
  let block = min(own, ${blocks - 1}u);
  let x = block % ${across}u * ${width}u;
  let y = block / ${across}u % ${down}u * ${height}u;
  let image = block / ${across * down}u;
  let row = ${scaled('y')};
  let column = ${scaled('x')};
${
  inQuads
    ? lines(
        range(QUAD).map((q) => `let only${q} = select(0u, ~0u, lane == ${q}u);`),
        '  ',
      )
    : ''
}
${isInside ? '' : lines([...range(rows).map((r) => mask('row', top, r)), ...range(columns).map((q) => mask('column', left, q))], '  ')}
${lines(
  sums.map((s) => `var ${s} = 0.0;`),
  '  ',
)}
  for (var c = 0u; c < ${from.channels}u; c++) {
    let base = i32((image * ${from.channels}u + c) * ${area}u + row * ${from.size}u + column);
    let first = (group.y * ${from.channels}u + c) * ${each}u;
${lines([...weights, ...loads, ...products], '    ')}
  }
  if (own == block) {
    let place = ((image * ${to.channels}u + group.y * ${channels}u) * ${to.size}u + y) * ${to.size}u + x;
${lines(stores, '    ')}
  }
}`;
  return {
    code,
    workgroups: [padded / THREADS, to.channels / channels],
    ...(inQuads ? { needsSubgroups: true } : {}),
  };
}
