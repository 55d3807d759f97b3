import { expect } from 'chai';
import fc from 'fast-check';
import { byChance } from '../helpers/by-chance.js';
import { describeOnBoth } from '../helpers/clusters.js';
import { type Protocol, quickGroup } from '../helpers/member.js';
import { type Behaviour, ProcessWorld } from '../helpers/process-world.js';

// Random histories of a group whose members work by process() (helpers/process-world.ts): handlers that are fast, slow, fail,
// seek and hang, members that come and go. The mock cluster knows no KIP-848 group, so on Kafka most of them are of those.
// CHANCE_RUNS=500 CHANCE_SEED=1 plays another number of histories, and the same again.

const PARTITIONS = 3;

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
const protocols: Record<'mock' | 'kafka', fc.Arbitrary<Protocol>> = {
  mock: fc.constantFrom('range', 'cooperative-sticky'),
  kafka: fc.constantFrom('consumer', 'consumer', 'consumer', 'range', 'cooperative-sticky'),
};
const history = (cluster: 'mock' | 'kafka') =>
  fc.record({
    protocol: protocols[cluster],
    concurrency: fc.constantFrom(1, 2, 8),
    orderBy: fc.constantFrom('partition' as const, 'key' as const),
    maxPending: fc.constantFrom(3, 20, 1000),
    steps: fc
      .array(step, { minLength: 5, maxLength: 25, size: 'max' })
      .map((steps) => Object.assign(steps, { [fc.toStringMethod]: () => steps.map(({ name }) => name).join(' | ') })),
  });

describeOnBoth('process, by chance', (cluster) => {
  it('keeps the order of each lane, skips nothing, and commits only what is done', async function () {
    const total = { handled: 0, again: 0, failed: 0, sought: 0, aborted: 0 };
    const by = new Map<Protocol, number>();
    await byChance(
      this,
      cluster(),
      { mock: 6, kafka: 3 },
      history(cluster().name),
      async (on, _transactions, { protocol, steps, ...options }) => {
        const topic = await on.createTopic(PARTITIONS);
        const { 'group.id': group, ...config } = quickGroup(on, protocol);
        await using world = new ProcessWorld(on, topic, group, PARTITIONS, { config, options });
        await world.add();
        for (const { run } of steps) if (world.wrong.length === 0) await run(world);
        await world.finish();
        expect(world.wrong.slice(0, 5).join('\n')).to.equal('');
        for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += world.counts[name];
        by.set(protocol, (by.get(protocol) ?? 0) + 1);
      },
      () => `${JSON.stringify(Object.fromEntries(by))} histories, ${JSON.stringify(total)}`,
    );
    expect(total.handled).to.be.above(0);
  });
});
