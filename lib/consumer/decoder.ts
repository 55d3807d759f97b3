// From the bytes of messages to what they mean, where a consumer has deserialisers.
//
// What is buffered is decoded before it is handed out, several messages at once, and stays buffered meanwhile. So nothing else
// changes by it: a position moves when a message is handed out, and a seek, a pause or a revocation makes the run of the message
// worthless, whether it is decoded or not. A message that cannot be decoded is handed out as an error, in its turn.

import { type Decoders, type DeserializerContext, isPromiseLike } from '../arguments/serdes.js';
import { DeserializationError } from './deserialization-error.js';
import { type Decoded, PackedMessage, type Run, bytesOf, isDetached } from './message.js';
import type { BatchSize, RunEnds } from './run-buffer.js';

/** So many messages are decoded at once, and so many ahead of the one that is handed out. */
export const DECODED_AT_ONCE = 64;
/** A loop that looks message by message fills up what is decoded ahead once in so many messages. */
const FILL_EVERY = 16;

type Part = 'key' | 'value';

const nothing = () => undefined;

/** What of the buffer a batch would take. */
interface Reach {
  readonly runs: Iterable<Run>;
  readonly size: BatchSize;
  readonly end: RunEnds | null;
  readonly across: boolean;
}

export class Decoder {
  readonly #decoders: Decoders;
  /** Called when what was waited for is decoded. */
  readonly #wake: () => void;
  #inFlight = 0;
  /** A promise came: only then is it of use to decode ahead. */
  #isAsync = false;
  /** The loop waits for this message. */
  #awaited: { readonly run: Run; readonly index: number } | null = null;
  /** The loop waits for a batch: so many of its messages are being decoded, and whether others are to follow. */
  #open = 0;
  #unstarted = false;
  /** Whether the loop waits for something to be decoded. */
  waits = false;

  constructor(decoders: Decoders, wake: () => void) {
    this.#decoders = decoders;
    this.#wake = wake;
  }

  get isAsync(): boolean {
    return this.#isAsync;
  }

  /** What the user has given for messages that cannot be decoded; undefined: they are the loop's error. */
  get onError(): ((error: DeserializationError) => unknown) | undefined {
    return this.#decoders.onError as ((error: DeserializationError) => unknown) | undefined;
  }

  /**
   * The message at the head of the run, if it is decoded; else null, and the loop is woken when it is.
   *
   * @param buffered what stands behind it
   */
  head(run: Run, stop: number, buffered: () => Iterable<Run>): Decoded | null {
    const index = run.from;
    const known = this.#isKnown(run, index);
    const decoded = this.#at(run, index);
    if (this.#isAsync && (!known || index % FILL_EVERY === 0)) this.#fill(run, stop, buffered());
    this.waits = decoded === null;
    this.#awaited = decoded === null ? { run, index } : null;
    return decoded;
  }

  /** Whether all that a batch would take is decoded, up to the first message that cannot be; else the loop is woken when it is. */
  isReady({ runs, size, end, across }: Reach): boolean {
    const { maxMessages = Infinity, maxBytes = Infinity } = size;
    let first: Run | null = null;
    let messages = 0;
    let bytes = 0;
    this.#awaited = null;
    this.#open = 0;
    this.#unstarted = false;
    scan: for (const run of runs) {
      first ??= run;
      if (!across && run.batch !== first.batch) break;
      const stop = end ? end.stopIn(run) : run.to;
      if (stop === null) break; // it is not known yet whether it is part of the read
      for (let index = run.from; index < stop && messages < maxMessages && bytes < maxBytes; index++, messages++) {
        if (isDetached(run.batch)) break scan; // by a deserialiser: it is fetched again
        const decoded =
          this.#inFlight < DECODED_AT_ONCE || this.#isKnown(run, index) ? this.#at(run, index) : undefined;
        if (decoded instanceof DeserializationError) break scan;
        if (decoded === null) this.#open++;
        if (decoded === undefined) {
          this.#unstarted = true;
          break scan;
        }
        if (maxBytes !== Infinity) bytes += bytesOf(run.batch, index, index + 1);
      }
    }
    return !(this.waits = this.#open > 0 || this.#unstarted);
  }

  /** Whether the decoding of the message at the head of the run was begun. */
  hasBegun(run: Run): boolean {
    return this.#isKnown(run, run.from);
  }

  /** Where in [from, to) of the run the first message stands that is not decoded, or cannot be. */
  readyTo({ decoded, start }: Run, from: number, to: number): number {
    let index = from;
    while (index < to && decoded?.[index - start] instanceof PackedMessage) index++;
    return index;
  }

  /** Why the message at the head of the run cannot be decoded, if it is known that it cannot. */
  failureOf({ decoded, start, from }: Run): DeserializationError | null {
    const found = decoded?.[from - start];
    return found instanceof DeserializationError ? found : null;
  }

  /** What the run keeps of a message that was handed out singly is let go of. */
  forget({ decoded, start }: Run, index: number): void {
    decoded![index - start] = undefined;
  }

  /**
   * Puts what the deserialisers give into the message. Throws, or rejects with, a DeserializationError; then the message is as it
   * was.
   */
  decode(message: PackedMessage): PackedMessage | Promise<PackedMessage> {
    const { key, value } = message;
    const decodedKey = this.#decodePart('key', key, message);
    let decodedValue: unknown;
    try {
      decodedValue = this.#decodePart('value', value, message);
    } catch (error) {
      if (isPromiseLike(decodedKey)) decodedKey.then(nothing, nothing);
      throw error;
    }
    if (!isPromiseLike(decodedKey) && !isPromiseLike(decodedValue)) return filled(message, decodedKey, decodedValue);
    this.#isAsync = true;
    return this.#decodeLater(message, decodedKey, decodedValue);
  }

  async #decodeLater(message: PackedMessage, key: unknown, value: unknown): Promise<PackedMessage> {
    const named = (part: Part, decoded: unknown) =>
      Promise.resolve(decoded).catch((cause: unknown) => {
        throw new DeserializationError(message, part, cause);
      });
    const [decodedKey, decodedValue] = await Promise.all([named('key', key), named('value', value)]);
    return filled(message, decodedKey, decodedValue);
  }

  #decodePart(part: Part, bytes: Buffer | null, message: PackedMessage): unknown {
    const decode = this.#decoders[part];
    if (!decode || bytes === null) return bytes;
    const { topic, partition, offset, timestamp, headers } = message;
    const context: DeserializerContext = { topic, partition, offset, timestamp, headers, part };
    try {
      return decode(bytes, context);
    } catch (cause) {
      throw new DeserializationError(message, part, cause);
    }
  }

  #isKnown({ decoded, start }: Run, index: number): boolean {
    return decoded?.[index - start] !== undefined;
  }

  /** What the message became; null: it is being decoded, from now on at the latest. */
  #at(run: Run, index: number): Decoded | null {
    const decoded = (run.decoded ??= []);
    const at = index - run.start;
    const found = decoded[at];
    if (found !== undefined) return found;
    if (isDetached(run.batch)) return null;
    const message = new PackedMessage(run.batch, index, run.source);
    try {
      const result = this.decode(message);
      if (result instanceof PackedMessage) return (decoded[at] = result);
      decoded[at] = null;
      this.#inFlight++;
      const settled = (outcome: Decoded) => {
        decoded[at] = outcome;
        this.#onSettled(run, index);
      };
      result.then(settled, settled);
      return null;
    } catch (error) {
      return (decoded[at] = error as DeserializationError);
    }
  }

  #onSettled(run: Run, index: number): void {
    this.#inFlight--;
    if (!this.waits) return;
    if (this.#awaited) {
      if (this.#awaited.run === run && this.#awaited.index === index) this.#wake();
    } else if (--this.#open <= 0 || (this.#unstarted && this.#inFlight <= DECODED_AT_ONCE / 2)) {
      this.#wake();
    }
  }

  /** Decodes ahead of the head, in this run and in those behind it. */
  #fill(head: Run, stop: number, buffered: Iterable<Run>): void {
    let left = DECODED_AT_ONCE;
    for (const run of buffered) {
      const to = run === head ? stop : run.to;
      for (let index = run.from; index < to && left > 0; index++, left--) {
        if (this.#inFlight >= DECODED_AT_ONCE) return;
        this.#at(run, index);
      }
      if (left === 0) return;
    }
  }
}

/** What the type of its parts is then, the public classes say. */
function filled(message: PackedMessage, key: unknown, value: unknown): PackedMessage {
  message.key = key as Buffer | null;
  message.value = value as Buffer | null;
  return message;
}
