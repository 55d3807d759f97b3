import { expect } from 'chai';
import fc from 'fast-check';
import { Consumer, type Message, Producer, type TopicPartitionOffset } from 'seekafka';
import { byChance } from '../helpers/by-chance.js';
import { type Cluster, describeOnBoth } from '../helpers/clusters.js';
import { LogModel } from '../helpers/log-model.js';
import type { Transactions } from '../helpers/transactions.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// S20 by chance: logs of plain, committed and aborted messages with moved starts (on a real Kafka; the mock cluster has plain
// ones), and reads with an end over them, one after the other: to the end or to offsets, by message, by batch and by batches
// that wait; some produce meanwhile, seek from inside, are left, or are ended by a signal. A model knows what each has to
// deliver, and that nothing may be missing when the next one begins.
// CHANCE_RUNS=500 CHANCE_SEED=1 plays another number of histories, and the same again.

const PARTITIONS = 3;
const partition = fc.nat(PARTITIONS - 1);

const stretch = fc.record({
  kind: fc.constantFrom('plain', 'plain', 'committed', 'aborted'),
  partitions: fc.uniqueArray(partition, { minLength: 1 }),
  count: fc.integer({ min: 1, max: 30 }),
});

const reading = fc.record({
  until: fc.oneof(
    fc.constant('end' as const),
    fc.uniqueArray(fc.tuple(partition, fc.nat(1100)), { selector: ([p]) => p }),
  ),
  how: fc.oneof(
    fc.constant('message' as const),
    fc.record({
      maxMessages: fc.constantFrom(undefined, 7, 50),
      minMessages: fc.constantFrom(undefined, 2, 7),
      maxWaitMs: fc.constantFrom(undefined, 0, 20),
    }),
  ),
  /** What is done at the n-th message. */
  at: fc.nat(40),
  then: fc.oneof(
    { arbitrary: fc.constant({ kind: 'nothing' as const }), weight: 2 },
    {
      arbitrary: fc.record({ kind: fc.constant('produce' as const), count: fc.integer({ min: 1, max: 30 }) }),
      weight: 2,
    },
    { arbitrary: fc.record({ kind: fc.constant('seek' as const), partition, permille: fc.nat(1000) }), weight: 3 },
    { arbitrary: fc.record({ kind: fc.constantFrom('leave', 'abort') }), weight: 2 },
  ),
});
type Reading = typeof reading extends fc.Arbitrary<infer T> ? T : never;

const history = fc.record({
  log: fc.array(stretch, { minLength: 1, maxLength: 6 }),
  deleted: fc.array(fc.tuple(partition, fc.nat(1000)), { maxLength: 2 }),
  readings: fc.array(reading, { minLength: 2, maxLength: 8 }),
});

class World implements AsyncDisposable {
  readonly logs = Array.from({ length: PARTITIONS }, () => new LogModel());
  readonly positions = new Array<number>(PARTITIONS).fill(0);
  readonly consumer: Consumer;
  readonly #producer: Producer;

  constructor(
    readonly cluster: Cluster,
    readonly topic: string,
    readonly transactions: Transactions | null,
  ) {
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    this.#producer = new Producer({ ...servers, 'linger.ms': 0 });
    // A start that has moved is at the beginning; what else is outside of the log would show.
    this.consumer = new Consumer({ ...servers, 'group.id': uniqueGroup(), 'auto.offset.reset': 'earliest' });
  }

  #rows(state: 'plain' | 'open', partitions: readonly number[], count: number) {
    return partitions.flatMap((one) =>
      this.logs[one]!.append(state, count).map((offset) => ({
        topic: this.topic,
        partition: one,
        value: `${one}:${offset}`,
      })),
    );
  }

  async write({
    kind,
    partitions,
    count,
  }: {
    kind: string;
    partitions: readonly number[];
    count: number;
  }): Promise<void> {
    if (kind === 'plain' || !this.transactions) {
      await this.#producer.send(this.#rows('plain', partitions, count));
      return;
    }
    const rows = this.#rows('open', partitions, Math.min(count, 5));
    if (kind === 'committed') await this.transactions.committed(rows);
    else await this.transactions.aborted(rows);
    for (const one of partitions) this.logs[one]!.end(kind === 'committed' ? 'committed' : 'aborted');
  }

  at(one: number, offset: number): TopicPartitionOffset {
    return { topic: this.topic, partition: one, offset };
  }

  async read({ until, how, at, then }: Reading): Promise<void> {
    // Not beyond the end: it would wait for more.
    const ends = this.logs.map((log, one) => {
      if (until === 'end') return log.stableEnd;
      const row = until.find(([p]) => p === one);
      return row ? log.within(log.at(Math.min(row[1], 1000))) : 0;
    });
    const options = {
      until: until === 'end' ? until : until.map(([p]) => this.at(p, ends[p]!)),
      signal: undefined as AbortSignal | undefined,
    };
    const shutdown = new AbortController();
    if (then.kind === 'abort') options.signal = shutdown.signal;
    let count = 0;
    const see = async ({ partition: p, offset, value }: Message) => {
      expect(String(value)).to.equal(`${p}:${offset}`);
      const [next] = this.logs[p]!.visibleFrom(this.positions[p]!);
      expect(offset, `next offset of partition ${p}`).to.equal(next);
      expect(offset, `partition ${p} is read up to ${ends[p]}`).to.be.lessThan(ends[p]!);
      this.positions[p] = offset + 1;
      if (count++ !== at) return;
      if (then.kind === 'produce') await this.write({ kind: 'plain', partitions: [0, 1, 2], count: then.count });
      if (then.kind === 'abort') shutdown.abort();
      if (then.kind !== 'seek') return;
      const to = this.logs[then.partition]!.at(then.permille);
      await this.consumer.seek(this.at(then.partition, to));
      this.positions[then.partition] = to;
    };
    const leaves = () => then.kind === 'leave' && count > at;
    const read = how === 'message' ? this.consumer.messages(options) : this.consumer.batches({ ...how, ...options });
    let remaining = Infinity;
    const loop = async () => {
      for await (const step of read) {
        if (then.kind !== 'seek') expect(read.remaining).to.be.at.most(remaining);
        remaining = read.remaining;
        if ('offset' in step) await see(step);
        else for (const message of step) await see(message);
        if (leaves()) return;
      }
    };
    await inTime(loop(), () => `the end of a read at ${this.positions.join()} of ${ends.join()}: ${read.remaining}`);
    const isCut = leaves() || shutdown.signal.aborted;
    const told = await this.consumer.position([0, 1, 2].map((p) => ({ topic: this.topic, partition: p })));
    if (!isCut) expect(read.remaining, 'remaining at the end').to.equal(0);
    for (const { partition: p, offset } of told) {
      const end = ends[p]!;
      if (!isCut) expect(offset, `position of ${p}`).to.be.at.least(end);
      // Whatever it has stepped over is nothing that could be read.
      const passed = this.logs[p]!.visibleFrom(this.positions[p]!).filter((visible) => visible < offset);
      expect(passed, `passed over in partition ${p}`).to.deep.equal([]);
      this.positions[p] = offset;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.consumer.close(), this.#producer.close()]);
  }
}

const totals = { histories: 0, reads: 0 };

async function play(
  cluster: Cluster,
  transactions: Transactions | null,
  { log, deleted, readings }: typeof history extends fc.Arbitrary<infer T> ? T : never,
): Promise<void> {
  await using world = new World(cluster, await cluster.createTopic(PARTITIONS), transactions);
  for (const one of log) await world.write(one);
  for (const [p, permille] of deleted) {
    const model = world.logs[p]!;
    const offset = model.at(permille);
    if (offset <= model.start) continue;
    model.start = offset;
    await cluster.deleteRecordsBefore(world.topic, p, offset);
  }
  // Where the start has moved, from an offset that is not there any more.
  await world.consumer.assign(world.logs.map((_, p) => world.at(p, 0)));
  for (const one of readings) {
    await world.read(one);
    totals.reads++;
  }
  await world.write({ kind: 'plain', partitions: [0, 1, 2], count: 1 });
  await world.read({ until: 'end', how: 'message', at: 0, then: { kind: 'nothing' } });
  totals.histories++;
}

describeOnBoth('reads with an end, by chance', (cluster) => {
  it('S20 deliver what lies before their end, no more and no less, and leave the rest to the next', async function () {
    Object.assign(totals, { histories: 0, reads: 0 });
    const summary = () => `${totals.histories} histories of ${totals.reads} reads`;
    await byChance(this, cluster(), { mock: 25, kafka: 10 }, history, play, summary);
  });
});
