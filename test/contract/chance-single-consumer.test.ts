import fc from 'fast-check';
import type { SeekOptions, TopicPartition } from 'seekafka';
import { byChance } from '../helpers/by-chance.js';
import { type Cluster, describeOnBoth } from '../helpers/clusters.js';
import { LogModel } from '../helpers/log-model.js';
import { type Bounds, SingleWorld } from '../helpers/single-world.js';
import type { Transactions } from '../helpers/transactions.js';

// Random histories of one consumer against the model of its positions (helpers/single-world.ts). On a real Kafka messages
// are also produced in transactions, which commit, abort and stay open, and sought by their times.
// CHANCE_RUNS=500 CHANCE_SEED=1 plays another number of histories, and the same again.

const PARTITIONS = 3;

interface Step {
  readonly name: string;
  readonly run: (world: SingleWorld) => void | Promise<void>;
}
/** What a failure prints: the names, and not the functions. */
const told = (steps: Step[]) =>
  Object.assign(steps, { [fc.toStringMethod]: () => steps.map(({ name }) => name).join(' | ') });

const partition = fc.nat(PARTITIONS - 1);
const some = fc.uniqueArray(partition, { minLength: 1 });
const kinds = ['beginning', 'end', 'offset', 'committed', 'timestamp', 'by', 'last'] as const;
const manners = ['awaited', 'not awaited', 'withdrawn'] as const;

/** What is called, and what it may resolve with: the log grows until it does. */
function sought(
  world: SingleWorld,
  kind: (typeof kinds)[number],
  chosen: readonly number[],
  named: readonly TopicPartition[] | undefined,
  permille: number,
  options: SeekOptions,
): [call: () => Promise<(TopicPartition & { offset: number })[]>, bounds: Bounds] {
  const { consumer, model, topic } = world;
  const logs = model.map(({ log }) => log);
  switch (kind) {
    case 'beginning': {
      const from = logs.map(({ start }) => start);
      return [() => consumer.seekToBeginning(named, options), (p) => [from[p]!, logs[p]!.start]];
    }
    case 'end': {
      const from = logs.map(({ stableEnd }) => stableEnd);
      return [() => consumer.seekToEnd(named, options), (p) => [from[p]!, logs[p]!.stableEnd]];
    }
    case 'committed':
      return [() => consumer.seekToCommitted(named, options), (p) => [model[p]!.committed, model[p]!.committed]];
    case 'by': {
      const delta = Math.round((permille - 500) / 10);
      const from = model.map(({ position, log }) => log.within(position + delta));
      const to = model.map(({ position }) => position + delta);
      return [() => consumer.seekBy(delta, named, options), (p) => [from[p]!, logs[p]!.within(to[p]!)]];
    }
    case 'last': {
      const count = Math.floor(permille / 10);
      const from = logs.map((log) => log.within(log.stableEnd - count));
      return [
        () => consumer.seekToLast(count, named, options),
        (p) => [from[p]!, logs[p]!.within(logs[p]!.stableEnd - count)],
      ];
    }
    case 'timestamp': {
      // Between two messages: the later one is meant.
      const n = logs[chosen[0]!]!.at(permille);
      const ends = logs.map(({ stableEnd }) => stableEnd);
      return [
        () => consumer.seekToTimestamp(LogModel.timeOf(n) - 3, named, options),
        (p) => (n < ends[p]! ? logs[p]!.since(n) : [Math.min(logs[p]!.since(n)[0], ends[p]!), Math.max(n, ends[p]!)]),
      ];
    }
    case 'offset': {
      const to = chosen.map((one) => ({ topic, partition: one, offset: logs[one]!.at(permille) }));
      const offsetOf = (p: number) => to.find((row) => row.partition === p)!.offset;
      return [() => consumer.seek(to, options), (p) => [offsetOf(p), offsetOf(p)]];
    }
  }
}

const seeks = fc
  .tuple(fc.option(some), fc.constantFrom(...kinds), fc.nat(1000), fc.constantFrom(...manners), fc.nat(3))
  .map(([partitions, kind, permille, manner, turns]): Step => ({
    name: `${manner}: seek ${kind} ${partitions?.join() ?? 'all'} ${permille}‰`,
    async run(world) {
      const chosen = world.held.filter((one) => partitions?.includes(one) ?? true);
      if (chosen.length === 0) return;
      const withdrawal = new AbortController();
      if (kind === 'by') await world.settle(); // else nobody could say from where it goes
      const options = manner === 'withdrawn' ? { signal: withdrawal.signal } : {};
      const [call, bounds] = sought(world, kind, chosen, partitions ? world.of(chosen) : undefined, permille, options);
      if (manner !== 'withdrawn') {
        world.seek(chosen, call, bounds);
        if (manner === 'awaited') await world.settle();
        return;
      }
      const reason = new Error('withdrawn');
      world.seek(chosen, call, bounds, reason);
      for (let i = 0; i < turns; i++) await new Promise(setImmediate);
      withdrawal.abort(reason);
    },
  }));

const named = (name: string, run: Step['run']): Step => ({ name, run });

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: seeks, weight: 10 },
  {
    arbitrary: fc
      .tuple(partition, fc.integer({ min: 1, max: 40 }))
      .map(([one, count]) => named(`produce ${count} to ${one}`, (world) => world.produce(one, count))),
    weight: 4,
  },
  {
    arbitrary: fc
      .tuple(some, fc.integer({ min: 1, max: 3 }))
      .map(([partitions, count]) =>
        named(`begin a transaction, ${count} to ${partitions.join()}`, (world) => world.begin(partitions, count)),
      ),
    weight: 2,
  },
  {
    arbitrary: fc
      .constantFrom('commit', 'abort')
      .map((how) => named(`${how} the transaction`, (world) => world.end(how))),
    weight: 2,
  },
  {
    arbitrary: fc.integer({ min: 1, max: 60 }).map((count) => named(`take ${count}`, (world) => world.take(count))),
    weight: 6,
  },
  {
    arbitrary: fc
      .tuple(some, fc.boolean())
      .map(([partitions, paused]) =>
        named(`${paused ? 'pause' : 'resume'} ${partitions.join()}`, (world) => world.setPaused(partitions, paused)),
      ),
    weight: 4,
  },
  { arbitrary: fc.constant(named('break, and a new loop', (world) => world.newLoop())), weight: 2 },
  { arbitrary: fc.constant(named('commit', (world) => world.commit())), weight: 2 },
  {
    arbitrary: fc
      .tuple(some, fc.option(fc.nat(1000)))
      .map(([partitions, permille]) =>
        named(`assign ${partitions.join()} at ${permille ?? '-'}‰`, (world) => world.assign(partitions, permille)),
      ),
    weight: 2,
  },
  {
    arbitrary: fc
      .tuple(partition, fc.nat(200))
      .map(([one, before]) =>
        named(`delete the records of ${one} before ${before}`, (world) => world.deleteRecords(one, before)),
      ),
    weight: 1,
  },
);

const history = fc.record({
  steps: fc.array(step, { minLength: 5, maxLength: 30 }).map(told),
  /** What is under way when it is closed. */
  last: fc.array(seeks, { maxLength: 3 }).map(told),
});

const totals = { histories: 0, steps: 0 };

async function play(
  cluster: Cluster,
  transactions: Transactions | null,
  { steps, last }: { steps: readonly Step[]; last: readonly Step[] },
): Promise<void> {
  await using world = await SingleWorld.create(cluster, { partitions: PARTITIONS, messages: 30, transactions });
  for (const { run } of steps) await run(world);
  await world.end('commit');
  // Whatever is still buffered somewhere, wrongly, shows before or instead of these.
  await Promise.all(world.numbers.map((one) => world.produce(one, 1)));
  world.setPaused(world.numbers, false);
  await world.take(Infinity);
  for (const { run } of last) await run(world);
  await world.close();
  totals.histories++;
  totals.steps += steps.length;
}

describeOnBoth('one consumer, by chance', (cluster) => {
  it('S3 S4 S5 S7 S9 S10 S11 S14 S16 never delivers a stale, doubled or other message than the next, whatever is called when', async function () {
    Object.assign(totals, { histories: 0, steps: 0 });
    const summary = () => `${totals.histories} histories of ${totals.steps} steps`;
    await byChance(this, cluster(), { mock: 60, kafka: 20 }, history, play, summary);
  });
});
