import { expect } from 'chai';
import { type CheckedToken, oauthBearerToken } from '../../lib/arguments/login.js';
import type { OauthBearerTokenCallback } from '../../lib/arguments/options.js';
import { TokenSource } from '../../lib/client/token-source.js';
import type { KafkaError } from '../../lib/errors.js';
import { awake, eventually } from '../helpers/wait.js';

const SECRET = 'eyJhbGciOiJub25lIn0.secret';
const token = (ms = 3_600_000) => ({ value: SECRET, expiresAt: Date.now() + ms, principal: 'p' });

describe('tokens of a client', () => {
  const taken: CheckedToken[] = [];
  const failures: KafkaError[] = [];
  let refuse: (() => Error) | undefined;
  let source: TokenSource | undefined;

  function sourceOf(callback: OauthBearerTokenCallback, attemptMs?: number): TokenSource {
    source = new TokenSource(
      callback,
      (one) => (refuse ? Promise.reject(refuse()) : Promise.resolve(taken.push(one))),
      { failed: (error) => failures.push(error), taken: () => undefined },
      attemptMs,
    );
    source.needed();
    return source;
  }
  afterEach(() => {
    source?.ending();
    taken.length = failures.length = 0;
    refuse = undefined;
  });

  it('are asked for outside of what asks for them, and one at a time', async () => {
    let calls = 0;
    const own = sourceOf(() => {
      calls++;
      return Promise.resolve(token());
    });
    expect(calls).to.equal(0);
    own.needed();
    await eventually(() => taken.length === 1);
    expect(calls).to.equal(1);
    own.needed(); // as librdkafka's event, when the machine has slept
    await eventually(() => taken.length === 2);
  });

  it('are asked for again well before they end, by a clock of their own', async () => {
    const times: number[] = [];
    sourceOf(() => {
      times.push(awake());
      return Promise.resolve(token(1000));
    });
    await eventually(() => times.length === 3);
    expect(times[2]! - times[0]!).to.be.at.least(1300);
    expect(taken).to.have.length.at.least(2);
  });

  it('are asked for again by a back-off where that failed, whatever librdkafka asks meanwhile', async () => {
    const times: number[] = [];
    const own = sourceOf(() => {
      times.push(performance.now());
      if (times.length <= 3) throw new Error('not now');
      return Promise.resolve(token());
    });
    await eventually(() => failures.length === 1);
    own.needed();
    await eventually(() => taken.length === 1);
    expect(times).to.have.length(4);
    expect(times[3]! - times[2]!, 'the third wait').to.be.at.least(300);
    expect(failures.map(({ message }) => message)).to.deep.equal(
      Array.from({ length: 3 }, () => 'there is no token to log in with: not now'),
    );
  });

  const wrong: Record<string, () => unknown> = {
    'a text': () => Promise.resolve(SECRET),
    'a rejection with a text': () => ({ then: (_: unknown, reject: (reason: unknown) => void) => reject(SECRET) }),
    'an extension that is none': () => Promise.resolve({ ...token(), extensions: { a: SECRET + '\u0000' } }),
    'a value with a line break': () => Promise.resolve({ ...token(), value: `${SECRET}\n` }),
    'an unknown property': () => Promise.resolve({ ...token(), tokenValue: SECRET }),
    nothing: () => undefined,
  };
  for (const [what, give] of Object.entries(wrong)) {
    it(`fail by ${what}, without a word of it in the error`, async () => {
      sourceOf(give as OauthBearerTokenCallback);
      const error = await eventually(() => failures[0]);
      expect(error.code).to.equal('ERR__AUTHENTICATION');
      expect(error.message).to.match(/oauthBearerToken\(\)/);
      expect(error.message).not.to.include('secret');
    });
  }

  it('that librdkafka refuses are asked for anew', async () => {
    refuse = () => new Error('expired meanwhile');
    sourceOf(() => Promise.resolve(token()));
    await eventually(() => failures.length === 2);
    refuse = undefined;
    await eventually(() => taken.length === 1);
  });

  it('are asked for again where the callback does not settle, whose late answer is nobody’s', async () => {
    const open: ((one: ReturnType<typeof token>) => void)[] = [];
    const signals: AbortSignal[] = [];
    sourceOf(({ signal }) => {
      signals.push(signal);
      return new Promise((resolve) => open.push(resolve));
    }, 50);
    await eventually(() => open.length === 2);
    expect(failures[0]!.message).to.match(/not settled within 50 ms/);
    expect(signals[0]!.aborted).to.equal(true);
    open[0]!(token());
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).to.have.length(0);
  });

  it('are asked for no more after the end, which aborts the callback and waits for nothing', async () => {
    let signal: AbortSignal | undefined;
    const own = sourceOf((context) => {
      signal = context.signal;
      return new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)));
    });
    await eventually(() => signal);
    own.ending();
    expect(signal!.reason).to.include({ code: 'ERR__DESTROY' });
    own.needed();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(failures).to.deep.equal([]);
  });

  it('are refused with the property and what was expected of it', () => {
    const check = (given: object) => () => oauthBearerToken({ ...token(), ...given }, Date.now());
    expect(check({ value: undefined })).to.throw(TypeError, '.value: expected the token, a string, got undefined');
    expect(check({ principal: '' })).to.throw(TypeError, '.principal: expected the name');
    expect(check({ expiresAt: '1' })).to.throw(TypeError, '.expiresAt: expected a Date or milliseconds');
    expect(check({ expiresAt: NaN })).to.throw(RangeError, '.expiresAt');
    expect(check({ expiresAt: new Date(0) })).to.throw(RangeError, 'still to come, got 1970');
    expect(check({ expiresAt: Math.floor(Date.now() / 1000) })).to.throw(RangeError, 'in milliseconds, not in seconds');
    expect(check({ extensions: { 'a-b': 'x' } })).to.throw(RangeError, "got 'a-b'");
    expect(check({ extensions: { auth: 'x' } })).to.throw(RangeError, "'auth'");
    expect(check({ extensions: { a: 1 } })).to.throw(TypeError, '.extensions.a: expected a string, got a number');
    expect(check({ extensions: [] })).to.throw(TypeError, 'got an array');
    const date = new Date(Date.now() + 5000);
    expect(oauthBearerToken({ ...token(), expiresAt: date, extensions: { a: 'x', b: 'y' } }, Date.now())).to.deep.equal(
      {
        value: SECRET,
        expiresAt: date.getTime(),
        principal: 'p',
        extensions: ['a', 'x', 'b', 'y'],
      },
    );
  });
});
