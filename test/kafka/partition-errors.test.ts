import { expect } from 'chai';
import { describeOnKafka } from '../helpers/clusters.js';
import { Member } from '../helpers/member.js';
import { uniqueTopic } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// A loop that waits for a partition which is not there waits for ever. That it is not there was in the log alone.

describeOnKafka('a partition that is assigned and not there', (cluster) => {
  it('is told by an error event that names it', async () => {
    const topic = await cluster().createTopic(2);
    await using member = new Member(cluster());
    const logged: string[] = [];
    member.consumer.on('log', ({ message }) => logged.push(message));
    void member.read();
    await member.consumer.assign([
      { topic, partition: 0, offset: 0 },
      { topic, partition: 7, offset: 0 },
    ]);
    const told = await eventually(() => member.errors.find(({ code }) => code === 'ERR__UNKNOWN_PARTITION'), {
      what: 'ERR__UNKNOWN_PARTITION',
    });
    expect(told.partitions?.map(({ topic, partition }) => ({ topic, partition }))).to.deep.equal([
      { topic, partition: 7 },
    ]);
    expect(logged.filter((line) => line.includes(topic))).to.deep.equal([]);
  });

  it('is told where there is no loop, too: of a topic that does not exist', async () => {
    const topic = uniqueTopic('none');
    await using member = new Member(cluster(), {
      'topic.metadata.refresh.interval.ms': 1000,
      'topic.metadata.propagation.max.ms': 500,
    });
    await member.consumer.assign([{ topic, partition: 0, offset: 0 }]);
    const told = await eventually(() => member.errors.find(({ code }) => code === 'ERR_UNKNOWN_TOPIC_OR_PART'), {
      timeoutMs: 20_000,
      what: 'ERR_UNKNOWN_TOPIC_OR_PART',
    });
    expect(told.partitions?.map(({ topic, partition }) => ({ topic, partition }))).to.deep.equal([
      { topic, partition: 0 },
    ]);
  });
});
