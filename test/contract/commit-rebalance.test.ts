import { expect } from 'chai';
import type { ConsumerConfig } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { skip } from '../helpers/groups.js';
import { Reader, consumerOn, fill, quickGroup, range } from '../helpers/numbered.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// S11 where partitions go to another member: what was processed after a seek is committed with the revocation, although
// it is lower than what was committed before, and the new member goes on there.

const protocols: readonly (readonly [name: string, config: Partial<ConsumerConfig>])[] = [
  ['eager', { 'partition.assignment.strategy': 'range' }],
  ['cooperative', { 'partition.assignment.strategy': 'cooperative-sticky' }],
  ['KIP-848', { 'group.protocol': 'consumer' }],
];

describeOnBoth('S11: commits when a partition goes to another member', (cluster) => {
  for (const [name, protocol] of protocols) {
    it(`the new member goes on in the replay, where the old one had come to (${name})`, async function () {
      if (cluster().name === 'mock') {
        if (name === 'KIP-848') skip(this, 'the mock cluster assigns nothing by itself in the KIP-848 protocol');
        else skip(this, 'the mock cluster refuses commits while members join; those of cooperative ones now and then');
      }
      const topic = await cluster().createTopic(2);
      await fill(cluster(), topic, { partitions: 2, count: 30 });
      const config: Partial<ConsumerConfig> = {
        'group.id': uniqueGroup(),
        'auto.commit.interval.ms': 0,
        ...(name !== 'KIP-848' && quickGroup(cluster())),
        ...protocol,
      };
      await using first = consumerOn(cluster(), config);
      await first.subscribe(topic);
      let replaying = false;
      let open!: () => void;
      const gate = new Promise<void>((resolve) => (open = resolve));
      using _open = { [Symbol.dispose]: () => open() };
      const replayed = [0, 0];
      let inHand = -1;
      const reader = new Reader(first, async (_, { partition }) => {
        if (!replaying) return;
        // Five of each, and the last one stays in hand, which counts as not processed.
        if (++replayed[partition]! === 5) first.pause([{ topic, partition }]);
        if (replayed[0]! + replayed[1]! < 10) return;
        inHand = partition;
        await gate;
      });
      await reader.until(60);
      await first.commit();
      replaying = true;
      await first.seek([0, 1].map((partition) => ({ topic, partition, offset: 10 })));
      await eventually(() => inHand >= 0, { what: 'five messages of each partition are replayed' });
      expect(replayed).to.deep.equal([5, 5]);

      await using second = consumerOn(cluster(), config);
      await second.subscribe(topic);
      const other = new Reader(second);
      await other.until(1);
      const { partition } = other.seen[0]!;
      const next = partition === inHand ? 14 : 15;
      await other.until(30 - next);
      expect(other.sequences(partition)).to.deep.equal(range(next, 30));

      // The old one keeps its other partition, in its place.
      open();
      replaying = false;
      const kept = 1 - partition;
      await eventually(() => first.assignment.length === 1);
      first.resume();
      await eventually(() => reader.sequences(kept).length >= 30 + 20);
      expect(reader.sequences(kept)).to.deep.equal([...range(0, 30), ...range(10, 30)]);
    });
  }
});
