import { randomInt } from 'node:crypto';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { Consumer, type Message, Producer, type TopicPartition, type TopicPartitionOffset } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { fill } from '../helpers/numbered.js';
import { random } from '../helpers/member.js';
import { eventually } from '../helpers/wait.js';

// S3 where it is hardest to keep: seeks at random moments against a consumer that never rests, so that something of
// every partition is always in the loop's hands, in the buffers and on its way. FULL_SPEED_SEEKS=1000 for the long form,
// CHANCE_SEED=<number> for a run once more (the moments come again only roughly: they are those of a network, too).

const SEEKS = Number(process.env['FULL_SPEED_SEEKS'] ?? 250);
const SOUGHT = [0, 1, 2, 3];
/** Never sought: what is produced to it all the time comes once, whatever happens around it. */
const STEADY = 4;
const MESSAGES = 20_000;

interface Asked {
  readonly target: number;
  /** Whether the loop may still hold what was delivered before: a batch that it has begun. */
  readonly inHands: boolean;
}

/** Where each partition has to go on, and what was asked of it since. */
class Model {
  readonly #consumer: Consumer;
  readonly #topic: string;
  readonly #below: (below: number) => number;
  readonly #expected = [0, 0, 0, 0, 0];
  readonly #asked: (Asked | null)[] = [null, null, null, null, null];
  /** All that was ever asked of each. */
  readonly #history: Asked[][] = [[], [], [], [], []];
  /** Sought, and nothing has come since. */
  readonly #fresh = new Set<number>();
  readonly wrong: string[] = [];
  delivered = 0;
  seeks = 0;
  /** How often the message after a seek was seen, before the next seek. */
  arrivals = 0;

  constructor(consumer: Consumer, topic: string, below: (below: number) => number, steadyFrom: number) {
    this.#consumer = consumer;
    this.#topic = topic;
    this.#below = below;
    this.#expected[STEADY] = steadyFrom;
  }

  /** Whether something has come of each partition since it was sought. */
  get hasArrived(): boolean {
    return this.#fresh.size === 0;
  }

  /** Whether every partition was delivered to its end. */
  isRead(steadyEnd: number): boolean {
    if (this.#asked.some((asked) => asked)) return false;
    return this.#expected.every((next, partition) => next === (partition === STEADY ? steadyEnd : MESSAGES));
  }

  on({ partition, offset, value }: Message): void {
    this.delivered++;
    const asked = this.#asked[partition];
    if (asked && !asked.inHands) this.#tell(`${partition}: ${offset} came between a call and its effect`);
    const expected = this.#expected[partition]!;
    if (offset !== expected) this.#tell(`${partition}: ${offset} came, where ${expected} was next (#${this.seeks})`);
    this.#expected[partition] = offset + 1;
    const first = this.#fresh.delete(partition);
    if (first) this.arrivals++;
    else if (offset % 16) return;
    if (value!.toString() !== `${partition}:${offset}`) this.#tell(`${partition}: ${String(value)} at ${offset}`);
  }

  /** A seek by chance. Resolves when the model has taken it over. */
  async seek(inHands: boolean): Promise<void> {
    this.seeks++;
    const start = this.#below(SOUGHT.length);
    const chosen = SOUGHT.slice(start, start + 1 + this.#below(SOUGHT.length));
    const partitions = chosen.map((partition): TopicPartition => ({ topic: this.#topic, partition }));
    const dice = this.#below(20);
    const targets = chosen.map(() => (dice < 2 ? 0 : dice < 3 ? MESSAGES : this.#below(MESSAGES)));
    const mine = chosen.map((partition, i) => {
      const asked = { target: targets[i]!, inHands };
      this.#asked[partition] = asked;
      this.#history[partition]!.push(asked);
      return asked;
    });
    const rows =
      dice < 2
        ? await this.#consumer.seekToBeginning(partitions)
        : dice < 3
          ? await this.#consumer.seekToEnd(partitions)
          : await this.#consumer.seek(
              chosen.map((p, i) => ({ topic: this.#topic, partition: p, offset: targets[i]! })),
            );
    if (rows.length !== chosen.length) this.#tell(`${rows.length} rows of ${chosen.length}`);
    chosen.forEach((partition, i) => this.#resolved(partition, mine[i]!, rows[i]!));
  }

  #resolved(partition: number, mine: Asked, row: TopicPartitionOffset): void {
    if (row.partition !== partition) this.#tell(`row of ${row.partition}, asked for ${partition}`);
    // A later call decides, and an earlier one tells what took effect: its own target, or that of one after it.
    const history = this.#history[partition]!;
    const allowed = history.slice(history.indexOf(mine)).map(({ target }) => target);
    if (!allowed.includes(row.offset)) {
      this.#tell(`${partition}: resolved with ${row.offset}, sought ${allowed.slice(0, 5).join(' or ')}`);
    }
    if (history.at(-1) !== mine) return;
    if (row.offset !== mine.target) this.#tell(`${partition}: the last seek, to ${mine.target}, gave ${row.offset}`);
    this.#asked[partition] = null;
    this.#expected[partition] = mine.target;
    if (mine.target < MESSAGES) this.#fresh.add(partition);
    else this.#fresh.delete(partition);
  }

  #tell(what: string): void {
    if (this.wrong.length < 20) this.wrong.push(what);
  }
}

type Loop = (consumer: Consumer, visit: (message: Message) => void | Promise<void>) => Promise<void>;

const byBatch =
  (maxMessages: number): Loop =>
  async (consumer, visit) => {
    for await (const batch of consumer.batches({ maxMessages })) {
      for (const message of batch) {
        const visited = visit(message);
        if (visited) await visited;
      }
    }
  };
const loops: Readonly<Record<string, Loop>> = {
  'by message': async (consumer, visit) => {
    for await (const message of consumer) {
      const visited = visit(message);
      if (visited) await visited;
    }
  },
  'by batch': byBatch(100_000),
  'by batch of 50': byBatch(50),
};

describeOnBoth('S3 at full speed', (cluster) => {
  let topic: string;

  before('a topic', async function () {
    topic = await cluster().createTopic(SOUGHT.length + 1);
    await fill(cluster(), topic, { partitions: SOUGHT.length, count: MESSAGES });
  });

  for (const [how, loop] of Object.entries(loops)) {
    for (const from of ['inside', 'outside'] as const) {
      it(`of ${SEEKS} seeks from ${from} of a loop ${how}, none delivers anything stale, lost or doubled`, async function () {
        this.timeout(120_000 + SEEKS * 50);
        const seed = Number(process.env['CHANCE_SEED'] ?? randomInt(2 ** 31));
        console.log(`        seed ${seed}`);
        const below = random(seed);
        const bootstrap = { 'bootstrap.servers': cluster().bootstrapServers };
        await using producer = new Producer({ ...bootstrap, 'linger.ms': 0 });
        await using consumer = new Consumer(bootstrap);
        // It is the same topic for all the tests: this one's share of the steady partition begins at its end.
        let produced = (await consumer.endOffsets([{ topic, partition: STEADY }]))[0]!.offset;
        const model = new Model(consumer, topic, below, produced);
        await consumer.assign([
          ...SOUGHT.map((partition) => ({ topic, partition, offset: 0 })),
          { topic, partition: STEADY, offset: produced },
        ]);

        const pending = new Set<Promise<void>>();
        const errors: unknown[] = [];
        const seek = (inHands: boolean) => {
          const sought: Promise<void> = model
            .seek(inHands)
            .catch((error: unknown) => void errors.push(error))
            .finally(() => pending.delete(sought));
          pending.add(sought);
          return sought;
        };
        /** Most are awaited; some race with the one after them. */
        const awaited = () => below(5) > 0;
        let until = below(2000);
        const visit = (message: Message): void | Promise<void> => {
          model.on(message);
          if (--until > 0) return undefined;
          until = 1 + below(2000);
          if (from === 'outside') return below(4) ? undefined : turn();
          if (model.seeks >= SEEKS) return undefined;
          const sought = seek(how !== 'by message');
          return awaited() ? sought : undefined;
        };
        const reading = loop(consumer, visit).catch((error: unknown) => void errors.push(error));
        try {
          const producing = (async () => {
            while (model.seeks < SEEKS && errors.length === 0) {
              await producer.send({ topic, partition: STEADY, value: `${STEADY}:${produced++}` });
              await sleep(2);
              // All may be at their ends, where nothing moves the loop from inside.
              if (from === 'inside' && model.isRead(produced)) await seek(false);
            }
          })();
          while (from === 'outside' && model.seeks < SEEKS && errors.length === 0) {
            const sought = seek(how !== 'by message');
            if (awaited()) await sought;
            const wait = below(6);
            // A turn at least: what the loop's step has taken in this one, its body has seen in the next.
            await (wait ? sleep(wait) : turn());
            if (model.seeks % 8 === 0) {
              await eventually(() => errors.length > 0 || model.hasArrived, {
                what: 'each seek arrives',
                intervalMs: 1,
              });
            }
          }
          await producing;
          await Promise.all(pending);
          await eventually(() => errors.length > 0 || model.isRead(produced), {
            what: 'every partition is read to its end',
          });
        } finally {
          await consumer.close();
          await reading;
        }
        expect(errors).to.deep.equal([]);
        expect(model.wrong, `seed ${seed}`).to.deep.equal([]);
        expect(model.seeks).to.be.at.least(SEEKS);
        // Or else the seeks chased one another, and none was seen to arrive.
        expect(model.arrivals, 'seeks whose first message was seen').to.be.at.least(Math.floor(SEEKS / 8));
      });
    }
  }
});
