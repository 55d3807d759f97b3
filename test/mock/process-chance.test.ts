import { expect } from 'chai';
import fc from 'fast-check';
import { mockCluster } from '../helpers/clusters.js';
import { quickGroup } from '../helpers/numbered.js';
import { type Behaviour, ProcessWorld } from '../helpers/process-world.js';
import { unique, uniqueGroup } from '../helpers/unique.js';

// Random histories of a group whose members work by process() (helpers/process-world.ts): handlers that are fast, slow, fail,
// seek and hang, members that come and go.
// CHANCE_RUNS=500 CHANCE_SEED=1 plays another number of histories, and the same again.

const PARTITIONS = 3;
const runs = Number(process.env.CHANCE_RUNS ?? 6);
const seed = process.env.CHANCE_SEED;

interface Step {
  readonly name: string;
  readonly run: (world: ProcessWorld) => Promise<void>;
}

const partition = fc.nat(PARTITIONS - 1);
const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(
  { weight: 60, arbitrary: fc.constant('fast' as const) },
  { weight: 20, arbitrary: fc.constant('slow' as const) },
  { weight: 6, arbitrary: fc.constant('fails' as const) },
  { weight: 2, arbitrary: fc.constant('seeks' as const) },
  { weight: 1, arbitrary: fc.constant('hangs' as const) },
);
const produced: fc.Arbitrary<Step> = fc
  .tuple(partition, fc.array(behaviour, { minLength: 1, maxLength: 60, size: 'max' }))
  .map(([p, all]) => ({ name: `produce ${all.length} in ${p}`, run: (world) => world.produce(p, all) }));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: produced },
  {
    weight: 1,
    arbitrary: fc.constant<Step>({
      name: 'add',
      run: async (world) => (world.members.length < 3 ? world.add() : undefined),
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(2), fc.boolean())
      .map(([i, bySignal]): Step => ({ name: `remove ${i}`, run: (world) => world.remove(i, bySignal) })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(2), partition, fc.nat(1000)).map(([i, p, permille]): Step => ({
      name: `seek ${p} to ${permille}`,
      run: async ({ members }) => members[i % members.length]?.seek(p, permille),
    })),
  },
  {
    weight: 4,
    arbitrary: fc
      .nat(60)
      .map((ms): Step => ({ name: `${ms} ms`, run: () => new Promise((resolve) => setTimeout(resolve, ms)) })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ name: 'check', run: (world) => world.check() }) },
);
const history = fc.record({
  strategy: fc.constantFrom('range', 'cooperative-sticky'),
  concurrency: fc.constantFrom(1, 2, 8),
  orderBy: fc.constantFrom('partition' as const, 'key' as const),
  maxPending: fc.constantFrom(3, 20, 1000),
  steps: fc
    .array(step, { minLength: 5, maxLength: 25, size: 'max' })
    .map((steps) => Object.assign(steps, { [fc.toStringMethod]: () => steps.map(({ name }) => name).join(' | ') })),
});

describe('process, by chance', function () {
  this.timeout(runs * 60_000);

  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());

  it('keeps the order of each lane, skips nothing, and commits only what is done', async () => {
    const total = { handled: 0, again: 0, failed: 0, sought: 0, aborted: 0 };
    const property = fc.asyncProperty(history, async ({ strategy, steps, ...options }) => {
      const topic = unique('chance');
      cluster.mock.createTopic(topic, PARTITIONS);
      const config = { ...quickGroup(cluster), 'partition.assignment.strategy': strategy };
      await using world = new ProcessWorld(cluster, topic, uniqueGroup(), PARTITIONS, { config, options });
      await world.add();
      for (const { run } of steps) if (world.wrong.length === 0) await run(world);
      await world.finish();
      expect(world.wrong.slice(0, 5).join('\n')).to.equal('');
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += world.counts[name];
    });
    await fc.assert(property, { numRuns: runs, endOnFailure: true, ...(seed && { seed: Number(seed) }) });
    if (process.env.CHANCE_RUNS) console.log(total);
    expect(total.handled).to.be.above(0);
  });
});
