import { once } from 'node:events';
import { expect } from 'chai';
import { describeOnBoth } from '../helpers/clusters.js';
import { runs } from '../helpers/member.js';
import { consumerOn, fill, quickGroup } from '../helpers/numbered.js';
import { inTime } from '../helpers/wait.js';

// A loop over a batch that takes its time, while an eager group takes all partitions away and gives them back: the batch
// ends there. Positions are carried over, and that of a partition is behind the whole batch as soon as it is handed out.

describeOnBoth('S8: a batch in hand while its partition goes and comes back', (cluster) => {
  for (const [what, stopAt, slice] of [
    ['is read half-way', 4, (batch: Iterable<{ offset: number }>) => batch],
    ['is not read at all yet', -1, (batch: Iterable<{ offset: number }>) => batch],
    ['was taken out as a whole', 4, (batch: Iterable<{ offset: number }>) => [...batch]],
  ] as const) {
    it(`loses nothing and doubles nothing: it ${what}`, async () => {
      const [topic, other] = [await cluster().createTopic(), await cluster().createTopic()];
      await fill(cluster(), topic, { count: 20 });
      await using consumer = consumerOn(cluster(), {
        'partition.assignment.strategy': 'range',
        ...quickGroup(cluster()),
      });
      await consumer.subscribe(topic);
      const seen: number[] = [];
      let moved = false;
      const rejoin = async () => {
        moved = true;
        const assigned = once(consumer, 'assigned');
        await consumer.subscribe([topic, other]);
        await assigned;
      };
      const reading = (async () => {
        for await (const batch of consumer.batches()) {
          if (!moved && stopAt < 0) await rejoin();
          for (const { offset } of slice(batch)) {
            seen.push(offset);
            if (!moved && offset === stopAt) await rejoin();
          }
          if (seen.at(-1) === 19) break;
        }
      })();
      await inTime(reading, () => `reading, at ${runs(seen)}`);
      expect(moved).to.equal(true);
      expect(runs(seen)).to.equal('0..19');
    });
  }
});
