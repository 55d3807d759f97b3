import { expect } from 'chai';
import { Admin, Consumer, KafkaError, MockCluster, Producer } from 'seekafka';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// A connection that was lost yesterday, and was back a second later, is not why a call of today is late. One that was lost
// yesterday, and is not back yet, is: and librdkafka tells of it again every half minute, or less often.

const END_TXN = 26;

describe('the cause of what timed out', () => {
  const noted = <C extends Admin | Consumer | Producer>(client: C): { client: C; errors: KafkaError[] } => {
    const errors: KafkaError[] = [];
    client.on('error', (error: KafkaError) => errors.push(error));
    return { client, errors };
  };
  /** Tries until it succeeds. */
  const mended = (what: () => Promise<unknown>) =>
    inTime(
      eventually(() => what().then(() => true), { timeoutMs: 40_000, what: 'an answer' }),
      'an answer',
      60_000,
    );

  it('is nothing that passed: of a consumer and an admin client', async () => {
    await using cluster = await MockCluster.start({ brokers: 1 });
    const topic = uniqueTopic();
    cluster.createTopic(topic, 1);
    const server = { 'bootstrap.servers': cluster.bootstrapServers };
    await using consumer = new Consumer({ ...server, 'group.id': uniqueGroup(), 'reconnect.backoff.max.ms': 200 });
    await using admin = new Admin({ ...server, 'reconnect.backoff.max.ms': 200 });
    const all = [noted(consumer), noted(admin)];
    const at = { topic, partition: 0 };
    const calls = (limit: { timeoutMs: number }): Record<string, () => Promise<unknown>> => ({
      endOffsets: () => consumer.endOffsets([at], limit),
      committed: () => consumer.committed([at], limit),
      commit: () => consumer.commit([{ ...at, offset: 0 }], limit),
      listTopics: () => admin.listTopics(limit),
    });
    const quick = Object.values(calls({ timeoutMs: 5000 }));
    for (const call of quick) await call();
    cluster.brokerDown(1);
    // Each of their connections is lost, and known to be: one that lasted would say that others were up all the time.
    await Promise.all(Object.values(calls({ timeoutMs: 1000 })).map((call) => rejection(call())));
    await eventually(() => all.every(({ client, errors }) => errors.length > 0 && client.health().brokersUp === 0), {
      what: 'each has lost its connections',
    });
    cluster.brokerUp(1);
    for (const call of quick) await mended(call);
    const before = new Set<unknown>(all.flatMap(({ errors }) => errors));
    cluster.setRoundTripTime(1, 5000);
    const slow = Object.entries(calls({ timeoutMs: 500 })).map(async ([operation, call]) => {
      const error = await inTime(rejection(call()), operation);
      expect(error).to.be.instanceOf(KafkaError).and.include({ code: 'ERR__TIMED_OUT' });
      expect(before.has((error as KafkaError).cause), `${operation}: ${String((error as KafkaError).cause)}`).to.equal(
        false,
      );
    });
    await Promise.all(slow);
    cluster.setRoundTripTime(1, 0);
  });

  it('is nothing that passed: of a commit in doubt', async () => {
    await using cluster = await MockCluster.start({ brokers: 1 });
    const topic = uniqueTopic();
    cluster.createTopic(topic, 1);
    await using producer = new Producer({
      'bootstrap.servers': cluster.bootstrapServers,
      'transactional.id': uniqueGroup('tx'),
      'transaction.timeout.ms': 3000,
      'reconnect.backoff.max.ms': 200,
    });
    const { errors } = noted(producer);
    const send = () => producer.transaction((tx) => tx.send({ topic, value: 'x' }));
    await inTime(send());
    cluster.brokerDown(1);
    await eventually(() => errors.length > 0 && producer.health().brokersUp === 0, { what: 'no connection is left' });
    cluster.brokerUp(1);
    await mended(send);
    const before = new Set<unknown>(errors);
    cluster.pushRequestError(1, END_TXN, 0, 6000);
    const error = (await inTime(rejection(send()))) as KafkaError;
    expect(error).to.include({ code: 'ERR__TIMED_OUT', operation: 'transaction' });
    expect(before.has(error.cause), String(error.cause)).to.equal(false);
  });
});
