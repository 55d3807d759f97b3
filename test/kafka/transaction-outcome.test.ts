import { expect } from 'chai';
import { type KafkaError, Producer, type ProducerConfig, type Transaction } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { committedValues } from '../helpers/committed.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// transaction(): everything or nothing, whatever the work does and whoever looks at what it has sent. The mock cluster
// aborts nothing, so this is of Kafka alone.

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => String(from + i));

describeOnKafka('a transaction', (cluster) => {
  const producerOf = (config: Partial<ProducerConfig> = {}) =>
    new Producer({
      'bootstrap.servers': cluster().bootstrapServers,
      'transactional.id': uniqueGroup('transactions'),
      ...config,
    });
  const messages = (topic: string, values: readonly string[]) =>
    values.map((value) => ({ topic, partition: 0, value }));

  it('that commits gives back what its work did, and all that it sent is seen', async () => {
    const topic = await cluster().createTopic();
    await using producer = producerOf();
    const given = await inTime(
      producer.transaction(async (tx) => {
        const one = await tx.send({ topic, partition: 0, value: '0' });
        const more = await tx.send(messages(topic, numbers(2, 1)));
        return [one, ...more].map(({ offset }) => offset);
      }),
    );
    expect(given).to.deep.equal([0, 1, 2]);
    await inTime(producer.transaction((tx) => tx.send({ topic, partition: 0, value: '3' })));
    expect(await committedValues(cluster(), topic)).to.deep.equal(numbers(4));
  });

  it('whose work fails rejects with that very error, and nobody sees what it sent; the next one commits', async () => {
    const topic = await cluster().createTopic();
    await using producer = producerOf();
    const own = new Error('of the work');
    for (const work of [
      async (tx: Transaction) => {
        await tx.send(messages(topic, ['seen by nobody']));
        throw own;
      },
      (tx: Transaction): Promise<never> => {
        void tx.send(messages(topic, ['nor this']));
        throw own; // not by a promise
      },
    ]) {
      expect(await inTime(rejection(producer.transaction(work)))).to.equal(own);
    }
    await inTime(producer.transaction((tx) => tx.send(messages(topic, ['seen']))));
    expect(await committedValues(cluster(), topic)).to.deep.equal(['seen']);
  });

  it('waits for what its work has not waited for, and does not wait for linger.ms', async () => {
    const topic = await cluster().createTopic();
    await using producer = producerOf({ 'linger.ms': 30_000 });
    await inTime(
      producer.transaction((tx) => {
        for (const value of numbers(100)) void tx.send({ topic, partition: 0, value });
        return Promise.resolve();
      }),
    );
    expect(await committedValues(cluster(), topic)).to.deep.equal(numbers(100));
  });

  it('takes more than the queue holds, and gives up what waits for room when it is aborted', async () => {
    const topic = await cluster().createTopic();
    await using producer = producerOf({ 'queue.buffering.max.messages': 10, 'linger.ms': 5 });
    await inTime(producer.transaction((tx) => tx.send(messages(topic, numbers(500)))));
    let refused: Promise<unknown> | undefined;
    const own = new Error('of the work');
    const work = (tx: Transaction): Promise<void> => {
      refused = rejection(tx.send(messages(topic, numbers(5000, 1000))));
      return Promise.reject(own);
    };
    expect(await inTime(rejection(producer.transaction(work)))).to.equal(own);
    expect(((await inTime(refused!)) as KafkaError).code).to.match(/^ERR__PURGE_/);
    await inTime(producer.transaction((tx) => tx.send(messages(topic, numbers(2, 500)))));
    expect(await committedValues(cluster(), topic)).to.deep.equal(numbers(502));
  });

  for (const [what, bad, code] of [
    ['that librdkafka refuses', { value: Buffer.alloc(5000) }, 'ERR_MSG_SIZE_TOO_LARGE'],
    ['that is malformed', { value: 5 as never }, undefined],
    ['of a partition that is not there', { value: 'x', partition: 7 }, 'ERR__UNKNOWN_PARTITION'],
  ] as const) {
    for (const [how, look] of [
      ['caught', (sent: Promise<unknown>) => sent.catch(() => undefined)],
      ['not looked at', () => undefined],
    ] as const) {
      it(`is not committed without a message ${what}, even if its error is ${how}`, async () => {
        const topic = await cluster().createTopic();
        await using producer = producerOf({ 'message.max.bytes': 1000 });
        const error = await inTime(
          rejection(
            producer.transaction(async (tx) => {
              await tx.send(messages(topic, ['before']));
              await look(tx.send({ topic, partition: 0, ...bad }));
              await tx.send(messages(topic, ['after'])).catch(() => undefined);
            }),
          ),
        );
        if (code) expect((error as KafkaError).code).to.equal(code);
        else
          expect(error)
            .to.be.instanceOf(TypeError)
            .with.property('message')
            .that.matches(/^message\.value: /);
        expect(await committedValues(cluster(), topic)).to.deep.equal([]);
      });
    }
  }

  it('ends with its work: what is sent by it later is refused, and in nobody else’s transaction', async () => {
    const topic = await cluster().createTopic();
    await using producer = producerOf();
    let old!: Transaction;
    await inTime(producer.transaction((tx) => Promise.resolve(void (old = tx))));
    await inTime(
      producer.transaction(async (tx) => {
        const late = (await rejection(old.send(messages(topic, ['late'])))) as KafkaError;
        expect(late).to.include({ code: 'ERR__STATE', operation: 'send' });
        await tx.send(messages(topic, ['in time']));
      }),
    );
    expect(await committedValues(cluster(), topic)).to.deep.equal(['in time']);
  });

  it('is refused while another one of the same producer has not ended, which loses nothing by it', async () => {
    const topic = await cluster().createTopic();
    await using producer = producerOf();
    await inTime(
      producer.transaction(async (tx) => {
        await tx.send(messages(topic, ['outer']));
        const inner = await rejection(producer.transaction((other) => other.send(messages(topic, ['inner']))));
        expect(inner).to.include({ code: 'ERR__STATE', operation: 'transaction' });
        const outside = await rejection(producer.send({ topic, partition: 0, value: 'outside' }));
        expect(outside).to.include({ code: 'ERR__STATE', operation: 'send' });
      }),
    );
    expect(await committedValues(cluster(), topic)).to.deep.equal(['outer']);
  });

  it('is aborted when its producer is closed, and holds up nobody who reads', async () => {
    const topic = await cluster().createTopic();
    const producer = producerOf();
    let closed: Promise<void> | undefined;
    const error = await inTime(
      rejection(
        producer.transaction(async (tx) => {
          await tx.send(messages(topic, ['before close()']));
          closed = producer.close();
          const late = await rejection(tx.send(messages(topic, ['after it'])));
          expect(late).to.include({ code: 'ERR__DESTROY' });
          await closed;
        }),
      ),
    );
    expect(error).to.include({ code: 'ERR__DESTROY' });
    await inTime(closed!);
    expect(await committedValues(cluster(), topic)).to.deep.equal([]);
  });

  it('that is being committed when its producer is closed is committed', async () => {
    const topic = await cluster().createTopic();
    const producer = producerOf();
    const committed = producer.transaction((tx) => {
      void tx.send(messages(topic, ['x'])).then(() => setImmediate(() => void producer.close()));
      return Promise.resolve('committed');
    });
    // Whichever is first: what is told is what is so.
    const told = await inTime(committed.catch((error: KafkaError) => error.code));
    await inTime(producer.close());
    expect(await committedValues(cluster(), topic)).to.deep.equal(told === 'committed' ? ['x'] : []);
    expect(told).to.be.oneOf(['committed', 'ERR__DESTROY']);
  });
});
