import { expect } from 'chai';
import { type FailureHandler, type Producer, type ProducerMessage, deadLetters } from 'seekafka';
import { processArguments } from '../../lib/consumer/process-options.js';

// What process() and deadLetters() are given: what is wrong is refused before anything is done, and names the argument.

const noHandler = () => undefined;

const wrong: readonly [value: unknown, error: 'TypeError' | 'RangeError', names: string][] = [
  [null, 'TypeError', 'options'],
  [{ concurency: 1 }, 'TypeError', "did you mean 'concurrency'"],
  [{ concurrency: 0 }, 'RangeError', 'options.concurrency'],
  [{ concurrency: '2' }, 'TypeError', 'options.concurrency'],
  [{ orderBy: 'topic' }, 'TypeError', 'options.orderBy'],
  [{ retry: 3 }, 'TypeError', 'options.retry'],
  [{ retry: { backoffMs: 1 } }, 'TypeError', 'options.retry.attempts'],
  [{ retry: { attempts: 0, backoffMs: 1 } }, 'RangeError', 'options.retry.attempts'],
  [{ retry: { attempts: 2 } }, 'TypeError', 'options.retry.backoffMs'],
  [{ retry: { attempts: 2, backoffMs: -1 } }, 'RangeError', 'options.retry.backoffMs'],
  [{ onFailure: {} }, 'TypeError', 'options.onFailure'],
  [{ drainTimeoutMs: NaN }, 'RangeError', 'options.drainTimeoutMs'],
  [{ signal: {} }, 'TypeError', 'options.signal'],
  [{ maxPending: 1.5 }, 'RangeError', 'options.maxPending'],
  [{ maxPendingBytes: 0 }, 'RangeError', 'options.maxPendingBytes'],
];

describe('the arguments of process()', () => {
  it('are refused by name where they are wrong', () => {
    expect(() => processArguments(undefined, {})).to.throw(TypeError, 'handler: expected a function');
    for (const [value, error, names] of wrong) {
      expect(() => processArguments(noHandler, value), JSON.stringify(value))
        .to.throw(Error, names)
        .with.property('name', error);
    }
  });

  it('have the defaults that are documented', () => {
    const { concurrency, byKey, attempts, drainTimeoutMs, maxPending, maxPendingBytes } = processArguments(
      noHandler,
      {},
    );
    expect([concurrency, byKey, attempts, drainTimeoutMs, maxPending, maxPendingBytes]).to.deep.equal([
      ...[1, false, 1, 10_000, 1000, 16_777_216],
    ]);
    expect(processArguments(noHandler, { concurrency: 100 }).maxPending).to.equal(1600);
  });

  it('take a function for the back-off, and look at what it returns', () => {
    const given = (backoffMs: unknown) => {
      const checked = processArguments(noHandler, { retry: { attempts: 2, backoffMs } });
      return (attempt: number, error?: unknown) => checked.backoffMs(attempt, error);
    };
    expect(given((attempt: number) => attempt * 10)(2)).to.equal(20);
    expect(given((_: number, error: unknown) => (error === 'busy' ? 5 : null))(1, 'busy')).to.equal(5);
    expect(given(() => null)(1)).to.equal(null);
    expect(() => given(() => 'soon')(1)).to.throw(TypeError, 'what options.retry.backoffMs returns');
    expect(() => given(() => undefined)(1)).to.throw(TypeError, 'what options.retry.backoffMs returns');
  });
});

describe('deadLetters', () => {
  const sent: ProducerMessage[] = [];
  const producer = {
    send: (message: ProducerMessage) => Promise.resolve(void sent.push(message)),
  } as unknown as Producer;
  const message = {
    ...{ topic: 'orders', partition: 2, offset: 7, key: Buffer.from('k'), value: null, timestamp: 5 },
    headers: [['source', Buffer.from('web')]] as const,
    timestampType: 'create' as const,
    leaderEpoch: 0,
  };
  const call = (onFailure: FailureHandler, error: unknown) =>
    onFailure(error, message, { attempts: 3, signal: new AbortController().signal });

  it('sends the message as it was, and says where it comes from and why', async () => {
    await call(deadLetters(producer, 'orders-dead'), new RangeError('too much'));
    const named = sent.map((message) => Object.fromEntries(Object.entries(message))); // without what is for the producer alone
    expect(named).to.deep.equal([
      {
        topic: 'orders-dead',
        key: message.key,
        value: null,
        headers: [
          ...message.headers,
          ['dead-letter.topic', 'orders'],
          ['dead-letter.partition', '2'],
          ['dead-letter.offset', '7'],
          ['dead-letter.timestamp', '5'],
          ['dead-letter.error', 'RangeError: too much'],
          ['dead-letter.attempts', '3'],
        ],
      },
    ]);
  });

  it('takes anything that is thrown, and another prefix', async () => {
    const odd = { [Symbol.toPrimitive]: () => { throw new Error('no'); } }; // prettier-ignore
    for (const error of [undefined, Symbol('s'), odd])
      await call(deadLetters(producer, 'd', { headerPrefix: 'x-' }), error);
    const errors = sent
      .slice(1)
      .map(({ headers }) => [...(headers as [string, string][])].find(([name]) => name === 'x-error')![1]);
    expect(errors).to.deep.equal(['undefined', 'Symbol(s)', 'an error that throws when it is looked at']);
  });

  it('refuses what is no producer or topic', () => {
    expect(() => deadLetters({} as Producer, 't')).to.throw(TypeError, 'producer: expected a Producer');
    expect(() => deadLetters(producer, '')).to.throw(TypeError, 'topic');
    expect(() => deadLetters(producer, 't', { prefix: '' } as never)).to.throw(TypeError, 'options');
  });
});
