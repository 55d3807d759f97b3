// From values to the bytes of messages, where a producer has serialisers; and the line in which messages wait for theirs.

import type { PackableMessage } from '../../binding/produce-layout.js';
import {
  type UnencodedMessage,
  addedHeaders,
  ownCopy,
  unencodedMessage,
  withAdded,
  withPart,
} from '../arguments/messages.js';
import { type Encoders, type HeaderEntries, type SerializerContext, isPromiseLike } from '../arguments/serdes.js';
import { sentAsBytes } from '../client/raw-bytes.js';
import { SerializationError } from './serialization-error.js';

type Part = 'key' | 'value';

const noHeaders: HeaderEntries = [];

/** What is being encoded of one call: at the latest all of it is there when the promise resolves. */
export interface Encoding {
  readonly messages: PackableMessage[];
  /** Null: it is there. */
  readonly done: Promise<unknown> | null;
}

export class Encoder {
  readonly #encoders: Encoders;
  readonly #encodes: { readonly key: boolean; readonly value: boolean };

  constructor(encoders: Encoders) {
    this.#encoders = encoders;
    this.#encodes = { key: encoders.key !== null, value: encoders.value !== null };
  }

  /**
   * Encodes the messages of one call, all at once: nothing of a call waits for anything else of it.
   *
   * @param single whether it is one message, which has no index in errors
   * @throws TypeError, RangeError for a malformed message; then no serialiser was asked. SerializationError
   */
  encode(given: ArrayLike<unknown>, single: boolean): Encoding {
    const { length } = given;
    const unencoded: UnencodedMessage[] = [];
    for (let i = 0; i < length; i++) {
      unencoded.push(unencodedMessage(given[i], single ? undefined : i, this.#encodes, sentAsBytes));
    }
    const pending: Promise<void>[] = [];
    try {
      unencoded.forEach((message, i) => this.#encode(message, i, pending));
    } catch (error) {
      for (const promise of pending) promise.catch(() => undefined);
      throw error;
    }
    const messages = unencoded.map(({ message }) => message);
    return { messages, done: pending.length ? Promise.all(pending) : null };
  }

  #encode({ message, key, value }: UnencodedMessage, index: number, pending: Promise<void>[]): void {
    if (key !== null) this.#encodePart('key', key, message, index, pending);
    if (value !== null) this.#encodePart('value', value, message, index, pending);
  }

  #encodePart(part: Part, value: unknown, message: PackableMessage, index: number, pending: Promise<void>[]): void {
    const { topic, partition, headers } = message;
    const context: SerializerContext = {
      topic,
      partition: partition < 0 ? undefined : partition,
      headers: headers ?? noHeaders,
      part,
    };
    const added: HeaderEntries = [];
    const failed = (cause: unknown) => new SerializationError(topic, part, index, cause);
    const finish = (encoded: unknown) => {
      withPart(message, part, encoded);
      const more = addedHeaders(added, 'headers of a serializer', 'all');
      if (more) message.headers = withAdded(message.headers, more);
    };
    try {
      const encoded = this.#encoders[part]!(value, context, added);
      if (!isPromiseLike(encoded)) return finish(encoded);
      const finished = Promise.resolve(encoded).then(finish);
      pending.push(
        finished.catch((cause: unknown) => {
          throw failed(cause);
        }),
      );
    } catch (cause) {
      throw failed(cause);
    }
  }
}

interface Waiting {
  readonly messages: PackableMessage[];
  readonly handOver: (messages: readonly PackableMessage[]) => void;
  readonly fail: (error: unknown) => void;
  state: 'encoding' | 'ready' | 'failed';
  /** Told when it does not wait any more. */
  readonly gone: (() => void)[];
}

/** Messages go on in the order in which they were given to send(), however long each takes to be encoded. */
export class EncodingLine {
  #waiting: Waiting[] = [];
  /** Called when the first one comes, and when the last one has gone. */
  readonly #events: { begins(): void; ends(): void };

  constructor(events: { begins(): void; ends(): void }) {
    this.#events = events;
  }

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /**
   * @param handOver is called with the messages when they are encoded, and all that came before has gone
   * @returns what `handOver` gives
   */
  add<T>({ messages, done }: Encoding, handOver: (messages: readonly PackableMessage[]) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.empty) this.#events.begins();
      const waiting: Waiting = {
        messages,
        handOver: (encoded) => resolve(handOver(encoded)),
        fail: reject,
        state: done ? 'encoding' : 'ready',
        gone: [],
      };
      // The caller may change what it has given, from now on.
      messages.forEach((message, i) => (messages[i] = Object.assign(message, ownCopy(message))));
      this.#waiting.push(waiting);
      done?.then(
        () => this.#settled(waiting, 'ready'),
        (error: Error) => {
          this.#settled(waiting, 'failed');
          reject(error);
        },
      );
    });
  }

  /** Resolves when nothing waits any more of what does now. */
  async passed(): Promise<void> {
    const last = this.#waiting.at(-1);
    if (!last) return;
    await new Promise<void>((resolve) => last.gone.push(resolve));
  }

  /** What waits is given up. @param error made for the topic of the first message of each call; '': it has none */
  abandon(error: (topic: string) => Error): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const { fail, messages } of waiting) fail(error(messages[0]?.topic ?? ''));
    this.#gone(waiting);
  }

  #settled(waiting: Waiting, state: 'ready' | 'failed'): void {
    waiting.state = state;
    if (this.#waiting[0] !== waiting) return;
    const gone: Waiting[] = [];
    while (this.#waiting.length && this.#waiting[0].state !== 'encoding') {
      const first = this.#waiting.shift()!;
      gone.push(first);
      if (first.state === 'ready') first.handOver(first.messages);
    }
    this.#gone(gone);
  }

  #gone(waiting: readonly Waiting[]): void {
    for (const { gone } of waiting) for (const tell of gone) tell();
    if (this.empty) this.#events.ends();
  }
}
