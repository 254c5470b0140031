// A vitest reporter for tools/test.mjs: writes the totals of a run to the file TOTALS_FILE.
import { writeFileSync } from 'node:fs';

export default class TotalsReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    // besides tests, what fails around them counts: a hook, a file, the process
    const totals = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      if (module.errors().length) totals.failed++;
      for (const suite of module.children.allSuites()) if (suite.errors().length) totals.failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        totals[state === 'pending' ? 'failed' : state]++; // pending: it never came to an end
      }
    }
    if (process.env.TOTALS_FILE) writeFileSync(process.env.TOTALS_FILE, JSON.stringify(totals));
  }
}
