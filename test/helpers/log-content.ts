import { Consumer } from 'seekafka';
import { inTime } from './wait.js';

/** A message of a log, as text. */
export interface Logged {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string | null])[];
}

const text = (bytes: Buffer | null) => (bytes === null ? null : String(bytes));

/** All that is stored in a partition at the time of the call. Read by a client of its own, so of what else goes on nothing is seen. */
export async function logOf(
  { bootstrapServers }: { readonly bootstrapServers: string },
  topic: string,
  partition = 0,
): Promise<Logged[]> {
  await using consumer = new Consumer({ 'bootstrap.servers': bootstrapServers, 'auto.offset.reset': 'earliest' });
  const row = { topic, partition };
  const [[first], [end]] = await Promise.all([consumer.beginningOffsets([row]), consumer.endOffsets([row])]);
  const log: Logged[] = [];
  if (first!.offset === end!.offset) return log;
  await consumer.assign([{ ...row, offset: first!.offset }]);
  const reading = (async () => {
    for await (const { offset, key, value, headers } of consumer) {
      log.push({ offset, key: text(key), value: text(value), headers: headers.map(([name, v]) => [name, text(v)]) });
      if (offset + 1 >= end!.offset) break;
    }
  })();
  await inTime(
    reading,
    () => `the log of ${topic} [${partition}] up to ${end!.offset}: ${log.length} messages have come`,
  );
  return log;
}

/** As logOf(), of the values alone. */
export async function valuesOf(cluster: { readonly bootstrapServers: string }, topic: string, partition = 0) {
  return (await logOf(cluster, topic, partition)).map(({ value }) => value);
}

/** How a promise settles, or that it does not within this time: for tests that compare several of them. */
export async function outcome(promise: Promise<unknown>, timeoutMs = 8000): Promise<string> {
  const settled = promise.then(
    () => 'resolved',
    (error: unknown) => {
      const { code, name } = (error ?? {}) as { code?: string; name?: string };
      return `rejected ${code ?? name ?? String(error)}`;
    },
  );
  return await inTime(settled, 'it', timeoutMs).catch(() => 'pending');
}
