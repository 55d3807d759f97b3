import { expect } from 'chai';
import { Consumer, type KafkaError } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { fill } from '../helpers/numbered.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// close() commits what was processed, unless it is cut: by its limit, while the coordinator is silent or a listener does not end.
// Then nothing told that the work will be done again.

describe('close() of a consumer that commits by itself', () => {
  async function closes(joins: boolean, silent: boolean, onRevoked?: () => Promise<void>) {
    const cluster = await mockCluster();
    try {
      const topic = await cluster.createTopic();
      await fill(cluster, topic, { count: 5 });
      const errors: KafkaError[] = [];
      const consumer = new Consumer({
        'bootstrap.servers': cluster.bootstrapServers,
        'group.id': uniqueGroup(),
        'auto.offset.reset': 'earliest',
        'auto.commit.interval.ms': 0,
      }).on('error', (error) => errors.push(error));
      if (joins) await consumer.subscribe(topic, onRevoked ? { onRevoked } : {});
      else await consumer.assign([{ topic, partition: 0 }]);
      let count = 0;
      for await (const _ of consumer) if (++count === 4) break;
      if (silent) cluster.mock.setRoundTripTime(1, 30_000);
      await inTime(consumer.close({ timeoutMs: silent || onRevoked ? 200 : 10_000 }), 'close');
      await consumer.close();
      return errors
        .filter(({ operation }) => operation === 'close')
        .map(({ code, message, partitions }) => ({
          code,
          message: message.replace(topic, 't'),
          count: partitions?.length,
        }));
    } finally {
      await cluster.close();
    }
  }

  const told = [
    {
      code: 'ERR__DESTROY',
      message:
        'close: t[0]: what was processed is not committed: the client has ended before, and it will be delivered again',
      count: 1,
    },
  ];

  for (const [name, joins] of [
    ['of a group', true],
    ['by hand', false],
  ] as const) {
    it(`tells what it could not commit in time (${name})`, async () => {
      expect(await closes(joins, true)).to.deep.equal(told);
    });

    it(`tells nothing where it has committed (${name})`, async () => {
      expect(await closes(joins, false)).to.deep.equal([]);
    });
  }

  it('tells it where a listener does not end', async () => {
    expect(await closes(true, false, () => new Promise<void>(() => undefined))).to.deep.equal(told);
  });
});
