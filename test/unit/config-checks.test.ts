import vm from 'node:vm';
import { expect } from 'chai';
import { type ClientKind, normalizeConfig } from '../../lib/config/config.js';

const servers = { 'bootstrap.servers': 'a:9092,b:9092' };

/** Asserts that it throws exactly this. */
function refuses(
  config: unknown,
  type: typeof TypeError | typeof RangeError,
  message: string,
  kind: ClientKind = 'consumer',
) {
  expect(() => normalizeConfig(kind, config))
    .to.throw(type)
    .with.property('message', message);
}

describe('config: what is refused', () => {
  it('a typing error that would silently leave a default in force', () => {
    refuses(
      { 'boostrap.servers': 'a' },
      TypeError,
      "config: unknown key 'boostrap.servers'; did you mean 'bootstrap.servers'?",
    );
    refuses({ ...servers, group_id: 'g' }, TypeError, "config: unknown key 'group_id'; did you mean 'group.id'?");
    refuses(
      { ...servers, 'fetch.wait.max': 1 },
      TypeError,
      "config: unknown key 'fetch.wait.max'; did you mean 'fetch.wait.max.ms'?",
    );
    refuses({ ...servers, quux: 1 }, TypeError, "config: unknown key 'quux'");
  });

  it('a key that is unknown although its value is undefined', () => {
    refuses({ ...servers, 'grup.id': undefined }, TypeError, "config: unknown key 'grup.id'; did you mean 'group.id'?");
  });

  it('a suggestion that would be refused in turn: no key of another kind, no owned one, no callback', () => {
    refuses({ ...servers, ackss: 1 }, TypeError, "config: unknown key 'ackss'");
    refuses({ ...servers, ackss: 1 }, TypeError, "config: unknown key 'ackss'; did you mean 'acks'?", 'producer');
    refuses({ ...servers, 'enable.partition.eofs': true }, TypeError, "config: unknown key 'enable.partition.eofs'");
    refuses({ ...servers, consume_cbs: 1 }, TypeError, "config: unknown key 'consume_cbs'");
  });

  it("keys that every object has by inheritance, such as 'constructor'", () => {
    refuses({ ...servers, constructor: 1 }, TypeError, "config: unknown key 'constructor'");
    refuses(JSON.parse('{"bootstrap.servers":"a","__proto__":1}'), TypeError, "config: unknown key '__proto__'");
  });

  it('a key of another kind of client, which librdkafka would only warn of in its log', () => {
    refuses({ ...servers, acks: 1 }, TypeError, "config: 'acks' is a key of a producer, and this is a consumer");
    refuses(
      { ...servers, 'group.id': 'g' },
      TypeError,
      "config: 'group.id' is a key of a consumer, and this is a producer",
      'producer',
    );
    refuses(
      { ...servers, 'group.id': 'g' },
      TypeError,
      "config: 'group.id' is a key of a consumer, and this is an admin",
      'admin',
    );
  });

  it('what seekafka owns, with the way out, before anything about the kind', () => {
    refuses(
      { ...servers, 'enable.partition.eof': true },
      TypeError,
      "config: 'enable.partition.eof' cannot be set: see lag(): it is 0 at the end of the log",
    );
    refuses(
      { ...servers, rebalance_cb: true },
      TypeError,
      "config: 'rebalance_cb' cannot be set: give subscribe() a listener",
    );
    refuses(
      { ...servers, socket_cb: () => 1 },
      TypeError,
      "config: 'socket_cb' cannot be set: librdkafka takes it by a C function, not by a value",
    );
    refuses(
      { ...servers, 'socket.blocking.max.ms': 5 },
      TypeError,
      "config: 'socket.blocking.max.ms' has no effect in librdkafka any more: leave it out",
    );
  });

  it('a number out of range, a fraction, NaN and Infinity', () => {
    const expected = "config['fetch.wait.max.ms']: expected an integer from 0 to 300000, got ";
    for (const value of [-1, 300001, 0.5, NaN, Infinity]) {
      refuses({ ...servers, 'fetch.wait.max.ms': value }, RangeError, expected + value);
    }
    refuses({ ...servers, 'fetch.wait.max.ms': '300001' }, RangeError, `${expected}'300001'`);
  });

  it("text that C's strtol would read a number from the beginning of", () => {
    const expected = "config['fetch.wait.max.ms']: expected an integer from 0 to 300000, got ";
    for (const value of ['10s', '', ' ', '0x10', '1e3']) {
      refuses({ ...servers, 'fetch.wait.max.ms': value }, TypeError, `${expected}'${value}'`);
    }
  });

  it('a value of the wrong type, also null', () => {
    refuses(
      { ...servers, 'fetch.wait.max.ms': true },
      TypeError,
      "config['fetch.wait.max.ms']: expected an integer from 0 to 300000, got true",
    );
    refuses(
      { ...servers, 'fetch.wait.max.ms': 5n },
      TypeError,
      "config['fetch.wait.max.ms']: expected an integer from 0 to 300000, got 5n (a bigint)",
    );
    refuses(
      { ...servers, 'enable.auto.commit': 1 },
      TypeError,
      "config['enable.auto.commit']: expected true or false, got 1",
    );
    refuses(
      { ...servers, 'enable.auto.commit': 'yes' },
      TypeError,
      "config['enable.auto.commit']: expected true or false, got 'yes'",
    );
    refuses({ ...servers, 'group.id': null }, TypeError, "config['group.id']: expected a string, got null");
    refuses({ ...servers, 'group.id': 7 }, TypeError, "config['group.id']: expected a string, got 7");
  });

  it('an enum value or flag that does not exist, naming those that do', () => {
    refuses(
      { ...servers, 'isolation.level': 'committed' },
      RangeError,
      "config['isolation.level']: expected one of 'read_uncommitted', 'read_committed', got 'committed'",
    );
    expect(() => normalizeConfig('consumer', { ...servers, debug: 'broker,consumr' })).to.throw(
      RangeError,
      /'cgrp'.*got 'broker,consumr'/,
    );
    refuses(
      { ...servers, acks: 'most' },
      TypeError,
      "config['acks']: expected an integer from -1 to 1000 or 'all', got 'most'",
      'producer',
    );
  });

  it('a NUL character, at which librdkafka would cut the value off', () => {
    refuses({ ...servers, 'group.id': 'a\0b' }, RangeError, "config['group.id']: expected no NUL character in it");
  });

  it('a property given twice, by its name and by its alias', () => {
    refuses(
      { ...servers, 'metadata.broker.list': 'c' },
      TypeError,
      "config: 'bootstrap.servers' and 'metadata.broker.list' are the same: give one of them",
    );
  });

  it('no servers, or none but commas', () => {
    refuses({}, TypeError, "config['bootstrap.servers']: expected 'host:port,...', got undefined");
    refuses(
      { 'bootstrap.servers': ' ,' },
      TypeError,
      "config['bootstrap.servers']: expected 'host:port,...', got ' ,'",
    );
  });

  it('anything but a plain object', () => {
    class Config {}
    refuses(undefined, TypeError, 'config: expected a plain object, got undefined');
    refuses(null, TypeError, 'config: expected a plain object, got null');
    refuses([], TypeError, 'config: expected a plain object, got an empty array');
    refuses('a:9092', TypeError, "config: expected a plain object, got 'a:9092'");
    refuses(new Map(), TypeError, 'config: expected a plain object, got a Map');
    refuses(new Config(), TypeError, 'config: expected a plain object, got a Config');
  });

  it('never by a message that tells a secret', () => {
    for (const key of ['sasl.password', 'ssl.key.pem', 'ssl.key.password']) {
      refuses(
        { ...servers, [key]: 123456 },
        TypeError,
        `config['${key}']: expected a string, got a secret of type number`,
      );
    }
  });
});

describe('config: what librdkafka is told', () => {
  const native = (kind: ClientKind, config: object) => normalizeConfig(kind, { ...servers, ...config }).native;

  it('each key as given and each value as text, and no more', () => {
    expect(
      native('producer', {
        acks: 'all',
        'linger.ms': 0.5,
        'enable.idempotence': true,
        retries: '010',
        'compression.codec': 'ZSTD',
        'client.rack': undefined,
      }),
    ).to.deep.equal([
      ['bootstrap.servers', 'a:9092,b:9092'],
      ['acks', 'all'],
      ['linger.ms', '0.5'],
      ['enable.idempotence', 'true'],
      ['retries', '10'], // and not 8, as C reads 010
      ['compression.codec', 'zstd'],
      ['reconnect.backoff.ms', '20'],
      ['reconnect.backoff.max.ms', '1000'],
      ['partitioner', 'murmur2_random'],
    ]);
    const byAlias = native('producer', { 'queue.buffering.max.ms': 7 }).filter(([key]) => /linger|buffering/.test(key));
    expect(byAlias, 'no default beside it, under another name').to.deep.equal([['queue.buffering.max.ms', '7']]);
    expect(native('admin', {})).to.deep.equal([
      ['bootstrap.servers', 'a:9092,b:9092'],
      ['reconnect.backoff.ms', '20'],
      ['reconnect.backoff.max.ms', '1000'],
    ]);
  });

  it('its own auto-commit and reset are off, whatever the caller says, so that it never moves a position behind our back', () => {
    const given = { 'enable.auto.commit': true, 'auto.commit.interval.ms': 10, 'auto.offset.reset': 'earliest' };
    for (const config of [{}, given]) {
      expect(native('consumer', config)).to.have.deep.members([
        ['bootstrap.servers', 'a:9092,b:9092'],
        ['reconnect.backoff.ms', '20'],
        ['reconnect.backoff.max.ms', '1000'],
        ['fetch.wait.max.ms', '50'],
        ['fetch.queue.backoff.ms', '10'],
        ['queued.max.messages.kbytes', '16384'],
        ['auto.offset.reset', 'error'],
        ['enable.auto.commit', 'false'],
        ['enable.auto.offset.store', 'false'],
        ['enable.partition.eof', 'true'],
      ]);
    }
  });

  it('no login that could never come about: the client would never connect, and say nothing', () => {
    const protocol = { 'security.protocol': 'SASL_PLAINTEXT' };
    const tokens = { ...protocol, 'sasl.mechanism': 'OAUTHBEARER' };
    const refused = (config: object, hasTokens: boolean) => {
      try {
        normalizeConfig('producer', { ...servers, ...config }, hasTokens);
      } catch (error) {
        expect(error).to.be.instanceOf(TypeError);
        return (error as Error).message;
      }
      throw new Error('it was taken');
    };
    expect(refused(tokens, false)).to.match(/^config\['sasl.mechanism'\]: OAUTHBEARER .* option oauthBearerToken/);
    expect(refused({ ...protocol, 'sasl.mechanisms': 'PLAIN' }, true)).to.equal(
      "config['sasl.mechanisms']: expected 'OAUTHBEARER' beside the option oauthBearerToken, got 'PLAIN'",
    );
    expect(refused({}, true)).to.match(/^config\['sasl.mechanism'\]: expected 'OAUTHBEARER' .*, got undefined$/);
    expect(refused({ 'sasl.mechanism': 'OAUTHBEARER' }, true)).to.match(
      /^config\['security.protocol'\]: expected 'sasl_ssl'/,
    );
    expect(refused(protocol, false)).to.match(/^config\['sasl.mechanism'\]: expected 'PLAIN', .*, got nothing$/);
    expect(normalizeConfig('producer', { ...servers, ...tokens }, true).settings.login).to.equal('token');
    const password = { ...protocol, 'sasl.mechanism': 'PLAIN', 'sasl.username': 'u', 'sasl.password': 'p' };
    expect(normalizeConfig('admin', { ...servers, ...password }).settings.login).to.equal('password');
    expect(normalizeConfig('admin', servers).settings.login).to.equal('none');
  });

  it('nothing of the OIDC of librdkafka, which is not built in', () => {
    for (const key of ['sasl.oauthbearer.method', 'sasl.oauthbearer.client.secret', 'https.ca.pem']) {
      expect(() => native('producer', { [key]: 'x' })).to.throw(TypeError, /oauthBearerToken.*clientCredentials/);
    }
    expect(() => native('producer', { 'enable.sasl.oauthbearer.unsecure.jwt': true })).to.throw(/oauthBearerToken/);
  });

  it("the caller's value and not our default, also where it is 0", () => {
    const keys = native('consumer', { 'fetch.wait.max.ms': 0 }).filter(([key]) => key === 'fetch.wait.max.ms');
    expect(keys).to.deep.equal([['fetch.wait.max.ms', '0']]);
  });

  it('takes a configuration of another realm, where Object is another', () => {
    const config: unknown = vm.runInNewContext(`({ 'bootstrap.servers': 'a' })`);
    const backoff = [
      ['reconnect.backoff.ms', '20'],
      ['reconnect.backoff.max.ms', '1000'],
    ];
    expect(normalizeConfig('admin', config).native).to.deep.equal([['bootstrap.servers', 'a'], ...backoff]);
    expect(normalizeConfig('admin', Object.assign(Object.create(null), servers)).native).to.have.length(3);
  });
});

describe('config: what seekafka does itself', () => {
  const settings = (config: object) => normalizeConfig('consumer', { ...servers, ...config }).settings;

  it("has librdkafka's defaults where it keeps them, and its own where it does not", () => {
    expect(settings({})).to.deep.equal({
      socketTimeoutMs: 60000,
      login: 'none',
      groupId: undefined,
      groupProtocol: 'classic',
      isolationLevel: 'read_committed',
      enableAutoCommit: true,
      autoCommitIntervalMs: 5000,
      maxPollIntervalMs: 300_000,
      autoOffsetReset: 'latest',
    });
    expect(normalizeConfig('producer', servers).settings).to.deep.equal({
      socketTimeoutMs: 60000,
      transactionalId: undefined,
      transactionTimeoutMs: 60000,
      messageTimeoutMs: 300_000,
      queueBytes: 1024 ** 3,
      lingerFollowsLoad: true,
      login: 'none',
    });
  });

  it('false, 0 and text of them are values, and not the lack of one', () => {
    expect(settings({ 'enable.auto.commit': false, 'auto.commit.interval.ms': 0 })).to.include({
      enableAutoCommit: false,
      autoCommitIntervalMs: 0,
    });
    expect(settings({ 'enable.auto.commit': 'false', 'auto.commit.interval.ms': '0' })).to.include({
      enableAutoCommit: false,
      autoCommitIntervalMs: 0,
    });
  });

  it('every name of a reset policy means what librdkafka means by it', () => {
    const reset = (name: string) => settings({ 'auto.offset.reset': name }).autoOffsetReset;
    expect(['smallest', 'earliest', 'beginning'].map(reset)).to.deep.equal(['earliest', 'earliest', 'earliest']);
    expect(['largest', 'latest', 'end'].map(reset)).to.deep.equal(['latest', 'latest', 'latest']);
    expect(reset('error')).to.equal('error');
  });

  it("SASL without a mechanism, or with the one that is not built in, librdkafka's default", () => {
    const way = "expected 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512' or 'OAUTHBEARER'";
    for (const protocol of ['sasl_plaintext', 'sasl_ssl']) {
      const sasl = { ...servers, 'security.protocol': protocol };
      const text = `config['sasl.mechanism']: ${way} beside 'security.protocol' '${protocol}', got nothing`;
      refuses(sasl, TypeError, text);
      const kerberos = `config['sasl.mechanisms']: ${way}, got 'GSSAPI' (Kerberos), which is not built in`;
      refuses({ ...sasl, 'sasl.mechanisms': 'GSSAPI' }, TypeError, kerberos);
    }
  });

  it('an empty group or transactional id is none', () => {
    expect(settings({ 'group.id': '' }).groupId).to.equal(undefined);
    expect(settings({ 'group.id': 'g' }).groupId).to.equal('g');
    expect(normalizeConfig('producer', { ...servers, 'transactional.id': 't' }).settings.transactionalId).to.equal('t');
  });
});
