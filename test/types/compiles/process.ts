// process(), health() and tables, as a careful user writes them.

import { type Admin, Consumer, type Message, type Producer, deadLetters } from 'seekafka';
import type { FailureHandler, Health, MessageHandler, ProcessOptions, Stall, TopicPartition } from 'seekafka';
import { type Table, type TableChange, table } from 'seekafka/table';

declare const consumer: Consumer;
declare const producer: Producer;
declare const admin: Admin;

const handler: MessageHandler = async (message: Message, { signal, attempt }) => {
  await fetch('http://localhost', { signal, method: attempt > 1 ? 'PUT' : 'POST', body: message.value });
};
const options: ProcessOptions = {
  concurrency: 4,
  orderBy: 'key',
  retry: { attempts: 3, backoffMs: (attempt) => attempt * 100 },
  onFailure: (error, { topic, offset }, { attempts }) => console.error(error, topic, offset, attempts),
  drainTimeoutMs: 5000,
  signal: AbortSignal.timeout(1000),
  maxPending: 100,
  maxPendingBytes: 1e6,
};
const ended: Promise<void> = consumer.process(handler, options);
void consumer.process((message) => message.offset);
const aside: FailureHandler = deadLetters(producer, 'dead', { headerPrefix: 'x-' });
void consumer.process(handler, { onFailure: aside });

const states: Health['state'][] = [consumer.health().state, producer.health().state, admin.health().state];
const { joined, assignment, lastMessageAt, loop, lastError, since, brokersUp } = consumer.health();
const known: [boolean, readonly TopicPartition[], Date | null, number, string | undefined, Date, number] = [
  joined,
  assignment,
  lastMessageAt,
  loop.forMs,
  lastError?.code,
  since,
  brokersUp,
];
new Consumer({ 'bootstrap.servers': 'h:1' }, { stalledAfterMs: 1000 }).on('stalled', (stall: Stall) => stall.sinceMs);

const plain: Table = table({ 'bootstrap.servers': 'h:1' }, 'users');
const value: Buffer | undefined = plain.get('ann');
const parsed = table(consumer, 'users', { key: Number, load: ({ value }) => value.toString() });
const entries: [number, string][] = [...parsed];
const asMap: ReadonlyMap<number, string> = parsed;
const change: Promise<IteratorResult<TableChange<number, string>>> = parsed.changes().next();
const barrier: Promise<void> = parsed.barrier({ timeoutMs: 5 });

export { ended, states, known, value, entries, asMap, change, barrier };
