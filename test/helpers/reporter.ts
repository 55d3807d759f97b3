import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';
import { groupOf, skipReason } from './groups.js';

type Counts = { passed: number; failed: number; skipped: number };

/**
 * Mocha's spec reporter, and at the end the counts of each group and of all.
 *
 * scripts/test.mjs wants to know how far a run came even if the process crashes: each step also goes to the file that
 * SEEKAFKA_TEST_JOURNAL names, and then that script prints the last line.
 */
export default class Reporter extends Mocha.reporters.Spec {
  readonly #counts = new Map<string, Counts>();
  readonly #reasons = new Map<string, string>();
  readonly #journal = process.env.SEEKAFKA_TEST_JOURNAL;

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.on('test', (test) => this.#write({ running: test.fullTitle() }));
    runner.on('hook', (hook) => this.#write({ running: hook.fullTitle() }));
    runner.on('pass', (test) => this.#count(test, 'passed'));
    runner.on('fail', (test) => this.#count(test, 'failed'));
    runner.on('pending', (test) => this.#count(test, 'skipped'));
  }

  // Mocha calls it when the run is over: Spec's own summary of failures, and ours below it.
  override epilogue(): void {
    super.epilogue();
    const total: Counts = { passed: 0, failed: 0, skipped: 0 };
    for (const [group, counts] of this.#counts) {
      const reason = this.#reasons.get(group);
      console.log(`  ${group.padEnd(10)} ${text(counts)}${reason ? ` (${reason})` : ''}`);
      for (const outcome of Object.keys(total) as (keyof Counts)[]) total[outcome] += counts[outcome];
    }
    console.log();
    this.#write({ over: true });
    if (!this.#journal) console.log(text(total));
    tellWhatHangs();
  }

  #count(runnable: Mocha.Runnable, outcome: keyof Counts): void {
    const group = groupOf(runnable);
    const counts = this.#counts.get(group) ?? { passed: 0, failed: 0, skipped: 0 };
    counts[outcome]++;
    const reason = outcome === 'skipped' && skipReason(runnable);
    if (reason) this.#reasons.set(group, reason);
    this.#counts.set(group, counts);
    this.#write({ outcome });
  }

  #write(entry: { running: string } | { outcome: keyof Counts } | { over: true }): void {
    if (this.#journal) appendFileSync(this.#journal, `${JSON.stringify(entry)}\n`);
  }
}

function text({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** Mocha ends when nothing is left to do, and we never force it: what keeps it alive is a bug that has to show. */
function tellWhatHangs(): void {
  const seconds = 10;
  const timer = setTimeout(() => {
    const resources = process.getActiveResourcesInfo().filter((name) => !['TTYWrap', 'PipeWrap'].includes(name));
    console.error(
      `\nThe tests ended ${seconds} s ago and the process is still alive. What keeps it: ` +
        `${resources.join(', ') || 'nothing that Node can name (an addon, or a pipe)'}.\n`,
    );
  }, seconds * 1000);
  timer.unref();
}
