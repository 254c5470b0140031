import { jacobian, type DeviceArray, type Engine, type Plan } from '../../src/node.ts';
import { makeEngine } from '../gpu.ts';
import { gpuTime } from '../handwritten/run.ts';
import { spread } from '../statistics.ts';
import type { Special } from '../subject.ts';
import a1 from './a1.ts';

const runs = 1000;

/** Records and submits the plan: all that the host does for one run of it. */
function encodes(engine: Engine, plan: Plan, x: DeviceArray, out: DeviceArray): number {
  const { device } = engine;
  const start = performance.now();
  const encoder = device.createCommandEncoder();
  plan.encode(encoder, { inputs: [x], outputs: [out] });
  device.queue.submit([encoder.finish()]);
  return performance.now() - start;
}

const subject: Special = {
  name: 'host',
  title: `time outside the GPU of a prepared A1, ${runs} runs`,
  async measure() {
    const engine = await makeEngine();
    const { device } = engine;
    const J = engine.compile(jacobian(a1.f), { label: 'A1' });
    const x = engine.upload(a1.inputs[0]);
    const plan = await J.prepare(x);
    const out = await J(x);
    await out.read();
    const rows: Record<string, string | number>[] = [];
    const row = (what: string, times: readonly number[]): void => {
      const { median, lower, upper } = spread(times);
      rows.push({ what, 'median ms': median, 'lower quartile': lower, 'upper quartile': upper });
    };
    const encoded = [];
    for (let i = 0; i < runs; i++) {
      encoded.push(encodes(engine, plan, x, out));
      await device.queue.onSubmittedWorkDone();
    }
    row('encode, finish and submit', encoded);
    const [calls, whole] = [[] as number[], [] as number[]];
    for (let i = 0; i < runs; i++) {
      const start = performance.now();
      const promise = J(x);
      calls.push(performance.now() - start);
      using result = await promise;
      await result.read();
      whole.push(performance.now() - start);
    }
    row('the call, until it returns its promise', calls);
    row('call and read, the GPU included', whole);
    if (device.features.has('timestamp-query')) {
      const gpu = [];
      for (let i = 0; i < runs / 10; i++)
        gpu.push(
          await gpuTime(engine, (encoder, timestampWrites) => {
            const pass = encoder.beginComputePass({ timestampWrites });
            plan.encode(pass, { inputs: [x], outputs: [out] });
            pass.end();
          }),
        );
      row('the GPU, by its clock', gpu);
    }
    engine.destroy();
    return rows;
  },
};
export default subject;
