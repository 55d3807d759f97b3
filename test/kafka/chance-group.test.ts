import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { TopicPartitionOffset } from 'seekafka';
import { type RealKafka, describeOnKafka } from '../helpers/clusters.js';
import { type GroupMember, GroupWorld, type Sought, TICK_MS } from '../helpers/group-world.js';
import { type Protocol, quickGroup } from '../helpers/member.js';

// Random histories of a group: members come and go, seek in all forms, pause, commit and begin new loops, while messages
// are produced. CHANCE_RUNS=50 CHANCE_SEED=1 plays another number of them, and the same again. Waits are part of the
// histories: of their moments, not of their outcome.

const PARTITIONS = 4;
const MEMBERS = 3;

interface Step {
  readonly name: string;
  readonly run: (world: GroupWorld) => void | Promise<void>;
}
/** What a failure prints: the names, and not the functions. */
const told = (steps: Step[]) =>
  Object.assign(steps, { [fc.toStringMethod]: () => steps.map(({ name }) => name).join(' | ') });

const partition = fc.nat(PARTITIONS - 1);
const some = fc.uniqueArray(partition, { minLength: 1 });
const anyone = fc.nat(MEMBERS - 1);
const pick = ({ members }: GroupWorld, index: number): GroupMember => members[index % members.length]!;

const kinds = ['beginning', 'end', 'offset', 'timestamp', 'committed'] as const;

function sought(
  world: GroupWorld,
  { consumer }: GroupMember,
  kind: (typeof kinds)[number],
  named: readonly number[] | null,
  permille: number,
): Sought {
  const rows = named ? world.rows(named) : undefined;
  const place = (p: number) => Math.floor((world.stored[p]! * permille) / 1000);
  const stored = [...world.stored];
  const calls: Record<typeof kind, [() => Promise<TopicPartitionOffset[]>, Sought['within']]> = {
    beginning: [() => consumer.seekToBeginning(rows), () => [0, 0]],
    end: [() => consumer.seekToEnd(rows), (p) => [stored[p]!, world.sent[p]!]],
    offset: (() => {
      const to = (named ?? world.numbers).map((p) => ({ topic: world.topic, partition: p, offset: place(p) }));
      return [
        () => consumer.seek(to),
        (p) =>
          to.filter((row) => row.partition === p).flatMap((r) => [r.offset, r.offset]) as unknown as [number, number],
      ];
    })(),
    timestamp: (() => {
      // Between two messages: the later one is meant.
      const n = place(named?.[0] ?? 0);
      const time = world.begun + n * TICK_MS - 3;
      return [
        () => consumer.seekToTimestamp(time, rows),
        (p) => [Math.min(n, stored[p]!), Math.min(n, world.sent[p]!)],
      ];
    })(),
    committed: [() => consumer.seekToCommitted(rows), () => [0, Infinity]],
  };
  const [call, within] = calls[kind];
  return { call, within, named: kind === 'offset' ? (named ?? world.numbers) : named };
}

const seek = fc
  .tuple(anyone, fc.constantFrom(...kinds), fc.option(some), fc.nat(1000), fc.boolean())
  .map(([index, kind, named, permille, awaited]): Step => ({
    name: `${awaited ? 'await ' : ''}${index} seeks ${named?.join() ?? 'all'} ${kind} ${permille}‰`,
    async run(world) {
      const member = pick(world, index);
      const ended = member.seek(sought(world, member, kind, named, permille));
      if (awaited) await ended;
    },
  }));

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: seek, weight: 10 },
  {
    arbitrary: fc.tuple(partition, fc.integer({ min: 1, max: 60 })).map(([one, count]) => ({
      name: `produce ${count} to ${one}`,
      run: (world: GroupWorld) => world.produce(one, count),
    })),
    weight: 5,
  },
  {
    arbitrary: fc.boolean().map((byBatch) => ({
      name: `add a member ${byBatch ? 'by batch' : 'by message'}`,
      run: (world: GroupWorld) => (world.members.length < MEMBERS ? world.addMember(byBatch) : undefined),
    })),
    weight: 3,
  },
  {
    arbitrary: anyone.map((index) => ({
      name: `remove ${index}`,
      run: (world: GroupWorld) => (world.members.length > 1 ? world.removeMember(index) : undefined),
    })),
    weight: 2,
  },
  {
    arbitrary: fc.tuple(anyone, some).map(([index, partitions]) => ({
      name: `${index} pauses ${partitions.join()}`,
      run: (world: GroupWorld) => pick(world, index).pause(partitions),
    })),
    weight: 2,
  },
  {
    arbitrary: anyone.map((index) => ({
      name: `${index} resumes`,
      run: (world: GroupWorld) => pick(world, index).resume(),
    })),
    weight: 2,
  },
  {
    arbitrary: anyone.map((index) => ({
      name: `${index} begins a new loop`,
      run: (world: GroupWorld) => pick(world, index).newLoop(),
    })),
    weight: 2,
  },
  {
    arbitrary: anyone.map((index) => ({
      name: `${index} commits`,
      run: (world: GroupWorld) => pick(world, index).commit(),
    })),
    weight: 2,
  },
  {
    arbitrary: fc.integer({ min: 1, max: 400 }).map((ms) => ({
      name: `wait ${ms} ms`,
      run: async () => void (await sleep(ms)),
    })),
    weight: 5,
  },
);

const totals = { sequences: 0, commands: 0, delivered: 0, seeks: 0, rejected: 0, assigned: 0, again: 0, lost: 0 };

async function play(cluster: RealKafka, protocol: Protocol, steps: readonly Step[]): Promise<void> {
  const topic = await cluster.createTopic(PARTITIONS);
  await using world = new GroupWorld(cluster, topic, PARTITIONS, {
    ...quickGroup(cluster, protocol),
    'auto.offset.reset': 'earliest',
    'auto.commit.interval.ms': 0, // commits at revocations and on command, so that the model knows of each
  });
  await Promise.all(world.numbers.map((p) => world.produce(p, 30)));
  await world.addMember(false);
  for (const { run } of steps) {
    await run(world);
    if (world.wrong.length) break;
    totals.commands++;
  }
  if (world.wrong.length === 0) await world.finish();
  totals.sequences++;
  for (const [key, value] of Object.entries(world.counts)) totals[key as keyof typeof world.counts] += value;
  if (world.wrong.length) throw new Error(`${world.wrong.join('\n')}\n\n${world.story.join('\n')}`);
}

describeOnKafka('a group, by chance', (cluster) => {
  const seed = Number(process.env['CHANCE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const numRuns = Number(process.env['CHANCE_RUNS'] ?? 4);

  after('what it came to', () => console.log(`    seed ${seed}: ${JSON.stringify(totals)}`));

  for (const protocol of ['range', 'cooperative-sticky', 'consumer'] as const) {
    it(`S3 S8 S11 never gives a member a stale, doubled or skipped message, whoever comes and goes (${protocol})`, async function () {
      this.timeout(60_000 + numRuns * 30_000);
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }).map(told), (steps) =>
          play(cluster(), protocol, steps),
        ),
        { numRuns, seed, endOnFailure: true },
      );
    });
  }
});
