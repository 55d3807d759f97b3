import path from 'node:path';

// What the summary at the end of a run counts together: the folder below test/, unless a suite says otherwise (one that
// runs on the mock cluster and on a real Kafka counts under both). Kept on the suite, because mocha requires its
// reporter and imports the tests: this module may be there twice.

type GroupedSuite = Mocha.Suite & { seekafkaGroup?: string; seekafkaSkipReason?: string };

/** Counts the tests of `suite` under `group`. */
export function setGroup(suite: Mocha.Suite, group: string): void {
  (suite as GroupedSuite).seekafkaGroup = group;
}

/** The group that a test, or the hook of a suite, counts under. */
export function groupOf(runnable: Mocha.Runnable): string {
  for (const suite of suitesOf(runnable)) {
    if (suite.seekafkaGroup) return suite.seekafkaGroup;
  }
  const folder = runnable.file && path.relative('test', runnable.file).split(path.sep)[0];
  return folder && !folder.startsWith('..') && !folder.endsWith('.ts') ? folder : 'other';
}

/**
 * Called in a test, or for a whole suite in its `before` hook: it is pending, because this machine lacks what it needs.
 * The summary shows the reason.
 */
export function skip(context: Mocha.Context, reason: string): never {
  const suite = context.test?.parent as GroupedSuite | undefined;
  if (suite) suite.seekafkaSkipReason = reason;
  context.skip();
}

export function skipReason(runnable: Mocha.Runnable): string | undefined {
  for (const suite of suitesOf(runnable)) {
    if (suite.seekafkaSkipReason) return suite.seekafkaSkipReason;
  }
  return undefined;
}

function* suitesOf(runnable: Mocha.Runnable): Generator<GroupedSuite> {
  for (let suite = runnable.parent; suite; suite = suite.parent) yield suite;
}
