import mapFile from '../../shaders/map.wgsl?raw';
import { variable } from '../ir/index-expr.ts';
import { unflatten } from '../ir/index-map.ts';
import type { Group } from '../plan/plan.ts';
import { KernelWriter, fits, type Kernel, type LowerLimits } from './kernel.ts';
import { NotVector } from './lanes.ts';

/** From so many threads on, workgroups are large: what a workgroup costs counts more than filling the GPU. */
const MANY = 1 << 16;

/** Pure map: vectors of four where the shape allows, else single elements. */
export function lowerMap(group: Group, limits: LowerLimits): Kernel {
  const inner = group.domain.shape.filter((n) => n !== 1).at(-1) ?? 1;
  if (inner % 4 === 0) {
    try {
      const kernel = write(group, limits, 4);
      if (fits(kernel, limits)) return kernel;
    } catch (e) {
      if (!(e instanceof NotVector)) throw e;
    }
  }
  return write(group, limits, 1);
}

function write(group: Group, limits: LowerLimits, width: 1 | 4): Kernel {
  const writer = new KernelWriter(group, limits);
  const e = writer.emitter(width === 4 ? { variable: 'i' } : undefined);
  const { domain } = group;
  writer.members(e, unflatten(variable('i', domain.size), domain.shape));
  const threads = domain.size / width;
  return writer.assemble(
    mapFile,
    { PER_THREAD: width },
    { body: e.lines.join('\n') },
    threads,
    writer.workgroup(threads < MANY ? 64 : 256),
  );
}
