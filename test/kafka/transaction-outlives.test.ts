import { expect } from 'chai';
import { Consumer, type KafkaError, Producer, type Transaction } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { committedValues } from '../helpers/committed.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// A transaction that takes longer than transaction.timeout.ms is aborted by its coordinator, which raises the producer's epoch. That
// ended the producer, as if another one had its transactional.id.

const TIMEOUT_MS = 1000;
/** The broker looks for such transactions every second (scripts/kafka.mjs), and takes some time to abort one. */
const ABORTED_WITHIN_MS = 30_000;

describeOnKafka('a transaction that outlives transaction.timeout.ms', (cluster) => {
  const producerOf = (id: string) =>
    new Producer({
      'bootstrap.servers': cluster().bootstrapServers,
      'transactional.id': id,
      'transaction.timeout.ms': TIMEOUT_MS,
    });
  /** transaction() would give its first answer as long as a transaction may take. */
  const initialized = (producer: Producer) => producer.initTransactions({ timeoutMs: ABORTED_WITHIN_MS });

  /** Resolves when the coordinator has aborted it: nothing in the log is undecided. */
  const aborted = async (topic: string) => {
    const servers = { 'bootstrap.servers': cluster().bootstrapServers };
    await using decided = new Consumer(servers);
    await using all = new Consumer({ ...servers, 'isolation.level': 'read_uncommitted' });
    const ends = (consumer: Consumer) => consumer.endOffsets([{ topic, partition: 0 }]);
    await eventually(async () => (await ends(decided))[0]!.offset === (await ends(all))[0]!.offset, {
      timeoutMs: ABORTED_WITHIN_MS,
      what: 'the transaction is aborted',
    });
  };

  const own = new Error('of the work');
  for (const [name, end, wanted] of [
    ['and then commits', () => 'committed', 'ERR_INVALID_PRODUCER_EPOCH'],
    [
      'and then sends',
      (tx: Transaction, topic: string) => tx.send({ topic, partition: 0, value: 'late' }),
      'ERR_INVALID_PRODUCER_EPOCH',
    ],
    ['and then fails', () => Promise.reject(own), own],
  ] as const) {
    it(`${name} rejects, and leaves a producer that goes on`, async () => {
      const topic = await cluster().createTopic();
      await using producer = producerOf(uniqueGroup('outlives'));
      await initialized(producer);
      const error = await inTime(
        rejection(
          producer.transaction(async (tx) => {
            await tx.send({ topic, partition: 0, value: 'too slow' });
            await aborted(topic);
            return end(tx, topic);
          }),
        ),
        'the transaction',
        ABORTED_WITHIN_MS,
      );
      if (wanted === own) expect(error).to.equal(own);
      else {
        expect(error).to.include({ code: wanted, fatal: false });
        expect((error as KafkaError).message).to.match(/transaction\.timeout\.ms.*1000/);
      }
      expect(producer.health().state).to.equal('up');
      expect(await inTime(producer.transaction(() => Promise.resolve('nothing sent')))).to.equal('nothing sent');
      await inTime(producer.transaction((tx) => tx.send({ topic, partition: 0, value: 'next' })));
      expect(await committedValues(cluster(), topic)).to.deep.equal(['next']);
    });
  }

  it('ends its producer all the same where another one has its transactional.id by then', async () => {
    const topic = await cluster().createTopic();
    const id = uniqueGroup('outlives');
    await using zombie = producerOf(id);
    await using successor = producerOf(id);
    await initialized(zombie);
    const error = await inTime(
      rejection(
        zombie.transaction(async (tx) => {
          await tx.send({ topic, partition: 0, value: 'too slow' });
          await aborted(topic);
          await initialized(successor);
          await successor.transaction((other) => other.send({ topic, partition: 0, value: 'successor' }));
        }),
      ),
      'the transaction',
      ABORTED_WITHIN_MS,
    );
    expect(error).to.include({ code: 'ERR__FENCED', fatal: true });
    await inTime(successor.transaction((tx) => tx.send({ topic, partition: 0, value: 'successor again' })));
    expect(await committedValues(cluster(), topic)).to.deep.equal(['successor', 'successor again']);
  });
});
