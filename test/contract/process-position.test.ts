import { expect } from 'chai';
import { describeOnBoth } from '../helpers/clusters.js';
import { consumerOn, fill } from '../helpers/numbered.js';
import { eventually, inTime } from '../helpers/wait.js';

// Found by a storm: a partition was sought while a handler worked at a message of before. process() took what was fetched there, and
// position() told the end of that, though no handler had been called with anything since the seek (S14).

const COUNT = 20;

for (const orderBy of ['partition', 'key'] as const) {
  describeOnBoth(`process, its position (ordered by ${orderBy})`, (cluster) => {
    it('S14 is that of what no handler was called with, not that of what was fetched', async () => {
      const topic = await cluster().createTopic(1);
      const place = { topic, partition: 0 };
      const at = (offset: number) => [{ ...place, offset }];
      await fill(cluster(), topic, { count: COUNT });
      await using consumer = consumerOn(cluster());
      const seen: number[] = [];
      let open = () => {};
      let gate = new Promise<void>((resolve) => (open = resolve));
      const stop = new AbortController();
      await consumer.assign(at(0));
      const running = consumer.process(
        async ({ offset }) => {
          seen.push(offset);
          if (offset === 5) await gate;
        },
        { signal: stop.signal, concurrency: 1, orderBy },
      );
      await eventually(() => seen.includes(5));
      expect(await consumer.position(), 'a handler works at 5').to.deep.equal(at(6));
      expect(await consumer.lag()).to.deep.equal([{ ...place, lag: COUNT - 6 }]);

      expect(await consumer.seekToBeginning()).to.deep.equal(at(0));
      expect(await consumer.position(), 'sought, and nothing was begun').to.deep.equal(at(0));

      expect(await consumer.seekBy(2), 'from where it stands').to.deep.equal(at(2));
      open();
      gate = Promise.resolve();
      await eventually(() => seen.at(-1) === COUNT - 1);
      expect(await consumer.position()).to.deep.equal(at(COUNT));
      expect(seen).to.deep.equal([0, 1, 2, 3, 4, 5, ...Array.from({ length: COUNT - 2 }, (_, i) => i + 2)]);
      stop.abort();
      await inTime(running);
    });
  });
}
