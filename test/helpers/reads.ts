import type { Consumer, Message, Read } from 'seekafka';
import { type How, leave, runs } from './member.js';
import { inTime } from './wait.js';

// Reads with an end, and what they gave.

type Options = NonNullable<Parameters<Consumer['messages']>[0]>;

export interface ReadResult {
  /** The offsets of a partition, as runs(). */
  readonly of: (partition: number) => string;
  readonly count: number;
  /** What `remaining` said at each step, and after the end. */
  readonly remaining: readonly number[];
}

/** A read of either kind, as one of messages. `remaining` is looked at whenever something was handed out. */
export async function readTo(
  consumer: Consumer,
  how: How,
  options: Options,
  visit: (message: Message, read: Read<unknown>) => unknown = () => undefined,
): Promise<ReadResult> {
  const seen: Message[] = [];
  const remaining: number[] = [];
  const take = async (message: Message, read: Read<unknown>) => {
    if (String(message.value) !== `${message.partition}:${message.offset}`) {
      throw new Error(`${String(message.value)} at ${message.partition}:${message.offset}`);
    }
    seen.push(message);
    return await visit(message, read);
  };
  const loop = async () => {
    if (how === 'by message') {
      const read = consumer.messages(options);
      for await (const message of read) {
        remaining.push(read.remaining);
        if ((await take(message, read)) === leave) break;
      }
      remaining.push(read.remaining);
      return;
    }
    const read = consumer.batches(options);
    over: for await (const batch of read) {
      remaining.push(read.remaining);
      for (const message of batch) if ((await take(message, read)) === leave) break over;
    }
    remaining.push(read.remaining);
  };
  const of = (partition: number) => runs(seen.flatMap((m) => (m.partition === partition ? [m.offset] : [])));
  await inTime(loop(), () => `the end of a read: ${seen.length} messages came, remaining ${remaining.at(-1)}`);
  return { of, count: seen.length, remaining };
}
