// The other half of src-native/batch.h: how a batch of messages lies in its two ArrayBuffers.

import { markAsUntransferable } from 'node:worker_threads';
import type { BatchRecord } from './native.js';

export const NUMBERS_PER_MESSAGE = 2;
export const FIELDS_PER_MESSAGE = 6;
export const INTS_PER_RUN = 3;

export const enum Field {
  /** Where the message begins in the payload: its headers, then its key, then its value. */
  start = 0,
  headersLength = 1,
  /** -1: null. */
  keyLength = 2,
  /** -1: null. */
  valueLength = 3,
  leaderEpoch = 4,
  /** 0: none, 1: create, 2: append. */
  timestampType = 5,
}

export const enum RunField {
  partitionId = 0,
  /** The index of its first message in the batch. */
  first = 1,
  /** The index behind its last one. */
  end = 2,
}

/** Views over one batch. Bytes sliced from `payload` keep all of it in memory, and nothing of the tables. */
export interface BatchViews {
  count: number;
  /** offset, timestamp */
  numbers: Float64Array;
  /** Those of the messages, and behind them, from `runsStart` on, those of the runs. */
  fields: Int32Array;
  runsStart: number;
  /** How many there are: stretches of messages of one partition. */
  runs: number;
  /** Of all messages; whoever has a value has access to it, so nothing but headers, keys and values is in it. */
  payload: ArrayBuffer;
  /** The payload's length as it arrived. */
  byteLength: number;
  /** All of the payload; its length is 0 when somebody has transferred the payload. (Asking `payload` itself is a call.) */
  bytes: Uint8Array;
}

export function viewBatch({ tables, payload, external, count, runs }: BatchRecord): BatchViews {
  // Who transfers the memory of one value (to a worker, by structuredClone) would take that of all the others along. Node.js
  // itself marks what is external. It must not be marked again: since Node.js 24 the mark is a key without which nobody can detach
  // the memory, Node.js neither, which does so with what is external when a process ends, and aborts the process where it cannot.
  if (!external) markAsUntransferable(payload);
  const numbersBytes = count * NUMBERS_PER_MESSAGE * 8;
  const runsStart = count * FIELDS_PER_MESSAGE;
  return {
    count,
    numbers: new Float64Array(tables, 0, count * NUMBERS_PER_MESSAGE),
    fields: new Int32Array(tables, numbersBytes, runsStart + runs * INTS_PER_RUN),
    runsStart,
    runs,
    payload,
    byteLength: payload.byteLength,
    bytes: new Uint8Array(payload),
  };
}

/**
 * The class that Node.js makes Buffers with. Called directly it takes half the time of buffer.subarray() and Buffer.from(),
 * and a slice for each message is most of what a message costs.
 */
const FastBuffer = (Buffer as unknown as { [Symbol.species]: SliceClass })[Symbol.species];
type SliceClass = new (buffer: ArrayBuffer, byteOffset: number, length: number) => Buffer;

/** Bytes of a payload, which share its memory. */
export const slice: (buffer: ArrayBuffer, start: number, length: number) => Buffer = isSliceClass(FastBuffer)
  ? (buffer, start, length) => new FastBuffer(buffer, start, length)
  : (buffer, start, length) => Buffer.from(buffer, start, length);

function isSliceClass(candidate: SliceClass | undefined): boolean {
  return typeof candidate === 'function' && Buffer.isBuffer(new candidate(new ArrayBuffer(0), 0, 0));
}

/** The headers that lie at [start, start + length) of a payload. */
export function readHeaders(
  buffer: ArrayBuffer,
  start: number,
  length: number,
): [name: string, value: Buffer | null][] {
  const bytes = slice(buffer, start, length);
  const headers: [string, Buffer | null][] = [];
  for (let at = 0; at < length;) {
    const nameLength = bytes.readInt32LE(at);
    const name = bytes.toString('utf8', at + 4, at + 4 + nameLength);
    at += 4 + nameLength;
    const valueLength = bytes.readInt32LE(at);
    at += 4;
    headers.push([name, valueLength < 0 ? null : bytes.subarray(at, at + valueLength)]);
    if (valueLength > 0) at += valueLength;
  }
  return headers;
}
