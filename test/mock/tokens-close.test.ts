import { expect } from 'chai';
import { Admin, Consumer, type KafkaError, Producer } from 'seekafka';
import { Program } from '../helpers/program.js';
import { rejection } from '../helpers/rejection.js';
import { tokenConfig, unsecuredToken } from '../helpers/tokens.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// Nobody listens at the address: what is shown is what the callback for tokens does to its client.

const config = tokenConfig('127.0.0.1:1');
const never = () => new Promise<never>(() => undefined);

describe('a callback for tokens', () => {
  const clients = {
    producer: (oauthBearerToken: () => Promise<never>) => new Producer(config, { oauthBearerToken }),
    admin: (oauthBearerToken: () => Promise<never>) => new Admin(config, { oauthBearerToken }),
    consumer: (oauthBearerToken: () => Promise<never>) =>
      new Consumer({ ...config, 'group.id': uniqueGroup() }, { oauthBearerToken }),
  };
  for (const [kind, create] of Object.entries(clients)) {
    it(`that never settles does not hold up close() of a ${kind}, and is aborted by it`, async () => {
      const signals: AbortSignal[] = [];
      const client = create((...args: unknown[]) => {
        signals.push((args[0] as { signal: AbortSignal }).signal);
        return never();
      });
      const asked =
        client instanceof Consumer
          ? rejection(client.endOffsets([{ topic: 't', partition: 0 }]))
          : client instanceof Admin
            ? rejection(client.listTopics())
            : Promise.resolve();
      await eventually(() => signals.length >= (client instanceof Consumer ? 2 : 1));
      await inTime(client.close());
      await asked;
      expect(signals.every(({ aborted }) => aborted)).to.equal(true);
    });
  }

  it('is of its client alone: two consumers whose callbacks differ do not share the handle for questions', async () => {
    const calls = { one: 0, other: 0 };
    const give = (name: keyof typeof calls) => () => {
      calls[name]++;
      return Promise.resolve(unsecuredToken(name));
    };
    const of = (oauthBearerToken: () => Promise<ReturnType<typeof unsecuredToken>>) =>
      new Consumer(config, { oauthBearerToken }).on('error', () => undefined);
    const [one, other] = [give('one'), give('other')];
    await using first = of(one);
    await using second = of(other);
    await using third = of(one);
    for (const consumer of [first, second, third]) {
      await rejection(consumer.endOffsets([{ topic: 't', partition: 0 }], { timeoutMs: 100 }));
    }
    await eventually(() => calls.one === 3 && calls.other === 2, { what: 'the handles have asked' });
  });

  it('is refused where it is none, and where the client logs in otherwise', () => {
    const oauthBearerToken = 'eyJ' as never;
    expect(() => new Producer(config, { oauthBearerToken })).to.throw(
      TypeError,
      /^options.oauthBearerToken: expected a function .*, got a string$/,
    );
    for (const Kind of [Producer, Admin, Consumer]) {
      expect(() => new Kind(config)).to.throw(TypeError, /oauthBearerToken/);
      expect(() => new Kind({ 'bootstrap.servers': 'a:1' }, { oauthBearerToken: never })).to.throw(
        TypeError,
        /sasl.mechanism/,
      );
    }
  });

  it('whose errors nobody listens to is a process warning, once', async () => {
    const warnings: (Error & { code?: string })[] = [];
    const take = (warning: Error) => warnings.push(warning);
    process.on('warning', take);
    try {
      await using producer = new Producer(config, { oauthBearerToken: () => Promise.reject(new Error('no endpoint')) });
      await eventually(() => warnings.some(({ code }) => code === 'SEEKAFKA_ERR__AUTHENTICATION'));
      expect(warnings.find(({ code }) => code === 'SEEKAFKA_ERR__AUTHENTICATION')!.message).to.include('no endpoint');
      await producer.close();
    } finally {
      process.off('warning', take);
    }
  });

  it('keeps neither a client that is dropped nor the process', async () => {
    await using program = new Program(
      `import { Producer } from 'seekafka';
       process.on('warning', ({ code }) => console.log(code));
       const config = ${JSON.stringify(tokenConfig('127.0.0.1:1'))};
       let calls = 0;
       let signal;
       (() => {
         const producer = new Producer(config, {
           oauthBearerToken: (context) => {
             calls++;
             signal = context.signal;
             return calls === 1 ? new Promise(() => {}) : Promise.reject(new Error('no'));
           },
         });
         producer.on('error', () => {});
       })();
       const timer = setInterval(() => {
         globalThis.gc();
         if (!signal?.aborted) return;
         console.log('aborted', calls);
         clearInterval(timer);
       }, 50);`,
      {},
      { nodeOptions: ['--expose-gc'] },
    );
    expect(await program.line('aborted')).to.equal('aborted 1');
    expect(await program.ended).to.include({ code: 0 });
  });

  it('that fails is the cause of what times out by that', async () => {
    const errors: KafkaError[] = [];
    await using producer = new Producer(config, {
      oauthBearerToken: () => Promise.reject(new Error('the endpoint is down')),
    });
    producer.on('error', (error) => errors.push(error));
    producer.send({ topic: 't', value: 'x' }).catch(() => undefined);
    const error = (await inTime(rejection(producer.flush({ timeoutMs: 400 })))) as KafkaError;
    expect((error.cause as KafkaError).message).to.include('the endpoint is down');
    expect(errors[0]).to.include({ code: 'ERR__AUTHENTICATION' });
    await producer.close({ timeoutMs: 100 });
  });
});
