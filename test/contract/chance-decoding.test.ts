import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { Consumer, DeserializationError, type Message, type MessageBatch } from 'seekafka';
import { byChance } from '../helpers/by-chance.js';
import { type Cluster, describeOnBoth } from '../helpers/clusters.js';
import { at, committedOf, fill } from '../helpers/numbered.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// Histories by chance: deserialisers that decode at once, later or never, loops of each kind that are left and begun again, seeks and
// pauses while messages are decoded. A model of each partition says what has to come next.

const PARTITIONS = 2;
const COUNT = 120;

/** What becomes of each message: decoded at once, or after so many milliseconds; or an error, at once or later. */
type Fate = { readonly afterMs: number | null; readonly fails: boolean };

interface Step {
  readonly name: string;
  readonly run: (world: World) => Promise<void>;
}

class World {
  /** What has to come next of each partition. */
  readonly next = new Array<number>(PARTITIONS).fill(0);
  seen = 0;
  failed = 0;
  told = 0;

  constructor(
    readonly consumer: Consumer<string>,
    readonly topic: string,
    readonly fates: readonly Fate[],
    readonly tells: boolean,
  ) {}

  readonly fate = (partition: number, offset: number) => this.fates[(partition * COUNT + offset) % this.fates.length]!;

  /** A seek that is under way: how often something came that may be from after it. */
  #sought: { readonly partition: number; readonly offset: number; begun: number } | null = null;

  /** A message was handed out, in whatever form. */
  came({ partition, offset }: { partition: number; offset: number }, what: 'message' | 'error'): void {
    const fails = this.fate(partition, offset).fails ? 'error' : 'message';
    const sought = this.#sought;
    if (sought?.partition === partition && sought.offset === offset && sought.begun < 2) {
      sought.begun++; // before the seek, by chance, and after it
      this.next[partition] = offset;
    }
    expect(`${what} ${partition}/${offset}`).to.equal(`${fails} ${partition}/${this.next[partition]}`);
    this.next[partition] = offset + 1;
  }

  message(message: Message<string>): void {
    expect(message.value).to.equal(`${message.partition}:${message.offset}`);
    this.came(message, 'message');
    this.seen++;
  }

  /** Reads so many steps, or to the end. */
  async read(byBatch: boolean, steps: number, maxMessages: number): Promise<void> {
    const loop = byBatch
      ? this.consumer.batches({ until: 'end', maxMessages })
      : this.consumer.messages({ until: 'end' });
    try {
      for await (const step of loop) {
        if ('topic' in step) this.message(step);
        else for (const message of step) this.message(message);
        if (--steps <= 0) break;
      }
    } catch (error) {
      if (!(error instanceof DeserializationError)) throw error;
      expect(this.tells).to.equal(false);
      expect(String(error.raw.value)).to.equal(`${error.partition}:${error.offset}`);
      this.came(error, 'error');
      this.failed++;
    }
  }

  /** Seeks while a step waits: what comes of it is from before the seek or from after it. */
  async seekMeanwhile(byBatch: boolean, partition: number, offset: number, afterMs: number): Promise<void> {
    const loop = byBatch ? this.consumer.batches({ until: 'end' }) : this.consumer.messages({ until: 'end' });
    const sought = (this.#sought = { partition, offset, begun: 0 });
    const stepped = rejectionOr<IteratorResult<Message<string> | MessageBatch<string>, undefined>>(loop.next());
    if (afterMs > 0) await sleep(afterMs);
    await this.consumer.seek(at(this.topic, offset, partition));
    const { result, error } = await stepped;
    if (error instanceof DeserializationError) {
      this.came(error, 'error');
      this.failed++;
    } else if (error) throw error as Error;
    else if (result && !result.done) {
      const { value } = result;
      for (const message of 'topic' in value ? [value] : value) this.message(message);
    }
    const [position] = await this.consumer.position([{ topic: this.topic, partition }]);
    const now = position!.offset;
    expect(sought.begun > 0 ? [offset, this.next[partition]] : [offset]).to.include(now);
    this.next[partition] = now;
    this.#sought = null;
    await loop.return!();
  }
}

/** How a promise settles, seen at once: so a rejection while something else is awaited is no unhandled one. */
const rejectionOr = <T>(promise: Promise<T>): Promise<{ result?: T; error?: unknown }> =>
  promise.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );

const fate: fc.Arbitrary<Fate> = fc.record({
  afterMs: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 3, arbitrary: fc.nat(4) }),
  fails: fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
const partition = fc.nat(PARTITIONS - 1);
const offset = fc.nat(COUNT);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.boolean(), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 90 }))
      .map(([byBatch, steps, most]): Step => ({
        name: `read ${steps} ${byBatch ? `batches of ${most}` : 'messages'}`,
        run: (world) => world.read(byBatch, steps, most),
      })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(partition, offset).map(([p, to]): Step => ({
      name: `seek ${p} to ${to}`,
      run: async (world) => {
        await world.consumer.seek(at(world.topic, to, p));
        world.next[p] = to;
      },
    })),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.boolean(), partition, offset, fc.nat(6)).map(([byBatch, p, to, ms]): Step => ({
      name: `seek ${p} to ${to} within ${byBatch ? 'a batch' : 'a message'} after ${ms} ms`,
      run: (world) => world.seekMeanwhile(byBatch, p, to, ms),
    })),
  },
  {
    weight: 1,
    arbitrary: partition.map((p): Step => ({
      name: `pause and resume ${p}`,
      run: async ({ consumer, topic }) => {
        consumer.pause([{ topic, partition: p }]);
        consumer.resume([{ topic, partition: p }]);
      },
    })),
  },
);
const history = fc.record({
  fates: fc.array(fate, { minLength: 1, maxLength: 40, size: 'max' }),
  tells: fc.boolean(),
  steps: fc
    .array(step, { minLength: 3, maxLength: 14, size: 'max' })
    .map((steps) => Object.assign(steps, { [fc.toStringMethod]: () => steps.map(({ name }) => name).join(' | ') })),
});

interface History {
  readonly fates: readonly Fate[];
  readonly tells: boolean;
  readonly steps: readonly Step[];
}

describeOnBoth('decoding, by chance', (cluster) => {
  it('keeps the order, loses nothing, delivers nothing stale and commits what was processed', async function () {
    const total = { seen: 0, failed: 0, told: 0 };
    const topic = await cluster().createTopic(PARTITIONS);
    await fill(cluster(), topic, { partitions: PARTITIONS, count: COUNT });
    const play = async (on: Cluster, _transactions: unknown, { fates, tells, steps }: History) => {
      const group = uniqueGroup();
      const config = { 'bootstrap.servers': on.bootstrapServers, 'group.id': group, 'auto.commit.interval.ms': 0 };
      const value = (bytes: Buffer, context: { partition: number; offset: number }): string | Promise<string> => {
        const { afterMs, fails } = world.fate(context.partition, context.offset);
        const give = () => {
          if (fails) throw new Error('by chance');
          return String(bytes);
        };
        return afterMs === null ? give() : sleep(afterMs).then(give);
      };
      const onError = (error: DeserializationError) => {
        world.came(error, 'error');
        world.told++;
      };
      await using consumer = new Consumer(config, { deserializer: { value, ...(tells && { onError }) } });
      const world: World = new World(consumer, topic, fates, tells);
      await consumer.assign(world.next.map((_, p) => at(topic, 0, p)));
      for (const { run, name } of steps) await inTime(run(world), name);
      // To the end, so that nothing is missing; errors end a loop, and are not lost.
      for (let rounds = 0; world.next.some((next) => next < COUNT); rounds++) {
        expect(rounds).to.be.below(2 * COUNT);
        await inTime(world.read(rounds % 2 === 1, Infinity, 50), 'the last read');
      }
      await inTime(world.read(false, 1, 1), 'nothing is left'); // and asks for what comes behind the last one
      await consumer.close();
      const committed = await Promise.all(world.next.map((_, p) => committedOf(on, group, topic, p)));
      for (const row of committed) expect(row === COUNT || row === -1, `committed ${row}`).to.equal(true);
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += world[name];
    };
    await byChance(this, cluster(), { mock: 40, kafka: 8 }, history, play, () => JSON.stringify(total));
    expect(total.seen).to.be.above(0);
  });
});
