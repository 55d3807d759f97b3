import { expect } from 'chai';
import { type KafkaError, Producer } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { uniqueTopic } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// librdkafka asks every second for each topic that was ever sent to and is missing. After some thousands of wrong names each
// second went by with that.

const WRONG = 40;
/** So long a topic is kept that nobody sends to (src-native/produce.cc). */
const KEPT_MS = 10_000;

describeOnKafka('a producer that has sent to topics that do not exist', (cluster) => {
  it('asks for them no more once nobody sends to them', async function () {
    this.timeout(60_000);
    const names = Array.from({ length: WRONG }, () => uniqueTopic('missing'));
    await using producer = new Producer({
      'bootstrap.servers': cluster().bootstrapServers,
      'topic.metadata.propagation.max.ms': 10,
      'message.timeout.ms': 3000,
      debug: 'metadata',
    });
    const asked: number[] = [];
    producer.on('log', ({ message }) => {
      const [, topics] = /metadata for (\d+)\/\d+ topics: refresh unavailable topics/.exec(message) ?? [];
      if (topics !== undefined) asked.push(Number(topics));
    });
    const refused = await inTime(Promise.allSettled(names.map((topic) => producer.send({ topic, value: 'x' }))));
    for (const result of refused) {
      expect((result as PromiseRejectedResult).reason as KafkaError)
        .to.have.property('code')
        .that.matches(/UNKNOWN_TOPIC/);
    }
    await eventually(() => asked.at(-1) === WRONG, { what: 'all of them are asked for' });

    await new Promise((resolve) => setTimeout(resolve, KEPT_MS + 500));
    void producer.send({ topic: uniqueTopic('missing'), value: 'x' }).catch(() => undefined);
    await eventually(() => asked.at(-1) === 1, { what: 'one topic is asked for' });
  });
});
