import { expect } from 'chai';
import { topicPartitions, topicString } from '../../lib/arguments/partitions.js';
import { Partitions } from '../../lib/assignment/partitions.js';

// Kafka's rule for the names of topics. Whatever else was sent to, librdkafka kept a topic for it until its client ended, and
// asked for all of them each second: after some thousand misspelt names a producer took seconds for a message.

describe('the name of a topic', () => {
  for (const name of ['a', 'A.b_c-9', '...', '-', '_', 'x'.repeat(249), '__consumer_offsets']) {
    it(`is taken: ${name.slice(0, 20)}`, () => expect(topicString(name, 'topic')).to.equal(name));
  }
  const refused = [
    '.',
    '..',
    'a b',
    'a\n',
    '\na',
    'a/b',
    'a:b',
    'ä',
    '\0',
    'a\0b',
    '\ud800',
    '漢',
    '{a}',
    '*',
    'x'.repeat(250),
    ' ',
  ];
  for (const name of refused) {
    it(`is refused: ${JSON.stringify(name.slice(0, 20))}`, () => {
      expect(() => topicString(name, 'message.topic')).to.throw(
        RangeError,
        /^message\.topic: expected a topic name, .*, got '/,
      );
      expect(() => topicPartitions([{ topic: name, partition: 0 }])).to.throw(RangeError, /^partitions\[0\]\.topic: /);
    });
  }
  for (const value of ['', null, 7, Symbol('t')]) {
    it(`is refused: ${String(value)}`, () => {
      expect(() => topicString(value, 'topic')).to.throw(TypeError, /^topic: expected a non-empty string, got /);
    });
  }
});

describe('partitions that are asked about', () => {
  it('are not kept: only those that were held are', () => {
    const partitions = new Partitions();
    const stranger = partitions.look('t', 3);
    expect([stranger.held, stranger.row()]).to.deep.equal([false, { topic: 't', partition: 3 }]);
    expect(partitions.byKey(stranger.key).row()).to.deep.equal({ topic: 't', partition: 3 });
    expect([partitions.find({ topic: 't', partition: 3 }), partitions.byId(0)]).to.deep.equal([undefined, undefined]);
    const held = partitions.get('t', 3);
    expect(partitions.look('t', 3)).to.equal(held);
    expect(partitions.byKey(stranger.key)).to.equal(held);
  });
});
