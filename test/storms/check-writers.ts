import type { Findings } from './checker.js';
import type { Line, Place } from './history.js';
import type { Truth } from './truth.js';

type Call = Extract<Line, { k: 'call' }>;
type End = Extract<Line, { k: 'end' }>;

interface Written {
  readonly place: Place;
  readonly producer: string;
  readonly tx: string | undefined;
  /** -1: the broker had it already, when it was sent again, and does not tell where. */
  acknowledged: number | null;
}

type Decision = 'committed' | 'aborted' | 'unknown';

/**
 * What was acknowledged is in the log, where it was said to be, once and in order; of a transaction all is there or nothing. A value is
 * `producer.number`, the numbers of a producer ascending.
 */
export function checkWriters(lines: readonly Line[], truth: Truth, findings: Findings): void {
  const { written, decisions } = collect(lines);
  const inLog = new Map<string, { place: Place; offset: number }[]>();
  for (const place of truth.places) {
    const values = truth.values(place);
    truth.offsets(place).forEach((offset, i) => {
      const found = inLog.get(values[i]!) ?? [];
      found.push({ place, offset });
      inLog.set(values[i]!, found);
    });
  }
  const txs = new Map<string, { there: string[]; missing: string[] }>();
  for (const [value, { place, tx, acknowledged }] of written) {
    const found = inLog.get(value) ?? [];
    // What a pipeline makes of its input may be made again after it was aborted: check-readers looks at what it made.
    if (found.length > 1 && !isOutput(value)) {
      findings.add('duplicate', `${value} is at ${found.map((one) => `${one.place}:${one.offset}`).join(' and ')}`);
    }
    if (tx !== undefined && !isOutput(value)) {
      const parts = txs.get(tx) ?? { there: [], missing: [] };
      (found.length ? parts.there : parts.missing).push(value);
      txs.set(tx, parts);
    }
    if (acknowledged === null || (tx !== undefined && decisions.get(tx) !== 'committed')) continue;
    if (found.length === 0) findings.add('lost-write', `${value} was acknowledged at ${place}:${acknowledged}`);
    else if (acknowledged >= 0 && !found.some((one) => one.place === place && one.offset === acknowledged)) {
      const where = found.map((one) => `${one.place}:${one.offset}`).join();
      findings.add('inconsistent-offset', `${value} was acknowledged at ${place}:${acknowledged} and is at ${where}`);
    }
  }
  for (const [tx, { there, missing }] of txs) {
    const decision = decisions.get(tx) ?? 'unknown';
    if (decision === 'aborted' && there.length) {
      findings.add('torn-transaction', `${tx} has given up, and ${there[0]} is in the log`);
    } else if (decision === 'unknown' && there.length && missing.length) {
      findings.add('torn-transaction', `${tx}: ${there[0]} is in the log and ${missing[0]} is not`);
    }
  }
  for (const value of inLog.keys()) {
    const known = isOutput(value) ? isSource(value, truth) : written.has(value);
    if (!known) findings.add('phantom-write', `${value} is in the log and was never sent`);
  }
  checkOrder(truth, findings);
}

function checkOrder(truth: Truth, findings: Findings): void {
  for (const place of truth.places) {
    const last = new Map<string, number>();
    for (const value of truth.values(place)) {
      if (isOutput(value)) continue;
      const dot = value.lastIndexOf('.');
      const [producer, number] = [value.slice(0, dot), Number(value.slice(dot + 1))];
      const before = last.get(producer) ?? -1;
      if (number < before) findings.add('reordered-write', `${value} stands behind ${producer}.${before} in ${place}`);
      last.set(producer, Math.max(number, before));
    }
  }
}

function collect(lines: readonly Line[]): { written: Map<string, Written>; decisions: Map<string, Decision> } {
  const written = new Map<string, Written>();
  const decisions = new Map<string, Decision>();
  const open = new Map<number, Call>();
  for (const line of lines) {
    if (line.k === 'call') {
      open.set(line.id, line);
      if (line.f !== 'send') continue;
      for (const [place, value] of line.x?.values ?? []) {
        written.set(value, { place, producer: line.a, tx: line.x?.tx, acknowledged: null });
      }
    } else if (line.k === 'end') {
      const call = open.get(line.id);
      if (call) ended(call, line, written, decisions);
      open.delete(line.id);
    }
  }
  return { written, decisions };
}

function ended(call: Call, end: End, written: Map<string, Written>, decisions: Map<string, Decision>): void {
  if (call.f === 'send' && end.rows) {
    call.x?.values?.forEach(([, value], i) => {
      const row = end.rows![i];
      if (row) written.get(value)!.acknowledged = row[1];
    });
  }
  if (call.f === 'transaction' && call.x?.tx !== undefined) {
    decisions.set(call.x.tx, !end.e ? 'committed' : call.x.gives === 'up' ? 'aborted' : 'unknown');
  }
}

/** `place@offset`: what a pipeline has made of the message there. */
export const isOutput = (value: string): boolean => value.includes('@');

function isSource(output: string, truth: Truth): boolean {
  const at = output.indexOf('@');
  return truth.valueAt(output.slice(0, at), Number(output.slice(at + 1))) !== undefined;
}
