// Messages on their way: gathered, packed, handed to librdkafka as far as it has room, and settled by its reports.

import { DeliveryReports } from '../../binding/delivery-layout.js';
import type { ClientRecord, DeliveryRecord, NativeClient } from '../../binding/native.js';
import {
  MessagePacker,
  type PackableMessage,
  type PackedMessages,
  partitionOf,
  valueLengthOf,
} from '../../binding/produce-layout.js';
import type { RecordMetadata } from '../arguments/options.js';
import type { ClientCore } from '../client/client-core.js';
import { deliveries } from '../client/diagnostics.js';
import { now, queueMicrotask } from '../client/timers.js';
import type { ProducerSettings } from '../config/config.js';
import { type KafkaError, call, errno, localError } from '../errors.js';
import { MissingTopics } from './missing-topics.js';
import { ArraySending, type Sending, SinglesSending, type Waiter } from './sending.js';

/** How long it is looked for a topic that messages wait for. */
const LOOK_MS = 1000;

/** A packer with more memory than this is not kept for the next messages. */
const SPARE_BYTES = 1024 * 1024;

export type ProducerCore = ClientCore<ClientRecord, NativeClient>;

export class SendQueue {
  readonly #core: ProducerCore;
  /** All that is not reported on yet, by the ids under which librdkafka reports on it. */
  readonly #sendings = new Map<number, Sending>();
  /** Those of them that librdkafka's queue had no room for, in order. */
  #queue: number[] = [];
  /** Single messages of this turn of the event loop, which cross together. */
  #gathered = new MessagePacker();
  #waiters: Waiter[] = [];
  /** One whose messages librdkafka has copied. */
  #spare: MessagePacker | null = null;
  #nextId = 1;
  /** What librdkafka has room for (`queue.buffering.max.kbytes`). */
  readonly #queueBytes: number;
  readonly #lingerFollowsLoad: boolean;
  readonly #missing: MissingTopics;
  /** Why a message to the topic was late. */
  readonly #whyLate: (topic: string) => KafkaError | null;

  constructor(core: ProducerCore, { queueBytes, lingerFollowsLoad, messageTimeoutMs }: ProducerSettings) {
    const { link, over } = core;
    this.#core = core;
    this.#queueBytes = queueBytes;
    this.#lingerFollowsLoad = lingerFollowsLoad;
    this.#missing = new MissingTopics({
      waiting: this.#sendings,
      nextId: () => this.#nextId,
      exists: async (topic) => {
        if (core.closing || link.handle.brokersUp()[0] === 0) return null;
        return (await link.request('send', (id) => link.handle.partitionsOf(id, LOOK_MS, topic))).length > 0;
      },
      tell: (error) => core.report(error),
    });
    this.#whyLate = (topic) => this.#missing.errorOf(topic) ?? over.troubleOf(now() - (messageTimeoutMs || Infinity));
  }

  /** Whether everything that was handed over is reported on. What is gathered is not counted: flushGathered() comes before. */
  get empty(): boolean {
    return this.#sendings.size === 0;
  }

  /** A single message, checked. No more than a promise and its two functions are made: there may be tens of thousands. */
  add(message: PackableMessage): Promise<RecordMetadata> {
    try {
      this.#gathered.add(message); // whole or not at all
    } catch (error) {
      return call(() => Promise.reject(error as Error));
    }
    if (this.#gathered.count === 1) queueMicrotask(() => this.flushGathered());
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** The messages of one call, in a packer that takePacker() gave. `settle` is called with the promise of what becomes of them. */
  addPacked(packer: MessagePacker, settle: (stored: Promise<RecordMetadata[]>) => void): void {
    const sending = new ArraySending(packer.take(), this.#whyLate);
    settle(sending.promise); // before: all may be refused at once
    this.#begin(sending, packer);
  }

  flushGathered(): void {
    if (this.#gathered.count === 0) return;
    const packer = this.#gathered;
    const sending = new SinglesSending(packer.take(), this.#whyLate, this.#waiters);
    this.#gathered = this.takePacker();
    this.#waiters = [];
    this.#begin(sending, packer);
  }

  /** A getter of a message may send one too: each has a packer of its own meanwhile. @param messages about how many there are */
  takePacker(messages?: number): MessagePacker {
    const packer = this.#spare ?? new MessagePacker(messages);
    this.#spare = null;
    packer.clear();
    return packer;
  }

  onDelivery(record: DeliveryRecord): void {
    const reports = new DeliveryReports(record);
    for (let from = 0, to = 0; from < reports.count; from = to) {
      const id = reports.batch(from);
      while (to < reports.count && reports.batch(to) === id) to++; // those of one call mostly come together
      const sending = this.#sendings.get(id);
      sending?.delivered(reports, from, to);
      if (sending?.ended) this.#forget(id);
    }
    if (deliveries.active) this.#tellDelivered(reports);
    this.#drainQueue();
  }

  /** Resolves when all that there is now is reported on. `linger.ms` is not waited for, for so long. */
  async delivered(flushMs: number): Promise<void> {
    this.flushGathered();
    if (this.empty) return;
    const pending = this.reported();
    this.#core.link.handle.flush(Math.ceil(flushMs));
    await pending;
  }

  /** As delivered(), without a word to librdkafka. */
  async reported(): Promise<void> {
    await Promise.all([...this.#sendings.values()].map(({ end }) => end));
  }

  /** Rejects what librdkafka never got. */
  withdraw(reason: KafkaError, purged: KafkaError): void {
    this.flushGathered();
    const queued = this.#queue;
    this.#queue = [];
    for (const id of queued) {
      const sending = this.#sendings.get(id)!;
      const packed = sending.packed!;
      while (sending.taken < sending.count) {
        const index = sending.taken++;
        sending.refused(index, sending.givenUp(index, partitionOf(packed, index), reason, purged));
      }
      if (sending.ended) this.#forget(id);
    }
  }

  /** What librdkafka purges from now on has failed for this reason, unless it had another one before. */
  blame(reason: KafkaError): void {
    for (const sending of this.#sendings.values()) sending.reason ??= reason;
  }

  /** librdkafka gives up all that it has, and reports so. */
  purge(): void {
    this.#core.link.handle.purge();
  }

  /** After the end of the handle: what was not reported on never will be. */
  end(error: () => KafkaError): void {
    for (const sending of this.#sendings.values()) sending.abandon(error);
    this.#sendings.clear();
    this.#missing.end();
  }

  /** Hands over as much as librdkafka takes. What it has no room for goes to the end of the line. */
  #begin(sending: Sending, packer: MessagePacker): void {
    const id = this.#nextId;
    this.#nextId = (this.#nextId + 1) >>> 0 || 1;
    this.#sendings.set(id, sending);
    this.#missing.begin();
    this.#core.link.waitBegins();
    if (this.#queue.length || !this.#handOver(id)) this.#queue.push(id);
    else if (packer.capacity <= SPARE_BYTES) this.#spare = packer;
    // Nothing else is under way that it could be gathered with.
    if (this.#lingerFollowsLoad && this.#sendings.size === 1) this.#core.link.handle.sendNow();
  }

  /** False: there is no room for the rest of it. */
  #handOver(id: number): boolean {
    const sending = this.#sendings.get(id)!;
    const packed = sending.packed!;
    const { topics, fields, timestamps, payload } = packed;
    while (sending.taken < sending.count) {
      const { accepted, error } = this.#core.link.handle.produce(
        topics,
        fields,
        timestamps,
        payload,
        id,
        sending.taken,
      );
      sending.taken += accepted;
      if (!error) break;
      const refused =
        error.errno === errno.queueFull
          ? this.#tooLarge(packed, sending.taken)
          : sending.failure(sending.taken, partitionOf(packed, sending.taken), error);
      if (!refused) return false;
      sending.refused(sending.taken++, refused); // this one alone is refused; the others go on
    }
    sending.packed = null;
    if (sending.ended) this.#forget(id);
    return true;
  }

  /** librdkafka, which counts values alone, calls its queue full for one that even the empty queue has no room for. */
  #tooLarge(packed: PackedMessages, index: number): KafkaError | null {
    const bytes = valueLengthOf(packed, index);
    if (bytes <= this.#queueBytes) return null;
    const text = `send: the value has ${bytes} bytes, and 'queue.buffering.max.kbytes' is ${this.#queueBytes / 1024}`;
    return localError('send', errno.msgSizeTooLarge, text);
  }

  #drainQueue(): void {
    while (this.#queue.length && this.#handOver(this.#queue[0]!)) this.#queue.shift();
  }

  #tellDelivered(reports: DeliveryReports): void {
    let failed = 0;
    for (let i = 0; i < reports.count; i++) if (reports.errorCode(i) !== 0) failed++;
    deliveries.publish({ ...this.#core.about, delivered: reports.count - failed, failed });
  }

  #forget(id: number): void {
    this.#sendings.delete(id);
    this.#core.link.waitEnds();
  }
}
