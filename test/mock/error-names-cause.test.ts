import { expect } from 'chai';
import { Admin, Consumer, KafkaError, Producer } from 'seekafka';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// "Timed out" is what a user is told first, and what helps least. What went wrong underneath goes with it.

const nobody = { 'bootstrap.servers': '127.0.0.1:1' };
const limit = { timeoutMs: 1500 };

describe('what timed out because no broker can be reached', () => {
  let consumer: Consumer;
  let assigned: Consumer;
  let admin: Admin;
  let producer: Producer;
  before(async () => {
    consumer = new Consumer({ ...nobody, 'group.id': uniqueGroup() });
    assigned = new Consumer({ ...nobody, 'group.id': uniqueGroup() });
    admin = new Admin(nobody);
    producer = new Producer({
      ...nobody,
      'transactional.id': uniqueGroup('tx'),
      'transaction.timeout.ms': limit.timeoutMs,
    });
    for (const client of [consumer, assigned, admin, producer]) client.on('error', () => undefined);
    await assigned.assign([{ topic: 't', partition: 0, offset: 0 }]);
  });
  after(() => Promise.all([consumer, assigned, admin, producer].map((client) => client.close({ timeoutMs: 500 }))));

  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    endOffsets: () => consumer.endOffsets([{ topic: 't', partition: 0 }], limit),
    committed: () => consumer.committed([{ topic: 't', partition: 0 }], limit),
    commit: () => consumer.commit([{ topic: 't', partition: 0, offset: 1 }], limit),
    lag: () => assigned.lag(limit),
    seekToEnd: () => consumer.seekToEnd(undefined, limit),
    listTopics: () => admin.listTopics(limit),
    describeTopics: () => admin.describeTopics(['t'], limit),
    createTopics: () => admin.createTopics([{ topic: 't' }], limit),
    initTransactions: () => producer.initTransactions(limit),
    transaction: () => producer.transaction(() => Promise.resolve()),
  };
  for (const [operation, call] of Object.entries(calls)) {
    it(`names the connection that was refused: ${operation}`, async () => {
      const error = await inTime(rejection(call()));
      expect(error).to.be.instanceOf(KafkaError);
      expect(error).to.include({ code: 'ERR__TIMED_OUT', operation });
      expect((error as KafkaError).cause)
        .to.be.instanceOf(KafkaError)
        .and.to.include({ code: 'ERR__TRANSPORT' });
      expect(((error as KafkaError).cause as Error).message)
        .to.include('127.0.0.1:1')
        .and.to.include('refused');
    });
  }

  it('is told once by a process warning for each client and kind of error, where nobody listens', async () => {
    const warnings: (Error & { code?: string })[] = [];
    const take = (warning: Error) => warnings.push(warning);
    process.on('warning', take);
    try {
      const silent = [1, 2].map(
        () => new Consumer({ ...nobody, 'group.id': uniqueGroup(), 'reconnect.backoff.max.ms': 50 }),
      );
      await Promise.all(silent.map((each) => rejection(each.endOffsets([{ topic: 't', partition: 0 }], limit))));
      await Promise.all(silent.map((each) => each.close({ timeoutMs: 500 })));
    } finally {
      process.off('warning', take);
    }
    const ours = warnings.filter(({ code }) => code?.startsWith('SEEKAFKA_')).map(({ code }) => code);
    const times = (code?: string) => ours.filter((each) => each === code).length;
    expect(times('SEEKAFKA_ERR__TRANSPORT'), 'one of each client').to.equal(2);
    for (const code of ours) expect(times(code), code).to.be.at.most(2);
  });
});
