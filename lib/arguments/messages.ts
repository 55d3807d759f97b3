// The messages that a producer is given. Each property of a message is read once, in the order topic, partition, key,
// value, headers, timestamp, and everything is checked before anything of the message is packed: the getters of a
// message are the caller's own code, and may throw, send another message, or answer differently the second time.

import { types } from 'node:util';
import { NO_TIMESTAMP, type PackableMessage, byteLengthOf } from '../../binding/produce-layout.js';
import type { ProducerMessage } from './options.js';
import { otherWords, wordHere } from './other-words.js';
import { partitionNumber, topicString } from './partitions.js';
import {
  didYouMean,
  isObject,
  isPlainObject,
  maxInt32,
  quote,
  rangeError,
  timestamp,
  typeError,
  isArray,
} from './values.js';

type Bytes = Uint8Array | string | null;

const isBytes = (value: unknown): value is Bytes =>
  value === null || typeof value === 'string' || types.isUint8Array(value);

const isPartition = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= maxInt32 && Number.isInteger(value);

/** A string has at least so many bytes, and anything else exactly. */
const sizeOf = (bytes: Bytes): number =>
  bytes === null ? 0 : typeof bytes === 'string' ? bytes.length : byteLengthOf(bytes);

const bytesShape = 'a string, a Buffer or null';

/** The memory of bytes of no length may have been transferred, or its buffer have shrunk: then they are not empty. */
function isGone(bytes: Uint8Array): boolean {
  try {
    Uint8Array.prototype.keys.call(bytes);
    return false;
  } catch {
    return true;
  }
}

/** Nothing where `value` may be sent, which is what costs least; else what makes the error for an argument of a name. */
function faultOf(value: unknown): ((argument: string) => Error) | undefined {
  if (!isBytes(value)) return (argument) => typeError(argument, bytesShape, value);
  if (value === null || typeof value === 'string') return undefined;
  const size = byteLengthOf(value);
  if (size > maxInt32) {
    return (argument) => new RangeError(`${argument}: expected at most ${maxInt32} bytes, got ${size}`);
  }
  if (size > 0 || !isGone(value)) return undefined;
  return (argument) =>
    new TypeError(`${argument}: expected ${bytesShape}, got bytes whose memory was transferred or shrunk`);
}

/** Headers as they were given: their shape and their names are checked, their values are not. */
interface HeaderList {
  readonly entries: (readonly [name: string, value: unknown])[];
  readonly iterable: boolean;
}

const headersShape = 'an iterable of [name, value] or an object';

/** Runs an iterator, which is the caller's own code. */
function headerList(value: unknown, argument: string): HeaderList {
  if (!isObject(value) || ArrayBuffer.isView(value)) throw typeError(argument, headersShape, value);
  const iterator = value[Symbol.iterator];
  const iterable = iterator !== undefined && iterator !== null;
  if (iterable ? typeof iterator !== 'function' : !isPlainObject(value)) throw typeError(argument, headersShape, value);
  const entries = iterable
    ? { [Symbol.iterator]: () => (iterator as () => Iterator<unknown>).call(value) }
    : Object.entries(value);
  const list = Array.from(entries, (entry, i): [string, unknown] => {
    if (!isArray(entry) || entry.length !== 2) throw typeError(`${argument}[${i}]`, '[name, value]', entry);
    const name: unknown = entry[0];
    if (typeof name !== 'string') throw typeError(`${argument}[${i}][0]`, 'a string', name);
    if (name.includes('\0')) throw rangeError(`${argument}[${i}][0]`, 'a name without NUL characters', name);
    return [name, entry[1]];
  });
  return { entries: list, iterable };
}

type Headers = NonNullable<PackableMessage['headers']>;

function checkedHeaders({ entries, iterable }: HeaderList, argument: string): Headers {
  const checked = entries.map(([name, content], i): [string, Bytes] => {
    const fault = faultOf(content);
    if (fault) throw fault(iterable ? `${argument}[${i}][1]` : `${argument}[${quote(name)}]`);
    return [name, content as Bytes];
  });
  return mustFit(checked, argument);
}

function mustFit(headers: Headers, argument: string): Headers {
  let total = 0;
  for (const [name, content] of headers) total += sizeOf(name) + sizeOf(content) + 8;
  if (total > maxInt32) throw new RangeError(`${argument}: expected at most ${maxInt32} bytes, got more`);
  return headers;
}

const at = (index: number | undefined, field = '') => (index === undefined ? 'message' : `messages[${index}]`) + field;

/** A topic that has passed: most messages go to the same one. It begins with one that would pass. */
let lastTopic = 'topic';

const known: readonly string[] = ['topic', 'partition', 'key', 'value', 'headers', 'timestamp'];

/** A word that is spelt wrong would be no value, which is a tombstone. */
function refuseUnknown(message: object, index: number | undefined): void {
  for (const name in message) {
    if (!known.includes(name)) {
      const ours = wordHere(otherWords.message, name);
      if (ours) throw new TypeError(`${at(index)}: unknown property ${quote(name)}: ${ours}`);
      throw new TypeError(`${at(index)}: unknown property ${quote(name)}${didYouMean(name, known)}`);
    }
  }
}

/** A message of which parts are to be encoded; these are `null` in `message`. */
export interface UnencodedMessage {
  readonly message: PackableMessage;
  /** Null: there is nothing to encode. */
  readonly key: unknown;
  readonly value: unknown;
}

/**
 * As producerMessage(), for a producer that encodes.
 *
 * @param asBytes the property of a message whose parts are bytes already
 */
export function unencodedMessage(
  given: unknown,
  index: number | undefined,
  encodes: { readonly key: boolean; readonly value: boolean },
  asBytes: symbol,
): UnencodedMessage {
  if (!isObject(given)) throw typeError(at(index), '{ topic, value, ... }', given);
  refuseUnknown(given, index);
  const { topic, partition, key = null, value, headers, timestamp: time } = given;
  const isEncoded = asBytes in given;
  const encodesKey = encodes.key && !isEncoded && key !== null;
  const encodesValue = encodes.value && !isEncoded && value !== null && value !== undefined;
  const bare = { topic, partition, key: encodesKey ? null : key, value: encodesValue ? null : value };
  const message = producerMessage({ ...bare, headers, timestamp: time }, index);
  return { message, key: encodesKey ? key : null, value: encodesValue ? value : null };
}

/** The message with a part that was encoded. @throws TypeError, RangeError for what is no bytes */
export function withPart(message: PackableMessage, part: 'key' | 'value', encoded: unknown): void {
  const fault = faultOf(encoded);
  if (fault) throw fault(`what serializer.${part} gives`);
  message[part] = encoded as Bytes;
}

/** The message in memory of its own, and with its time: it is sent later. */
export function ownCopy(message: PackableMessage): PackableMessage {
  const own = (bytes: Bytes): Bytes => (bytes === null || typeof bytes === 'string' ? bytes : Buffer.from(bytes));
  return {
    ...message,
    key: own(message.key),
    value: own(message.value),
    headers: message.headers?.map(([name, value]): [string, Bytes] => [name, own(value)]) ?? null,
    timestamp: message.timestamp === NO_TIMESTAMP ? Date.now() : message.timestamp,
  };
}

/** Every message produced goes through this: cheap where nothing is wrong. */
export function producerMessage(value: unknown, index?: number): PackableMessage {
  if (!isObject(value)) throw typeError(at(index), '{ topic, value, ... }', value);
  const message: { [K in keyof ProducerMessage]: unknown } = value as never;
  refuseUnknown(value, index);
  const { topic, partition, key = null, value: content, headers: given, timestamp: time } = message;
  if (topic !== lastTopic) lastTopic = topicString(topic, at(index, '.topic'));
  // The name of the argument is made when there is something to say.
  if (partition !== undefined && !isPartition(partition)) partitionNumber(partition, at(index, '.partition'));
  // The last of the caller's code runs here: from now on nothing can take the memory of the key or of a value away.
  const list = given === undefined ? null : headerList(given, at(index, '.headers'));
  const milliseconds = time === undefined ? NO_TIMESTAMP : timestamp(time, at(index, '.timestamp'));
  const fault = faultOf(key);
  if (fault) throw fault(at(index, '.key'));
  if (content === undefined) {
    throw new TypeError(`${at(index, '.value')}: expected ${bytesShape} (null is a tombstone), got undefined`);
  }
  const valueFault = faultOf(content);
  if (valueFault) throw valueFault(at(index, '.value'));
  return {
    topic: topic as string,
    partition: partition === undefined ? -1 : (partition as number),
    key: key as Bytes,
    value: content as Bytes,
    headers: list && checkedHeaders(list, at(index, '.headers')),
    timestamp: milliseconds,
  };
}

/** Headers that are not the caller's, checked. */
export interface AddedHeaders {
  readonly headers: Headers;
  /** Where they come from, for errors. */
  readonly from: string;
  /** Which of them are added: those of a name that the message has not yet, or all. */
  readonly which: 'new' | 'all';
}

/** What others than the caller have added: null where that is nothing. */
export function addedHeaders(value: unknown, from: string, which: AddedHeaders['which']): AddedHeaders | null {
  if (isArray(value) && value.length === 0) return null;
  return { headers: checkedHeaders(headerList(value, from), from), from, which };
}

/** The headers of a message, with others behind them. */
export function withAdded(own: PackableMessage['headers'], added: AddedHeaders): Headers {
  const known = new Set(added.which === 'new' ? own?.map(([name]) => name) : []);
  return mustFit([...(own ?? []), ...added.headers.filter(([name]) => !known.has(name))], added.from);
}
