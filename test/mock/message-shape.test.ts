import assert from 'node:assert/strict';
import { expect } from 'chai';
import { type Message, MockCluster, Consumer, Producer } from 'seekafka';
import { uniqueGroup } from '../helpers/unique.js';

// What libraries see of a message that look at its properties: assertions, copies, clones, JSON.

describe('a message', () => {
  let messages: Message[];
  before(async () => {
    await using cluster = await MockCluster.start();
    cluster.createTopic('t', 1);
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    await using producer = new Producer(servers);
    await producer.send([
      { topic: 't', key: 'k', value: 'one', headers: { h: 'x' }, timestamp: 5 },
      { topic: 't', key: 'k', value: 'two', headers: { h: 'x' }, timestamp: 5 },
    ]);
    await using consumer = new Consumer({ ...servers, 'group.id': uniqueGroup(), 'auto.offset.reset': 'earliest' });
    await consumer.assign([{ topic: 't', partition: 0, offset: 0 }]);
    messages = [];
    for await (const message of consumer) if (messages.push(message) === 2) break;
  });

  it('is not taken for another one by assertion libraries', () => {
    expect(messages[0]).not.to.deep.equal(messages[1]);
    assert.notDeepEqual(messages[0], messages[1]);
    assert.throws(() => assert.deepEqual(messages[0], messages[1]));
  });

  it('loses nothing when it is spread, cloned, or written as JSON', () => {
    const [message] = messages as [Message];
    const { topic, partition, offset, key, value, headers, timestamp, timestampType, leaderEpoch } = message;
    const all = { topic, partition, offset, key, value, headers, timestamp, timestampType, leaderEpoch };
    expect({ ...message }).to.deep.equal(all);
    expect(Object.keys(message)).to.deep.equal(Object.keys(all));
    expect(JSON.parse(JSON.stringify(message))).to.deep.equal(JSON.parse(JSON.stringify(all)));
    const clone = structuredClone(message);
    expect([clone.offset, Buffer.from(clone.value!).toString(), clone.headers[0]![0]]).to.deep.equal([0, 'one', 'h']);
  });
});
