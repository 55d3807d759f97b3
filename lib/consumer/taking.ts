// What is taken from the buffer at once: a batch, or a message that cannot be decoded, as its error.

import type { Partition } from '../assignment/partition.js';
import { PackedBatch, type Piece } from './batch.js';
import type { Delivery } from './delivery.js';
import type { DeserializationError } from './deserialization-error.js';
import { type Run, bytesOf, offsetAt, passed } from './message.js';
import type { BatchSize, RunEnds } from './run-buffer.js';

/** Where a batch is taken from, and where it stops. */
export interface Taken {
  readonly size: BatchSize;
  /** Of the read that takes it. */
  readonly end: RunEnds | null;
  /** Whether its messages may come from several native batches. */
  readonly across: boolean;
}

/**
 * Takes messages from the head into a batch.
 *
 * @returns null where there are none; `later` where the reader is woken when it is to try again: something is being decoded, or
 * the message at the head cannot be
 */
export function takeBatch(delivery: Delivery, taken: Taken): PackedBatch | 'later' | null {
  const { buffer, decoder } = delivery;
  if (!decoder) return take(delivery, taken);
  if (!decoder.isReady({ runs: buffer.buffered(), ...taken })) return 'later';
  const batch = take(delivery, taken);
  const head = batch ? null : headOf(delivery, taken.end);
  if (!head) return batch;
  if (!decoder.hasBegun(head)) delivery.wakeSoon();
  return 'later';
}

/** Hands the message at the head out as an error, where it is known that it cannot be decoded. */
export function takeFailure(delivery: Delivery, end: RunEnds | null): DeserializationError | null {
  const { decoder } = delivery;
  const run = decoder && headOf(delivery, end);
  const failure = run ? decoder.failureOf(run) : null;
  if (!run || !failure) return null;
  const { batch, source, lineage } = run;
  source.handedOut(offsetAt(batch, run.from++) + 1);
  if (run.from === run.to) passed(run);
  delivery.handedOut({
    markProcessed: () => source.markProcessed(source.position, lineage),
    handedOutOf: (other) => other === source,
  });
  return failure;
}

function headOf({ buffer }: Delivery, end: RunEnds | null): Run | null {
  return end ? end.head(() => false) : buffer.head();
}

function take({ buffer, decoder }: Delivery, { size, end, across }: Taken): PackedBatch | null {
  const { maxMessages = Infinity, maxBytes = Infinity } = size;
  const pieces: Piece[] = [];
  let messages = 0;
  let bytes = 0;
  const isTaken = (source: Partition) => pieces.some(({ run }) => run.source === source);
  while (messages < maxMessages && bytes < maxBytes) {
    const run = end ? end.head(isTaken) : buffer.head();
    if (!run || (!across && pieces.length && run.batch !== pieces[0]!.run.batch)) break;
    const { batch, source, from } = run;
    let to = Math.min(end?.stopIn(run) ?? run.to, from + (maxMessages - messages));
    if (maxBytes !== Infinity) {
      let last = from;
      for (let sum = bytes; last < to && sum < maxBytes; last++) sum += bytesOf(batch, last, last + 1);
      to = last;
    }
    if (decoder) to = decoder.readyTo(run, from, to);
    if (to === from) break; // what comes next is an error
    pieces.push({ run, from, to });
    messages += to - from;
    bytes += bytesOf(batch, from, to);
    run.from = to;
    source.handedOut(offsetAt(batch, to - 1) + 1);
    if (to === run.to) passed(run);
  }
  if (pieces.length === 0) return null;
  const taken = new PackedBatch(pieces);
  for (const { run } of pieces) run.source.handedOutIn(taken);
  return taken;
}
