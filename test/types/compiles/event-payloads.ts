import type {
  Admin,
  Consumer,
  ConsumerEvents,
  ClientEvents,
  KafkaError,
  LogLine,
  OffsetReset,
  Producer,
  Stall,
  Statistics,
  TopicPartition,
} from 'seekafka';

/** Both ways, so that `any` and a wider type do not pass. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never;
const same = <A, B>(_: Same<A, B>): void => undefined;

// What a listener of each event is called with, all of them.
interface OfEveryClient {
  error: [error: KafkaError];
  log: [line: LogLine];
  statistics: [statistics: Statistics, json: string];
}
interface OfConsumers extends OfEveryClient {
  assigned: [partitions: readonly TopicPartition[]];
  revoked: [partitions: readonly TopicPartition[]];
  lost: [partitions: readonly TopicPartition[]];
  stalled: [stall: Stall];
  lookupStatistics: [statistics: Statistics, json: string];
  offsetReset: [reset: OffsetReset];
}
same<keyof ClientEvents, keyof OfEveryClient>(true);
same<keyof ConsumerEvents, keyof OfConsumers>(true);
same<{ [E in keyof ClientEvents]: ClientEvents[E] }, { [E in keyof OfEveryClient]: OfEveryClient[E] }>(true);
same<{ [E in keyof ConsumerEvents]: ConsumerEvents[E] }, { [E in keyof OfConsumers]: OfConsumers[E] }>(true);

// The same as a listener's arguments are inferred to be, without a word of the caller's.
export function inferred(consumer: Consumer, producer: Producer, admin: Admin): void {
  for (const client of [consumer, producer, admin]) {
    client.on('error', (error) => same<typeof error, KafkaError>(true));
    client.once('log', (line) => same<typeof line, LogLine>(true));
  }
  producer.on('statistics', (...given) => same<typeof given, [statistics: Statistics, json: string]>(true));
  admin.prependListener('statistics', (...given) => same<typeof given, [statistics: Statistics, json: string]>(true));
  for (const event of ['assigned', 'revoked', 'lost'] as const) {
    consumer.on(event, (partitions) => same<typeof partitions, readonly TopicPartition[]>(true));
  }
  consumer.once('stalled', (stall) => same<typeof stall, Stall>(true));
  consumer.on('lookupStatistics', (statistics, json) => {
    same<typeof statistics, Statistics>(true);
    same<typeof json, string>(true);
  });
  consumer.on('offsetReset', (reset) => same<typeof reset, OffsetReset>(true));
}

// The fields that the pages name.
export function fields(stall: Stall, reset: OffsetReset, line: LogLine, statistics: Statistics): void {
  same<Stall['sinceMs'], number>(true);
  console.log(stall.partitions[0]?.topic, stall.partitions[0]?.partition);
  console.log(reset.topic, reset.partition, reset.askedOffset + reset.offset);
  console.log(line.level, line.facility, line.message, line.handle === 'lookups', statistics.txmsgs);
}
