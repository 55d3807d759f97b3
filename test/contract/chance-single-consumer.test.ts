import { expect } from 'chai';
import fc from 'fast-check';
import { Consumer, type Message, Producer, type TopicPartition, type TopicPartitionOffset } from 'seekafka';
import { type Cluster, describeOnBoth } from '../helpers/clusters.js';
import { uniqueGroup } from '../helpers/unique.js';

// Random histories of one consumer against a model of its positions. The model knows the logs (offsets are sequences,
// without gaps), where each partition stands, what is paused, and which seeks are under way. Whatever comes has to be
// the very message that the model expects next of its partition: a stale, lost or doubled one is seen at once.

const PARTITIONS = 3;
const numbers = Array.from({ length: PARTITIONS }, (_, i) => i);

interface PartitionModel {
  start: number;
  end: number;
  position: number;
  paused: boolean;
}

interface Seek {
  readonly promise: Promise<TopicPartitionOffset[]>;
  readonly partitions: readonly number[];
  /** Lowest and highest offset that it may resolve with, by partition. */
  readonly bounds: Map<number, [low: number, high: number]>;
}

class World {
  readonly model: PartitionModel[] = numbers.map(() => ({ start: 0, end: 0, position: 0, paused: false }));
  readonly #pending: Seek[] = [];
  #iterator: AsyncIterator<Message>;

  constructor(
    readonly cluster: Cluster,
    readonly topic: string,
    readonly consumer: Consumer,
    readonly producer: Producer,
  ) {
    this.#iterator = consumer[Symbol.asyncIterator]();
  }

  of(partitions: readonly number[]): TopicPartition[] {
    return partitions.map((partition) => ({ topic: this.topic, partition }));
  }

  async produce(partition: number, count: number): Promise<void> {
    const model = this.model[partition]!;
    const messages = Array.from({ length: count }, (_, i) => ({
      topic: this.topic,
      partition,
      value: `${partition}:${model.end + i}`,
    }));
    model.end += count;
    await this.producer.send(messages);
  }

  /** Calls a seek; what it may resolve with is fixed by what the log is now, and by what is produced until it resolves. */
  seek(partitions: readonly number[], call: () => Promise<TopicPartitionOffset[]>, bounds: Seek['bounds']): void {
    const promise = call();
    promise.catch(() => undefined);
    this.#pending.push({ promise, partitions, bounds });
  }

  /** Waits for all seeks under way. The last call decides; every one of them tells the same. */
  async settle(): Promise<void> {
    const pending = this.#pending.splice(0);
    const decided = new Map<number, Seek>();
    for (const seek of pending) for (const partition of seek.partitions) decided.set(partition, seek);
    for (const seek of pending) {
      const rows = await seek.promise;
      expect(rows.map(({ partition }) => partition)).to.have.members([...seek.partitions]);
      for (const { partition, offset } of rows) {
        if (decided.get(partition) !== seek) continue;
        const [low, high] = seek.bounds.get(partition)!;
        expect(offset, `position sought of ${partition}`).to.be.within(
          low,
          Math.max(low, Math.min(high, this.model[partition]!.end)),
        );
        this.model[partition]!.position = offset;
      }
    }
    const positions = await this.consumer.position(this.of(numbers));
    expect(
      positions.map(({ offset }) => offset),
      'position()',
    ).to.deep.equal(this.model.map(({ position }) => position));
  }

  get #deliverable(): number {
    return this.model.reduce((sum, { paused, end, position }) => sum + (paused ? 0 : end - position), 0);
  }

  /** Takes some of what is there. */
  async take(count: number): Promise<void> {
    await this.settle();
    for (let i = Math.min(count, this.#deliverable); i > 0; i--) await this.#next();
  }

  async takeAll(): Promise<void> {
    await this.take(Infinity);
  }

  /** Leaves the loop and enters another. */
  async newLoop(): Promise<void> {
    await this.#iterator.return?.();
    this.#iterator = this.consumer[Symbol.asyncIterator]();
  }

  async deleteRecords(partition: number, before: number): Promise<void> {
    await this.settle();
    const model = this.model[partition]!;
    // A position that is deleted is reset, which is another test's; here the log start stays at or below it.
    const offset = Math.min(before, model.position);
    if (offset <= model.start) return;
    model.start = offset;
    await this.cluster.deleteRecordsBefore(this.topic, partition, offset);
  }

  async #next(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const text = () => `nothing came within 10 s: ${JSON.stringify(this.model)}`;
      timer = setTimeout(() => reject(new Error(text())), 10_000);
    });
    try {
      const step = await Promise.race([this.#iterator.next(), late]);
      const { partition, offset, value } = step.value as Message;
      const model = this.model[partition]!;
      expect(model.paused, `partition ${partition} is paused`).to.equal(false);
      expect(offset, `next offset of partition ${partition}`).to.equal(model.position);
      expect(String(value)).to.equal(`${partition}:${offset}`);
      model.position++;
    } finally {
      clearTimeout(timer);
    }
  }
}

interface Step {
  readonly name: string;
  readonly run: (world: World) => void | Promise<void>;
}
/** What a failure prints: the names, and not the functions. */
const told = (steps: Step[]) =>
  Object.assign(steps, { [fc.toStringMethod]: () => steps.map(({ name }) => name).join(' | ') });

const partition = fc.nat(PARTITIONS - 1);
const some = fc.uniqueArray(partition, { minLength: 1 });
const whole = fc.constant<number[] | null>(null);

const seeks = fc
  .tuple(fc.oneof(some, whole), fc.constantFrom('beginning', 'end', 'offset'), fc.nat(1000), fc.boolean())
  .map(([partitions, kind, where, awaited]): Step => ({
    name: `${awaited ? 'await ' : ''}seek ${kind} ${partitions?.join() ?? 'all'}${kind === 'offset' ? ` ${where}‰` : ''}`,
    async run(world) {
      const chosen = partitions ?? numbers;
      const { consumer, model } = world;
      const named = partitions && world.of(partitions);
      const bounds = new Map<number, [number, number]>();
      let call: () => Promise<TopicPartitionOffset[]>;
      if (kind === 'beginning') {
        for (const one of chosen) bounds.set(one, [model[one]!.start, model[one]!.start]);
        call = () => (named ? consumer.seekToBeginning(named) : consumer.seekToBeginning());
      } else if (kind === 'end') {
        for (const one of chosen) bounds.set(one, [model[one]!.end, Infinity]);
        call = () => (named ? consumer.seekToEnd(named) : consumer.seekToEnd());
      } else {
        const to = chosen.map((one) => {
          const { start, end } = model[one]!;
          const offset = start + Math.floor(((end - start) * where) / 1000);
          bounds.set(one, [offset, offset]);
          return { topic: world.topic, partition: one, offset };
        });
        call = () => consumer.seek(to);
      }
      world.seek(chosen, call, bounds);
      if (awaited) await world.settle();
    },
  }));

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: seeks, weight: 6 },
  {
    arbitrary: fc.tuple(partition, fc.integer({ min: 1, max: 40 })).map(([one, count]) => ({
      name: `produce ${count} to ${one}`,
      run: (world: World) => world.produce(one, count),
    })),
    weight: 4,
  },
  {
    arbitrary: fc
      .integer({ min: 1, max: 60 })
      .map((count) => ({ name: `take ${count}`, run: (world: World) => world.take(count) })),
    weight: 5,
  },
  {
    arbitrary: some.map((partitions) => ({
      name: `pause ${partitions.join()}`,
      run(world: World) {
        world.consumer.pause(world.of(partitions));
        for (const one of partitions) world.model[one]!.paused = true;
      },
    })),
    weight: 2,
  },
  {
    arbitrary: some.map((partitions) => ({
      name: `resume ${partitions.join()}`,
      run(world: World) {
        world.consumer.resume(world.of(partitions));
        for (const one of partitions) world.model[one]!.paused = false;
      },
    })),
    weight: 2,
  },
  { arbitrary: fc.constant({ name: 'break, and a new loop', run: (world: World) => world.newLoop() }), weight: 2 },
  { arbitrary: fc.constant({ name: 'commit', run: (world: World) => world.consumer.commit() }), weight: 1 },
  {
    arbitrary: fc.tuple(partition, fc.nat(200)).map(([one, before]) => ({
      name: `delete the records of ${one} before ${before}`,
      run: (world: World) => world.deleteRecords(one, before),
    })),
    weight: 1,
  },
);

async function play(cluster: Cluster, steps: readonly Step[]): Promise<void> {
  const topic = await cluster.createTopic(PARTITIONS);
  await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers, 'linger.ms': 0 });
  await using consumer = new Consumer({
    'bootstrap.servers': cluster.bootstrapServers,
    'group.id': uniqueGroup(),
    'auto.offset.reset': 'error',
  });
  const world = new World(cluster, topic, consumer, producer);
  await Promise.all(numbers.map((one) => world.produce(one, 30)));
  await consumer.assign(numbers.map((one) => ({ topic, partition: one, offset: 0 })));
  for (const { run } of steps) await run(world);
  // Whatever is still buffered somewhere, wrongly, shows before or instead of these.
  await Promise.all(numbers.map((one) => world.produce(one, 1)));
  for (const one of numbers) world.model[one]!.paused = false;
  consumer.resume();
  await world.takeAll();
}

describeOnBoth('one consumer, by chance', (cluster) => {
  it('S3 S4 S5 S7 S9 S14 never delivers a stale, doubled or other message than the next, whatever is called when', async function () {
    this.timeout(180_000);
    const numRuns = Number(process.env['CHANCE_RUNS'] ?? (cluster().name === 'mock' ? 60 : 20));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }).map(told), (steps) => play(cluster(), steps)),
      {
        numRuns,
        endOnFailure: true,
        ...(process.env['CHANCE_SEED'] ? { seed: Number(process.env['CHANCE_SEED']) } : {}),
      },
    );
  });
});
