#!/usr/bin/env node
import { runProgram } from './program.ts';

const { stdout, stderr } = process;

process.exitCode = await runProgram(process.argv.slice(2), {
  out: (text) => stdout.write(text),
  err: (text) => stderr.write(text),
  // one line that is written over, where a person looks on
  ...(stderr.isTTY && { progress: (text: string) => stderr.write(`\r\x1b[K${text}`) }),
});
