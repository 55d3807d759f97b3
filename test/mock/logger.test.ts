import { Writable } from 'node:stream';
import { expect } from 'chai';
import pino from 'pino';
import { Admin, Consumer, MockCluster, Producer } from 'seekafka';
import type { Logger, Message } from 'seekafka';
import winston from 'winston';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// The option `logger`: who is told what, how loud, in which shape; and that a logger that fails breaks nothing.

interface Line {
  method: string;
  args: unknown[];
}
type Fields = Record<string, unknown>;

/** A logger that keeps what it is told. */
function keeper(more: object = {}) {
  const lines: Line[] = [];
  const note =
    (method: string) =>
    (...args: unknown[]) =>
      void lines.push({ method, args });
  const methods = ['debug', 'info', 'warn', 'error'].map((name) => [name, note(name)]);
  return { lines, logger: { ...(Object.fromEntries(methods) as unknown as Logger), ...more } };
}

function warnings() {
  const told: { code: string; message: string }[] = [];
  const note = (warning: Error & { code?: string }) =>
    void told.push({ code: `${warning.code}`, message: warning.message });
  process.on('warning', note);
  return { told, [Symbol.dispose]: () => process.off('warning', note) };
}

const nobody = { 'bootstrap.servers': '127.0.0.1:1' };

describe('the option logger', () => {
  const makes: [string, (logger: Logger) => Consumer | Producer | Admin | Promise<MockCluster>][] = [
    ['Consumer', (logger) => new Consumer(nobody, { logger })],
    ['Producer', (logger) => new Producer(nobody, { logger })],
    ['Admin', (logger) => new Admin(nobody, { logger })],
    ['MockCluster', (logger) => MockCluster.start({ logger })],
  ];
  for (const [name, make] of makes) {
    it(`of ${name} refuses what is no logger, and says what it lacks`, async () => {
      const { logger } = keeper();
      const mute = { ...logger, warn: undefined };
      const attempt = async (value: unknown) => {
        try {
          await (await make(value as Logger)).close();
        } catch (error) {
          return `${(error as Error).name}: ${(error as Error).message}`;
        }
        return 'taken';
      };
      const what = 'options.logger: expected a logger, as pino, winston or console, with the methods';
      expect(await attempt('console')).to.match(new RegExp(`^TypeError: ${what}.*, got 'console'$`));
      expect(await attempt(null)).to.match(new RegExp(`^TypeError: ${what}.*, got null$`));
      expect(await attempt(mute)).to.match(/got one without warn$/);
      expect(await attempt({ ...logger, fatal: 1 })).to.match(
        /^TypeError: options.logger.fatal: expected a method, got 1$/,
      );
      const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
      expect(await attempt(new console.Console(sink))).to.equal('taken');
    });

    if (name === 'MockCluster') continue;
    it(`of ${name} is told each error once, with its fields, instead of a process warning`, async () => {
      const { logger, lines } = keeper();
      using warned = warnings();
      await using client = (await make(logger)) as Consumer;
      const refused = () => lines.filter(({ args }) => /Connection refused/.test(String(args[0])));
      await eventually(() => refused().length > 0);
      const { method, args } = refused()[0]!;
      expect(method).to.equal('warn');
      expect(args[1]).to.deep.include({ client: name, clientId: 'rdkafka' }).and.not.have.property('groupId');
      expect((args[1] as Fields).err)
        .to.be.an('error')
        .with.property('code', 'ERR__TRANSPORT');
      expect(args[0]).to.equal(((args[1] as Fields).err as Error).message);
      await client.close();
      // librdkafka writes a line of the same besides.
      const texts = refused().map((line) => String(line.args[0]).replace(/^\[thrd:[^\]]*\]: /, ''));
      expect(texts).to.deep.equal([...new Set(texts)]);
      expect(warned.told.filter(({ message }) => message.startsWith(name))).to.deep.equal([]);
    });
  }

  it('left out, leaves what is logged silent, and the first error of a kind a process warning', async () => {
    using warned = warnings();
    await using producer = new Producer({ ...nobody, debug: 'broker' });
    await eventually(() => warned.told.some(({ code }) => code === 'SEEKAFKA_ERR__TRANSPORT'));
    await producer.close();
    expect(new Set(warned.told.map(({ code }) => code)).size).to.equal(warned.told.length);
  });

  it('that throws, or rejects, breaks nothing, and is warned of once', async () => {
    using warned = warnings();
    const fail = () => {
      throw new Error('the disk is full');
    };
    const logger = { debug: fail, info: () => Promise.reject(new Error('offline')), warn: fail, error: fail };
    await using cluster = await MockCluster.start();
    const topic = uniqueTopic();
    cluster.createTopic(topic);
    const config = { 'bootstrap.servers': cluster.bootstrapServers, debug: 'all' };
    await using producer = new Producer(config, { logger });
    await producer.send({ topic, value: 'x' });
    const consumer = new Consumer({ ...config, 'group.id': uniqueGroup() }, { logger });
    await consumer.subscribe(topic);
    await consumer.seekToBeginning();
    const next = await inTime(consumer[Symbol.asyncIterator]().next(), 'a message');
    expect(String((next.value as Message).value)).to.equal('x');
    await consumer.commit();
    await consumer.close();
    await eventually(() => warned.told.length > 1);
    const mine = warned.told.filter(({ code }) => code === 'SEEKAFKA_LOGGER').map(({ message }) => message);
    expect(mine).to.have.lengthOf(2);
    expect(mine.join()).to.match(/Producer: the logger has failed, and may have lost lines: Error: the disk is full/);
  });

  it('is told what becomes of the partitions, by both handles, and each line of a shared handle once', async () => {
    await using cluster = await MockCluster.start();
    const topic = uniqueTopic();
    cluster.createTopic(topic);
    const { logger, lines } = keeper();
    const group = uniqueGroup();
    const config = { 'bootstrap.servers': cluster.bootstrapServers, 'group.id': group, debug: 'broker' };
    const consumers = [new Consumer(config, { logger }), new Consumer(config, { logger })];
    let heard = 0;
    consumers[0]!.on('log', ({ handle }) => void (handle === 'lookups' && heard++));
    await consumers[0]!.subscribe(topic);
    await consumers[0]!.seekToBeginning();
    await consumers[1]!.endOffsets([{ topic, partition: 0 }]);
    await eventually(() => heard > 0);
    for (const consumer of consumers) await consumer.close();
    const said = (text: string) => lines.find(({ args }) => args[0] === text);
    const partitions = [{ topic, partition: 0 }];
    for (const text of ['partitions assigned', 'partitions revoked']) {
      expect(said(text)).to.deep.include({ method: 'info' });
      expect(said(text)!.args[1]).to.deep.equal({
        client: 'Consumer',
        clientId: 'rdkafka',
        groupId: group,
        partitions,
      });
    }
    const ofLookups = lines.filter(({ args }) => (args[1] as Fields).handle === 'lookups');
    expect(ofLookups.map(({ method }) => method)).to.include('debug');
    expect(ofLookups.length).to.be.at.most(heard + 5); // the second consumer's own: those after the first has closed
  });

  it('may be pino: the fields first, and its level may change later', async () => {
    const written: Fields[] = [];
    const stream = { write: (text: string) => void written.push(JSON.parse(text) as Fields) };
    const logger = pino({ level: 'silent' }, stream);
    await using producer = new Producer(nobody, { logger });
    await eventually(() => producer.health().lastError);
    expect(written).to.deep.equal([]);
    logger.level = 'debug';
    await using admin = new Admin({ ...nobody, 'client.id': 'mine' }, { logger: logger.child({ part: 'admin' }) });
    await eventually(() => written.some(({ clientId }) => clientId === 'mine'));
    const line = written.find(({ clientId, err }) => clientId === 'mine' && err)!;
    expect(line).to.deep.include({ level: 40, client: 'Admin', part: 'admin' });
    expect(line.msg).to.match(/127\.0\.0\.1:1/);
    expect(line.err).to.deep.include({ type: 'KafkaError', code: 'ERR__TRANSPORT' });
    await admin.close();
  });

  it('may be winston: the text first', async () => {
    const written: Fields[] = [];
    const stream = new Writable({
      write: (chunk: Buffer, _, done) => {
        written.push(JSON.parse(String(chunk)) as Fields);
        done();
      },
    });
    const logger = winston.createLogger({
      format: winston.format.json(),
      transports: [new winston.transports.Stream({ stream })],
    });
    await using admin = new Admin(nobody, { logger });
    const line = await eventually(() => written.find(({ err }) => err));
    expect(line).to.deep.include({ level: 'warn', client: 'Admin', clientId: 'rdkafka' });
    expect(line.message).to.match(/Connection refused/);
    expect(line.err).to.deep.include({ code: 'ERR__TRANSPORT' });
    await admin.close();
  });

  it('has the levels of librdkafka, and fatal where it has that', async () => {
    const fatal: unknown[][] = [];
    const { logger, lines } = keeper({ fatal: (...args: unknown[]) => void fatal.push(args) });
    await using cluster = await MockCluster.start();
    const topic = uniqueTopic();
    cluster.createTopic(topic);
    const config = { 'bootstrap.servers': cluster.bootstrapServers, 'transactional.id': uniqueGroup() };
    await using first = new Producer({ ...config, debug: 'eos' }, { logger });
    await first.transaction((tx) => tx.send({ topic, value: 'x' }));
    await using second = new Producer(config);
    await second.initTransactions();
    await first.transaction((tx) => tx.send({ topic, value: 'x' })).catch(() => undefined);
    // (A line of librdkafka's own may come before.)
    const told = await eventually(() => fatal.map((args) => (args[1] as Fields).err).find((err) => err !== undefined));
    expect(told).to.have.property('fatal', true);
    expect(lines.some(({ method, args }) => method === 'debug' && (args[1] as Fields).facility)).to.equal(true);
  });

  it('does not keep the statistics of the other handle from being told', async () => {
    await using cluster = await MockCluster.start();
    const topic = uniqueTopic();
    cluster.createTopic(topic);
    await using consumer = new Consumer({
      'bootstrap.servers': cluster.bootstrapServers,
      'statistics.interval.ms': 50,
    });
    const told: string[] = [];
    consumer.on('lookupStatistics', ({ type, name }, json) => {
      expect(json).to.be.a('string');
      told.push(`${type} ${name}`);
    });
    await consumer.endOffsets([{ topic, partition: 0 }]);
    await eventually(() => told.length > 1);
    expect(told[0]).to.match(/^producer /);
  });
});
