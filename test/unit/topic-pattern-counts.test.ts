import { expect } from 'chai';
import { topicPattern } from '../../lib/arguments/topic-pattern.js';

// Counts are written out by those who read a pattern. Beyond its bound librdkafka refuses a subscription without a word on what
// was wrong; below it, nested counts kept the consumer's thread busy for minutes.

function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

describe('the counts of a topic pattern', () => {
  const refused: [string, RegExp][] = [
    ['one above the bound', /a{256}/],
    ['far above it', /a{99999}/],
    ['beyond a safe integer', /a{99999999999999999999}/],
    ['a least count', /a{300,}/],
    ['a most count', /a{0,300}/],
    ['of a group', /(a|b){300}x/],
    ['nested', /(((a{200}){200}){200}){200}/],
    ['nested, each small', /(?:(?:(?:a{4}){4}){4}){4}/],
    ['nested beside others', /x(a(?<n>b{20}c){20})y/],
    ['nested through an alternative', /(a|(b{16}|c)){16}/],
    ['of what is counted already', /((a{16})b{2}){16}/],
    ['many of many atoms', /(abcdefghij){101}/],
    ['many that may be left out', /(a?b?c?d?e?){50}/],
    ['again and again of anything', /(.*){0,255}/],
    ['many beside each other', /(abcde){100}(abcde){101}/],
  ];
  for (const [name, re] of refused) {
    it(`are refused ${name}: ${re}`, () => {
      const error = thrownBy(() => topicPattern(re, 'topics[1]'));
      expect(error).to.be.instanceOf(RangeError);
      expect(error.message).to.match(
        /^topics\[1\]: expected a RegExp with .*counted|^topics\[1\]: expected .* counts of at most 255/,
      );
      expect(error.message).to.include(String(re));
    });
  }

  const taken = [
    /a{255}/,
    /a{0,249}/,
    /(a{15}){17}/,
    /(a{50}|b{200}){1}/,
    /a{200}b{200}c{200}/,
    /^[a-z]{1,63}(\.[a-z]{1,63}){0,3}$/,
    /(\w+-){3}\w+/,
    /([a-z]+-)*([a-z]{2,4}){1,8}/,
    /((((a*)*)+)?)*/,
    /x\{999}/,
    /[{999}]/,
  ];
  for (const re of taken) it(`are taken: ${re}`, () => expect(topicPattern(re)).to.match(/^\^\.\*\(/));

  it('do not make the message long', () => {
    const re = new RegExp(`${'x'.repeat(100_000)}{999}`);
    expect(thrownBy(() => topicPattern(re)).message.length).to.be.lessThan(300);
  });
});
