import type { RaceEntry } from '../worker/api.ts';
import { worker } from '../worker/client.ts';
import { courses, type Course, type CourseId } from './courses.ts';
import { groups } from './lineup.ts';
import { peers, racePeer } from './peers/index.ts';

/** Runs every contestant, one group after the other, until it is told to stop. */
export async function runRace(
  id: CourseId,
  report: (entries: readonly RaceEntry[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const { subject, input }: Course = courses[id];
  const x = await input();
  const want = await worker().reference(subject, x);
  signal.addEventListener('abort', () => void worker().stopRace());
  for (const group of groups) {
    if (signal.aborted) return;
    report(await worker().race(subject, x, want, group));
  }
  const parameters = subject.kind === 'model' ? await worker().parameters(subject.id) : {};
  const task = { course: id, x, outputs: want.length / x.length, parameters };
  for (const peer of peers) {
    if (signal.aborted) return;
    report([await racePeer(peer, task, want, signal)]);
  }
}
