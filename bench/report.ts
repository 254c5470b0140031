import type { Details } from './contender.ts';
import type { Deviation, Spread } from './statistics.ts';

/** One dispatch of a plan. */
export interface Kernel {
  readonly label: string;
  readonly kind: string;
  readonly workgroups: readonly number[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** of GPU time, in a pass of its own */
  readonly milliseconds: number | undefined;
}

/** What one contender did with one subject. */
export interface ContenderReport {
  readonly name: string;
  /** why it was not run; the rest is missing then */
  readonly skipped?: string;
  readonly firstCall?: number;
  readonly times?: readonly number[];
  readonly spread?: Spread;
  readonly error?: Deviation;
  readonly dispatches?: number;
  readonly details?: Details;
}

/** Rows of numbers that are not a comparison of contenders. */
export type Rows = readonly Readonly<Record<string, string | number>>[];

export interface SubjectReport {
  readonly name: string;
  readonly title: string;
  readonly flops?: number;
  readonly contenders?: readonly ContenderReport[];
  readonly rows?: Rows;
  readonly skipped?: string;
}

export interface Report {
  readonly date: string;
  readonly adapter: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly subjects: readonly SubjectReport[];
}

const significant = (value: number | undefined): string => {
  if (value === undefined) return '';
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
};

const columns = [
  'way',
  'run ms',
  'quartiles',
  'GPU ms',
  'GFLOP/s',
  'first call ms',
  'dispatches',
  'error',
  'times auto',
] as const;

/** The table of one subject, as lines of Markdown; the last column is the time over that of `auto`. */
export function table({ contenders = [], flops = 0 }: SubjectReport): string[] {
  const auto = contenders.find((c) => c.name === 'auto');
  const base = auto?.spread?.median;
  const cells = contenders.map((c) => {
    const { spread, error, firstCall, dispatches, details, skipped } = c;
    if (skipped || !spread || !error) return [c.name, skipped ?? 'not run'];
    const isAuto = c !== auto && details?.program && details.program === auto?.details?.program;
    const remark = isAuto ? 'kernels of auto' : details?.order;
    return [
      remark && remark !== c.name ? `${c.name} (${remark})` : c.name,
      significant(spread.median),
      `${significant(spread.lower)}-${significant(spread.upper)}`,
      significant(gpuTime(details)),
      significant(flops / spread.median / 1e6),
      significant(firstCall),
      dispatches === undefined ? '' : String(dispatches),
      error.relative.toExponential(1),
      base ? significant(spread.median / base) : '',
    ];
  });
  return markdown([[...columns], ...cells]);
}

/** Sum of the times of the kernels, or what was measured for them together. */
function gpuTime(details: Details | undefined): number | undefined {
  if (details?.gpu !== undefined) return details.gpu;
  const kernels = details?.kernels;
  if (!kernels?.length || kernels.some((k) => k.milliseconds === undefined)) return undefined;
  return kernels.reduce((sum, k) => sum + (k.milliseconds as number), 0);
}

/** Rows of plain numbers as a table. */
export function rowTable(rows: Rows): string[] {
  const names = [...new Set(rows.flatMap((r) => Object.keys(r)))];
  const text = (v: string | number | undefined): string =>
    typeof v === 'number' && !Number.isInteger(v) ? significant(v) : String(v ?? '');
  return markdown([names, ...rows.map((r) => names.map((n) => text(r[n])))]);
}

/** Cells, the first row being the heads, as lines of an aligned Markdown table. */
function markdown(cells: readonly (readonly string[])[]): string[] {
  const head = cells[0] as readonly string[];
  // a row of two cells is a name and a remark that may be long
  const measured = cells.filter((row) => row.length === head.length);
  const widths = head.map((_, i) =>
    Math.max(...measured.map((row) => (row[i] as string).length), i ? 0 : longest(cells)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((c, i) => (i ? c.padStart(widths[i] ?? 0) : c.padEnd(widths[0] as number))).join(' | ')} |`;
  const rule = `| ${widths.map((w, i) => (i ? `${'-'.repeat(w - 1)}:` : '-'.repeat(w))).join(' | ')} |`;
  return [line(head), rule, ...cells.slice(1).map(line)];
}

const longest = (cells: readonly (readonly string[])[]): number =>
  Math.max(...cells.map((row) => (row[0] as string).length));
