// Calls every public method with hostile values, for FUZZ_SECONDS, from FUZZ_SEED on. Ends with 0 if what is promised
// holds; otherwise it tells the seed, the calls that came last and what went wrong.
//
//   npm run fuzz                              a minute
//   FUZZ_SECONDS=600 FUZZ_SEED=42 npm run fuzz

import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Admin, Consumer, KafkaError, MockCluster, Producer, type Transaction } from 'seekafka';
import { Hostile, type Recipe, nearly, right } from './values.js';

const seconds = Number(process.env.FUZZ_SECONDS ?? 60);
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const MESSAGE_MAX = 2000;

type Method = (...args: never[]) => unknown;
interface Entry {
  readonly name: string;
  readonly kind: 'async' | 'sync' | 'iterator' | 'constructor';
  readonly args: readonly Recipe[];
  readonly call: (args: unknown[]) => unknown;
}

const recent: string[] = [];
const wrong = new Map<string, string>();
const complain = (what: string, detail = '') => {
  const known = what.slice(0, 300);
  if (!wrong.has(known)) wrong.set(known, `${detail}`.slice(0, 1200));
};

process.on('unhandledRejection', (error) => {
  complain(`unhandledRejection: ${shown(error)}`, recent.slice(-3).join('\n  '));
});
process.on('uncaughtException', (error) => {
  if (!(error instanceof Hostile))
    complain(`uncaughtException: ${shown(error)}`, `${error?.stack}\n${recent.slice(-3).join('\n  ')}`);
});
process.on('exit', (code) => {
  if (code !== 0) console.error(`FUZZ_SEED=${seed}`);
});

function shown(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name} ${error.message.slice(0, 200)}` : `no Error: ${typeof error}`;
  } catch {
    return 'an error that throws when it is looked at';
  }
}

/** `message.key: expected ...`, `messages[3].headers['a']: ...`, or a configuration key in quotes. */
const names = /^[a-zA-Z_$][\w$]*(\.[\w$]+|\[\d+\]|\[\d+\]\[\d+\]|\['[^]{0,300}?'\])*: |'[\w.]+'/;

/** What JavaScript says where the value itself is at fault. */
const ofTheValue = /proxy that has been revoked|trap|IsArray/;

function judge(entry: Entry, error: unknown, text: string): void {
  if (error instanceof Hostile) return;
  if (!(error instanceof Error)) return complain(`${entry.name} failed with what is no Error`, text);
  if (error.message.length > MESSAGE_MAX) complain(`messages are too long: ${error.message.length} characters`, text);
  if (error instanceof KafkaError) return;
  if (error.name === 'AbortError' || error.message.startsWith('This consumer is being iterated')) return;
  if (!(error instanceof TypeError || error instanceof RangeError)) {
    return complain(`${entry.name} failed with ${shown(error)}`, `${text}\n${error.stack}`);
  }
  if (ofTheValue.test(error.message)) return;
  if (!names.test(error.message))
    complain(`${entry.name} names no argument: ${shown(error)}`, `${text}\n${error.stack}`);
}

const cluster = await MockCluster.start();
const playground = await MockCluster.start();
for (const one of [cluster, playground]) one.createTopic('fuzz', 2);
const servers = { 'bootstrap.servers': cluster.bootstrapServers, 'socket.timeout.ms': 2000 };
const quiet = <C extends { on(event: 'error', listener: () => void): unknown }>(client: C): C => {
  client.on('error', () => undefined);
  return client;
};
const producer = quiet(new Producer({ ...servers, 'message.timeout.ms': 2000 }));
const transactional = quiet(new Producer({ ...servers, 'transactional.id': 'fuzz' }));
await producer.send(Array.from({ length: 100 }, (_, i) => ({ topic: 'fuzz', partition: i % 2, value: `${i}` })));
const group = { 'auto.offset.reset': 'earliest' as const, 'session.timeout.ms': 6000, 'heartbeat.interval.ms': 200 };
const assigned = quiet(new Consumer({ ...servers, ...group, 'group.id': 'assigned' }));
await assigned.assign([{ topic: 'fuzz', partition: 0, offset: 0 }]);
const subscribed = quiet(new Consumer({ ...servers, ...group, 'group.id': 'subscribed' }));
await subscribed.subscribe('fuzz');
const admin = quiet(new Admin(servers));

const place = right('a place', () => ({ topic: 'fuzz', partition: 0, offset: 1 }));
const places = right('places', () => [{ topic: 'fuzz', partition: 0, offset: 1 }]);
const rows = right('partitions', () => [{ topic: 'fuzz', partition: 0 }]);
const options = right('options', () => ({ timeoutMs: 500 }));
const time = right('a time', () => 1_700_000_000_000);
const query = right('a query', () => [{ topic: 'fuzz', partition: 0, timestamp: 1 }]);
const topics = right('topics', () => ['fuzz']);
const listener = right('a listener', () => ({ onAssigned() {}, onRevoked() {}, onLost() {} }));
const message = right('a message', () => ({
  topic: 'fuzz',
  key: 'k',
  value: 'v',
  headers: { a: 'b' },
  timestamp: 1_700_000_000_000,
}));
const messages = right('messages', () => [
  { topic: 'fuzz', value: 'v' },
  { topic: 'fuzz', value: 'w' },
]);
const newTopics = right('new topics', () => [{ topic: 'fuzz', partitions: 1, replicationFactor: 1, config: {} }]);
const acl = {
  resourceType: 'topic',
  resourceName: 'fuzz',
  principal: 'User:a',
  operation: 'read',
  permission: 'allow',
};
const config = right('config', () => ({ ...servers, 'group.id': 'made' }));
const number = (n: number) => right(`${n}`, () => n);
const name = right("'fuzz'", () => 'fuzz');

const of = (
  client: object,
  owner: string,
  kind: Entry['kind'],
  methods: Readonly<Record<string, readonly Recipe[]>>,
): Entry[] =>
  Object.entries(methods).flatMap(([method, args]): Entry[] => {
    const found = (client as Record<string, unknown>)[method];
    if (typeof found !== 'function') return []; // not built yet
    return [
      { name: `${owner}.${method}`, kind, args, call: (given) => (found as Method).apply(client, given as never) },
    ];
  });

const consumerMethods = {
  seek: [place, options],
  seekToBeginning: [rows, options],
  seekToEnd: [rows, options],
  seekToTimestamp: [time, rows, options],
  seekToCommitted: [rows, options],
  seekBy: [number(-1), rows, options],
  seekToLast: [number(1), rows, options],
  position: [rows, options],
  commit: [places, options],
  committed: [rows, options],
  beginningOffsets: [rows, options],
  endOffsets: [rows, options],
  offsetsForTimes: [query, options],
  lag: [options],
};

const construct = (made: new (...args: never[]) => { close(options?: object): Promise<void> }) => (args: unknown[]) => {
  const client = new made(...(args as never[]));
  (client as unknown as Producer).on('error', () => undefined);
  closing.push(client.close({ timeoutMs: 100 }));
};
const closing: Promise<void>[] = [];

/** close() with strange options, of one that is there for it alone. */
const closes =
  (make: () => { close(options?: never): Promise<void> }): Entry['call'] =>
  async (args) => {
    const client = make();
    try {
      await client.close(...(args as []));
    } catch (error) {
      await client.close();
      throw error;
    }
  };

async function inTransaction(
  args: unknown[],
  use: (tx: Transaction, args: unknown[]) => Promise<unknown>,
): Promise<void> {
  let inner: unknown;
  await transactional
    .transaction(async (tx) => {
      await use(tx, args).catch((error: unknown) => (inner = error));
      throw new Hostile('aborts');
    })
    .catch((error: unknown) => {
      if (!(error instanceof Hostile)) throw error;
    });
  if (inner) throw inner as Error;
}

/** FUZZ_WITHOUT=subscribe leaves out what is known to fail, to see what else does. */
const without = process.env.FUZZ_WITHOUT ? new RegExp(process.env.FUZZ_WITHOUT) : /^$/;

const all: readonly Entry[] = [
  ...of(assigned, 'assigned', 'async', consumerMethods),
  ...of(assigned, 'assigned', 'async', { assign: [places], connect: [options] }),
  ...of(subscribed, 'subscribed', 'async', consumerMethods),
  ...of(subscribed, 'subscribed', 'async', { subscribe: [topics, listener], assign: [rows] }),
  ...[assigned, subscribed].flatMap((c) => of(c, 'consumer', 'sync', { pause: [rows], resume: [rows] })),
  ...of(assigned, 'assigned', 'iterator', {
    batches: [right('batch options', () => ({ maxMessages: 5 }))],
    messages: [options],
  }),
  ...of(producer, 'producer', 'async', {
    connect: [options],
    send: [message],
    flush: [options],
    transaction: [right('work', () => async () => 1)],
  }),
  ...of(producer, 'producer many', 'async', { send: [messages] }),
  ...of(transactional, 'transactional', 'async', { send: [message], initTransactions: [options] }),
  {
    name: 'tx.send',
    kind: 'async',
    args: [message],
    call: (args) => inTransaction(args, (tx, given) => tx.send(given[0] as never)),
  },
  {
    name: 'tx.sendOffsets',
    kind: 'async',
    args: [right('a consumer', () => assigned), places],
    call: (args) => inTransaction(args, (tx, given) => tx.sendOffsets(given[0] as never, given[1] as never)),
  },
  ...of(admin, 'admin', 'async', {
    createTopics: [newTopics, options],
    deleteTopics: [right('topics to delete', () => ['never-there']), options],
    connect: [options],
    listTopics: [options],
    describeTopics: [topics, options],
    createPartitions: [right('totals', () => [{ topic: 'fuzz', total: 3 }]), options],
    deleteRecords: [places, options],
    listOffsets: [right('specs', () => [{ topic: 'fuzz', partition: 0, spec: 'latest' }]), options],
    describeConfigs: [right('resources', () => [{ type: 'topic', name: 'fuzz', keys: ['retention.ms'] }]), options],
    alterConfigs: [right('changes', () => [{ type: 'topic', name: 'fuzz', append: { a: ['b'] } }]), options],
    listGroups: [right('filters', () => ({ states: ['stable'], types: ['classic'] }))],
    describeGroups: [topics, options],
    deleteGroups: [right('groups', () => ['never-there']), options],
    listGroupOffsets: [name, rows, options],
    alterGroupOffsets: [name, places, options],
    deleteGroupOffsets: [name, rows, options],
    describeCluster: [options],
    electLeaders: [rows, options],
    createAcls: [right('acls', () => [acl]), options],
    describeAcls: [right('filter', () => acl), options],
    deleteAcls: [right('filters', () => [acl]), options],
    describeScramUsers: [topics, options],
    alterScramUsers: [right('alterations', () => [{ user: 'u', mechanism: 'SCRAM-SHA-256', password: 'p' }]), options],
  }),
  ...of(playground, 'mock', 'sync', {
    createTopic: [right('a name', () => `t${Math.random()}`), number(1), number(1)],
    deleteRecords: [name, number(0), number(0)],
    setLeader: [name, number(0), number(1)],
    brokerDown: [number(1)],
    brokerUp: [number(1)],
    setRoundTripTime: [number(1), number(0)],
    pushRequestError: [number(1), number(3), number(0), number(0)],
    setGroupInitialRebalanceDelay: [number(0)],
  }),
  {
    name: 'MockCluster.start',
    kind: 'async',
    args: [right('options', () => ({ brokers: 1 }))],
    call: async (args) => void closing.push((await MockCluster.start(args[0] as never)).close()),
  },
  {
    name: 'new Consumer',
    kind: 'constructor',
    args: [config, right('{}', () => ({}))],
    call: construct(Consumer),
  },
  {
    name: 'new Producer',
    kind: 'constructor',
    args: [right('config', () => ({ ...servers })), right('{}', () => ({}))],
    call: construct(Producer),
  },
  {
    name: 'new Admin',
    kind: 'constructor',
    args: [right('config', () => ({ ...servers }))],
    call: construct(Admin),
  },
  { name: 'Producer.close', kind: 'async', args: [options], call: closes(() => new Producer(servers)) },
  {
    name: 'Consumer.close',
    kind: 'async',
    args: [options],
    call: closes(() => new Consumer({ ...servers, 'group.id': 'c' })),
  },
  { name: 'Admin.close', kind: 'async', args: [options], call: closes(() => new Admin(servers)) },
];

const entries = all.filter((entry) => !without.test(entry.name));

/** What getters do in the middle of a call. */
const reenters = [
  () => void producer.send({ topic: 'fuzz', value: 'inner' }).catch(() => undefined),
  () => void assigned.seekToBeginning(undefined, { timeoutMs: 500 }).catch(() => undefined),
  () => void assigned.position().catch(() => undefined),
  () => assigned.pause(),
  () => assigned.resume(),
];
let reentered = 0;
const reenter = () => {
  try {
    reenters[reentered++ % reenters.length]!();
  } catch (error) {
    if (!(error instanceof KafkaError)) complain(`a call within a getter threw ${shown(error)}`);
  }
};

interface Case {
  readonly entry: Entry;
  readonly args: readonly Recipe[];
}
const cases: fc.Arbitrary<Case> = fc
  .constantFrom(...entries)
  .chain((entry) => fc.tuple(...entry.args.map(nearly)).map((args) => ({ entry, args })));

const pending = new Map<Promise<unknown>, string>();
let calls = 0;

async function run({ entry, args }: Case): Promise<void> {
  const text = `${entry.name}(${args.map((one) => one.text).join(', ')})`;
  recent.push(text);
  if (recent.length > 20) recent.shift();
  calls++;
  if (process.env.FUZZ_VERBOSE) console.log(text);
  const given = args.map((one) => one.make(reenter));
  let result: unknown;
  try {
    result = entry.call(given);
  } catch (error) {
    if (entry.kind === 'async') complain(`${entry.name} threw instead of rejecting: ${shown(error)}`, text);
    else judge(entry, error, text);
    return;
  }
  if (entry.kind === 'iterator') {
    const iterator = result as AsyncIterableIterator<unknown>;
    result = (async () => {
      const step = iterator.next();
      step.catch(() => undefined);
      await Promise.race([step, sleep(20)]);
      await iterator.return?.();
      await step;
    })();
  } else if (entry.kind !== 'async') return;
  if (!(result instanceof Promise)) return complain(`${entry.name} gave back no Promise`, text);
  const settled = result.then(
    () => undefined,
    (error: unknown) => judge(entry, error, text),
  );
  pending.set(settled, text);
  void settled.finally(() => pending.delete(settled));
  // Some wait for the next call, so that several are on their way.
  if (calls % 4 === 0) await Promise.race([settled, sleep(15)]);
}

/** The same clients still work. */
async function sane(): Promise<void> {
  const topic = `sane-${calls}-${Math.random().toString(36).slice(2)}`;
  cluster.createTopic(topic, 1);
  const within = <T>(promise: Promise<T>, what: string) =>
    Promise.race([
      promise,
      sleep(20_000).then(() => {
        throw new Error(`afterwards, within 20 s: ${what}`);
      }),
    ]);
  const sent = await within(producer.send([0, 1, 2, 3].map((i) => ({ topic, value: `${i}` }))), 'send');
  if (sent.map(({ offset }) => offset).join() !== '0,1,2,3')
    throw new Error(`afterwards: sent to ${JSON.stringify(sent)}`);
  const read = async (consumer: Consumer): Promise<void> => {
    const seen: string[] = [];
    try {
      for await (const one of consumer) {
        if (one.topic !== topic) continue;
        seen.push(`${one.offset}:${String(one.value)}`);
        if (seen.length === 4) break;
      }
    } catch (error) {
      if (!(error instanceof Hostile) && !ofTheValue.test((error as Error).message)) throw error;
      return await read(consumer); // what a listener has thrown ends a loop, the next one is to work
    }
    if (seen.join() !== '0:0,1:1,2:2,3:3') throw new Error(`afterwards: read ${seen.join()}`);
  };
  // There may be one loop at a time.
  const loops = [...pending].flatMap(([settled, text]) =>
    /^assigned\.(batches|messages)/.test(text) ? [settled] : [],
  );
  await within(Promise.all(loops), 'the end of all loops');
  await within(assigned.unsubscribe(), 'unsubscribe');
  await within(assigned.assign([{ topic, partition: 0, offset: 0 }]), 'assign');
  assigned.resume();
  await within(read(assigned), 'reading by assign');
  await within(assigned.seekToBeginning(), 'seek');
  await within(read(assigned), 'reading after a seek');
  await within(assigned.commit([{ topic, partition: 0, offset: 3 }]), 'commit');
  const [row] = await within(assigned.committed([{ topic, partition: 0 }]), 'committed');
  if (row!.offset !== 3) throw new Error(`afterwards: ${row!.offset} is committed`);
  await within(subscribed.unsubscribe(), 'unsubscribe');
  await within(subscribed.subscribe(topic), 'subscribe');
  await within(read(subscribed), 'reading by subscribe');
  if (!(await within(admin.listTopics(), 'listTopics')).includes(topic))
    throw new Error('afterwards: a topic is not listed');
}

console.log(`FUZZ_SEED=${seed}`);
const end = performance.now() + seconds * 1000;
const stream = fc.sample(fc.infiniteStream(cases), { numRuns: 1, seed })[0]!;
for (const one of stream) {
  if (performance.now() > end || wrong.size > 40) break;
  await run(one);
  if (calls % 25 === 0) await sleep(0);
}
try {
  await sane();
} catch (error) {
  complain(shown(error), (error as Error).stack);
}
const clients = [producer, transactional, assigned, subscribed, admin] as { close(options?: object): Promise<void> }[];
await Promise.race([
  Promise.all([...clients.map((client) => client.close({ timeoutMs: 2000 }).catch(() => client.close())), ...closing]),
  sleep(20_000).then(() => complain('close() did not end')),
]);
await Promise.race([Promise.all(pending.keys()), sleep(5000)]);
for (const text of pending.values()) complain('a promise is not settled after close()', text);
console.log(`${calls} calls`);
for (const [what, detail] of wrong) console.log(`WRONG ${what}\n  ${detail}`);
await Promise.race([Promise.all([cluster.close(), playground.close()]), sleep(3000)]);
process.exit(wrong.size ? 1 : 0);
