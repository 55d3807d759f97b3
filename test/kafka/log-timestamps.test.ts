import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Consumer, type Message, Producer } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { at, consumerOn, range, take } from '../helpers/numbered.js';
import { inTime } from '../helpers/wait.js';

// Times that are not one for each message: the broker's own, equal ones, in one batch and over several.

describeOnKafka('S16: a log with times that', (cluster) => {
  const firstMessage = async (consumer: Consumer): Promise<Message> => {
    for await (const message of consumer) return message;
    throw new Error('the loop has ended');
  };

  for (const codec of ['none', 'lz4'] as const) {
    it(`are the broker's (LogAppendTime): sought by them, not by the producer's (batches: ${codec})`, async () => {
      const topic = await cluster().createTopic(1, { 'message.timestamp.type': 'LogAppendTime' });
      await using producer = new Producer({
        'bootstrap.servers': cluster().bootstrapServers,
        'linger.ms': 50,
        'compression.type': codec,
      });
      const before = Date.now();
      // Three batches of five; the producer's times say the opposite.
      for (const batch of [0, 1, 2]) {
        await producer.send(
          range(batch * 5, batch * 5 + 5).map((i) => ({
            topic,
            partition: 0,
            value: `0:${i}`,
            timestamp: before - i * 1000,
          })),
        );
        await sleep(20); // the clock has to go on between them
      }
      await using consumer = consumerOn(cluster());
      await consumer.assign([at(topic, 0)]);
      const times: number[] = [];
      for await (const { timestamp, timestampType } of consumer) {
        expect(timestampType).to.equal('append');
        times.push(timestamp);
        if (times.length === 15) break;
      }
      expect(times[5]! > times[4]! && times[10]! > times[9]!, 'three times, of three batches').to.equal(true);
      for (const [what, time, expected] of [
        ['of the first batch', times[0]!, 0],
        ['after the first batch', times[4]! + 1, 5],
        ['of the second batch', times[7]!, 5],
        ['of the last batch', times[14]!, 10],
        ["the producer's, long before", before - 10_000, 0],
        ['after the last batch', times[14]! + 1, 15],
      ] as const) {
        const [row] = await inTime(consumer.seekToTimestamp(time));
        expect(row, what).to.deep.equal(at(topic, expected));
        if (expected < 15) expect((await firstMessage(consumer)).offset, what).to.equal(expected);
      }
    });

    it(`are equal, over several batches: goes to the first of them (batches: ${codec})`, async () => {
      const topic = await cluster().createTopic();
      const T = Date.now() - 60_000; // retention takes what is dated long ago
      const times = [T, T, ...Array<number>(12).fill(T + 10), T + 20, T + 20];
      await using producer = new Producer({
        'bootstrap.servers': cluster().bootstrapServers,
        'linger.ms': 20,
        'compression.type': codec,
      });
      for (let i = 0; i < times.length; i += 4) {
        await producer.send(
          times.slice(i, i + 4).map((timestamp, j) => ({ topic, partition: 0, value: `0:${i + j}`, timestamp })),
        );
      }
      await using consumer = consumerOn(cluster());
      await consumer.assign([at(topic, 0)]);
      for (const [time, expected] of [
        [T, 0],
        [T + 1, 2],
        [T + 10, 2],
        [T + 11, 14],
        [T + 20, 14],
        [T + 21, 16],
      ] as const) {
        expect(await inTime(consumer.seekToTimestamp(time)), `${time - T}`).to.deep.equal([at(topic, expected)]);
        const [next] = await take(consumer, expected < 16 ? 1 : 0);
        if (next) expect(next.sequence, `${time - T}`).to.equal(expected);
      }
    });
  }
});
