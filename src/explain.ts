import type { Build } from './compile.ts';
import { multiplyAddsOf } from './derive/cost.ts';
import type { Decision } from './derive/decisions.ts';
import { printGraph } from './ir/print.ts';
import { roleOf, type Role } from './ir/role.ts';
import { topological } from './ir/walk.ts';
import type { Tensor } from './ir/tensor.ts';
import { bytesOf } from './ops/storage.ts';
import { allocatedBytes } from './run/buffers.ts';
import type { DType } from './util/dtype.ts';
import { sizeOf, type Shape } from './util/shape.ts';

/** One dispatch, for people and pages. */
export interface ExplainedKernel {
  readonly label: string;
  readonly kind: string;
  readonly workgroups: readonly [number, number, number];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** of the product in it, if there is one */
  readonly multiplyAdds: number;
  /** of the arrays it reads and writes, each counted once */
  readonly bytes: number;
  readonly wgsl: string;
}

/** One node of the graph that runs, for people and pages. */
export interface ExplainedNode {
  readonly op: string;
  /** positions of its inputs in the list of nodes */
  readonly inputs: readonly number[];
  readonly shape: Shape;
  readonly dtype: DType;
  /** in a Jacobian: whether it is of the function or of the derivatives, and in which direction */
  readonly role?: Role;
}

/** What runs and why. */
export interface Explanation {
  /** for people */
  readonly text: string;
  /** for pages */
  readonly json: {
    readonly label: string;
    readonly graph: string;
    /** the lines of `graph` as data, in the same order */
    readonly nodes: readonly ExplainedNode[];
    readonly jacobians: readonly Decision[];
    readonly dispatches: number;
    /** of all products */
    readonly multiplyAdds: number;
    readonly submissions: 1;
    /** bytes of GPU memory, as the engine allocates them: in steps of up to an eighth */
    readonly memory: {
      /** arguments and captured arrays */
      readonly inputs: number;
      /** intermediates, which share memory where they can */
      readonly intermediates: number;
      readonly outputs: number;
      /** what `read()` of all results copies through */
      readonly readback: number;
      /** all of these: the most that one call, and reading what it gives, holds at a time */
      readonly peak: number;
    };
    readonly kernels: readonly ExplainedKernel[];
  };
}

const describeTensor = (x: { shape: Shape; dtype: string; op: { name: string } }): string =>
  `${x.op.name} ${x.dtype}[${x.shape.join(',')}]`;

function nodesOf(outputs: readonly Tensor[]): ExplainedNode[] {
  const order = topological(outputs);
  const position = new Map(order.map((x, i) => [x, i]));
  return order.map((x) => {
    const role = roleOf(x);
    const inputs = x.inputs.map((y) => position.get(y) as number);
    return { op: x.op.name, inputs, shape: x.shape, dtype: x.dtype, ...(role && { role }) };
  });
}

export function explain({ schedule, program, decisions }: Build): Explanation {
  const kernels = schedule.groups.map((g, i): ExplainedKernel => {
    const step = program.steps[i] as (typeof program.steps)[number];
    return {
      label: step.label,
      kind: g.kind,
      workgroups: step.workgroups,
      reads: g.sources.map(describeTensor),
      writes: g.outputs.map(describeTensor),
      multiplyAdds: g.anchor ? multiplyAddsOf(g.anchor) : 0,
      bytes: [...g.sources, ...g.outputs].reduce((n, x) => n + bytesOf(x), 0),
      wgsl: (program.kernels[step.kernel] as { code: string }).code,
    };
  });
  const bytesWith = (kinds: readonly string[]): number =>
    [...schedule.storage]
      .filter(([, s]) => kinds.includes(s.kind))
      .reduce((n, [x]) => n + allocatedBytes(bytesOf(x)), 0);
  const inputs = bytesWith(['input', 'constant']);
  const outputs = bytesWith(['output']);
  const intermediates = program.slots.reduce((n, bytes) => n + allocatedBytes(bytes), 0);
  const readback = outputs;
  const peak = inputs + intermediates + outputs + readback;
  const json = {
    label: program.label,
    graph: printGraph(schedule.outputs),
    nodes: nodesOf(schedule.outputs),
    jacobians: decisions,
    dispatches: program.steps.length,
    multiplyAdds: kernels.reduce((n, k) => n + k.multiplyAdds, 0),
    submissions: 1 as const,
    memory: { inputs, intermediates, outputs, readback, peak },
    kernels,
  };
  return { text: textOf(json), json };
}

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;

function textOf(json: Explanation['json']): string {
  const lines = [
    `${json.label}: ${json.dispatches} dispatches in one submission, ${json.multiplyAdds} multiply-adds in products`,
  ];
  for (const j of json.jacobians) {
    lines.push(`jacobian: ${j.order}, ${j.seeds} seeds (${j.reason})`);
    for (const c of j.candidates ?? [])
      lines.push(`  ${c.order === j.order ? '*' : ' '} ${c.order}: ${c.flops} FLOPs`);
    if (j.segments)
      lines.push(`  segments: ${j.segments.map((s) => `${s.move} -> [${s.size}]`).join(', ')}`);
  }
  const { memory } = json;
  lines.push(
    `memory: ${kib(memory.inputs)} arguments and constants, ${kib(memory.intermediates)} intermediates, ` +
      `${kib(memory.outputs)} results, ${kib(memory.readback)} to read them: ${kib(memory.peak)} at most`,
  );
  json.kernels.forEach((k, i) => {
    const threads = sizeOf(k.workgroups);
    lines.push(`${i}. ${k.label} (${k.kind}, ${threads} workgroups)`);
    lines.push(`   reads ${k.reads.join('; ') || 'nothing'}`);
    lines.push(`   writes ${k.writes.join('; ')}`);
  });
  lines.push('graph:', json.graph);
  return lines.join('\n');
}
