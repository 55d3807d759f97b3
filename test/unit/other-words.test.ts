import { expect } from 'chai';
import { topics } from '../../lib/arguments/consumer.js';
import { producerMessage } from '../../lib/arguments/messages.js';
import { otherWords } from '../../lib/arguments/other-words.js';
import { normalizeConfig } from '../../lib/config/config.js';
import { configProperties } from '../../lib/config/properties.js';
import { given } from '../helpers/wrong-values.js';

// Who comes from another client writes its words out of habit. The answer names the word here, not a word that looks alike.

describe("another client's word", () => {
  for (const [word, ours] of Object.entries(otherWords.config)) {
    it(`in a configuration is answered with ours, which exists: ${word}`, () => {
      const config = { 'bootstrap.servers': 'a', [word]: 1 };
      expect(() => normalizeConfig('consumer', given(config))).to.throw(
        TypeError,
        `config: unknown key '${word}': ${ours}`,
      );
      const keys = ours.match(/'[a-z_]+(\.[a-z_]+)+'|'log_level'|'acks'/g) ?? [];
      for (const key of keys) expect(configProperties.has(key.slice(1, -1)), key).to.equal(true);
    });
  }

  it('in a message is answered with ours', () => {
    const kafkajs = { topic: 't', messages: [{ value: 'v' }] };
    expect(() => producerMessage(kafkajs)).to.throw(
      TypeError,
      "message: unknown property 'messages': here send() takes",
    );
    expect(() => producerMessage({ topic: 't', value: 'v', acks: 1 }, 2)).to.throw(
      TypeError,
      "messages[2]: unknown property 'acks'",
    );
  });

  it('in subscribe() is answered with ours', () => {
    expect(() => topics({ topic: 't', fromBeginning: true })).to.throw(TypeError, 'seekToBeginning()');
    expect(() => topics({ topics: ['t'] })).to.throw(TypeError, 'the name itself, in no object');
    expect(() => topics([{ topic: 't' }])).to.throw(TypeError, 'topics[0]: expected a topic name');
  });
});
