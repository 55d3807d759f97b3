// Serialisers and deserialisers as callers hand them in: their shapes, their checks, and one form for both shapes.

import type { Header } from './options.js';
import { isObject, knownKeys, typeError } from './values.js';

/** Headers as kafkajs and `@confluentinc/schemaregistry` have them: by name. Of a name that comes twice, an array. */
export interface HeadersByName {
  [name: string]: Buffer | string | (Buffer | string)[] | undefined;
}

/** What a function that decodes is told beside the bytes. */
export interface DeserializerContext {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the Unix epoch; -1 where the message has none. */
  readonly timestamp: number;
  readonly headers: readonly Header[];
  /** Which part of the message the bytes are. */
  readonly part: 'key' | 'value';
}

/** What a function that encodes is told beside the value. */
export interface SerializerContext {
  readonly topic: string;
  /** Undefined where the partitioner is to choose. */
  readonly partition: number | undefined;
  readonly headers: readonly (readonly [name: string, value: Uint8Array | string | null])[];
  /** Which part of the message the value is. */
  readonly part: 'key' | 'value';
}

/** What is sent: a string as UTF-8; `null` is the tombstone, or no key. */
export type Encoded = Uint8Array | string | null;

/**
 * From bytes to what they mean, now or by a promise. It is not asked about `null`. What it throws, or rejects with, is the `cause`
 * of a DeserializationError. Either a function, or an object with the method of the deserialisers of
 * `@confluentinc/schemaregistry`. The bytes are shared with the other messages of the batch: copy what is kept for long.
 */
export type Deserializer<T> =
  | ((bytes: Buffer, context: DeserializerContext) => T | PromiseLike<T>)
  | {
      /** Makes a value of the bytes that arrived. */
      deserialize(topic: string, bytes: Buffer, headers?: HeadersByName): T | PromiseLike<T>;
    };

/**
 * From a value to its bytes, now or by a promise. It is not asked about `null`. What it throws, or rejects with, is the `cause` of a
 * SerializationError. Either a function, or an object with the method of the serialisers of `@confluentinc/schemaregistry`, which
 * may put headers into `headers`: they are sent with the message.
 */
export type Serializer<T> =
  | ((value: T, context: SerializerContext) => Encoded | PromiseLike<Encoded>)
  | {
      /** Makes the bytes, or a string, that is sent. */
      serialize(topic: string, value: T, headers?: HeadersByName): Encoded | PromiseLike<Encoded>;
    };

/** The two ways together. @typeParam In what is sent @typeParam Out what is read */
export interface Serde<In, Out = In> {
  /** Makes the bytes, or a string, that is sent. */
  serialize(topic: string, value: In): Encoded | PromiseLike<Encoded>;
  /** Makes a value of the bytes that arrived. */
  deserialize(topic: string, bytes: Buffer): Out | PromiseLike<Out>;
}

/** `key` and `value` as they were given, in one form. Null: that part stays bytes. */
export interface Decoders {
  readonly key: ((bytes: Buffer, context: DeserializerContext) => unknown) | null;
  readonly value: ((bytes: Buffer, context: DeserializerContext) => unknown) | null;
  readonly onError: ((error: never) => unknown) | undefined;
}

export type HeaderEntries = (readonly [name: string, value: Uint8Array | string | null])[];

/** Puts the headers that are to be added into `added`. */
export type Encode = (value: unknown, context: SerializerContext, added: HeaderEntries) => unknown;

export interface Encoders {
  readonly key: Encode | null;
  readonly value: Encode | null;
}

const shape = (method: string) => `a function, or an object with a method ${method}(topic, ...)`;

/** Null: there is nothing to decode. */
export function decoders(given: unknown): Decoders | null {
  if (given === undefined) return null;
  const { key, value, onError } = knownKeys(given, 'options.deserializer', ['key', 'value', 'onError']);
  if (onError !== undefined && typeof onError !== 'function') {
    throw typeError('options.deserializer.onError', 'a function', onError);
  }
  const both = { key: decoder(key, 'key'), value: decoder(value, 'value') };
  if (!both.key && !both.value) return null;
  return { ...both, onError: onError as Decoders['onError'] };
}

/** Null: there is nothing to encode. */
export function encoders(given: unknown): Encoders | null {
  if (given === undefined) return null;
  const { key, value } = knownKeys(given, 'options.serializer', ['key', 'value']);
  const both = { key: encoder(key, 'key'), value: encoder(value, 'value') };
  return both.key || both.value ? both : null;
}

function decoder(given: unknown, part: 'key' | 'value'): Decoders['key'] {
  if (given === undefined) return null;
  if (typeof given === 'function') return given as Decoders['key'];
  if (!isObject(given) || typeof given.deserialize !== 'function') {
    throw typeError(`options.deserializer.${part}`, shape('deserialize'), given);
  }
  const object = given as Exclude<Deserializer<unknown>, (...args: never[]) => unknown>;
  return (bytes, { topic, headers }) => object.deserialize(topic, bytes, headersByName(headers));
}

function encoder(given: unknown, part: 'key' | 'value'): Encode | null {
  if (given === undefined) return null;
  if (typeof given === 'function') return given as (value: unknown, context: SerializerContext) => unknown;
  if (!isObject(given) || typeof given.serialize !== 'function') {
    throw typeError(`options.serializer.${part}`, shape('serialize'), given);
  }
  const object = given as Exclude<Serializer<unknown>, (...args: never[]) => unknown>;
  return (value, { topic, headers }, added) => {
    const named = headersByName(headers);
    const before = new Set(Object.keys(named));
    const add = () => {
      for (const [name, value] of Object.entries(named)) {
        if (before.has(name) || value === undefined) continue;
        for (const one of Array.isArray(value) ? value : [value]) added.push([name, one]);
      }
    };
    const encoded = object.serialize(topic, value, named);
    if (!isPromiseLike(encoded)) {
      add();
      return encoded;
    }
    return Promise.resolve(encoded).then((bytes) => {
      add();
      return bytes;
    });
  };
}

/** `null` values, which that form does not know, are left out. */
function headersByName(
  headers: readonly (readonly [name: string, value: Uint8Array | string | null])[],
): HeadersByName {
  const named = Object.create(null) as HeadersByName;
  for (const [name, value] of headers) {
    if (value === null) continue;
    const content = typeof value === 'string' ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const before = named[name];
    if (before === undefined) named[name] = content;
    else named[name] = Array.isArray(before) ? [...before, content] : [before, content];
  }
  return named;
}

export const isPromiseLike = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
