import { expect } from 'chai';
import { Consumer, type KafkaError, type Message } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { NumberedTopic, quickGroup } from '../helpers/member.js';
import { rejection } from '../helpers/rejection.js';
import { eventually } from '../helpers/wait.js';

// A member whose onRevoked takes longer than its group waits is thrown out, and joins it again as a new member. What it has from
// before it must not commit any more: another one has worked on those partitions meanwhile, and would be set back.

describeOnBoth('a member that was thrown out while onRevoked ran', (cluster) => {
  it('cannot commit what it was handed out before', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 10 });
    const member = () =>
      new Consumer({
        ...config,
        'bootstrap.servers': cluster().bootstrapServers,
        'auto.offset.reset': 'earliest',
        'enable.auto.commit': false,
        'max.poll.interval.ms': 6000,
      }).on('error', () => undefined);
    const config = quickGroup(cluster());
    await using first = member();
    await using second = member();
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    using _open = { [Symbol.dispose]: () => open() };

    await first.subscribe(topic.topic, { onRevoked: () => gate });
    const old = new Map<number, Message>();
    const reads = async (consumer: Consumer) => {
      for await (const message of consumer) if (!old.has(message.partition)) old.set(message.partition, message);
    };
    const reading = [reads(first)];
    await eventually(() => old.size === 2, { what: 'the first one has read of both partitions' });
    await second.subscribe(topic.topic);
    reading.push(reads(second)); // else it is thrown out too
    const isLeftAlone = { timeoutMs: 30_000, what: 'the second one has everything' };
    await eventually(() => second.assignment.length === 2, isLeftAlone);
    await second.commit(topic.partitions.map((partition) => topic.at(partition, 8)));
    open();
    const isShared = { timeoutMs: 30_000, what: 'the members share the partitions' };
    await eventually(() => first.assignment.length === 1 && second.assignment.length === 1, isShared);

    const [mine] = first.assignment;
    const error = (await rejection(first.commit(old.get(mine!.partition)))) as KafkaError;
    expect(error.code).to.equal('ERR__STATE');
    expect((await first.committed([mine!]))[0]!.offset).to.equal(8);
    expect((await first.position())[0]!.offset, 'it goes on where the other one was').to.be.at.least(8);
    await Promise.all([first.close(), second.close(), ...reading]);
  });
});
