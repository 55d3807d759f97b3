import { inspect } from 'node:util';
import { expect } from 'chai';
import { Admin, Consumer, Producer } from 'seekafka';

const secured = {
  'bootstrap.servers': '127.0.0.1:1',
  'security.protocol': 'sasl_plaintext',
  'sasl.mechanism': 'SCRAM-SHA-512',
  'sasl.username': 'alice',
  'sasl.password': 'old',
} as const;

describe('setSaslCredentials()', () => {
  for (const Kind of [Producer, Admin, Consumer]) {
    it(`of a ${Kind.name} refuses what is no name or password, and quotes none`, async () => {
      await using client = new Kind(secured);
      client.on('error', () => undefined);
      const set = (username: unknown, password: unknown) => () =>
        client.setSaslCredentials(username as string, password as string);
      expect(set('', 'p')).to.throw(TypeError, 'username: expected a string, got an empty string');
      expect(set('alice', 123456)).to.throw(TypeError, /^password: expected a string, got a number$/);
      expect(set('alice', 'a\u0000secret')).to.throw(RangeError, /^password: expected no NUL character in it$/);
      set('alice', 'new-secret')();
      expect(inspect(client, { showHidden: true, depth: 10 })).not.to.include('new-secret');
      await client.close();
      expect(set('alice', 'p')).to.throw().that.includes({ code: 'ERR__DESTROY' });
    });

    it(`of a ${Kind.name} is refused where it logs in by no password`, async () => {
      await using client = new Kind({ 'bootstrap.servers': '127.0.0.1:1' });
      client.on('error', () => undefined);
      expect(() => client.setSaslCredentials('alice', 'p'))
        .to.throw()
        .that.includes({ code: 'ERR__NOT_CONFIGURED', operation: 'setSaslCredentials' });
      await client.close({ timeoutMs: 500 });
    });
  }
});
