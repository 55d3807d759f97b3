// What a driver offers, one file a client (drivers/*.mjs; drivers/aiokafka.py and limits/librdkafka.c do the same work).
// A driver implements what its client can do, each by the way that its documentation calls the fastest. What it does
// not export it is not measured in. Nothing here measures time except where a tally says so: tasks/*.mjs do.

/** What is not named in it is the client's default. Printed with the results. */
export type Settings = Readonly<Record<string, unknown>>;

export interface Driver {
  client: string;
  version: string;
  /** By the name of the function that they are for. */
  settings: Readonly<Record<string, Settings>>;
  /** By batches or arrays, where the client has such a way, else message by message. */
  consumeBatches?(job: ConsumeJob): Promise<Tally>;
  /** One message after the other. */
  consumeMessages?(job: ConsumeJob): Promise<Tally>;
  /** By handlers, so many at once as the name says: one for each partition at most. */
  process1?(job: ConsumeJob): Promise<Tally>;
  process64?(job: ConsumeJob): Promise<Tally>;
  eachMessage1?(job: ConsumeJob): Promise<Tally>;
  eachMessage64?(job: ConsumeJob): Promise<Tally>;
  /** A producer with acks=all, ready to send: connected. `job.lingerMs` is honoured where the client has such a thing; left out: its default. */
  producer?(job: ProducerJob): Promise<BenchProducer>;
  /** A consumer in a new group that stands at the log end of all partitions, or goes there. */
  tail?(job: TailJob, onMessage: (value: Buffer) => void): Promise<Tail>;
}

export interface ConsumeJob {
  /** host:port */
  servers: string;
  topic: string;
  /** A new one for each trial. To be read from the beginning. */
  group: string;
  /** How many messages to take. */
  total: number;
  /** So long each message is waited for, by setTimeout; left out: not at all. Not in batches. */
  waitMs?: number;
}

export interface Tally {
  count: number;
  /** Of readUInt32LE(0) of every value. */
  sum: number;
  /** performance.now() when the first message is in the application's hands, and after the last. */
  firstAt: number;
  lastAt: number;
}

export interface ProducerJob {
  servers: string;
  topic: string;
  lingerMs?: number;
}

export interface BenchProducer {
  /** Hands over an array of messages in one call; resolves when all are acknowledged. */
  sendArray(values: readonly Buffer[]): Promise<unknown>;
  /** Hands over one message; resolves when it is acknowledged. */
  sendOne(value: Buffer): Promise<unknown>;
  close(): Promise<void>;
}

export interface TailJob {
  servers: string;
  topic: string;
  group: string;
  /** How many partitions the topic has. */
  partitions: number;
}

export interface Tail {
  /** Sends all partitions to their beginning. Missing where the client has no seek. May be awaited by the client's way. */
  toBeginning?(): unknown;
  close(): Promise<void>;
}
