import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { describeOnBoth } from '../helpers/clusters.js';
import { Member, NumberedTopic } from '../helpers/member.js';
import { inTime } from '../helpers/wait.js';

// A seek can be undone half a second to a second and a half after it took effect, when librdkafka gets the late answer to
// a query for a log's beginning or end that an earlier start or seek has set going. On a real broker that answer waits
// behind a fetch, so the window lies at no fixed moment: one consumer for each of many.

/** When a seek is asked, counted from the assignment. */
const moments = [0, 5, 20, 60, 100, 130, 200, 300, 450, 520, 700, 1000];
/** The watch: longer than the latest undo seen (1.3 s). */
const WATCH_MS = 2200;

describeOnBoth('a seek soon after the assignment', (cluster) => {
  for (const [start, config] of Object.entries({
    'at the end': { 'auto.offset.reset': 'latest' },
    'at the beginning': { 'auto.offset.reset': 'earliest' },
  } as const)) {
    it(`S3 is not undone later, where the partition started ${start}, and nobody produces`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { messages: 10 });
      const members = moments.map(() => new Member(cluster(), config));
      try {
        const marks = await Promise.all(
          members.map(async (member, i) => {
            void member.read();
            await member.subscribed(topic);
            await sleep(moments[i]);
            await inTime(member.consumer.seek(topic.at(0, 6)));
            return member.mark();
          }),
        );
        await sleep(WATCH_MS);
        await topic.produce(1);
        await Promise.all(members.map((member) => topic.isRead(member)));
        const came = members.map((member, i) => `${moments[i]} ms: ${member.runs(0, marks[i])}`);
        expect(came).to.deep.equal(moments.map((ms) => `${ms} ms: 6..10`));
      } finally {
        await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
      }
    });
  }

  it('S3 is not undone later by a seek to the beginning or the end before it, nor by a pause between', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 10 });
    const before = ['seekToEnd', 'seekToBeginning', 'seekToTimestamp'] as const;
    const gaps = [0, 50, 520];
    const cases = before.flatMap((first) => gaps.map((gap) => ({ first, gap, pause: gap === 50 })));
    const members = cases.map(() => new Member(cluster()));
    try {
      const marks = await Promise.all(
        cases.map(async ({ first, gap, pause }, i) => {
          const { consumer } = members[i]!;
          void members[i]!.read();
          await consumer.assign([topic.at(0, 3)]);
          const earlier =
            first === 'seekToTimestamp' ? consumer.seekToTimestamp(Date.now() + 60_000) : consumer[first]();
          if (gap) await sleep(gap);
          if (pause) consumer.pause();
          await inTime(consumer.seek(topic.at(0, 6)));
          const mark = members[i]!.mark();
          if (pause) consumer.resume();
          await inTime(earlier);
          return mark;
        }),
      );
      await sleep(WATCH_MS);
      await topic.produce(1);
      await Promise.all(members.map((member) => topic.isRead(member)));
      const name = ({ first, gap }: { first: string; gap: number }) => `${first}, ${gap} ms before`;
      expect(cases.map((c, i) => `${name(c)}: ${members[i]!.runs(0, marks[i])}`)).to.deep.equal(
        cases.map((c) => `${name(c)}: 6..10`),
      );
    } finally {
      await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
    }
  });
});
