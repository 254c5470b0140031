// npm run bench [-- SUBJECT...]: the suite, or some of it. bench/README.md says how each number is taken.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import type { Contender } from './contender.ts';
import { handwritten, isByHand } from './contenders/handwritten.ts';
import { hasRows, rowLoops } from './contenders/loop.ts';
import { ours } from './contenders/ours.ts';
import { makeEngine, nameOf } from './gpu.ts';
import { compare } from './measure.ts';
import { mustBeAmong, parse, usage, type Options } from './options.ts';
import { openPeers, peerNames } from './peers/index.ts';
import { rowTable, table, type Report, type SubjectReport } from './report.ts';
import type { Special, Subject } from './subject.ts';
import { subjects } from './subjects/index.ts';

const options = parse(process.argv.slice(2), peerNames);
const names = subjects.map((s) => s.name);
if (options.list) {
  console.log(usage.replace('PEERS', peerNames.join(', ')));
  console.log(`\n${subjects.map((s) => `${s.name.padEnd(12)} ${s.title}`).join('\n')}`);
  process.exit(0);
}
mustBeAmong('subjects', options.subjects, names);
const peers = openPeers(options.peers);

const progress = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
};

function contendersFor(subject: Subject, { modes, loop: rows, byHand }: Options): Contender[] {
  return [
    ...modes
      .filter((mode) => mode === 'auto' || subject.derivative !== 'hvp')
      .map((mode) => ours(subject, mode, makeEngine)),
    ...(rows && hasRows(subject) ? rowLoops(subject, makeEngine) : []),
    ...(byHand && isByHand(subject) ? [handwritten(subject, makeEngine)] : []),
    ...peers.map((peer) => peer.contender(subject)),
  ];
}

async function measure(subject: Subject | Special): Promise<SubjectReport> {
  if ('f' in subject) return compare(subject, contendersFor(subject, options), options, progress);
  const { name, title } = subject;
  progress(name);
  try {
    return { name, title, rows: await subject.measure() };
  } catch (error) {
    return { name, title, skipped: error instanceof Error ? error.message : String(error) };
  }
}

const version = (path: string): string =>
  (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;

const engine = await makeEngine();
const adapter = nameOf(engine);
engine.destroy();
const done: SubjectReport[] = [];
const report: Report = {
  date: new Date().toISOString().slice(0, 10),
  adapter,
  machine: `${process.platform} ${process.arch}, ${availableParallelism()} cores`,
  versions: {
    cotangent: version('package.json'),
    webgpu: version('node_modules/webgpu/package.json'),
    node: process.versions.node,
  },
  subjects: done,
};
const file = options.json ?? `bench/results/${fileName(adapter)}.json`;
console.log(`${adapter}; ${report.machine}; ${report.date}`);
for (const subject of subjects) {
  if (options.subjects.length && !options.subjects.includes(subject.name)) continue;
  const result = await measure(subject);
  progress('');
  console.log(`\n${subject.name}: ${subject.title}\n`);
  if (result.skipped) console.log(`skipped: ${result.skipped}`);
  else console.log((result.rows ? rowTable(result.rows) : table(result)).join('\n'));
  done.push(result);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 1)}\n`);
}
for (const peer of peers) peer.close();
console.log(`\nnumbers: ${file}`);
process.exit(0);

function fileName(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}
