import { expect } from 'chai';
import { Producer } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { consumerOn } from '../helpers/numbered.js';
import { inTime } from '../helpers/wait.js';

describeOnBoth('the Unix epoch', (cluster) => {
  it('is a time like any other: a message of then is not a message of now', async () => {
    const topic = await cluster().createTopic();
    await using producer = new Producer({ 'bootstrap.servers': cluster().bootstrapServers });
    const before = Date.now();
    const times = [0, new Date(0), 1, undefined];
    const results = await inTime(
      producer.send(times.map((timestamp) => ({ topic, partition: 0, value: 'v', timestamp }))),
    );
    expect(results.slice(0, 3).map(({ timestamp }) => timestamp)).to.deep.equal([0, 0, 1]);

    await using consumer = consumerOn(cluster());
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    const stored: number[] = [];
    for await (const message of consumer) if (stored.push(message.timestamp) === times.length) break;
    expect(stored.slice(0, 3)).to.deep.equal([0, 0, 1]);
    expect(stored[3]).to.be.at.least(before);
  });
});
