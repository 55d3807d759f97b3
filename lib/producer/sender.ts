// send(): from what the caller gives to checked messages that are bytes, in the order of the calls.

import { native } from '../../binding/native.js';
import type { PackableMessage } from '../../binding/produce-layout.js';
import { type AddedHeaders, addedHeaders, producerMessage, withAdded } from '../arguments/messages.js';
import type { ProducerMessage, RecordMetadata } from '../arguments/options.js';
import { typeError } from '../arguments/values.js';
import { type SendEvent, sends } from '../client/diagnostics.js';
import { KafkaError, call, destroyed, errno } from '../errors.js';
import { type Encoder, type Encoding, EncodingLine } from './encoder.js';
import type { ProducerCore, SendQueue } from './send-queue.js';
import { givenUp } from './sending.js';

/** Room for so many messages is made at once; what an array says of its length is no reason to take memory. */
const MOST_PREPARED = 10_000;

type Sent = Promise<RecordMetadata | RecordMetadata[]>;

export class Sender {
  readonly #core: ProducerCore;
  /** Null: what is sent is bytes. */
  readonly #encoder: Encoder | null;
  /** Messages that are being encoded, and those behind them. */
  readonly #encoding: EncodingLine;
  readonly #queue: SendQueue;
  readonly #transactional: boolean;

  /** @param queue takes what is checked and encoded @param transactional whether what is sent is of transactions */
  constructor(core: ProducerCore, queue: SendQueue, encoder: Encoder | null, transactional: boolean) {
    this.#core = core;
    this.#queue = queue;
    this.#encoder = encoder;
    this.#transactional = transactional;
    this.#encoding = new EncodingLine({
      begins: () => core.link.waitBegins(),
      ends: () => core.link.waitEnds(),
    });
  }

  send(what: unknown): Sent {
    let several: boolean;
    try {
      several = Array.isArray(what); // which throws for a proxy that was revoked
    } catch {
      return call(() => Promise.reject(typeError('message', '{ topic, value, ... } or an array of them', what)));
    }
    return sends.active ? this.#sendTraced(what, several) : this.#sendNow(what, several, null);
  }

  /** Resolves when all that was sent so far is reported on. `linger.ms` is not waited for, for so long. */
  async delivered(flushMs: number): Promise<void> {
    if (!this.#encoding.empty) await this.#encoding.passed();
    await this.#queue.delivered(flushMs);
  }

  /** Rejects what librdkafka never got. */
  withdraw(reason: KafkaError): void {
    const purged = new KafkaError('send', native.errorCode(errno.purgeQueue)!);
    this.#encoding.abandon((topic) => givenUp(topic, reason, purged));
    this.#queue.withdraw(reason, purged);
  }

  /** No broker accepts this producer: what waits for one is told, and is not sent later. */
  refuse(refusal: KafkaError): void {
    this.#queue.flushGathered();
    this.#giveUp(refusal);
  }

  /** The time of close() is over: what is not acknowledged rejects. */
  async close(): Promise<void> {
    this.#giveUp(destroyed('send'));
    await this.#queue.reported();
  }

  #giveUp(reason: KafkaError): void {
    if (this.#queue.empty && this.#encoding.empty) return;
    this.withdraw(reason);
    this.#queue.blame(reason);
    this.#queue.purge();
  }

  #sendTraced(what: unknown, several: boolean): Sent {
    const event: SendEvent = {
      ...this.#core.about,
      messages: several ? (what as readonly ProducerMessage[]) : [what as ProducerMessage],
      transactional: this.#transactional,
      headers: [],
    };
    const send = async (): Sent =>
      this.#sendNow(what, several, addedHeaders(event.headers, 'headers of tracing:seekafka:send', 'new'));
    return call(() => sends.run(event, send));
  }

  #sendNow(what: unknown, several: boolean, added: AddedHeaders | null): Sent {
    if (this.#encoder) return this.#sendEncoded(this.#encoder, what, several, added);
    return several
      ? this.#sendArray(what as readonly ProducerMessage[], added)
      : this.#sendOne(what as ProducerMessage, added);
  }

  /** The messages of one call, which are encoded first. Messages of other calls do not go before them. */
  #sendEncoded(encoder: Encoder, what: unknown, several: boolean, added: AddedHeaders | null): Sent {
    let encoding: Encoding;
    try {
      this.#core.mustBeOpen('send');
      const given = several ? (what as readonly unknown[]) : [what];
      mustHaveLength(given);
      encoding = encoder.encode(given, !several);
      this.#core.mustBeOpen('send'); // a getter of a message, or a serialiser, may have closed it
    } catch (error) {
      return call(() => Promise.reject(error as Error));
    }
    const handOver = (messages: readonly PackableMessage[]): Sent =>
      several ? this.#handOverArray(messages, false, added) : this.#addOne(messages[0]!, added);
    const isNext = !encoding.done && this.#encoding.empty;
    if (isNext && !several) return handOver(encoding.messages);
    const sent = isNext
      ? handOver(encoding.messages)
      : this.#encoding.add(encoding, (messages) =>
          this.#core.fatal ? Promise.reject(this.#core.fatal) : handOver(messages),
        );
    return call(() => sent); // what waits for the outcome does not hold the messages
  }

  #sendArray(messages: readonly ProducerMessage[], added: AddedHeaders | null): Promise<RecordMetadata[]> {
    const sent = this.#handOverArray(messages, true, added);
    return call(() => sent); // what waits for the outcome does not hold the messages
  }

  /** @param asGiven whether they are the user's, and not checked yet */
  #handOverArray(
    messages: readonly ProducerMessage[] | readonly PackableMessage[],
    asGiven: boolean,
    added: AddedHeaders | null,
  ): Promise<RecordMetadata[]> {
    return new Promise((resolve) => {
      if (asGiven) this.#core.mustBeOpen('send');
      const length = mustHaveLength(messages);
      const packer = this.#queue.takePacker(Math.min(length, MOST_PREPARED));
      for (let i = 0; i < length; i++) {
        const message = asGiven ? producerMessage(messages[i], i) : (messages[i] as PackableMessage);
        const checked = withAddedTo(message, added);
        try {
          packer.add(checked);
        } catch (error) {
          throw new RangeError('messages: expected less in one call, got more than there is memory for', {
            cause: error,
          });
        }
      }
      if (asGiven) this.#core.mustBeOpen('send'); // a getter of a message may have closed it
      this.#queue.flushGathered(); // what was asked for before goes before
      if (packer.count === 0) return resolve([]);
      this.#queue.addPacked(packer, resolve);
    });
  }

  #sendOne(message: ProducerMessage, added: AddedHeaders | null): Promise<RecordMetadata> {
    let checked: PackableMessage;
    try {
      checked = withAddedTo(producerMessage(message), added); // before: a getter of it may send, too, or close
      this.#core.mustBeOpen('send');
    } catch (error) {
      return call(() => Promise.reject(error as Error));
    }
    return awaited(this.#queue.add(checked));
  }

  #addOne(message: PackableMessage, added: AddedHeaders | null): Promise<RecordMetadata> {
    try {
      return awaited(this.#queue.add(withAddedTo(message, added)));
    } catch (error) {
      return call(() => Promise.reject(error as Error));
    }
  }
}

/**
 * Where the outcome is awaited, the stack of an error names who awaits it: V8 finds that by the promises, when the error has come. To
 * note each caller before, as call() does, would take longer than to send a message.
 */
async function awaited(sent: Promise<RecordMetadata>): Promise<RecordMetadata> {
  try {
    return await sent;
  } catch (error) {
    Error.captureStackTrace(error as Error, awaited);
    throw error;
  }
}

/** The message with what a subscriber of the send has added. */
const withAddedTo = (message: PackableMessage, added: AddedHeaders | null): PackableMessage =>
  added ? { ...message, headers: withAdded(message.headers, added) } : message;

/** A proxy of an array may say anything. */
function mustHaveLength(messages: readonly unknown[]): number {
  const { length } = messages;
  if (!Number.isInteger(length) || length < 0) throw typeError('messages', 'an array', messages);
  return length;
}
