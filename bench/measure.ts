import { evaluate } from '../src/node.ts';
import type { Contender, Details, Started } from './contender.ts';
import { Unable } from './contender.ts';
import { derived } from './contenders/ours.ts';
import type { Options } from './options.ts';
import type { ContenderReport, SubjectReport } from './report.ts';
import { deviation, spread } from './statistics.ts';
import type { Subject } from './subject.ts';

/** Runs before the clock counts: the JavaScript engine warms up too. */
const WARM_UP = 2;
const LEAST_RUNS = 3;
/** Between two runs, so that one does not pay for what another left behind. */
const SETTLE_MS = 20;
/** An order that is so many times the work of the one chosen is not run unless asked for. */
const TOO_MUCH_WORK = 20;

interface Running {
  readonly name: string;
  readonly started: Started;
  readonly times: number[];
  spent: number;
}

/** Lets all contenders do one subject, in turns. */
export async function compare(
  subject: Subject,
  contenders: readonly Contender[],
  options: Options,
  log: (line: string) => void,
): Promise<SubjectReport> {
  const reports = new Map<string, ContenderReport>();
  const running: Running[] = [];
  let work: Started['work'];
  for (const contender of contenders) {
    const { name } = contender;
    log(`${subject.name}: first call of ${name}`);
    try {
      const much = excess(name, work);
      if (much > TOO_MUCH_WORK && !options.allModes)
        throw new Unable(`${much.toFixed(0)} times the work; not run`);
      const started = await contender.start();
      work ??= started.work;
      running.push({ name, started, times: [], spent: 0 });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      reports.set(name, {
        name,
        skipped: error instanceof Unable ? message : `failed: ${message.split('\n')[0]}`,
      });
    }
  }
  log(`${subject.name}: float64`);
  const reference = subject.reference?.() ?? inFloat64(subject);
  await takeTurns(running, options, subject.name, log);
  for (const { name, started, times } of running) {
    log(`${subject.name}: details of ${name}`);
    let details: Details | undefined;
    try {
      details = await started.details?.();
    } catch (error) {
      log(`${subject.name}: no details of ${name}: ${String(error)}`);
    }
    reports.set(name, {
      name,
      firstCall: started.firstCall,
      times,
      spread: spread(times),
      error: deviation(started.result, reference),
      ...(started.dispatches !== undefined && { dispatches: started.dispatches }),
      ...(details && { details }),
    });
    await started.stop();
  }
  const { name, title, flops } = subject;
  const inOrder = contenders.map((c) => reports.get(c.name) as ContenderReport);
  return { name, title, flops, contenders: inOrder };
}

/** Collects garbage and lets the threads that do so end: they would take the cores of a software adapter. */
async function settle(): Promise<void> {
  (globalThis as { gc?: () => void }).gc?.();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}

/** How many times the work of the chosen order a mode has, as far as is known. */
function excess(mode: string, work: Started['work']): number {
  const least = Math.min(...(work ?? []).map((w) => w.flops));
  const own = work?.find((w) => w.order === mode)?.flops;
  return own === undefined || !(least > 0) ? 0 : own / least;
}

/** One run of each, round after round, so that what else the machine does hits all alike. */
async function takeTurns(
  running: readonly Running[],
  { runs, budget }: Options,
  name: string,
  log: (line: string) => void,
): Promise<void> {
  for (const r of running)
    for (let i = 0; i < WARM_UP; i++) {
      log(`${name}: warming up ${r.name}`);
      const time = await r.started.run();
      if (time > (budget * 1000) / 4) break;
    }
  for (let round = 0; round < runs; round++) {
    log(`${name}: round ${round + 1} of ${runs}`);
    for (const r of running) {
      if (r.spent > budget * 1000 && r.times.length >= LEAST_RUNS) continue;
      await settle();
      const time = await r.started.run();
      r.times.push(time);
      r.spent += time;
    }
  }
}

/** The result by our interpreter, in double precision; backward, as that needs the fewest rules. */
function inFloat64(subject: Subject): Float64Array {
  const mode = subject.derivative === 'diagonal' ? 'auto' : 'reverse';
  return (evaluate(derived(subject, mode), ...subject.inputs) as { data: Float64Array }).data;
}
