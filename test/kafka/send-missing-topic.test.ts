import { expect } from 'chai';
import { KafkaError, Producer } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueTopic } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// What is sent to a topic that does not exist waited for half a minute, in silence. (The mock cluster makes what is asked for.)

describeOnKafka('messages to a topic that does not exist', (cluster) => {
  /** A producer whose errors are noted. */
  function noting(config: Record<string, unknown> = {}): { producer: Producer; errors: KafkaError[] } {
    const producer = new Producer({ 'bootstrap.servers': cluster().bootstrapServers, ...config });
    const errors: KafkaError[] = [];
    producer.on('error', (error) => errors.push(error));
    return { producer, errors };
  }
  const missing = (errors: readonly KafkaError[], topic: string) =>
    errors.filter(({ code, message }) => code === 'ERR_UNKNOWN_TOPIC_OR_PART' && message.includes(topic));

  it('are told by an event, once for each topic, and arrive where the topic is made then', async () => {
    const { producer, errors } = noting();
    await using _ = producer;
    const topics = [uniqueTopic('later'), uniqueTopic('later')];
    const sent = topics.map((topic) => producer.send({ topic, value: 'x' }));
    await eventually(() => topics.every((topic) => missing(errors, topic).length > 0), { what: 'both are told' });
    await cluster().admin.createTopics(topics.map((topic) => ({ topic, partitions: 1 })));
    await inTime(Promise.all(sent), 'send()', 60_000);
    expect(topics.map((topic) => missing(errors, topic).length)).to.deep.equal([1, 1]);
  });

  it('fail with that code where librdkafka gives up', async () => {
    const { producer, errors } = noting({ 'topic.metadata.propagation.max.ms': 4000 });
    await using _ = producer;
    const topic = uniqueTopic('none');
    const error = await inTime(rejection(producer.send({ topic, value: 'x' })), 'send()', 60_000);
    expect(error).to.be.instanceOf(KafkaError).and.include({ code: 'ERR_UNKNOWN_TOPIC_OR_PART', operation: 'send' });
    expect((error as KafkaError).message).to.include(topic);
    expect(missing(errors, topic).length).to.be.within(0, 1);
  });

  it('have that as their cause where their time is over', async () => {
    const { producer, errors } = noting({ 'message.timeout.ms': 6000 });
    await using _ = producer;
    const topic = uniqueTopic('none');
    const error = await inTime(rejection(producer.send([{ topic, value: 'x' }])), 'send()', 60_000);
    expect(error).to.include({ code: 'ERR__MSG_TIMED_OUT' });
    expect((error as KafkaError).cause)
      .to.equal(missing(errors, topic)[0])
      .and.to.be.instanceOf(KafkaError);
  });

  it('do not hold up those to others, nor is anything told of a topic that is there', async () => {
    const topic = await cluster().createTopic();
    const { producer, errors } = noting({ 'linger.ms': 3000 }); // so that they wait for longer than a look takes
    await using _ = producer;
    await inTime(Promise.all([0, 1, 2].map(() => producer.send({ topic, value: 'x' }))));
    expect(errors).to.deep.equal([]);
  });
});
