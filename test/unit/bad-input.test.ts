import { expect } from 'chai';
import { Admin, Consumer, MockCluster, Producer } from 'seekafka';
import { type Call, nobody, table } from '../helpers/bad-input.js';
import { rejection } from '../helpers/rejection.js';
import { type Bad, expectNamed, given, isObject, t, wrong } from '../helpers/wrong-values.js';

// Every argument of every public method: what is wrong is a TypeError or a RangeError that names the argument, what was
// expected and what came; asynchronous methods reject, and never throw. That nothing is done by halves is shown in
// test/mock/bad-input-halves.test.ts, and of seeks in test/contract/reset-bad-input.test.ts.

const seekForms: readonly Call<Consumer>[] = [
  ['seekToBeginning', wrong.list('partitions'), (c, value) => c.seekToBeginning(value)],
  ['seekToEnd', wrong.list('partitions'), (c, value) => c.seekToEnd(value)],
  ['seekToCommitted', wrong.list('partitions'), (c, value) => c.seekToCommitted(value)],
  ['seekToTimestamp, 2nd', wrong.list('partitions'), (c, value) => c.seekToTimestamp(1, value)],
  [
    'seekToTimestamp',
    [...wrong.time('timestamp'), [undefined, TypeError, 'timestamp']],
    (c, value) => c.seekToTimestamp(value),
  ],
  ['seekBy, 2nd', wrong.list('partitions'), (c, value) => c.seekBy(1, value)],
  [
    'seekBy',
    [
      [undefined, TypeError, 'delta'],
      ...wrong.number('delta', -Number.MAX_SAFE_INTEGER),
      [2 ** 53, RangeError, 'delta'],
    ],
    (c, value) => c.seekBy(value),
  ],
  ['seekToLast, 2nd', wrong.list('partitions'), (c, value) => c.seekToLast(1, value)],
  [
    'seekToLast',
    [[undefined, TypeError, 'count'], ...wrong.number('count', 0), [2 ** 53, RangeError, 'count']],
    (c, value) => c.seekToLast(value),
  ],
  ...(
    [
      ['seek', (c, value) => c.seek({ ...t, offset: 1 }, value)],
      ['seekToBeginning', (c, value) => c.seekToBeginning([t], value)],
      ['seekToEnd', (c, value) => c.seekToEnd(undefined, value)],
      ['seekToCommitted', (c, value) => c.seekToCommitted(undefined, value)],
      ['seekToTimestamp', (c, value) => c.seekToTimestamp(1, undefined, value)],
      ['seekBy', (c, value) => c.seekBy(1, undefined, value)],
      ['seekToLast', (c, value) => c.seekToLast(1, undefined, value)],
    ] as const satisfies readonly (readonly [string, Call<Consumer>[2]])[]
  ).map(([name, call]): Call<Consumer> => [
    `${name}, options`,
    [...wrong.timeout('options'), ...wrong.signal('options')],
    call,
  ]),
];

const untils: readonly Bad[] = [
  [{ until: null }, TypeError, 'options.until'],
  [{ until: 'now' }, TypeError, 'options.until'],
  [{ until: 5 }, TypeError, 'options.until'],
  [{ until: { ...t, offset: 5 } }, TypeError, 'options.until'],
  [{ until: new Date(NaN) }, RangeError, 'options.until'],
  [{ until: new Date(-1) }, RangeError, 'options.until'],
  ...wrong
    .offsets('options.until')
    .filter(([value]) => Array.isArray(value))
    .map(([until, type, where]): Bad => [{ until }, type, where]),
];

const consumerCalls: readonly Call<Consumer>[] = [
  [
    'subscribe',
    [
      [undefined, TypeError, 'topics'],
      [null, TypeError, 'topics'],
      [5, TypeError, 'topics'],
      ['', TypeError, 'topics'],
      ['^t', TypeError, 'topics'],
      [[], TypeError, 'topics'],
      [['t', ''], TypeError, 'topics[1]'],
      [['t', null], TypeError, 'topics[1]'],
      [['t', 't'], TypeError, 'topics[1]'],
      ['a\0b', RangeError, 'topics'],
    ],
    (c, value) => c.subscribe(value),
  ],
  [
    'subscribe, listener',
    [
      [null, TypeError, 'listener'],
      [5, TypeError, 'listener'],
      [[], TypeError, 'listener'],
      [() => {}, TypeError, 'listener'],
      [{ onAssign: () => {} }, TypeError, 'listener'],
      [{ onAssigned: 5 }, TypeError, 'listener.onAssigned'],
      [{ onRevoked: 'f' }, TypeError, 'listener.onRevoked'],
      [{ onLost: {} }, TypeError, 'listener.onLost'],
    ],
    (c, value) => c.subscribe('t', value),
  ],
  [
    'assign',
    [...wrong.list('partitions'), ...wrong.offset('partitions[0]').map(([v, k, w]): Bad => [[v], k, w])],
    (c, value) => c.assign(value),
  ],
  ['seek', wrong.offsets('to').filter(([value]) => Array.isArray(value)), (c, value) => c.seek(value)],
  [
    'seek, one',
    [
      ...wrong.partition('to').map(([v, k, w]): Bad => [isObject(v) ? { offset: 1, ...v } : v, k, w]),
      ...wrong.offset('to'),
    ],
    (c, value) => c.seek(value),
  ],
  ...seekForms,
  ['position', wrong.list('partitions'), (c, value) => c.position(value)],
  [
    'commit',
    [
      [null, TypeError, 'what'],
      ['t', TypeError, 'what'],
      [{ ...t, offset: 1 }, TypeError, 'what'],
    ],
    (c, value) => c.commit(value),
  ],
  ['commit, offsets', wrong.offsets('what').filter(([value]) => Array.isArray(value)), (c, value) => c.commit(value)],
  ['committed', wrong.list('partitions'), (c, value) => c.committed(value)],
  ['committed, options', wrong.timeout('options'), (c, value) => c.committed([t], value)],
  ['beginningOffsets', wrong.list('partitions'), (c, value) => c.beginningOffsets(value)],
  ['endOffsets', wrong.list('partitions'), (c, value) => c.endOffsets(value)],
  [
    'offsetsForTimes',
    [
      [undefined, TypeError, 'query'],
      ...wrong.list('query', { timestamp: 1 }),
      ...wrong.time('query[0].timestamp').map(([timestamp, type, where]): Bad => [[{ ...t, timestamp }], type, where]),
    ],
    (c, value) => c.offsetsForTimes(value),
  ],
  ['close', wrong.timeout('options'), (c, value) => c.close(value)],
  [
    'batches',
    [
      ...wrong.options('options'),
      ...wrong.signal('options'),
      ...wrong.size('options', 'maxMessages'),
      ...wrong.size('options', 'maxBytes'),
      ...wrong.size('options', 'minMessages'),
      [{ minMessages: 5, maxMessages: 4 }, RangeError, 'options.minMessages'],
      [{ maxWaitMs: '5' }, TypeError, 'options.maxWaitMs'],
      [{ maxWaitMs: -1 }, RangeError, 'options.maxWaitMs'],
      ...untils,
    ],
    (c, value) => c.batches(value).next(),
  ],
  [
    'messages',
    [...wrong.options('options'), ...wrong.signal('options'), ...untils, [{ maxMessages: 5 }, TypeError, 'options']],
    (c, value) => c.messages(value).next(),
  ],
];

const producerCalls: readonly Call<Producer>[] = [
  [
    'send',
    [
      [undefined, TypeError, 'message'],
      [null, TypeError, 'message'],
      ['text', TypeError, 'message'],
      [{ value: 'x' }, TypeError, 'message.topic'],
      [{ topic: '', value: 'x' }, TypeError, 'message.topic'],
      [{ topic: 'a\0b', value: 'x' }, RangeError, 'message.topic'],
      [{ topic: 't', partition: '0' }, TypeError, 'message.partition'],
      [{ topic: 't', partition: -1 }, RangeError, 'message.partition'],
      [{ topic: 't', partition: 2 ** 31 }, RangeError, 'message.partition'],
      [{ topic: 't', key: 5 }, TypeError, 'message.key'],
      [{ topic: 't', key: {} }, TypeError, 'message.key'],
      [{ topic: 't' }, TypeError, 'message.value'],
      [{ topic: 't', value: 5 }, TypeError, 'message.value'],
      [{ topic: 't', value: { a: 1 } }, TypeError, 'message.value'],
      [{ topic: 't', value: new ArrayBuffer(1) }, TypeError, 'message.value'],
      [{ topic: 't', value: 'v', timestamp: -1 }, RangeError, 'message.timestamp'],
      ...wrong
        .time('message.timestamp')
        .map(([timestamp, type, where]): Bad => [{ topic: 't', value: 'v', timestamp }, type, where]),
      [{ topic: 't', value: 'v', headers: 'a' }, TypeError, 'message.headers'],
      [{ topic: 't', value: 'v', headers: null }, TypeError, 'message.headers'],
      [{ topic: 't', value: 'v', headers: ['a'] }, TypeError, 'message.headers[0]'],
      [{ topic: 't', value: 'v', headers: [['a']] }, TypeError, 'message.headers[0]'],
      [{ topic: 't', value: 'v', headers: [['a', 1]] }, TypeError, 'message.headers[0][1]'],
      [{ topic: 't', value: 'v', headers: [[1, 'a']] }, TypeError, 'message.headers[0][0]'],
      [{ topic: 't', value: 'v', headers: { a: 1 } }, TypeError, "message.headers['a']"],
      [[{ topic: 't', value: 'v' }, { topic: 5 }], TypeError, 'messages[1].topic'],
      [[{ topic: 't', value: 'v' }, null], TypeError, 'messages[1]'],
      [[{ topic: 't', value: 'v' }, , { topic: 't', value: 'v' }], TypeError, 'messages[1]'],
    ],
    (p, value) => p.send(value),
  ],
  [
    'transaction',
    [
      [undefined, TypeError, 'work'],
      [null, TypeError, 'work'],
      [{}, TypeError, 'work'],
      [Promise.resolve(), TypeError, 'work'],
    ],
    (p, value) => p.transaction(value),
  ],
  ['flush', wrong.timeout('options'), (p, value) => p.flush(value)],
  ['close', wrong.timeout('options'), (p, value) => p.close(value)],
];

const topicLists: Bad[] = [
  [undefined, TypeError, 'topics'],
  [null, TypeError, 'topics'],
  ['t', TypeError, 'topics'],
  [[], TypeError, 'topics'],
];
const newTopics: Bad[] = [
  ...topicLists,
  [['t'], TypeError, 'topics[0]'],
  ...wrong.topic('topics[0].topic').map(([topic, type, where]): Bad => [[{ topic }], type, where]),
  [[{ topic: 't', partition: 3 }], TypeError, 'topics[0]'],
  ...wrong
    .number('topics[0].partitions', 1)
    .map(([partitions, type, where]): Bad => [[{ topic: 't', partitions }], type, where]),
  ...wrong
    .number('topics[0].replicationFactor', 1)
    .map(([n, type, where]): Bad => [[{ topic: 't', replicationFactor: n }], type, where]),
  [[{ topic: 't', config: 5 }], TypeError, 'topics[0].config'],
  [[{ topic: 't', config: { a: null } }], TypeError, "topics[0].config['a']"],
  [[{ topic: 't' }, { topic: 't' }], TypeError, 'topics[1]'],
];
const adminCalls: readonly Call<Admin>[] = [
  ['createTopics', newTopics, (a, value) => a.createTopics(value)],
  [
    'deleteTopics',
    [
      ...topicLists,
      ...wrong.topic('topics[0]').map(([topic, type, where]): Bad => [[topic], type, where]),
      [['t', 't'], TypeError, 'topics[1]'],
    ],
    (a, value) => a.deleteTopics(value),
  ],
  [
    'createPartitions',
    [
      ...topicLists,
      [['t'], TypeError, 'topics[0]'],
      ...wrong.number('topics[0].total', 1).map(([total, type, where]): Bad => [[{ topic: 't', total }], type, where]),
    ],
    (a, value) => a.createPartitions(value),
  ],
  [
    'deleteRecords',
    [[undefined, TypeError, 'offsets'], ...wrong.offsets('offsets')],
    (a, value) => a.deleteRecords(value),
  ],
  ['createTopics, options', wrong.timeout('options'), (a, value) => a.createTopics([{ topic: 't' }], value)],
  ['deleteTopics, options', wrong.timeout('options'), (a, value) => a.deleteTopics(['t'], value)],
  [
    'createPartitions, options',
    wrong.timeout('options'),
    (a, value) => a.createPartitions([{ topic: 't', total: 2 }], value),
  ],
  [
    'describeTopics',
    [
      ...topicLists,
      ...wrong.topic('topics[0]').map(([topic, type, where]): Bad => [[topic], type, where]),
      [['t', 't'], TypeError, 'topics[1]'],
    ],
    (a, value) => a.describeTopics(value),
  ],
  ['describeTopics, options', wrong.timeout('options'), (a, value) => a.describeTopics(['t'], value)],
  ['listTopics, options', wrong.timeout('options'), (a, value) => a.listTopics(value)],
  ['deleteRecords, options', wrong.timeout('options'), (a, value) => a.deleteRecords([{ ...t, offset: 1 }], value)],
];

table('Consumer', () => new Consumer({ ...nobody, 'group.id': 'g' }), consumerCalls);
table('Producer', () => new Producer(nobody), producerCalls);
table('Admin', () => new Admin(nobody), adminCalls);

it('bad input: a transaction without transactional.id says what it lacks', async () => {
  await using producer = new Producer(nobody);
  const error = await rejection(producer.transaction(() => Promise.resolve()));
  expect(error).to.include({ code: 'ERR__NOT_CONFIGURED', operation: 'transaction' });
  expect(error).to.have.property('message').that.includes("'transactional.id'");
});

describe('bad input: what throws at once', () => {
  it('the constructors', () => {
    const bad: Bad[] = [undefined, null, 5, 'servers', [], new Map()].map((value) => [value, TypeError, 'config']);
    for (const one of bad) {
      for (const make of [Consumer, Producer, Admin]) {
        expect(() => new make(given(one[0])))
          .to.throw(TypeError)
          .with.property('message')
          .that.matches(/^config: expected .+, got .+$/);
      }
    }
    for (const make of [Consumer, Producer]) {
      for (const one of wrong.options('options')) {
        try {
          new make(nobody, given(one[0]));
          expect.fail('it was taken');
        } catch (error) {
          expectNamed(error, one);
        }
      }
    }
  });

  it('pause and resume', async () => {
    await using consumer = new Consumer({ ...nobody, 'group.id': 'g' });
    for (const operation of ['pause', 'resume'] as const) {
      for (const one of wrong.list('partitions')) {
        try {
          consumer[operation](given(one[0]));
          expect.fail('it was taken');
        } catch (error) {
          expectNamed(error, one);
        }
      }
    }
  });

  it('the mock cluster, which starts by a promise and obeys at once', async () => {
    for (const one of [...wrong.options('options'), ...wrong.size('options', 'brokers')] as Bad[]) {
      expectNamed(await rejection(MockCluster.start(given(one[0]))), one);
    }
    await using mock = await MockCluster.start();
    mock.createTopic('t', 2);
    const one = (at: string, least = 0): Bad[] => wrong.number(at, least);
    const calls: readonly (readonly [bad: Bad[], call: (value: never) => void])[] = [
      [wrong.topic('topic'), (value) => mock.createTopic(value)],
      [one('partitions', 1), (value) => mock.createTopic('u', value)],
      [one('replicationFactor', 1), (value) => mock.createTopic('u', 1, value)],
      [wrong.topic('topic'), (value) => mock.deleteRecords(value, 0, 0)],
      [one('partition'), (value) => mock.deleteRecords('t', value, 0)],
      [one('beforeOffset'), (value) => mock.deleteRecords('t', 0, value)],
      [wrong.topic('topic'), (value) => mock.setLeader(value, 0, 1)],
      [one('partition'), (value) => mock.setLeader('t', value, 1)],
      [one('broker', 1), (value) => mock.setLeader('t', 0, value)],
      [one('broker', 1), (value) => mock.brokerDown(value)],
      [one('broker', 1), (value) => mock.brokerUp(value)],
      [one('broker', 1), (value) => mock.setRoundTripTime(value, 0)],
      [one('milliseconds'), (value) => mock.setRoundTripTime(1, value)],
      [one('broker', 1), (value) => mock.pushRequestError(value, 2, 5)],
      [one('apiKey'), (value) => mock.pushRequestError(1, value, 5)],
      [one('errno', -200), (value) => mock.pushRequestError(1, 2, value)],
      [one('delayMs'), (value) => mock.pushRequestError(1, 2, 5, value)],
      [one('milliseconds'), (value) => mock.setGroupInitialRebalanceDelay(value)],
    ];
    for (const [bad, call] of calls) {
      for (const each of bad) {
        let error: unknown;
        try {
          call(given(each[0]));
        } catch (thrown) {
          error = thrown;
        }
        expectNamed(error, each);
      }
    }
  });
});
