// What blows: to the nodes, and to the connections. A seed gives the same blows in the same order, with the same pauses.

import type { ClusterNode } from '../../scripts/kafka-cluster.mjs';
import type { History } from './history.js';
import type { Proxy } from './proxy.js';
import type { Random } from './random.js';
import { PASSWORD, type World, pause } from './world.js';

export const NODE_BLOWS = ['kill', 'freeze', 'controller', 'rolling'] as const;
export const NET_BLOWS = ['slow', 'deaf', 'mute', 'cut', 'refuse'] as const;
type NodeBlow = (typeof NODE_BLOWS)[number];
type NetBlow = (typeof NET_BLOWS)[number];

interface Blow<Kind> {
  readonly kind: Kind;
  /** Which node. */
  readonly target: number;
  readonly restMs: number;
  readonly lastsMs: number;
}

/** Each kind once, in an order by chance, then again. */
function* plan<Kind>(random: Random, kinds: readonly Kind[], rest: [number, number], lasts: [number, number]) {
  for (;;) {
    const left = [...kinds];
    while (left.length) {
      const [kind] = left.splice(random.integer(0, left.length - 1), 1);
      yield {
        kind: kind!,
        target: random.integer(0, 2),
        restMs: random.integer(...rest),
        lastsMs: random.integer(...lasts),
      } satisfies Blow<Kind>;
    }
  }
}

/** A node that hands its partitions over for longer than this is killed. */
const STOP_PATIENCE_MS = 8000;

export interface Shore {
  readonly nodes: readonly ClusterNode[];
  controller(): Promise<ClusterNode>;
  /** The proxies of each node, by listener. */
  readonly proxies: readonly { readonly CLIENT: Proxy; readonly LOGIN: Proxy }[];
}

/** Blows until `stop()`, which leaves everything well. */
export class Storm {
  readonly counts: Record<string, number> = {};
  readonly #history: History;
  readonly #over = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    readonly world: World,
    readonly shore: Shore,
  ) {
    this.#history = world.history;
  }

  start(): void {
    const node = plan(this.world.random('nodes'), NODE_BLOWS, [1000, 4000], [500, 6000]);
    const net = plan(this.world.random('net'), NET_BLOWS, [500, 4000], [1000, 6000]);
    this.#running = Promise.all([
      this.#blow(node, (kind, target, lastsMs) => this.#onNode(kind, target, lastsMs)),
      this.#blow(net, (kind, target, lastsMs) => this.#onNet(kind, target, lastsMs)),
    ]);
    this.#running.catch(() => undefined); // stop() tells
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#running;
    for (const { CLIENT, LOGIN } of this.shore.proxies) {
      CLIENT.set('pass');
      LOGIN.set('pass');
    }
  }

  async #blow<Kind extends string>(
    plan: Iterable<Blow<Kind>>,
    strike: (kind: Kind, target: number, lastsMs: number) => Promise<void>,
  ): Promise<void> {
    for (const { kind, target, restMs, lastsMs } of plan) {
      await this.#wait(restMs);
      if (this.#over.signal.aborted) return;
      this.counts[kind] = (this.counts[kind] ?? 0) + 1;
      await strike(kind, target, lastsMs);
    }
  }

  async #wait(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (!this.#over.signal.aborted && performance.now() < until) await pause(50);
  }

  async #onNode(kind: NodeBlow, target: number, lastsMs: number): Promise<void> {
    const { nodes } = this.shore;
    const node = kind === 'controller' ? await this.shore.controller() : nodes[target]!;
    switch (kind) {
      case 'kill':
      case 'controller':
        this.#history.storm(kind, `node ${node.id}`);
        await node.kill();
        await this.#wait(lastsMs);
        await this.#start(node);
        break;
      case 'freeze':
        this.#history.storm('freeze', `node ${node.id}`);
        node.freeze();
        await this.#wait(lastsMs + 2000);
        node.thaw();
        this.#history.storm('thaw', `node ${node.id}`);
        break;
      case 'rolling':
        for (let i = 0; i < nodes.length && !this.#over.signal.aborted; i++) {
          const next = nodes[(target + i) % nodes.length]!;
          this.#history.storm('stop', `node ${next.id}`);
          await next.stop(STOP_PATIENCE_MS);
          await this.#start(next);
          await this.#wait(1500);
        }
    }
  }

  async #start(node: ClusterNode): Promise<void> {
    node.start();
    await node.up();
    this.#history.storm('up', `node ${node.id}`);
  }

  async #onNet(kind: NetBlow, target: number, lastsMs: number): Promise<void> {
    const { CLIENT, LOGIN } = this.shore.proxies[target]!;
    if (kind === 'refuse') return this.#refuse(lastsMs);
    const delayMs = 30 + (lastsMs % 300);
    this.#history.storm(kind, `node ${target + 1}${kind === 'slow' ? ` by ${delayMs} ms` : ''}`);
    for (const proxy of [CLIENT, LOGIN]) proxy.set(kind, delayMs);
    await this.#wait(lastsMs);
    for (const proxy of [CLIENT, LOGIN]) proxy.set('pass');
    this.#history.storm('pass', `node ${target + 1}`);
  }

  /** Clients that log in have a wrong password for a while, and lose their connections. */
  async #refuse(lastsMs: number): Promise<void> {
    const { logins } = this.world;
    this.#history.storm('refuse', `${logins.size} clients`);
    for (const client of logins) client.setSaslCredentials('storm', 'wrong');
    for (const { LOGIN } of this.shore.proxies) LOGIN.breakAll();
    await this.#wait(lastsMs);
    for (const client of logins) client.setSaslCredentials('storm', PASSWORD);
    this.#history.storm('accept', `${logins.size} clients`);
  }
}
