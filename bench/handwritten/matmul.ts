import type { Engine } from '../../src/node.ts';

/** What happens to an element of a product before it is stored. */
export type Epilogue =
  | 'none'
  /** tanh of it */
  | 'tanh'
  /** times 1 - h², with `h[row / group, column]` */
  | { readonly scaleByColumn: number }
  /** times 1 - h², with `h[row]` */
  | 'scale by row';

/** `[m, k] · [k, n]`, row-major. k is a multiple of 16, n of 4. */
export interface Product {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly epilogue?: Epilogue;
}

/** A compute shader and how to dispatch it. Bindings: left, right, result, h where it is used. */
export interface Shader {
  readonly code: string;
  readonly workgroups: readonly [number, number];
  readonly needsSubgroups?: boolean;
}

/**
 * How a product is computed.
 *
 * - `subgroup`: the rows of the left operand are loaded by the lanes of a subgroup together and
 *   broadcast, a column of four per lane; no workgroup memory. Best on software adapters.
 * - `quad`: the same for subgroups of four, which SwiftShader has: more rows, spread by swaps.
 * - `parts`: for subgroups of four, too. A thread loads its columns of up to 64 terms, adds these up for one
 *   row after the other, and keeps the sums in the result until the next terms.
 * - `direct`: the same without subgroups; four rows and four columns per thread.
 * - `tile`, `large tile`: tiles of both operands in workgroup memory, 4 x 4 or 8 x 8 per thread. For real GPUs.
 */
export type Variant = 'subgroup' | 'quad' | 'parts' | 'direct' | 'tile' | 'large tile';

/** The variants worth trying on an adapter. */
export function variantsFor({ info, device }: Engine): Variant[] {
  const { subgroupMinSize, subgroupMaxSize, isSoftware } = info;
  const fixed = subgroupMinSize === subgroupMaxSize && subgroupMaxSize > 0 && subgroupMaxSize <= 32;
  const canBroadcast = device.features.has('subgroups') && fixed;
  return [
    ...(canBroadcast ? (['subgroup'] as const) : []),
    ...(canBroadcast && subgroupMaxSize === 4 ? (['quad', 'parts'] as const) : []),
    'direct',
    // workgroup memory loses several times on software adapters
    ...(isSoftware ? [] : (['tile', 'large tile'] as const)),
  ];
}

export function matmul(variant: Variant, product: Product, subgroupSize: number): Shader {
  switch (variant) {
    case 'subgroup':
      return product.k % subgroupSize ? direct(product) : subgroup(product, subgroupSize);
    case 'quad':
      return quad(product);
    case 'parts':
      return parts(product);
    case 'direct':
      return direct(product);
    case 'tile':
      return tile(product, { rows: 64, columns: 64, depth: 16, perThread: 4 });
    case 'large tile':
      return tile(product, { rows: 128, columns: 128, depth: 8, perThread: 8 });
  }
}

const up = (a: number, b: number): number => Math.ceil(a / b);

/** `line(0)` to `line(count - 1)`. */
const each = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

function bindings({ m, k, n, epilogue = 'none' }: Product, left: 'f32' | 'vec4f'): string {
  const width = left === 'f32' ? 1 : 4;
  const h =
    typeof epilogue === 'object'
      ? `@group(0) @binding(3) var<storage, read> h: array<vec4f, ${up(m, epilogue.scaleByColumn) * (n / 4)}>;`
      : epilogue === 'scale by row'
        ? `@group(0) @binding(3) var<storage, read> h: array<f32, ${m}>;`
        : '';
  return `
@group(0) @binding(0) var<storage, read> a: array<${left}, ${(m * k) / width}>;
@group(0) @binding(1) var<storage, read> b: array<vec4f, ${(k * n) / 4}>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f, ${(m * n) / 4}>;
${h}
fn store(value: vec4f, row: u32, column: u32) {
  ${epilogueCode(epilogue, n)}
}`;
}

function epilogueCode(epilogue: Epilogue, n: number): string {
  const at = `c[row * ${n / 4}u + column]`;
  if (epilogue === 'none') return `${at} = value;`;
  // beyond 15 tanh is 1 in f32, and some drivers give NaN
  if (epilogue === 'tanh') return `${at} = tanh(clamp(value, vec4f(-15), vec4f(15)));`;
  if (epilogue === 'scale by row') return `${at} = value * (1 - h[row] * h[row]);`;
  return `let v = h[(row / ${epilogue.scaleByColumn}u) * ${n / 4}u + column];
  ${at} = value * (vec4f(1) - v * v);`;
}

/** Rows a thread takes: eight, fewer if there are fewer, ten if that divides and eight does not. */
function rowsPerThread(m: number): number {
  if (m < 8) return m;
  return m % 8 !== 0 && m % 10 === 0 ? 10 : 8;
}

/** `if` where a row or column may be out of range. */
const guard = (code: string, ...conditions: (string | false)[]): string => {
  const used = conditions.filter(Boolean);
  return used.length ? `if (${used.join(' && ')}) { ${code} }` : code;
};

function subgroup(product: Product, lanes: number): Shader {
  const { m, k, n } = product;
  const rows = rowsPerThread(m);
  const wholeRows = m % rows === 0;
  const wholeColumns = (n / 4) % lanes === 0;
  const code = `enable subgroups;
${bindings(product, 'f32')}
@compute @workgroup_size(${lanes}) fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let row = group.y * ${rows}u;
  let column = group.x * ${lanes}u + local.x;
  let first = ${wholeColumns ? 'column' : `min(column, ${n / 4 - 1}u)`};
${each(rows, (i) => `  let a${i} = ${wholeRows ? `(row + ${i}u)` : `min(row + ${i}u, ${m - 1}u)`} * ${k}u + lane; var c${i} = vec4f();`)}
  for (var i = 0u; i < ${k}u; i += ${lanes}u) {
${each(rows, (i) => `    let x${i} = a[a${i} + i];`)}
${each(
  lanes,
  (q) => `    let y${q} = b[(i + ${q}u) * ${n / 4}u + first];
${each(rows, (i) => `    c${i} = fma(vec4f(subgroupBroadcast(x${i}, ${q}u)), y${q}, c${i});`)}`,
)}
  }
${each(rows, (i) => `  ${guard(`store(c${i}, row + ${i}u, column);`, !wholeRows && `row + ${i}u < ${m}u`, !wholeColumns && `column < ${n / 4}u`)}`)}
}`;
  return { code, workgroups: [up(n / 4, lanes), up(m, rows)], needsSubgroups: true };
}

/** The value of the lane of a quad whose `mask` has all bits set, as its others have none. */
export const SPREAD = `fn spread(x: f32, mask: u32) -> vec4f {
  let own = bitcast<u32>(x) & mask;
  let pair = own | quadSwapX(own);
  return vec4f(bitcast<f32>(pair | quadSwapY(pair)));
}`;

function quad(product: Product): Shader {
  const { m, k, n } = product;
  const rows = Math.min(m, 16);
  const wholeRows = m % rows === 0 && rows % 2 === 0;
  const threads = [32, 28, 16, 8, 4].find((t) => (n / 4) % t === 0) ?? 4;
  const wholeColumns = (n / 4) % threads === 0;
  // two terms of each row: a lane loads one of every four
  const row = (load: number): string => {
    const own = `row + ${2 * load}u + (lane >> 1u)`;
    return wholeRows ? `(${own})` : `min(${own}, ${m - 1}u)`;
  };
  const code = `enable subgroups;
${bindings(product, 'f32')}
${SPREAD}
@compute @workgroup_size(${threads}) fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let row = group.y * ${rows}u;
  let column = group.x * ${threads}u + local.x;
  let first = ${wholeColumns ? 'column' : `min(column, ${n / 4 - 1}u)`};
${each(4, (q) => `  let only${q} = select(0u, ~0u, lane == ${q}u);`)}
${each(up(rows, 2), (j) => `  let a${j} = ${row(j)} * ${k}u + (lane & 1u);`)}
${each(rows, (i) => `  var c${i} = vec4f();`)}
  for (var i = 0u; i < ${k}u; i += 2u) {
${each(up(rows, 2), (j) => `    let x${j} = a[a${j} + i];`)}
${each(
  2,
  (t) => `    let y${t} = b[(i + ${t}u) * ${n / 4}u + first];
${each(rows, (i) => `    c${i} = fma(spread(x${i >> 1}, only${2 * (i % 2) + t}), y${t}, c${i});`)}`,
)}
  }
${each(rows, (i) => `  ${guard(`store(c${i}, row + ${i}u, column);`, !wholeRows && `row + ${i}u < ${m}u`, !wholeColumns && `column < ${n / 4}u`)}`)}
}`;
  return { code, workgroups: [up(n / 4, threads), up(m, rows)], needsSubgroups: true };
}

function parts(product: Product): Shader {
  const { m, k, n } = product;
  const divisor = (of: number, most: number): number => {
    for (let d = most; d > 1; d--) if (of % d === 0) return d;
    return 1;
  };
  const rows = divisor(m, 320);
  const terms = divisor(k / 4, 16) * 4;
  const enough = [32, 28, 16, 8, 4].filter((t) => (m / rows) * (n / 4 / t) >= 8);
  const threads = enough.find((t) => (n / 4) % t === 0) ?? 4;
  const isOwn = (n / 4) % threads === 0 ? 'true' : `column < ${n / 4}u`;
  const at = (row: string): string => `c[${row} * ${n / 4}u + column]`;
  const isOnePart = terms === k;
  const code = `enable subgroups;
${bindings(product, 'f32')}
${SPREAD}
@compute @workgroup_size(${threads}) fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let column = group.x * ${threads}u + local.x;
  let first = min(column, ${n / 4 - 1}u);
  let isOwn = ${isOwn};
${each(4, (q) => `  let only${q} = select(0u, ~0u, lane == ${q}u);`)}
  var held: array<vec4f, ${terms}>;
  for (var i = 0u; i < ${k}u; i += ${terms}u) {
    for (var t = 0u; t < ${terms}u; t++) { held[t] = b[(i + t) * ${n / 4}u + first]; }
${each(terms, (t) => `    let y${t} = held[${t}];`)}
    for (var row = group.y * ${rows}u; row < group.y * ${rows}u + ${rows}u; row++) {
      var sum = vec4f();
      ${isOnePart ? '' : `if (isOwn & (i > 0u)) { sum = ${at('row')}; }`}
${each(terms / 4, (j) => `      let x${j} = a[row * ${k}u + i + ${4 * j}u + lane];`)}
${each(terms, (t) => `      sum = fma(spread(x${t >> 2}, only${t % 4}), y${t}, sum);`)}
      if (isOwn) { ${isOnePart ? 'store(sum, row, column)' : `${at('row')} = sum`}; }
    }
  }
${isOnePart || (product.epilogue ?? 'none') === 'none' ? '' : `  if (isOwn) { for (var row = group.y * ${rows}u; row < group.y * ${rows}u + ${rows}u; row++) { store(${at('row')}, row, column); } }`}
}`;
  return { code, workgroups: [up(n / 4, threads), m / rows], needsSubgroups: true };
}

function direct(product: Product): Shader {
  const { m, k, n } = product;
  const rows = Math.min(rowsPerThread(m), 4);
  const [across, down] = [8, m >= 32 ? 8 : 1];
  const wholeRows = m % (rows * down) === 0;
  const wholeColumns = (n / 4) % across === 0;
  const code = `${bindings(product, 'vec4f')}
@compute @workgroup_size(${across}, ${down}) fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * ${rows}u;
  let column = id.x;
  ${wholeColumns ? '' : `if (column >= ${n / 4}u) { return; }`}
  ${wholeRows ? '' : `if (row >= ${m}u) { return; }`}
${each(rows, (i) => `  let a${i} = ${wholeRows ? `(row + ${i}u)` : `min(row + ${i}u, ${m - 1}u)`} * ${k / 4}u; var c${i} = vec4f();`)}
  for (var i = 0u; i < ${k / 4}u; i++) {
${each(rows, (i) => `    let x${i} = a[a${i} + i];`)}
${each(
  4,
  (q) => `    let y${q} = b[(i * 4u + ${q}u) * ${n / 4}u + column];
${each(rows, (i) => `    c${i} = fma(vec4f(x${i}.${'xyzw'[q]}), y${q}, c${i});`)}`,
)}
  }
${each(rows, (i) => `  ${guard(`store(c${i}, row + ${i}u, column);`, !wholeRows && `row + ${i}u < ${m}u`)}`)}
}`;
  return { code, workgroups: [up(n / 4, across), up(m, rows * down)] };
}

interface TileSize {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** rows, and columns, of a thread */
  readonly perThread: number;
}

function tile(product: Product, { rows, columns, depth, perThread }: TileSize): Shader {
  const { m, k, n } = product;
  const across = columns / perThread;
  const threads = across * (rows / perThread);
  const [leftLoads, rightLoads] = [(rows * depth) / 4 / threads, (depth * columns) / 4 / threads];
  const groups = perThread / 4; // of four columns of a thread, `across` apart
  const code = `${bindings(product, 'vec4f')}
var<workgroup> left: array<f32, ${rows * depth}>; // [depth, rows]
var<workgroup> right: array<vec4f, ${(depth * columns) / 4}>; // [depth, columns]
@compute @workgroup_size(${threads}) fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let x = thread % ${across}u;
  let y = thread / ${across}u;
  let row = group.y * ${rows}u;
  let column = group.x * ${columns / 4}u;
${each(perThread, (i) => each(groups, (g) => `  var c${i}_${g} = vec4f();`))}
  for (var i = 0u; i < ${k}u; i += ${depth}u) {
${each(
  leftLoads,
  (q) => `    {
      let e = thread + ${q * threads}u;
      let r = e / ${depth / 4}u;
      let d = e % ${depth / 4}u;
      let v = a[min(row + r, ${m - 1}u) * ${k / 4}u + i / 4u + d];
${each(4, (s) => `      left[(d * 4u + ${s}u) * ${rows}u + r] = v.${'xyzw'[s]};`)}
    }`,
)}
${each(rightLoads, (q) => `    { let e = thread + ${q * threads}u; right[e] = b[(i + e / ${columns / 4}u) * ${n / 4}u + min(column + e % ${columns / 4}u, ${n / 4 - 1}u)]; }`)}
    workgroupBarrier();
    for (var d = 0u; d < ${depth}u; d++) {
${each(groups, (g) => `      let y${g} = right[d * ${columns / 4}u + x + ${g * across}u];`)}
${each(
  perThread,
  (i) => `      let x${i} = vec4f(left[d * ${rows}u + y * ${perThread}u + ${i}u]);
${each(groups, (g) => `      c${i}_${g} = fma(x${i}, y${g}, c${i}_${g});`)}`,
)}
    }
    workgroupBarrier();
  }
${each(perThread, (i) => each(groups, (g) => `  ${guard(`store(c${i}_${g}, row + y * ${perThread}u + ${i}u, column + x + ${g * across}u);`, m % rows !== 0 && `row + y * ${perThread}u + ${i}u < ${m}u`, n % columns !== 0 && `column + x + ${g * across}u < ${n / 4}u`)}`))}
}`;
  return { code, workgroups: [up(n, columns), up(m, rows)] };
}

/** `result[row, column] = weights[row % group, column] * (1 - h²)`, with `h[row / group, column]`. */
export function scaledRows(rows: number, columns: number, group: number): Shader {
  const total = (rows * columns) / 4;
  const code = `
@group(0) @binding(0) var<storage, read> weights: array<vec4f, ${(group * columns) / 4}>;
@group(0) @binding(1) var<storage, read> h: array<vec4f, ${total / group}>;
@group(0) @binding(2) var<storage, read_write> result: array<vec4f, ${total}>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= ${total}u) { return; }
  let row = i / ${columns / 4}u;
  let column = i % ${columns / 4}u;
  let v = h[(row / ${group}u) * ${columns / 4}u + column];
  result[i] = weights[(row % ${group}u) * ${columns / 4}u + column] * (vec4f(1) - v * v);
}`;
  return { code, workgroups: [up(total, 64), 1] };
}

/** `result[row, column] = weights[row, column] * (1 - h[row]²)`. */
export function scaledByRow(rows: number, columns: number): Shader {
  const total = (rows * columns) / 4;
  const code = `
@group(0) @binding(0) var<storage, read> weights: array<vec4f, ${total}>;
@group(0) @binding(1) var<storage, read> h: array<f32, ${rows}>;
@group(0) @binding(2) var<storage, read_write> result: array<vec4f, ${total}>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= ${total}u) { return; }
  let v = h[i / ${columns / 4}u];
  result[i] = weights[i] * (1 - v * v);
}`;
  return { code, workgroups: [up(total, 64), 1] };
}
