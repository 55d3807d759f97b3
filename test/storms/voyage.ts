// One storm from its first broker to its verdict.

import { Admin } from 'seekafka';
import { type Cluster, startCluster } from '../../scripts/kafka-cluster.mjs';
import { awake } from '../helpers/wait.js';
import { uniqueTopic } from '../helpers/unique.js';
import { Storm } from './blows.js';
import { type Findings, check } from './checker.js';
import { History, type Row, readHistory } from './history.js';
import { Member, type MemberOptions } from './member.js';
import { Pipeline } from './pipeline.js';
import { Proxy } from './proxy.js';
import { EndReader } from './reader.js';
import { STANDSTILL } from './reader-state.js';
import { Witness, again } from './witness.js';
import { writePlain, writeTransactions } from './writers.js';
import {
  OUT_PARTITIONS,
  PASSWORD,
  PLAIN_PARTITIONS,
  PROTOCOLS,
  type Protocol,
  type Topics,
  TX_PARTITIONS,
  World,
  pause,
} from './world.js';

const LOOK_MS = 1500;
const STANDSTILL_MS = 1500;

export interface VoyageOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly file: string;
  /** False: nothing blows. */
  readonly storm?: boolean;
  /** A bug that is planted meanwhile: what hangs by it is not waited for as long. */
  readonly planted?: string;
}

export interface Outcome {
  readonly findings: Findings;
  readonly counts: History['counts'];
  readonly blows: Readonly<Record<string, number>>;
  readonly longest: { name: string; ms: number };
}

/** The brokers, each behind its proxies. Several storms may go over them, one after the other. */
export class Harbour implements AsyncDisposable {
  private constructor(
    readonly cluster: Cluster,
    readonly proxies: { CLIENT: Proxy; LOGIN: Proxy }[],
  ) {}

  static async open(): Promise<Harbour> {
    const proxies: Partial<Record<'CLIENT' | 'LOGIN', Proxy>>[] = [{}, {}, {}];
    const cluster = await startCluster({
      users: { storm: PASSWORD },
      advertise: async (listener, id, port) => {
        const proxy = await Proxy.start(port);
        proxies[id - 1]![listener] = proxy;
        return proxy.port;
      },
    });
    return new Harbour(cluster, proxies as { CLIENT: Proxy; LOGIN: Proxy }[]);
  }

  brokers(listener: 'CLIENT' | 'LOGIN'): string {
    return this.proxies.map((proxy) => `127.0.0.1:${proxy[listener].port}`).join(',');
  }

  async createTopics(): Promise<Topics> {
    const topics = { plain: uniqueTopic('plain'), tx: uniqueTopic('tx'), out: uniqueTopic('out') };
    await using admin = new Admin({ 'bootstrap.servers': this.cluster.direct });
    await again(() =>
      admin.createTopics([
        { topic: topics.plain, partitions: PLAIN_PARTITIONS, replicationFactor: 3 },
        { topic: topics.tx, partitions: TX_PARTITIONS, replicationFactor: 3 },
        { topic: topics.out, partitions: OUT_PARTITIONS, replicationFactor: 3 },
      ]),
    );
    return topics;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.proxies.flatMap(({ CLIENT, LOGIN }) => [CLIENT.close(), LOGIN.close()]));
    await this.cluster.stop();
  }
}

export async function sail(harbour: Harbour, options: VoyageOptions): Promise<Outcome> {
  const topics = await harbour.createTopics();
  const history = new History(options.file);
  const brokers = { CLIENT: harbour.brokers('CLIENT'), LOGIN: harbour.brokers('LOGIN') };
  const world = new World(history, options.seed, topics, brokers);
  history.write({
    k: 'meta',
    seed: options.seed,
    ...(options.planted === undefined ? {} : { planted: options.planted }),
    topics: {
      [topics.plain]: { partitions: PLAIN_PARTITIONS, transactional: false },
      [topics.tx]: { partitions: TX_PARTITIONS, transactional: true },
      [topics.out]: { partitions: OUT_PARTITIONS, transactional: true },
    },
  });
  if (options.planted !== undefined) world.patienceMs = 12_000;
  const voyage = new Voyage(world, harbour);
  await voyage.run(options).finally(() => history.close());
  const findings = check(readHistory(options.file));
  return { findings, counts: history.counts, blows: voyage.storm.counts, longest: history.longest };
}

/** A group: its steady members, and the guests that come and go. */
interface Crew {
  readonly group: string;
  readonly topics: readonly string[];
  readonly steady: Member[];
  readonly seeks: boolean;
}

class Voyage {
  readonly storm: Storm;
  readonly #witness: Witness;
  readonly #crews: Crew[] = [];
  /** What goes on by itself, and ends when it is told so. */
  readonly #working: Promise<unknown>[] = [];
  readonly #closing: { close(): Promise<void> }[] = [];

  constructor(
    readonly world: World,
    readonly harbour: Harbour,
  ) {
    const { cluster, proxies } = harbour;
    this.storm = new Storm(world, { nodes: cluster.nodes, controller: () => cluster.controller(), proxies });
    this.#witness = new Witness(cluster.direct);
  }

  async run(options: VoyageOptions): Promise<void> {
    let good = false;
    try {
      await this.#sail(options);
      good = true;
    } finally {
      if (!good) await this.#abandon();
      await this.#witness[Symbol.asyncDispose]();
    }
  }

  /** Nobody goes on, and nothing keeps the process alive. */
  async #abandon(): Promise<void> {
    const { world } = this;
    world.busy = world.reading = false;
    await world.patiently(
      Promise.allSettled([this.storm.stop(), ...this.#working, ...this.#closing.map((one) => one.close())]),
    );
  }

  async #sail({ seconds, storm = true }: VoyageOptions): Promise<void> {
    const { world } = this;
    const { history } = world;
    const [, second, third] = this.#protocols();
    const writing = [
      writePlain(world, 'writer-1', false),
      writePlain(world, 'writer-2', true),
      writeTransactions(world, 'writer-tx'),
    ];
    this.#working.push(...writing);
    await this.#crew('sailors', 'eager', true, ['messages', 'batches']);
    await this.#crew('divers', 'cooperative', true, ['messages', 'process'], true);
    await this.#crew('pilots', 'consumer', true, ['batches', 'messages']);
    const guests = [
      this.#guests(await this.#crew('readers', second!, false, ['messages']), second!, 'batches'),
      this.#guests(await this.#crew('workers', third!, false, ['process by key']), third!, 'process by key'),
    ];
    this.#working.push(...guests);
    const pipeline = new Pipeline(world, 'pipeline-1', `pipeline-${world.topics.out}`, this.#protocols()[0]!);
    const endReader = new EndReader(world, 'reader-1');
    this.#closing.push(pipeline, endReader);
    await Promise.all([pipeline.start(), endReader.start()]);
    const looking = this.#look(pipeline.group);
    const watching = this.#watch();
    this.#working.push(looking, watching);
    if (storm) this.storm.start();
    await pause(seconds * 1000);

    await this.storm.stop();
    history.write({ k: 'calm', t: history.now });
    world.busy = false;
    await world.patiently(Promise.all([...writing, ...guests]));
    await Promise.all(this.#crews.flatMap(({ steady }) => steady.map((member) => member.settle())));
    const { plain } = world.topics;
    await Promise.all([
      ...this.#crews.map((crew) => this.#drain(crew.group, crew.topics, crew.steady, crew.seeks)),
      this.#drain(pipeline.group, [plain]),
    ]);
    world.reading = false;
    await Promise.all([looking, watching]);
    await Promise.all(this.#closing.map((one) => one.close()));
    await again(() => this.#seeAll(pipeline.group));
    await again(() => this.#witness.tell(history, Object.values(world.topics)));
  }

  #protocols(): Protocol[] {
    return PROTOCOLS.map((_, i) => PROTOCOLS[(i + this.world.seed) % PROTOCOLS.length]!);
  }

  async #crew(
    name: string,
    protocol: Protocol,
    seeks: boolean,
    reads: readonly MemberOptions['reads'][],
    login = false,
  ): Promise<Crew> {
    const { plain, tx } = this.world.topics;
    const group = `${name}-${plain}`;
    const topics = [plain, tx];
    const steady = reads.map((way, i) => {
      const options = { group, protocol, reads: way, seeks, topics, login: login && i === 0 };
      return new Member(this.world, `${name}-${i + 1}`, options);
    });
    this.#closing.push(...steady);
    await Promise.all(steady.map((member) => member.start()));
    const crew = { group, topics, steady, seeks };
    this.#crews.push(crew);
    return crew;
  }

  /** Members that join, and leave after some seconds. */
  async #guests({ group, topics }: Crew, protocol: Protocol, reads: MemberOptions['reads']): Promise<void> {
    const random = this.world.random(`guests ${group}`);
    for (let i = 1; this.world.busy; i++) {
      const guest = new Member(this.world, `guest-${i}-of-${group}`, { group, protocol, reads, seeks: false, topics });
      await guest.start();
      await this.#whileBusy(random.integer(2000, 12_000));
      await guest.close();
      await this.#whileBusy(random.integer(1000, 6000));
    }
  }

  async #whileBusy(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (this.world.busy && performance.now() < until) await pause(100);
  }

  /** The group comes to the end. @param seeks what it seeks over it does not commit, so its members are asked */
  async #drain(
    group: string,
    topics: readonly string[],
    members: readonly Member[] = [],
    seeks = false,
  ): Promise<void> {
    const { patienceMs, history } = this.world;
    const until = awake() + patienceMs;
    const drained = history.call(group, 'drain', { places: [...topics] }, async () => {
      for (;;) {
        const looked = seeks ? this.#leftOf(members) : this.#left(group, topics);
        const left = await looked.catch((error: unknown) => [String(error)]);
        if (left.length === 0) return;
        if (awake() > until) {
          for (const { name, consumer } of members) history.note(name, 'error', JSON.stringify(consumer.health()));
          throw new Error(`not at the end after ${patienceMs} ms: ${left.join()}`);
        }
        await pause(300);
      }
    });
    await drained.catch(() => undefined);
  }

  /** It has committed the ends of the logs, for nothing is shown between the last message and them. */
  async #left(group: string, topics: readonly string[]): Promise<string[]> {
    const committed = new Map(await this.#witness.committed(group, topics));
    const ends = (await Promise.all(topics.map((topic) => this.#witness.ends(topic)))).flat();
    return ends
      .filter(([place, end]) => end > 0 && committed.get(place) !== end)
      .map(([place, end]) => `${place} ${committed.get(place) ?? 'nothing'} of ${end}`);
  }

  async #leftOf(members: readonly Member[]): Promise<string[]> {
    const lags = (await Promise.all(members.map(({ consumer }) => consumer.lag({ timeoutMs: 5000 })))).flat();
    const expected = PLAIN_PARTITIONS + TX_PARTITIONS;
    if (lags.length !== expected)
      return [`${lags.length} of ${expected} partitions have a member that knows where it is`];
    return lags.filter(({ lag }) => lag > 0).map(({ topic, partition, lag }) => `${topic}/${partition} lags by ${lag}`);
  }

  async #watch(): Promise<void> {
    while (this.world.reading) {
      const before = performance.now();
      await pause(100);
      const stood = performance.now() - before;
      if (stood > STANDSTILL_MS) this.world.history.storm(STANDSTILL, `${Math.round(stood)} ms`);
    }
  }

  async #look(pipeline: string): Promise<void> {
    while (this.world.reading) {
      await pause(LOOK_MS);
      await this.#seeAll(pipeline).catch(() => undefined);
    }
  }

  async #seeAll(pipeline: string): Promise<void> {
    const groups = [...this.#crews, { group: pipeline, topics: [this.world.topics.plain] }];
    for (const { group, topics } of groups) {
      const t0 = this.world.history.now;
      const rows: Row[] = await this.#witness.committed(group, topics);
      this.world.history.write({ k: 'seen', t: this.world.history.now, t0, g: group, rows });
    }
  }
}
