import { expect } from 'chai';
import { normalizeConfig } from '../../lib/config/config.js';
import { given } from '../helpers/wrong-values.js';

// librdkafka only logs what it cannot use of the list, and then waits for ever for brokers that it does not know of.

const parse = (servers: string, more: object = {}) =>
  normalizeConfig('admin', given({ 'bootstrap.servers': servers, ...more }));

describe("'bootstrap.servers'", () => {
  const refused: [servers: string, why: string][] = [
    ['localhost:99999', 'a port from 1 to 65535'],
    ['localhost:65536', 'a port from 1 to 65535'],
    ['localhost:-1', 'a port from 1 to 65535'],
    ['localhost:0', 'a port from 1 to 65535'],
    ['localhost:', 'a port from 1 to 65535'],
    ['localhost:kafka', 'a port from 1 to 65535'],
    ['localhost:9092/topic', 'a port from 1 to 65535'],
    ['[::1]:99999', 'a port from 1 to 65535'],
    ['[::1]9092', 'the name of a host'],
    [':9092', 'the name of a host'],
    ['a b:9092', 'the name of a host'],
    ['user@host:9092', 'the name of a host'],
    ['http://localhost:9092', "'http://' is no protocol of Kafka's"],
    ['://localhost:9092', "'://' is no protocol of Kafka's"],
    ['SSL://localhost:9092', "'SSL://' is not the protocol in 'security.protocol', 'plaintext'"],
  ];
  for (const [servers, why] of refused) {
    it(`throws where librdkafka would wait for ever: ${servers}, also behind a good one`, () => {
      const text = `config['bootstrap.servers']: expected 'host:port'`;
      for (const list of [servers, `good:9092, ${servers}`]) {
        const error = (() => {
          try {
            parse(list);
          } catch (thrown) {
            return thrown as Error;
          }
          return undefined;
        })();
        expect(error, list).to.be.instanceOf(RangeError);
        expect(error!.message.startsWith(text), error!.message).to.equal(true);
        expect(error!.message).to.include(why).and.include(`got '${servers}'`);
      }
    });
  }

  it('is taken in every form that librdkafka knows', () => {
    for (const list of [
      'localhost',
      'localhost:1',
      'kafka-1.example.com:9092,kafka_2:65535',
      ' a:9092 , b:9092 ,',
      '127.0.0.1:9092',
      '[::1]:9092',
      '[::1]',
      '::1',
      'PLAINTEXT://localhost:9092',
      'plaintext://[::1]:9092',
    ]) {
      expect(() => parse(list), list).not.to.throw();
    }
    expect(() =>
      parse('sasl_ssl://a:9093', { 'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'PLAIN' }),
    ).not.to.throw();
  });
});
