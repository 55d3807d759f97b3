import { Consumer, type ConsumerConfig, KafkaError, type Message, type ProcessOptions, Producer } from 'seekafka';
import type { Cluster } from './clusters.js';
import { committedOf } from './numbered.js';
import { eventually, inTime } from './wait.js';

// A group whose members work by process(), come and go, and seek by chance. What it holds them to:
// - two handlers of one lane of a member never run at the same time, and begin in the order of the offsets;
// - what is committed was done, every message before it (or was sought over);
// - in the end everything is done and committed.

/** How a handler behaves, by the number that its message carries. */
const SLOW_MS = 4;

export type Behaviour = 'fast' | 'slow' | 'fails' | 'seeks' | 'hangs';

interface LaneModel {
  busy: boolean;
  /** The offset that began last; -1 after the partition was moved. */
  last: number;
}

export interface Plan {
  readonly config: Partial<ConsumerConfig>;
  readonly options: Pick<ProcessOptions, 'concurrency' | 'orderBy' | 'maxPending'>;
}

export class ProcessWorld implements AsyncDisposable {
  readonly wrong: string[] = [];
  readonly members: ProcessMember[] = [];
  /** What each message of a partition is: `<behaviour>`. */
  readonly behaviours: Behaviour[][];
  readonly done: Set<number>[];
  readonly counts = { handled: 0, again: 0, failed: 0, sought: 0, aborted: 0 };
  readonly #producer: Producer;

  constructor(
    readonly cluster: Cluster,
    readonly topic: string,
    readonly group: string,
    readonly partitions: number,
    readonly plan: Plan,
  ) {
    this.behaviours = Array.from({ length: partitions }, () => []);
    this.done = this.behaviours.map(() => new Set());
    this.#producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers, 'linger.ms': 0 });
  }

  async produce(partition: number, behaviours: readonly Behaviour[]): Promise<void> {
    const { topic } = this;
    const before = this.behaviours[partition]!.length;
    this.behaviours[partition]!.push(...behaviours);
    await this.#producer.send(
      behaviours.map((_, i) => ({
        topic,
        partition,
        key: (before + i) % 5 ? `k${(before + i) % 5}` : null,
        value: 'v',
      })),
    );
  }

  async add(): Promise<void> {
    const member = new ProcessMember(this);
    this.members.push(member);
    await member.consumer.subscribe(this.topic);
  }

  async remove(index: number, bySignal: boolean): Promise<void> {
    const [member] = this.members.splice(index % this.members.length, 1);
    await member?.end(bySignal);
  }

  /** All before what is committed was done. Asked first: what is done meanwhile is no excuse. */
  async check(): Promise<void> {
    for (let p = 0; p < this.partitions; p++) {
      const committed = await committedOf(this.cluster, this.group, this.topic, p);
      for (let offset = 0; offset < committed; offset++) {
        if (!this.done[p]!.has(offset)) this.wrong.push(`${committed} is committed of ${p}, and ${offset} is not done`);
      }
    }
  }

  /** What is sought over need not be done. */
  soughtOver(partition: number, offset: number): void {
    for (let o = 0; o < offset; o++) this.done[partition]!.add(o);
  }

  async finish(): Promise<void> {
    if (this.members.length === 0) await this.add();
    const missing = () =>
      this.behaviours.flatMap((all, p) => all.flatMap((_, o) => (this.done[p]!.has(o) ? [] : [`${p}:${o}`])));
    await eventually(() => this.wrong.length > 0 || missing().length === 0, {
      timeoutMs: 30_000,
      what: 'all is done',
    }).catch((error: unknown) => this.wrong.push(`${String(error)}: ${missing().join()} are missing`));
    // A replay that is not over may have committed less. (Before the members leave: the mock cluster refuses commits meanwhile.)
    const late = async (p: number) =>
      this.behaviours[p]!.length > 0 &&
      (await committedOf(this.cluster, this.group, this.topic, p)) !== this.behaviours[p]!.length;
    for (let p = 0; p < this.partitions && this.wrong.length === 0 && this.counts.sought === 0; p++) {
      await eventually(async () => !(await late(p)), { what: `all of ${p} is committed` }).catch((error: unknown) =>
        this.wrong.push(String(error)),
      );
    }
    await Promise.all(this.members.map((member) => member.end(false)));
    await this.check();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.members.map((member) => member.consumer.close()), this.#producer.close()]);
  }
}

class ProcessMember {
  readonly consumer: Consumer;
  readonly #lanes = new Map<string, LaneModel>();
  readonly #stop = new AbortController();
  readonly #ran: Promise<void>;

  constructor(readonly world: ProcessWorld) {
    const { cluster, group, plan } = world;
    this.consumer = new Consumer({
      'bootstrap.servers': cluster.bootstrapServers,
      'group.id': group,
      'auto.offset.reset': 'earliest',
      'auto.commit.interval.ms': 25,
      ...plan.config,
    });
    this.consumer.on('error', () => undefined); // a commit while the group rebalances
    for (const event of ['assigned', 'revoked', 'lost'] as const) {
      this.consumer.on(event, (rows) => rows.forEach(({ partition }) => this.#moved(partition)));
    }
    this.#ran = this.consumer
      .process((message, { attempt, signal }) => this.#handle(message, attempt, signal), {
        ...plan.options,
        retry: { attempts: 20, backoffMs: (attempt) => attempt },
        drainTimeoutMs: 100,
        signal: this.#stop.signal,
      })
      .catch((error: unknown) => void world.wrong.push(`process() ended with ${String(error)}`));
  }

  async seek(partition: number, permille: number): Promise<void> {
    const { topic, behaviours, counts, wrong } = this.world;
    const offset = Math.floor((behaviours[partition]!.length * permille) / 1000);
    counts.sought++;
    this.world.soughtOver(partition, offset);
    await this.consumer.seek({ topic, partition, offset }, { timeoutMs: 5000 }).then(
      () => this.#moved(partition),
      (error: unknown) => {
        const expected =
          error instanceof KafkaError && ['ERR__STATE', 'ERR__DESTROY', 'ERR__TIMED_OUT'].includes(error.code);
        if (!expected) wrong.push(`a seek rejected with ${String(error)}`);
        this.#moved(partition);
      },
    );
  }

  async end(bySignal: boolean): Promise<void> {
    if (bySignal) {
      this.#stop.abort();
      await inTime(this.#ran, 'process() after its signal');
    }
    await inTime(this.consumer.close(), 'close()');
    await inTime(this.#ran, 'process() after close()');
  }

  #moved(partition: number): void {
    for (const [name, lane] of this.#lanes) if (name.startsWith(`${partition}:`)) lane.last = -1;
  }

  async #handle({ partition, offset, key }: Message, attempt: number, signal: AbortSignal): Promise<void> {
    const { plan, wrong, counts, done, behaviours } = this.world;
    const name = `${partition}:${plan.options.orderBy === 'key' ? (key?.toString() ?? `none ${offset}`) : ''}`;
    let lane = this.#lanes.get(name);
    if (!lane) this.#lanes.set(name, (lane = { busy: false, last: -1 }));
    if (lane.busy) wrong.push(`two handlers at once in lane ${name}`);
    if (attempt === 1 ? offset <= lane.last : lane.last !== -1 && offset !== lane.last) {
      wrong.push(`${offset} after ${lane.last} in lane ${name}`);
    }
    lane.busy = true;
    lane.last = offset;
    counts.handled++;
    if (done[partition]!.has(offset)) counts.again++;
    try {
      await this.#act(behaviours[partition]![offset]!, partition, offset, attempt, signal);
      done[partition]!.add(offset);
    } finally {
      if (signal.aborted) counts.aborted++;
      lane.busy = false;
    }
  }

  async #act(what: Behaviour, partition: number, offset: number, attempt: number, signal: AbortSignal): Promise<void> {
    const { counts, topic } = this.world;
    switch (what) {
      case 'fast':
        return;
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
        return;
      case 'fails':
        if (attempt > 2) return;
        counts.failed++;
        throw new Error('once more');
      case 'seeks': {
        // Once, or it would go on for ever: the next time it is a fast one.
        this.world.behaviours[partition]![offset] = 'fast';
        counts.sought++;
        const to = { topic, partition, offset: Math.max(0, offset - 3) };
        this.world.soughtOver(partition, to.offset);
        await this.consumer.seek(to, { timeoutMs: 5000, signal }).catch(() => undefined);
        this.#moved(partition);
        return;
      }
      case 'hangs': {
        // Until its signal, or a long time.
        this.world.behaviours[partition]![offset] = 'fast';
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 400);
          signal.addEventListener('abort', () => {
            clearTimeout(timer);
            resolve();
          });
        });
        if (signal.aborted) throw new Error('aborted');
      }
    }
  }
}
