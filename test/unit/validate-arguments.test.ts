import vm from 'node:vm';
import { expect } from 'chai';
import { batchOptions, rebalanceListener, topics } from '../../lib/arguments/consumer.js';
import {
  assignTargets,
  seekTargets,
  timestampQueries,
  topicPartitionOffsets,
  topicPartitions,
} from '../../lib/arguments/partitions.js';
import {
  abortSignal,
  describeValue,
  timeoutMs,
  timeoutOptions,
  timestamp,
  waitOptions,
} from '../../lib/arguments/values.js';

/** Asserts that it throws exactly this. */
function refuses(check: () => unknown, type: typeof TypeError | typeof RangeError, message: string) {
  expect(check).to.throw(type).with.property('message', message);
}

const anOffset = 'an offset, an integer from 0 to 2^53 - 1';
const aPartition = 'a partition number, an integer from 0 to 2147483647';

describe('validate: partitions and offsets', () => {
  it('gives back copies, so that a later change by the caller moves nothing', () => {
    const given = [{ topic: 't', partition: 0, offset: 5, extra: 1 }];
    const checked = topicPartitionOffsets(given);
    given[0]!.offset = 6;
    given.pop();
    expect(checked).to.deep.equal([{ topic: 't', partition: 0, offset: 5 }]);
    expect(topicPartitions([{ topic: 't', partition: 0, offset: 5 }])).to.deep.equal([{ topic: 't', partition: 0 }]);
    expect(topicPartitions([])).to.deep.equal([]);
  });

  it('refuses every offset that is none, before librdkafka takes -1 and -2 for end and beginning', () => {
    for (const offset of [-1, -2, -1001, 1.5, NaN, Infinity, 2 ** 53]) {
      refuses(
        () => seekTargets({ topic: 't', partition: 0, offset }),
        RangeError,
        `to.offset: expected ${anOffset}, got ${offset}`,
      );
    }
    refuses(
      () => seekTargets([{ topic: 't', partition: 0, offset: 5n }]),
      TypeError,
      `to[0].offset: expected ${anOffset}, got 5n (a bigint)`,
    );
    refuses(
      () => seekTargets([{ topic: 't', partition: 0, offset: '5' }]),
      TypeError,
      `to[0].offset: expected ${anOffset}, got '5'`,
    );
    refuses(
      () => seekTargets([{ topic: 't', partition: 0 }]),
      TypeError,
      `to[0].offset: expected ${anOffset}, got undefined`,
    );
  });

  it('takes the first and the last offset, and no -0', () => {
    const offsets = [0, -0, Number.MAX_SAFE_INTEGER].map(
      (offset) => seekTargets({ topic: 't', partition: 0, offset })[0]!.offset,
    );
    expect(offsets).to.deep.equal([0, 0, Number.MAX_SAFE_INTEGER]);
  });

  it('refuses a malformed partition', () => {
    for (const partition of [-1, 0.5, NaN, 2 ** 31]) {
      refuses(
        () => topicPartitions([{ topic: 't', partition }]),
        RangeError,
        `partitions[0].partition: expected ${aPartition}, got ${partition}`,
      );
      refuses(
        () => seekTargets({ topic: 't', partition, offset: 0 }),
        RangeError,
        `to.partition: expected ${aPartition}, got ${partition}`,
      );
    }
    refuses(
      () => topicPartitions([{ topic: 't', partition: '0' }]),
      TypeError,
      `partitions[0].partition: expected ${aPartition}, got '0'`,
    );
    refuses(
      () => topicPartitions([{ topic: '', partition: 0 }]),
      TypeError,
      "partitions[0].topic: expected a non-empty string, got ''",
    );
    refuses(
      () => seekTargets({ topic: null, partition: 0, offset: 0 }),
      TypeError,
      'to.topic: expected a non-empty string, got null',
    );
    refuses(() => topicPartitions(['t']), TypeError, "partitions[0]: expected { topic, partition }, got 't'");
    refuses(
      () => topicPartitions([, { topic: 't', partition: 0 }]),
      TypeError,
      'partitions[0]: expected { topic, partition }, got undefined',
    );
  });

  it('refuses what is no list', () => {
    refuses(
      () => topicPartitions({ topic: 't', partition: 0 }),
      TypeError,
      'partitions: expected an array of { topic, partition }, got an object',
    );
    refuses(() => topicPartitions(null), TypeError, 'partitions: expected an array of { topic, partition }, got null');
    refuses(
      () => seekTargets(undefined),
      TypeError,
      'to: expected { topic, partition, offset } or an array of them, got undefined',
    );
  });

  it('refuses a partition twice, where one of two offsets would win by chance', () => {
    const twice = [
      { topic: 't', partition: 1, offset: 0 },
      { topic: 't', partition: 11, offset: 0 },
      { topic: 't', partition: 1, offset: 9 },
    ];
    for (const check of [topicPartitionOffsets, topicPartitions, assignTargets, seekTargets]) {
      expect(() => check(twice)).to.throw(TypeError, /\[2\]: expected each partition once, got t \[1\] twice$/);
    }
    expect(
      topicPartitions([
        { topic: 't', partition: 1 },
        { topic: 't1', partition: 1 },
        { topic: 't', partition: 11 },
      ]),
    ).to.have.length(3);
  });

  it('assigns with and without a start offset', () => {
    expect(
      assignTargets([
        { topic: 't', partition: 0 },
        { topic: 't', partition: 1, offset: 0 },
        { topic: 't', partition: 2, offset: undefined },
      ]),
    ).to.deep.equal([
      { topic: 't', partition: 0 },
      { topic: 't', partition: 1, offset: 0 },
      { topic: 't', partition: 2 },
    ]);
    refuses(
      () => assignTargets([{ topic: 't', partition: 0, offset: -1 }]),
      RangeError,
      `partitions[0].offset: expected ${anOffset}, got -1`,
    );
    refuses(
      () => assignTargets([{ topic: 't', partition: 0, offset: null }]),
      TypeError,
      `partitions[0].offset: expected ${anOffset}, got null`,
    );
  });
});

describe('validate: times', () => {
  const aTime = 'a Date or milliseconds since the Unix epoch, an integer from 0 to 2^53 - 1';

  it('takes milliseconds and dates, also those of another realm', () => {
    expect(timestamp(0)).to.equal(0);
    expect(timestamp(new Date(1234))).to.equal(1234);
    expect(timestamp(vm.runInNewContext('new Date(1234)'))).to.equal(1234);
    expect(timestampQueries([{ topic: 't', partition: 0, timestamp: new Date(7) }])).to.deep.equal([
      { topic: 't', partition: 0, timestamp: 7 },
    ]);
  });

  it('refuses an invalid date and a time before the epoch, which librdkafka would take for an order', () => {
    refuses(() => timestamp(new Date(NaN)), RangeError, `timestamp: expected ${aTime}, got an invalid Date`);
    refuses(
      () => timestamp(new Date(-1)),
      RangeError,
      `timestamp: expected ${aTime}, got Date 1969-12-31T23:59:59.999Z`,
    );
    for (const time of [-1, 0.5, NaN])
      refuses(() => timestamp(time), RangeError, `timestamp: expected ${aTime}, got ${time}`);
    refuses(() => timestamp('2024-01-01'), TypeError, `timestamp: expected ${aTime}, got '2024-01-01'`);
    refuses(
      () => timestampQueries([{ topic: 't', partition: 0, timestamp: -1 }]),
      RangeError,
      `query[0].timestamp: expected ${aTime}, got -1`,
    );
  });

  it('refuses a timeout that a timer would turn into 1 ms', () => {
    const aTimeout = 'milliseconds from 0 to 2147483647';
    for (const time of [-1, NaN, Infinity, 2 ** 31])
      refuses(() => timeoutMs(time), RangeError, `timeoutMs: expected ${aTimeout}, got ${time}`);
    for (const time of ['5', null, 5n])
      expect(() => timeoutMs(time)).to.throw(TypeError, `timeoutMs: expected ${aTimeout}, got `);
    expect([undefined, 0, 1.5, 2 ** 31 - 1].map((time) => timeoutMs(time))).to.deep.equal([
      undefined,
      0,
      1.5,
      2 ** 31 - 1,
    ]);
  });
});

describe('validate: options', () => {
  it('refuses a key that does not exist, as it would silently do nothing', () => {
    refuses(() => waitOptions({ timeout: 5 }), TypeError, "options: unknown key 'timeout'; did you mean 'timeoutMs'?");
    refuses(() => timeoutOptions({ signal: undefined }), TypeError, "options: unknown key 'signal'");
    refuses(
      () => batchOptions({ maxmessages: 5 }),
      TypeError,
      "options: unknown key 'maxmessages'; did you mean 'maxMessages'?",
    );
    for (const value of [null, 5, 'x', [], () => 1])
      expect(() => waitOptions(value)).to.throw(TypeError, 'options: expected an object, got ');
  });

  it('takes what exists, and nothing at all', () => {
    const { signal } = new AbortController();
    expect(waitOptions({ timeoutMs: 5, signal })).to.deep.equal({ timeoutMs: 5, signal });
    expect(waitOptions(undefined)).to.deep.equal({ timeoutMs: undefined, signal: undefined });
    expect(timeoutOptions({ timeoutMs: 0 }).timeoutMs).to.equal(0);
    expect(batchOptions({ maxMessages: 1, maxBytes: 2 })).to.include({
      maxMessages: 1,
      maxBytes: 2,
      signal: undefined,
    });
  });

  it('names the option', () => {
    refuses(
      () => waitOptions({ timeoutMs: -1 }),
      RangeError,
      'options.timeoutMs: expected milliseconds from 0 to 2147483647, got -1',
    );
    for (const key of ['maxMessages', 'maxBytes']) {
      for (const value of [0, -1, 1.5, NaN, 2 ** 31])
        refuses(
          () => batchOptions({ [key]: value }),
          RangeError,
          `options.${key}: expected an integer from 1 to 2147483647, got ${value}`,
        );
      expect(() => batchOptions({ [key]: null })).to.throw(TypeError, `options.${key}`);
    }
  });

  it('refuses a controller given for its signal', () => {
    refuses(
      () => abortSignal(new AbortController()),
      TypeError,
      'signal: expected an AbortSignal, got an AbortController',
    );
    refuses(() => batchOptions({ signal: {} }), TypeError, 'options.signal: expected an AbortSignal, got an object');
    expect(abortSignal(AbortSignal.abort())?.aborted).to.equal(true);
  });
});

describe('validate: subscription', () => {
  it('takes names and patterns, alone or together', () => {
    expect(topics('a')).to.deep.equal(['a']);
    expect(topics(/^a/)).to.deep.equal(['^.*(^a).*$']);
    expect(topics(vm.runInNewContext('[/^a/, "b"]'))).to.deep.equal(['^.*(^a).*$', 'b']);
  });

  it('refuses what would subscribe to nothing or to something else', () => {
    refuses(() => topics([]), TypeError, 'topics: expected a topic at least, got an empty array; see unsubscribe()');
    refuses(() => topics(''), TypeError, "topics: expected a topic name or a RegExp, got ''");
    refuses(() => topics(undefined), TypeError, 'topics: expected a topic name or a RegExp, got undefined');
    refuses(() => topics(['a', 5]), TypeError, 'topics[1]: expected a topic name or a RegExp, got 5');
    refuses(
      () => topics('^a'),
      TypeError,
      "topics: expected a topic name, or a RegExp (not a string) for a pattern, got '^a'",
    );
    refuses(() => topics(['a', 'b', 'a']), TypeError, "topics[2]: expected each topic once, got 'a' twice");
    refuses(() => topics([/a/, /a/]), TypeError, 'topics[1]: expected each topic once, got /a/ twice');
    expect(() => topics([/a/, /b/i])).to.throw(
      TypeError,
      "topics[1]: expected a RegExp that brokers understand, got the flag 'i' in /b/i",
    );
  });

  it('binds a listener to its object, whose members it takes as they are now', () => {
    class Listener {
      count = 0;
      onAssigned() {
        this.count++;
      }
    }
    const listener = new Listener();
    const checked = rebalanceListener(listener);
    listener.onAssigned = () => expect.fail('replaced later');
    void checked.onAssigned!([]);
    expect(listener.count).to.equal(1);
    expect(checked).to.have.all.keys('onAssigned');
    expect(rebalanceListener(undefined)).to.deep.equal({});
    expect(rebalanceListener({ onLost: undefined })).to.deep.equal({});
  });

  it('refuses a listener that would never be called', () => {
    refuses(
      () => rebalanceListener({ onAssign() {} }),
      TypeError,
      "listener: unknown key 'onAssign'; did you mean 'onAssigned'?",
    );
    refuses(() => rebalanceListener({ onLost: true }), TypeError, 'listener.onLost: expected a function, got true');
    refuses(() => rebalanceListener(() => 1), TypeError, 'listener: expected an object of functions, got a function');
    refuses(() => rebalanceListener(null), TypeError, 'listener: expected an object of functions, got null');
    refuses(() => rebalanceListener([]), TypeError, 'listener: expected an object of functions, got an empty array');
    refuses(
      () => rebalanceListener(new Map()),
      TypeError,
      'listener: expected an object with onAssigned, onRevoked, onLost, got a Map',
    );
  });
});

describe('validate: describing a value', () => {
  it('never throws and never grows, whatever the value', () => {
    class Foo {}
    const nameless = Object.create(Object.create(Object.create(null) as object) as object) as unknown;
    const table: [unknown, string][] = [
      ['it\nis', "'it\\nis'"],
      ['x'.repeat(100), `'${'x'.repeat(57)}...'`],
      [Symbol('s'), 'a symbol'],
      [() => 1, 'a function'],
      [[1, 2], 'an array of 2'],
      [Object.create(null), 'an object'],
      [nameless, 'a nameless class'],
      [new Foo(), 'a Foo'],
      [/x/g, '/x/g'],
      [undefined, 'undefined'],
      [-0, '0'],
    ];
    for (const [value, text] of table) expect(describeValue(value)).to.equal(text);
  });
});
