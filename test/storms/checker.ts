// Checks a history. Pure: the same history gives the same anomalies. The names follow the Kafka workload of Jepsen (lost-write, duplicate,
// nonmonotonic-poll, aborted-read, unseen, ...), with those of seeks added.

import { checkCalls } from './check-calls.js';
import { checkReaders } from './check-readers.js';
import { checkWriters } from './check-writers.js';
import type { Line } from './history.js';
import { Truth } from './truth.js';

export type AnomalyKind =
  /** Acknowledged, and not in the log. */
  | 'lost-write'
  /** In the log at another offset than was acknowledged. */
  | 'inconsistent-offset'
  /** Sent once, and in the log twice. */
  | 'duplicate'
  /** In the log in another order than it was sent. */
  | 'reordered-write'
  /** In the log, and never sent. */
  | 'phantom-write'
  /** The work of the transaction has given up, and what it sent is in the log; or only a part of a transaction is. */
  | 'torn-transaction'
  /** Delivered, and `read_committed` does not show it. */
  | 'aborted-read'
  /** Delivered with another value than is in the log. */
  | 'wrong-message'
  /** A message was left out. */
  | 'skipped'
  /** The message came again. */
  | 'doubled'
  /** A message that stands before the last one. */
  | 'reordered'
  /** A message from before a seek that has resolved. */
  | 'stale'
  /** A seek that has resolved did not hold: its partition went on where it was, or was elsewhere after a rebalance. */
  | 'seek-forgotten'
  /** A seek resolved with another position than was asked for. */
  | 'seek-wrong'
  /** A seek to the end, or a read up to the end, stopped before a message that was acknowledged before the call. */
  | 'early-end'
  /** A partition that came began at an offset that its group cannot have committed. */
  | 'start-wrong'
  /** Committed, and not done before. */
  | 'commit-beyond'
  /** A group has read everything, and never had this message. */
  | 'unseen'
  /** What a pipeline made of its input is not there, or there twice. */
  | 'lost-output'
  | 'doubled-output'
  /** A call that has not ended. */
  | 'unsettled'
  /** When the storm was over a group did not come to the end. */
  | 'stuck'
  /** A loop ended that nobody ended, or an offset that is in the log was taken for one outside. */
  | 'loop-ended'
  | 'offset-reset';

export interface Anomaly {
  readonly kind: AnomalyKind;
  readonly text: string;
}

export class Findings {
  readonly anomalies: Anomaly[] = [];
  /** What would be an anomaly, and is Kafka's own: told, and no failure. */
  readonly excused: Anomaly[] = [];

  add(kind: AnomalyKind, text: string, excused = false): void {
    (excused ? this.excused : this.anomalies).push({ kind, text });
  }
}

export function check(lines: readonly Line[]): Findings {
  const truth = new Truth(lines);
  const findings = new Findings();
  checkWriters(lines, truth, findings);
  checkReaders(lines, truth, findings);
  checkCalls(lines, findings);
  return findings;
}

/** How often each kind was found, with the first of it. */
export function summary(anomalies: readonly Anomaly[]): string {
  const kinds = new Map<AnomalyKind, Anomaly[]>();
  for (const one of anomalies) kinds.set(one.kind, [...(kinds.get(one.kind) ?? []), one]);
  return [...kinds].map(([kind, all]) => `${kind} (${all.length}): ${all[0]!.text}`).join('\n');
}
