import { expect } from 'chai';
import { Consumer, type KafkaError } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// Another member with the same group.instance.id ends a consumer for good: whoever waits for it is told so, and stands still for nothing.

const LIST_OFFSETS = 2;
const HEARTBEAT = 12;
const FENCED_INSTANCE_ID = 82;
const code = 'ERR_FENCED_INSTANCE_ID';

describe('a consumer that has failed for good', () => {
  it('rejects its loop and every call that waits, each by its name, and those that come later', async () => {
    const cluster = await mockCluster();
    try {
      const topic = await cluster.createTopic();
      const events: KafkaError[] = [];
      await using consumer = new Consumer({
        'bootstrap.servers': cluster.bootstrapServers,
        'group.id': uniqueGroup(),
        'group.instance.id': 'the same',
        'heartbeat.interval.ms': 100,
      });
      consumer.on('error', (error) => events.push(error));
      await consumer.subscribe(topic);
      const loop = async () => {
        for await (const _ of consumer) throw new Error('there is no message');
      };
      const looping = rejection(loop());
      await eventually(() => consumer.assignment.length === 1);
      for (let i = 0; i < 50; i++) cluster.mock.pushRequestError(1, LIST_OFFSETS, 0, 50_000);
      const waiting = {
        endOffsets: rejection(consumer.endOffsets()),
        seekToEnd: rejection(consumer.seekToEnd()),
        lag: rejection(consumer.lag()),
      };
      cluster.mock.pushRequestError(1, HEARTBEAT, FENCED_INSTANCE_ID);
      expect(await inTime(looping, 'the loop')).to.include({ code, fatal: true });
      for (const [operation, rejected] of Object.entries(waiting)) {
        expect(await inTime(rejected, operation), operation).to.include({ code, fatal: true, operation });
      }
      const [fatal] = await eventually(() => events.filter((error) => error.fatal));
      expect(fatal).to.include({ code, operation: 'client' });
      const later = (await inTime(rejection(consumer.position()))) as KafkaError;
      expect(later).to.include({ code, fatal: true, operation: 'position', cause: fatal });
      expect(await inTime(rejection(loop()), 'a later loop')).to.include({ code, fatal: true });
      expect(consumer.health()).to.include({ state: 'failed', lastError: fatal });
    } finally {
      await cluster.close();
    }
  });
});
