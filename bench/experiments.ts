// What is measured, on which topic, who takes part, and what we aim for. run.ts carries it out, report.ts tells it.

import { nodePeers, titleOf } from './clients.js';

export type Task = 'consume' | 'produce' | 'latency' | 'seek' | 'busy-seek' | 'footprint' | 'start' | 'steady';

/** What a trial said: numbers by name. Which ones there are is in tasks/*.mjs. */
export type Result = Record<string, number>;

export interface Topic {
  partitions: number;
  messages: number;
  bytes: number;
  compression?: 'lz4' | 'zstd';
}

export interface Column {
  title: string;
  of: (result: Result, topic: Topic) => number;
  digits?: number;
}

/** A client of clients.ts, and the way in which it does the task where there is more than one. */
export interface Entry {
  client: string;
  way?: string;
  /** Shown beside the client's name. */
  note?: string;
  /** The checkout whose driver and package are measured, where that is not this one. */
  base?: string;
}

export interface Target {
  text: string;
  ours: string;
  /** 'best Node peer', 'best peer', or an entry. */
  against: string;
  column: string;
  /** Which quotient of ours by theirs is reached, in the better direction. */
  reach: number;
}

/** An absolute bound on one of our figures. */
export interface Bound {
  text: string;
  ours: string;
  column: string;
  atMost: number;
}

export interface Experiment {
  name: string;
  title: string;
  /** What it means and what is equal for all, for the page. */
  text: string;
  task: Task;
  topic: Topic;
  job?: Record<string, unknown>;
  /** Ones that do not count are not among them: one warms up where `warmUp`. */
  rounds: number;
  warmUp: boolean;
  entries: readonly Entry[];
  columns: readonly Column[];
  /** In which direction the first column is better; the chart shows it. */
  better: 'more' | 'less';
  targets: readonly (Target | Bound)[];
}

const rate: Column = { title: 'messages/s', of: ({ count, readMs }) => count! / (readMs! / 1000) };
const peak: Column = { title: 'peak memory MB', of: ({ peakMb }) => peakMb! };
const cpu: Column = { title: 'CPU s a million', of: ({ cpuMs, count }) => (cpuMs! * 1000) / count!, digits: 2 };
const consumeColumns: Column[] = [
  rate,
  cpu,
  peak,
  { title: 'to the first message ms', of: ({ firstMs }) => firstMs! },
  { title: 'to the last message ms', of: ({ firstMs, readMs }) => firstMs! + readMs! },
];

const batches: Entry = { client: 'seekafka', way: 'consumeBatches', note: 'batches()' };
const messages: Entry = { client: 'seekafka', way: 'consumeMessages', note: 'for await' };
const peers: Entry[] = nodePeers.map((client) => ({ client }));
const limits: Entry[] = [{ client: 'librdkafka' }, { client: 'aiokafka' }];
const consumers: Entry[] = [batches, messages, ...peers.map((peer) => ({ ...peer, way: 'consumeBatches' })), ...limits];

/** Some clients decode all of a fetch before they give its first message; by the time to the last one all are equal. */
const ahead = (ours: string): Target => ({
  text: 'ahead of every Node peer, to the last message',
  ours,
  against: 'best Node peer',
  column: 'to the last message ms',
  reach: 1,
});

function consume(name: string, title: string, topic: Topic, targets: Target[]): Experiment {
  return {
    name,
    title,
    text:
      'A new group reads the topic from its beginning. From the first message in the hands of the application to the ' +
      "last; each value's number is read and added up.",
    task: 'consume',
    topic,
    rounds: 3,
    warmUp: true,
    entries: consumers,
    columns: consumeColumns,
    better: 'more',
    targets,
  };
}

/** 64 partitions, because kafkajs handles one message of each partition at a time. */
function handle(name: string, title: string, count: number, waitMs: number | undefined, targets: Target[]): Experiment {
  return {
    name,
    title,
    text:
      'A new group reads 64 partitions from their beginning; a handler is called for each message, one at a time or in 64 lanes, ' +
      'one for each partition (kafkajs: partitionsConsumedConcurrently). Commits are by default, after the handler.',
    task: 'consume',
    topic: { partitions: 64, messages: count, bytes: 100 },
    ...(waitMs && { job: { waitMs } }),
    rounds: 3,
    warmUp: true,
    entries: [
      messages,
      { client: 'seekafka', way: 'process1', note: 'process(), 1' },
      { client: 'seekafka', way: 'process64', note: 'process(), 64' },
      { client: 'kafkajs', way: 'eachMessage1', note: 'eachMessage, 1' },
      { client: 'kafkajs', way: 'eachMessage64', note: 'eachMessage, 64' },
    ],
    columns: [rate, cpu, peak],
    better: 'more',
    targets,
  };
}

const small: Topic = { partitions: 4, messages: 1_000_000, bytes: 100 };

const produceColumns: Column[] = [
  { title: 'messages/s', of: ({ sendMs }, { messages }) => messages / (sendMs! / 1000) },
  { title: 'CPU s a million', of: ({ cpuMs }, { messages }) => (cpuMs! * 1000) / messages, digits: 2 },
  peak,
];

const milliseconds = (title: string, key: string): Column => ({ title, of: (result) => result[key]!, digits: 2 });
const latencyColumns = [milliseconds('p50 ms', 'p50'), milliseconds('p99 ms', 'p99'), milliseconds('max ms', 'max')];

export const experiments: readonly Experiment[] = [
  consume('consume-100B', 'Consume 100-byte messages', small, [
    {
      text: 'batches() >= 3 x the fastest Node peer',
      ours: 'seekafka batches()',
      against: 'best Node peer',
      column: 'messages/s',
      reach: 3,
    },
    {
      text: "batches() >= 0.8 x librdkafka's batch consumer in C",
      ours: 'seekafka batches()',
      against: 'librdkafka',
      column: 'messages/s',
      reach: 0.8,
    },
    {
      text: 'for await >= 1.5 x the fastest Node peer',
      ours: 'seekafka for await',
      against: 'best Node peer',
      column: 'messages/s',
      reach: 1.5,
    },
    {
      text: "peak memory <= kafkajs's",
      ours: 'seekafka batches()',
      against: 'kafkajs',
      column: 'peak memory MB',
      reach: 1,
    },
  ]),
  consume('consume-1KB', 'Consume 1 KB messages', { partitions: 4, messages: 300_000, bytes: 1024 }, [
    ahead('seekafka batches()'),
  ]),
  consume('consume-10KB', 'Consume 10 KB messages', { partitions: 4, messages: 40_000, bytes: 10_240 }, [
    ahead('seekafka batches()'),
  ]),
  consume('consume-lz4', 'Consume from an lz4 topic', { ...small, compression: 'lz4' }, [ahead('seekafka batches()')]),
  consume('consume-zstd', 'Consume from a zstd topic', { ...small, compression: 'zstd' }, [
    ahead('seekafka batches()'),
  ]),
  consume('consume-100-partitions', 'Consume from 100 partitions', { ...small, partitions: 100 }, [
    ahead('seekafka batches()'),
  ]),
  handle('process-nothing', 'Handlers that do nothing', 200_000, undefined, [
    {
      text: 'process(), one lane >= 0.8 x for await',
      ours: 'seekafka process(), 1',
      against: 'seekafka for await',
      column: 'messages/s',
      reach: 0.8,
    },
    {
      text: "process(), 64 lanes, ahead of kafkajs' 64 partitions at once",
      ours: 'seekafka process(), 64',
      against: 'kafkajs eachMessage, 64',
      column: 'messages/s',
      reach: 1,
    },
  ]),
  handle('process-1ms', 'Handlers that wait for a millisecond', 6400, 1, [
    {
      text: "process(), 64 lanes, ahead of kafkajs' 64 partitions at once",
      ours: 'seekafka process(), 64',
      against: 'kafkajs eachMessage, 64',
      column: 'messages/s',
      reach: 1,
    },
  ]),
  {
    name: 'produce-arrays',
    title: 'Produce arrays of messages',
    text: '100-byte messages, acks=all, arrays of 1,000, 8 of them in flight, each awaited, linger 1 ms where there is such a thing.',
    task: 'produce',
    topic: small,
    job: { way: 'sendArray', perCall: 1000, inFlight: 8, lingerMs: 1 },
    rounds: 5, // short ones, between which these machines differ twofold
    warmUp: true,
    entries: [
      { client: 'seekafka' },
      ...peers,
      { client: 'rdkafka_performance' },
      { client: 'rdkafka_performance', way: '8000', note: '8,000 in flight' },
    ],
    columns: produceColumns,
    better: 'more',
    targets: [
      {
        text: '>= 3 x the fastest Node peer',
        ours: 'seekafka',
        against: 'best Node peer',
        column: 'messages/s',
        reach: 3,
      },
      {
        text: '>= 0.7 x rdkafka_performance with as many in flight',
        ours: 'seekafka',
        against: 'rdkafka_performance 8,000 in flight',
        column: 'messages/s',
        reach: 0.7,
      },
      {
        text: '>= 0.7 x rdkafka_performance as it comes, 100,000 in flight',
        ours: 'seekafka',
        against: 'rdkafka_performance',
        column: 'messages/s',
        reach: 0.7,
      },
    ],
  },
  {
    name: 'produce-singles',
    title: 'Produce by single calls',
    text: '100-byte messages, acks=all, one a call, 10,000 in flight, each awaited, linger 1 ms where there is such a thing.',
    task: 'produce',
    topic: { ...small, messages: 200_000 },
    job: { way: 'sendOne', perCall: 1, inFlight: 10_000, lingerMs: 1 },
    rounds: 3,
    warmUp: true,
    entries: [{ client: 'seekafka' }, ...peers],
    columns: produceColumns,
    better: 'more',
    targets: [
      {
        text: '>= 1.5 x the fastest Node peer',
        ours: 'seekafka',
        against: 'best Node peer',
        column: 'messages/s',
        reach: 1.5,
      },
    ],
  },
  {
    name: 'send-defaults',
    title: 'One awaited send after the other, at defaults',
    text: '100-byte messages, acks=all, one a call, the next one when it is acknowledged; nothing else is set, linger neither.',
    task: 'produce',
    topic: { ...small, partitions: 1, messages: 5000 },
    job: { way: 'sendOne', perCall: 1, inFlight: 1 },
    rounds: 3,
    warmUp: true,
    entries: [{ client: 'seekafka' }, ...peers],
    columns: [{ title: 'ms a send', of: ({ sendMs }, { messages: sent }) => sendMs! / sent, digits: 3 }],
    better: 'less',
    targets: [
      {
        text: 'no slower than the best Node peer',
        ours: 'seekafka',
        against: 'best Node peer',
        column: 'ms a send',
        reach: 1,
      },
    ],
  },
  {
    name: 'produce-arrays-defaults',
    title: 'Produce arrays of messages, at defaults',
    text: '100-byte messages, acks=all, arrays of 1,000, 8 of them in flight, each awaited; nothing else is set, linger neither.',
    task: 'produce',
    topic: small,
    job: { way: 'sendArray', perCall: 1000, inFlight: 8 },
    rounds: 5,
    warmUp: true,
    entries: [{ client: 'seekafka' }, ...peers],
    columns: produceColumns,
    better: 'more',
    targets: [
      {
        text: '>= 3 x the fastest Node peer',
        ours: 'seekafka',
        against: 'best Node peer',
        column: 'messages/s',
        reach: 3,
      },
    ],
  },
  {
    name: 'latency',
    title: 'One message at a time, produce to consume',
    text:
      '1,000 messages of 100 bytes a second for 10 s, after 5 s that do not count, acks=all, linger 0, producer and ' +
      'consumer in one process. node-rdkafka looks for acknowledgements every 5 ms, seekafka is woken by each.',
    task: 'latency',
    topic: { partitions: 1, messages: 0, bytes: 100 },
    job: { rate: 1000, seconds: 10, warmUpSeconds: 5 },
    rounds: 3,
    warmUp: false,
    entries: [{ client: 'seekafka' }, ...peers, ...limits],
    columns: [...latencyColumns, milliseconds('acknowledged p50 ms', 'acknowledgedP50')],
    better: 'less',
    targets: ['p50 ms', 'p99 ms'].map((column) => ({
      text: `${column.slice(0, 3)} no worse than the best peer, any language`,
      ours: 'seekafka',
      against: 'best peer',
      column,
      reach: 1,
    })),
  },
  {
    name: 'seek-idle',
    title: 'Seek of an idle consumer',
    text:
      'A consumer idles at the log end, for up to a second, and is sent to the beginning: from the call to the first ' +
      'message in hand. Default settings.',
    task: 'seek',
    topic: { partitions: 1, messages: 1000, bytes: 100 },
    job: { times: 20 },
    rounds: 1,
    warmUp: false,
    // @platformatic/kafka has no seek.
    entries: [{ client: 'seekafka' }, ...peers.filter(({ client }) => client !== 'platformatic'), ...limits],
    columns: latencyColumns,
    better: 'less',
    targets: ['p50 ms', 'p99 ms'].flatMap((column) => [
      {
        text: `${column.slice(0, 3)} <= 1/5 of the best Node peer's`,
        ours: 'seekafka',
        against: 'best Node peer',
        column,
        reach: 5,
      },
      {
        text: `${column.slice(0, 3)} <= 1/2 of librdkafka's own at its defaults`,
        ours: 'seekafka',
        against: 'librdkafka',
        column,
        reach: 2,
      },
    ]),
  },
  {
    name: 'seek-busy',
    title: 'Awaited seek at full speed',
    text:
      'A consumer reads at full speed; 300 times, at random moments, seekToBeginning() is awaited. Only seekafka has a ' +
      'seek that can be awaited.',
    task: 'busy-seek',
    topic: small,
    job: { times: 300 },
    rounds: 1,
    warmUp: false,
    entries: [{ client: 'seekafka' }],
    columns: [
      milliseconds('promise p50 ms', 'p50'),
      milliseconds('promise p99 ms', 'p99'),
      milliseconds('first message p50 ms', 'arrivedP50'),
      milliseconds('first message p99 ms', 'arrivedP99'),
      milliseconds("event loop's delay p99 ms", 'loopP99'),
      milliseconds("event loop's delay max ms", 'loopMax'),
      { title: 'messages/s meanwhile', of: ({ rate }) => rate! },
    ],
    better: 'less',
    targets: [
      { text: 'p99 of the awaited seek <= 20 ms', ours: 'seekafka', column: 'promise p99 ms', atMost: 20 },
      { text: "the event loop's delay p99 < 10 ms", ours: 'seekafka', column: "event loop's delay p99 ms", atMost: 10 },
    ],
  },
  ...[
    { consumers: 1, partitions: 4 },
    { consumers: 5, partitions: 4 },
    { consumers: 20, partitions: 4 },
    { consumers: 1, partitions: 1 },
    { consumers: 1, partitions: 100 },
    { consumers: 1, partitions: 1000 },
  ].map(({ consumers, partitions }): Experiment => ({
    name: `footprint-${consumers}-consumers-${partitions}-partitions`,
    title: `Footprint: ${consumers} consumer${consumers > 1 ? 's' : ''}, ${partitions} partition${partitions > 1 ? 's' : ''}`,
    text: 'Resident memory and threads of a process, and what it uses of a processor while it idles. Busy: all read 100,000 messages.',
    task: 'footprint',
    topic: { partitions, messages: 100_000, bytes: 100 },
    job: { consumers },
    rounds: 1,
    warmUp: false,
    entries: [{ client: 'seekafka' }, { client: 'confluent' }],
    columns: [
      { title: 'busy MB', of: ({ busyMb }) => busyMb! },
      { title: 'idle MB', of: ({ idleMb }) => idleMb! },
      { title: 'client loaded MB', of: ({ bareMb }) => bareMb! },
      { title: 'threads added', of: ({ threads }) => threads! },
      { title: 'idle CPU %', of: ({ idleCpu }) => idleCpu! * 100, digits: 1 },
    ],
    better: 'less',
    targets: ['busy MB', 'idle MB', 'threads added'].map((column) => ({
      text: `${column} no worse than the Confluent package`,
      ours: 'seekafka',
      against: 'confluent',
      column,
      reach: 1,
    })),
  })),
  {
    name: 'start',
    title: 'Start-up',
    text: 'From the import of the client to the first message of a new group, in a new process.',
    task: 'start',
    topic: { partitions: 1, messages: 1000, bytes: 100 },
    rounds: 3,
    warmUp: true,
    entries: [{ client: 'seekafka' }, ...peers],
    columns: [milliseconds('import to first message ms', 'firstMs'), milliseconds('import ms', 'importMs')],
    better: 'less',
    targets: [
      {
        text: 'no worse than the best peer',
        ours: 'seekafka',
        against: 'best Node peer',
        column: 'import to first message ms',
        reach: 1,
      },
    ],
  },
  {
    name: 'steady',
    title: 'Ten minutes at full speed',
    text: 'One consumer reads a million messages again and again; its memory meanwhile.',
    task: 'steady',
    topic: small,
    job: { minutes: 10 },
    rounds: 1,
    warmUp: false,
    entries: [{ client: 'seekafka' }],
    columns: [
      { title: 'resident MB at the end', of: ({ lastMb }) => lastMb! },
      ...[1, 2, 4, 6, 8].map((minute) => ({
        title: `after ${minute} min`,
        of: (result: Result) => result[`after${minute}Mb`]!,
      })),
      { title: 'largest', of: ({ peakMb }) => peakMb! },
      { title: 'heap MB at the end', of: ({ lastHeapMb }) => lastHeapMb! },
      { title: 'messages', of: ({ count }) => count! },
    ],
    better: 'less',
    targets: [],
  },
];

/** The same experiment with seekafka of another checkout beside, and a target for each pair: it got no slower. */
export function withBase(experiment: Experiment, base: string): Experiment {
  const column = experiment.columns[0]!.title;
  const targets: Target[] = [];
  const entries = experiment.entries.flatMap((entry) => {
    if (entry.client !== 'seekafka') return [entry];
    const before = { ...entry, base, note: `${entry.note ?? ''} before`.trim() };
    const [ours, against] = [titleOf(entry), titleOf(before)];
    targets.push({ text: `${ours}: no slower than before`, ours, against, column, reach: 0.95 });
    return [entry, before];
  });
  return { ...experiment, entries, targets };
}
