import type { Engine, Profile } from '../../src/node.ts';
import { derived } from '../contenders/ours.ts';
import { makeEngine } from '../gpu.ts';
import { measureCeilings, type Ceilings } from '../handwritten/ceilings.ts';
import { median } from '../statistics.ts';
import type { Special, Subject } from '../subject.ts';

const rounds = 9;

type Row = Record<string, string | number>;

/** Each kernel of a subject: how long it takes, and which ceiling it comes nearest to. */
async function kernelsOf(subject: Subject, engine: Engine, ceilings: Ceilings): Promise<Row[]> {
  const compiled = engine.compile(derived(subject), { label: subject.name });
  const plan = await compiled.prepare(...subject.inputs);
  const profiles: Profile[] = [];
  for (let i = 0; i <= rounds; i++) profiles.push(await plan.profile(...subject.inputs));
  const { kernels } = plan.explain().json;
  plan.destroy();
  return kernels.map(({ label, writes, multiplyAdds, bytes }, i): Row => {
    // kernels are compiled when they are first dispatched
    const ms = median(profiles.slice(1).map(({ steps }) => steps[i]?.milliseconds ?? 0));
    const [gflops, gbs] = [(2 * multiplyAdds) / ms / 1e6, bytes / ms / 1e6];
    const shares = {
      products: gflops / ceilings.product,
      memory: gbs / ceilings.traffic,
      dispatch: ceilings.dispatch / ms,
    };
    const [limit, share] = Object.entries(shares).reduce((a, b) => (b[1] > a[1] ? b : a));
    return {
      subject: subject.name,
      kernel: label.replace(`${subject.name}/`, ''),
      writes: writes.join('; '),
      ms,
      'GFLOP/s': multiplyAdds ? gflops : '',
      'GB/s': gbs,
      'nearest ceiling': limit,
      'of it': `${(100 * share).toFixed(0)} %`,
    };
  });
}

/** Every kernel of `subjects` against what the adapter can do. */
export const roofline = (subjects: readonly Subject[]): Special => ({
  name: 'roofline',
  title: 'each kernel of the suite against the ceilings of the adapter',
  async measure() {
    const engine = await makeEngine();
    const ceilings = await measureCeilings(engine);
    const rows: Row[] = [
      { subject: 'ceiling', kernel: 'arithmetic', 'GFLOP/s': ceilings.arithmetic },
      { subject: 'ceiling', kernel: 'products', 'GFLOP/s': ceilings.product },
      { subject: 'ceiling', kernel: 'memory', 'GB/s': ceilings.traffic },
      { subject: 'ceiling', kernel: 'dispatch', ms: ceilings.dispatch },
    ];
    for (const subject of subjects) rows.push(...(await kernelsOf(subject, engine, ceilings)));
    engine.destroy();
    return rows;
  },
});
