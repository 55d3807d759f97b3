import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { RebalanceListener } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { Member, NumberedTopic, quickGroup, sortedPlaces } from '../helpers/member.js';
import { eventually, inTime } from '../helpers/wait.js';

// How members keep what they hold: static membership, members that seek at the same time, and listeners that take their
// time and use it. The mock cluster has no static members, and no group.protocol=consumer.

describeOnKafka('a member of a group', (cluster) => {
  for (const protocol of ['range', 'cooperative-sticky', 'consumer'] as const) {
    it(`S8 static (${protocol}): back within its session, it has the same partitions, at what was committed, and the other was not disturbed`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 4, messages: 10 });
      const group = quickGroup(cluster(), protocol);
      const config = (id: string) => ({ ...group, 'group.instance.id': id });
      await using stays = new Member(cluster(), config('stays'));
      await stays.consumer.subscribe(topic.topic);
      void stays.read();
      await using goes = new Member(cluster(), config('goes'));
      await goes.consumer.subscribe(topic.topic);
      void goes.read();
      await eventually(() => stays.held.length === 2 && goes.held.length === 2, { timeoutMs: 15_000 });
      await topic.produceAndAwait([stays, goes]);
      const { held } = goes;
      // Of these the last ones are not committed.
      await goes.consumer.commit(held.map((p) => topic.at(p, 8)));
      await goes.consumer.seek(held.map((p) => topic.at(p, 11)));
      let disturbed = 0;
      for (const event of ['assigned', 'revoked', 'lost'] as const) stays.consumer.on(event, () => disturbed++);
      await goes.consumer.close();

      await using back = new Member(cluster(), config('goes'));
      void back.read();
      await back.consumer.subscribe(topic.topic);
      await eventually(() => back.held.length === 2);
      expect(back.held).to.deep.equal(held);
      await topic.produceAndAwait([stays, back]);
      for (const p of held) expect(back.runs(p)).to.equal('8..11');
      for (const p of stays.held) expect(stays.sequences(p).slice(-2)).to.deep.equal([10, 11]);
      expect(disturbed, 'rebalances of the other').to.equal(0);
    });
  }

  for (const protocol of ['range', 'cooperative-sticky', 'consumer'] as const) {
    it(`S8 two members that seek at once (${protocol}): each moves its own partitions, none the other's`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 4, messages: 30 });
      const group = quickGroup(cluster(), protocol);
      await using first = new Member(cluster(), group);
      await using second = new Member(cluster(), group);
      const members = [first, second];
      for (const member of members) {
        await member.consumer.subscribe(topic.topic);
        void member.read();
      }
      await eventually(() => members.every((member) => member.held.length === 2), { timeoutMs: 15_000 });
      await topic.produceAndAwait(members); // 30
      for (let round = 0; round < 5; round++) {
        const marks = members.map((member) => member.mark());
        const end = topic.next(0);
        const [beginning, last] = await inTime(
          Promise.all([first.consumer.seekToBeginning(), second.consumer.seekToEnd()]),
        );
        expect(sortedPlaces(beginning)).to.equal(first.held.map((p) => `${p}:0`).join(' '));
        expect(sortedPlaces(last)).to.equal(second.held.map((p) => `${p}:${end}`).join(' '));
        await topic.produceAndAwait(members);
        for (const p of first.held) expect(first.runs(p, marks[0])).to.equal(`0..${end}`);
        for (const p of second.held) expect(second.runs(p, marks[1])).to.equal(`${end}`);
      }
    });

    it(`S13 a listener that is slow, seeks, pauses, commits and asks positions does all of it (${protocol})`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 10 });
      const group = quickGroup(cluster(), protocol);
      await using first = new Member(cluster(), { ...group, 'enable.auto.commit': false });
      const { consumer } = first;
      const log: string[] = [];
      const listener: RebalanceListener = {
        async onAssigned(partitions) {
          await sleep(300); // as a database would; meanwhile nothing may come
          log.push(
            `assigned ${partitions
              .map(({ partition }) => partition)
              .sort()
              .join()}`,
          );
          log.push(`at ${sortedPlaces(await consumer.position())}`);
          log.push(`sought ${sortedPlaces(await consumer.seek(topic.partitions.map((p) => topic.at(p, 4 + p))))}`);
          log.push(`at ${sortedPlaces(await consumer.position())}`);
          consumer.pause([topic.row(1)]);
          await consumer.commit([topic.at(0, 2)]);
          log.push(`committed ${sortedPlaces(await consumer.committed())}, came ${first.mark()}`);
        },
        async onRevoked() {
          await sleep(300);
          log.push(`revoked at ${sortedPlaces(await consumer.position())}`);
          await consumer.commit([topic.at(0, 9), topic.at(1, 7)]);
        },
      };
      void first.read();
      await consumer.subscribe(topic.topic, listener);
      await eventually(() => first.last(0) === 9);
      expect(log).to.deep.equal([
        'assigned 0,1',
        'at 0:0 1:0',
        'sought 0:4 1:5',
        'at 0:4 1:5',
        'committed 0:2 1:-1, came 0',
      ]);
      expect([first.runs(0), first.runs(1)]).to.deep.equal(['4..9', '']);
      consumer.resume();
      await eventually(() => first.last(1) === 9);
      expect(first.runs(1)).to.equal('5..9');
      await consumer.unsubscribe();
      expect(log.at(-1)).to.equal('revoked at 0:10 1:10');
      expect(sortedPlaces(await consumer.committed(topic.rows()))).to.equal('0:9 1:7');
    });

    it(`S13 a listener that throws ends the loop, and neither the assignment nor the group (${protocol})`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 5 });
      const member = new Member(cluster(), quickGroup(cluster(), protocol));
      const { consumer } = member;
      try {
        let throws = true;
        const failed = consumer[Symbol.asyncIterator]().next();
        failed.catch(() => undefined);
        await consumer.subscribe(topic.topic, {
          onAssigned() {
            if (throws) throw new Error('no database');
          },
        });
        await inTime(failed).then(
          () => expect.fail('the iterator did not reject'),
          (error: unknown) => expect(error).to.have.property('message', 'no database'),
        );
        throws = false;
        void member.read();
        await topic.produceAndAwait(member);
        expect([member.runs(0), member.runs(1)]).to.deep.equal(['0..5', '0..5']);
      } finally {
        await member[Symbol.asyncDispose]();
      }
    });
  }
});
