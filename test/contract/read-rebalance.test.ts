import { expect } from 'chai';
import { hows } from '../helpers/member.js';
import { Pair, describeProtocols } from '../helpers/protocols.js';
import { readTo } from '../helpers/reads.js';
import { eventually, inTime } from '../helpers/wait.js';

// S20: partitions that go leave the read, those that come join it; with 'end', up to the end that they have then.

describeProtocols('S20: a read with an end while its group rebalances', (cluster, protocol) => {
  for (const how of hows) {
    it(`is over when it is at the end of what the member has kept (${how})`, async () => {
      await using pair = await Pair.create(cluster(), protocol);
      const { topic, first } = pair;
      await first.consumer.subscribe(topic.topic);
      let begun = false;
      const until = topic.partitions.map((p) => topic.at(p, 20));
      const reading = readTo(first.consumer, how, { until }, () => {
        begun = true;
      });
      await eventually(() => begun);
      await pair.secondJoins();
      const { held } = first;
      await topic.produce(15, held); // the other partitions never get there
      const read = await reading;
      for (const p of held) expect(read.of(p), `partition ${p}`).to.equal('0..19');
      expect(read.remaining.at(-1)).to.equal(0);
    });

    it(`takes those in that come, up to the end that they have then (${how})`, async () => {
      await using pair = await Pair.create(cluster(), protocol);
      const { topic, first, second } = pair;
      await Promise.all([first, second].map((member) => member.consumer.subscribe(topic.topic)));
      await pair.isShared();
      const [mine, theirs] = [first.held, second.held];
      first.consumer.pause(topic.rows([mine[0]!])); // so that it goes on
      let read: { readonly remaining: number } | null = null;
      const reading = readTo(first.consumer, how, { until: 'end' }, ({ partition }, its) => {
        if (partition === mine[1]) read = its;
      });
      // What is produced from now on is behind the ends, of which one may be known later than the other.
      await eventually(() => read !== null && !Number.isNaN(read.remaining));
      await topic.produce(5);
      await inTime(pair.secondLeaves());
      await eventually(async () => (await first.consumer.position()).length === 4);
      first.consumer.resume();
      const result = await reading;
      // What an eager rebalance takes and gives back at once has the end that it had.
      for (const p of mine) expect(result.of(p), `kept: ${p}`).to.equal('0..9');
      for (const p of theirs) expect(result.of(p), `has come: ${p}`).to.equal('0..14');
      expect(result.remaining.at(-1)).to.equal(0);
      expect((await readTo(first.consumer, how, { until: 'end' })).of(mine[0]!), 'and later').to.equal('10..14');
    });
  }
});
