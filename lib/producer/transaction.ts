// Transactions of a producer, one after the other: from the coordinator's first answer to its last.

import { type ClientRecord, type NativeClient, native } from '../../binding/native.js';
import { flat } from '../arguments/partitions.js';
import { isObject, typeError } from '../arguments/values.js';
import { deferred } from '../client/deferred.js';
import { alarm, nextTurn, now } from '../client/timers.js';
import { consumedForTransaction, isTransactionalConsumer } from '../client/transactional.js';
import { LATER_MS } from '../client/waits.js';
import type { Consumer } from '../consumer/consumer.js';
import {
  KafkaError,
  call,
  causedBy,
  destroyed,
  errno,
  isDestroyed,
  isPurged,
  localError,
  ofGroup,
  withoutName,
} from '../errors.js';
import type { Link } from '../client/link.js';
import type { MessageBatch } from '../consumer/batch.js';
import type { Message } from '../consumer/message.js';
import type { ProducerMessage, RecordMetadata, WaitOptions, TopicPartitionOffset } from '../arguments/options.js';

/** What is done with it takes effect when the transaction commits. It is of no use after its `work` has ended. */
export interface Transaction<V = Uint8Array | string, K = Uint8Array | string> {
  /**
   * Sends a message, or several, as Producer.send() does. Their offsets are those in the log, where they are whether the
   * transaction commits or not.
   *
   * @throws as of Producer.send(), which aborts the transaction; ERR__STATE after the transaction's end
   */
  send(messages: readonly ProducerMessage<V, K>[]): Promise<RecordMetadata[]>;
  /** As of several messages. */
  send(message: ProducerMessage<V, K>): Promise<RecordMetadata>;
  /**
   * Commits offsets for the consumer's group, with the transaction: what was consumed and what was made of it become
   * one. After an abort, `consumer.seekToCommitted()` goes back to it. (rd_kafka_send_offsets_to_transaction)
   *
   * @param consumer of a group, with `enable.auto.commit` false
   * @param what as of Consumer.commit(): up to and including that message or batch, or these offsets; nothing given: all
   * that was processed
   * @throws KafkaError ERR_ILLEGAL_GENERATION, ERR_UNKNOWN_MEMBER_ID, ... when the consumer is not a member any more, as
   * any failure aborts the transaction
   */
  sendOffsets(
    consumer: Consumer<unknown, unknown>,
    what?: Message<unknown, unknown> | MessageBatch<unknown, unknown> | readonly TopicPartitionOffset[],
  ): Promise<void>;
}

/** What the producer does for its transactions. */
interface Host {
  send(what: ProducerMessage | readonly ProducerMessage[]): Promise<RecordMetadata | RecordMetadata[]>;
  /** Resolves when all that was sent is reported on. */
  delivered(): Promise<void>;
  /** Rejects what librdkafka has not got yet. */
  withdraw(): void;
  report(error: KafkaError): void;
  /** Why the producer can do nothing any more, where it is so. */
  fatal(): KafkaError | null;
}

type ProducerLink = Link<ClientRecord, NativeClient>;

/** Why messages are given up that an aborted transaction has not sent. */
export const WITHDRAWN = 'the transaction was aborted before';
const CUT = 'the client was closed while its commit was under way: it may be committed';

export class Transactions {
  readonly #link: ProducerLink;
  readonly #timeoutMs: number;
  readonly #host: Host;
  #initialized = false;
  #initializing: Promise<void> | null = null;
  #current: Running | null = null;
  /** The commit of the one before has not ended in time. It ends before another one begins, and then these are told. */
  #undecided: readonly (() => void)[] | null = null;
  /** The abort of the one before has not ended. It does before another one begins. */
  #abortFailed = false;
  /** While one of these two is under way again. */
  #ending: Promise<void> | null = null;
  /** No transaction succeeds any more: another producer has the id, as a rule. */
  #fatal: KafkaError | null = null;

  constructor(link: ProducerLink, timeoutMs: number, host: Host) {
    this.#link = link;
    this.#timeoutMs = timeoutMs;
    this.#host = host;
  }

  async run<T>(work: (tx: Transaction<never, never>) => Promise<T>): Promise<T> {
    if (this.#current) {
      throw localError('transaction', errno.state, 'transaction: the one before has not ended, and a producer has one');
    }
    const running = (this.#current = new Running(this.#link, this.#timeoutMs, this.#host));
    try {
      await this.initialize('transaction', {});
      running.mustGoOn();
      if (this.#isLeft) await this.#endLast();
      running.mustGoOn();
      await this.#link.ask('transaction', (id) => this.#link.handle.transact(id, 'begin'));
      running.begunAt = now();
      return await this.#decide(running, work);
    } finally {
      this.#current = null;
    }
  }

  /** What a producer with the same id has left open is aborted, and it is fenced. Done once; a failure is tried again. */
  async initialize(operation: string, { timeoutMs = this.#timeoutMs, signal }: WaitOptions): Promise<void> {
    const until = now() + timeoutMs;
    const late = "the transaction's coordinator does not answer";
    while (!this.#initialized) {
      const left = Math.max(1, until - now());
      const isFirst = this.#initializing === null;
      // Those that call meanwhile wait for the same attempt, each for its own time.
      this.#initializing ??= this.#link
        .ask(operation, (id) => this.#link.handle.transact(id, 'init', Math.ceil(left) + LATER_MS), {
          timeoutMs: left,
          toldMs: timeoutMs,
          late,
        })
        .then(() => void (this.#initialized = true))
        .finally(() => (this.#initializing = null));
      try {
        await this.#link.over.race(operation, this.#initializing, { timeoutMs: left, toldMs: timeoutMs, signal, late });
      } catch (error) {
        if (isFirst || signal?.aborted || now() >= until || !(error as KafkaError).retriable) throw error;
      }
    }
  }

  /** The producer can do nothing any more: the work is waited for no longer. */
  failed(error: KafkaError): void {
    this.#current?.fail(error);
  }

  /** Aborts what is under way, unless it is being committed. Takes no longer than that, and never rejects. */
  async close(timeoutMs: number): Promise<void> {
    const running = this.#current;
    running?.end(destroyed('transaction'));
    let last: Promise<unknown> | null;
    if (running && running.begunAt !== null) last = running.decision ??= this.#abort();
    else last = this.#ending ?? (this.#isLeft ? this.#endLast() : null);
    if (!last) return;
    const late = alarm(timeoutMs);
    await Promise.race([last.catch(() => undefined), late.rung]);
    late.stop();
  }

  async #decide<T>(running: Running, work: (tx: Transaction<never, never>) => Promise<T>): Promise<T> {
    let committing = false;
    try {
      running.mustGoOn();
      // The end of the client does not wait for work that does not end.
      const working = Promise.race([work(running.transaction), running.failed]);
      const result = await this.#link.over.race('transaction', working);
      running.mustGoOn();
      await running.complete();
      if (running.decision) throw destroyed('transaction'); // by close()
      committing = true;
      await (running.decision = this.#commit(running.onCommitted));
      return result;
    } catch (error) {
      running.end(localError('transaction', errno.state, 'transaction: it is aborted'));
      // After the end of the handle there is nothing to abort any more, and close() aborts what is not being committed.
      const over = error instanceof KafkaError && (error.fatal || error.errno === errno.destroy);
      const decided = committing ? over || this.#undecided !== null : running.decision !== null;
      if (!decided) await (running.decision = this.#abort());
      if (committing && isDestroyed(error)) throw localError('transaction', errno.destroy, `transaction: ${CUT}`);
      throw this.#whyItEnded(error, running);
    }
  }

  /**
   * Of a producer that was fenced, what its work sees is a consequence (messages that are purged, an old epoch): that it was
   * fenced is what counts, and the consequence is the cause that is told with it. The same of a transaction that its
   * coordinator has aborted because it took too long.
   */
  #whyItEnded(error: unknown, { begunAt }: Running): unknown {
    const fatal = this.#fatal ?? this.#host.fatal();
    if (fatal) return error === fatal ? error : causedBy(new KafkaError('transaction', fatal), error);
    if (!isOfOldEpoch(error) || now() - begunAt! < this.#timeoutMs) return error;
    const text = `it took longer than transaction.timeout.ms (${this.#timeoutMs} ms), and its coordinator has aborted it`;
    return causedBy(localError('transaction', errno.invalidProducerEpoch, `transaction: ${text}`), error);
  }

  /** The one before was left without a decision. */
  get #isLeft(): boolean {
    return this.#undecided !== null || this.#abortFailed;
  }

  #endLast(): Promise<void> {
    this.#ending ??= this.#decideLast().finally(() => (this.#ending = null));
    return this.#ending;
  }

  async #decideLast(): Promise<void> {
    const begun = now();
    const late = (what: string) =>
      this.#late(begun, true, `the one before has no answer to its ${what}`, 'so nothing of this one was begun');
    if (this.#undecided) {
      try {
        await this.#commit(this.#undecided);
      } catch (error) {
        if (this.#undecided) throw late('commit');
        if (!(error instanceof KafkaError) || error.fatal || isDestroyed(error)) throw error;
        this.#abortFailed = true; // its coordinator has aborted it meanwhile, and librdkafka wants to hear the same
      }
    }
    if (!this.#abortFailed) return;
    try {
      await this.#step('abort');
    } catch (error) {
      throw isTimedOut(error) ? late('abort') : error;
    }
    this.#abortFailed = false;
  }

  /** @param onCommitted is told when it is committed, be that by the next transaction */
  async #commit(onCommitted: readonly (() => void)[]): Promise<void> {
    const begun = now();
    this.#undecided = null;
    try {
      await this.#step('commit');
    } catch (error) {
      if (!isTimedOut(error)) throw error;
      this.#undecided = onCommitted;
      // Not retriable: who did the same work again might have it committed twice.
      throw this.#late(
        begun,
        false,
        'its coordinator has not answered the commit',
        'it may be committed yet, or aborted',
      );
    }
    for (const tell of onCommitted) tell();
  }

  #late(begun: number, retriable: boolean, what: string, so: string): KafkaError {
    const message = `transaction: ${what} within transaction.timeout.ms (${this.#timeoutMs} ms): ${so}`;
    const late = { ...native.errorCode(errno.timedOut)!, retriable, message };
    return this.#link.over.withCause(new KafkaError('transaction', late), begun);
  }

  /** That it failed is told by an event: whoever waits is told why it was to be aborted. */
  async #abort(): Promise<void> {
    this.#host.withdraw();
    try {
      await this.#step('abort');
    } catch (error) {
      this.#abortFailed = true;
      if ((error as KafkaError).fatal) this.#fatal = error as KafkaError;
      this.#host.report(error as KafkaError);
    }
  }

  #step(what: 'commit' | 'abort'): Promise<unknown> {
    return this.#link.ask('transaction', (id) => this.#link.handle.transact(id, what, this.#timeoutMs));
  }
}

const isTimedOut = (error: unknown): boolean => error instanceof KafkaError && error.errno === errno.timedOut;

/** The producer's epoch is not the coordinator's any more, or a message was purged because another one's was not. */
const isOfOldEpoch = (error: unknown): boolean =>
  error instanceof KafkaError &&
  !isDestroyed(error) &&
  (error.errno === errno.invalidProducerEpoch || isPurged(error) || isOfOldEpoch(error.cause));

/** Why a message was purged, in place of that it was. */
function because(purged: KafkaError, why: KafkaError): KafkaError {
  const given = new RegExp(`(Local: Purged in \\w+|${WITHDRAWN})$`);
  const message = purged.message.replace(given, withoutName(why.operation, why.message));
  const results = purged.results?.map((one) => (one instanceof KafkaError && isPurged(one) ? because(one, why) : one));
  return causedBy(new KafkaError('send', { ...why, message }, undefined, results), purged);
}

/** A transaction between its begin and its decision. */
class Running {
  readonly transaction: Transaction<never, never>;
  /** When it began: then there is something to abort. */
  begunAt: number | null = null;
  /** The commit or the abort, once it is under way. */
  decision: Promise<unknown> | null = null;
  /** The consumers whose offsets it commits. */
  readonly onCommitted: (() => void)[] = [];
  readonly #link: ProducerLink;
  readonly #timeoutMs: number;
  readonly #host: Host;
  /** Offsets that are on their way to the coordinator, and questions why it does not take messages. */
  readonly #offsets = new Set<Promise<unknown>>();
  readonly #failed = deferred<never>();
  /** Why nothing more is taken. */
  #ended: KafkaError | null = null;
  #failure: { readonly error: unknown } | null = null;

  constructor(link: ProducerLink, timeoutMs: number, host: Host) {
    this.#link = link;
    this.#timeoutMs = timeoutMs;
    this.#host = host;
    this.#failed.promise.catch(() => undefined); // nobody may be waiting
    this.transaction = {
      send: ((what: ProducerMessage | readonly ProducerMessage[]) => this.#send(what)) as Transaction['send'],
      sendOffsets: (consumer, what) => this.#sendOffsets(consumer, what),
    };
  }

  end(reason: KafkaError): void {
    this.#ended ??= reason;
  }

  fail(error: KafkaError): void {
    this.end(error);
    this.#failed.reject(error);
  }

  /** Rejects when the producer can do nothing any more. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Throws when it has been ended from outside. */
  mustGoOn(): void {
    if (this.#ended) throw this.#ended;
  }

  /** Resolves when everything that was asked for is done, and rejects with the first failure. */
  async complete(): Promise<void> {
    this.end(localError('transaction', errno.state, 'transaction: its work has ended'));
    await Promise.allSettled([this.#host.delivered(), ...this.#offsets]);
    await nextTurn(); // for what is settled to be told, which takes some promises more
    await Promise.allSettled([...this.#offsets]);
    if (this.#failure) throw this.#failure.error;
  }

  #send(what: ProducerMessage | readonly ProducerMessage[]): Promise<RecordMetadata | RecordMetadata[]> {
    if (this.#ended) return this.#refuse('send');
    return this.#watched(this.#host.send(what).catch((error: unknown) => this.#explained(error)));
  }

  /** Messages of a transaction that has failed are purged. Why it has failed is what counts. */
  #explained(error: unknown): Promise<never> {
    if (!(error instanceof KafkaError && isPurged(error)) || this.begunAt === null) throw error;
    if (this.#ended && isDestroyed(this.#ended)) throw because(error, this.#ended);
    if (this.decision) throw error;
    const asked = this.#link
      .ask('send', (id) => this.#link.handle.transact(id, 'failure'))
      .then(
        () => error,
        (why: KafkaError) => {
          return why.txnRequiresAbort || why.fatal ? because(error, why) : error;
        },
      )
      .then((explained) => Promise.reject(explained));
    this.#offsets.add(asked);
    return asked;
  }

  #sendOffsets(consumer: Consumer<unknown, unknown>, what: unknown): Promise<void> {
    if (this.#ended) return this.#refuse('sendOffsets');
    const sent = call(async () => {
      if (!isObject(consumer) || !isTransactionalConsumer(consumer))
        throw typeError('consumer', 'a Consumer of this package', consumer);
      const { offsets, member, committed } = await consumer[consumedForTransaction](what);
      if (offsets.length === 0) return;
      const { group, generation, id: memberId, instance } = member;
      const asked = this.#link.ask('sendOffsets', (id) =>
        this.#link.handle.transact(
          id,
          'offsets',
          this.#timeoutMs,
          flat(offsets),
          group,
          generation,
          memberId,
          instance,
        ),
      );
      await ofGroup('sendOffsets', group, asked);
      this.onCommitted.push(committed);
    });
    this.#offsets.add(sent);
    const forget = () => this.#offsets.delete(sent);
    sent.then(forget, forget);
    return this.#watched(sent);
  }

  /** The transaction tells of a failure: so it is no unhandled rejection if nobody else looks at it. */
  #watched<T>(sent: Promise<T>): Promise<T> {
    sent.catch((error: unknown) => (this.#failure ??= { error }));
    return sent;
  }

  #refuse(operation: string): Promise<never> {
    const { errno: code, message } = this.#ended!;
    return call(() => Promise.reject(localError(operation, code, message.replace(/^\w+/, operation))));
  }
}
