import type { Consumer, ConsumerConfig, RebalanceListener } from 'seekafka';
import { type Cluster, describeOnBoth } from './clusters.js';
import { skip } from './groups.js';
import { Member, NumberedTopic, type Protocol, quickGroup } from './member.js';
import { eventually } from './wait.js';

/** A suite for each way in which a group rebalances: eager, cooperative and KIP-848, on both clusters where they can. */
export function describeProtocols(title: string, define: (cluster: () => Cluster, protocol: Protocol) => void): void {
  describeOnBoth(title, (cluster) => {
    for (const protocol of ['range', 'cooperative-sticky', 'consumer'] as const) {
      describe(protocol, () => {
        before('what the cluster can', function () {
          if (protocol !== 'consumer' || cluster().name !== 'mock') return;
          skip(this, 'the mock cluster has no assignor of its own, which group.protocol=consumer needs');
        });
        define(cluster, protocol);
      });
    }
  });
}

/** A topic of its own, and two members of a group that are not in it yet. */
export class Pair implements AsyncDisposable {
  readonly topic: NumberedTopic;
  readonly first: Member;
  readonly second: Member;

  private constructor(topic: NumberedTopic, first: Member, second: Member) {
    this.topic = topic;
    this.first = first;
    this.second = second;
  }

  /** Four partitions, ten messages in each. */
  static async create(cluster: Cluster, protocol: Protocol, more: Partial<ConsumerConfig> = {}): Promise<Pair> {
    const config = { ...quickGroup(cluster, protocol), ...more };
    const topic = await NumberedTopic.create(cluster, { partitions: 4, messages: 10 });
    return new Pair(topic, new Member(cluster, config), new Member(cluster, config));
  }

  /** The first one reads everything and commits it. */
  async firstReads(listener: RebalanceListener = {}): Promise<void> {
    void this.first.read();
    await this.first.consumer.subscribe(this.topic.topic, listener);
    await this.isShared([this.first]);
    await this.topic.isRead(this.first);
    await this.first.consumer.commit();
  }

  /** The second one joins and reads. Resolves when each has its half. */
  async secondJoins(): Promise<void> {
    void this.second.read();
    await this.second.consumer.subscribe(this.topic.topic);
    await this.isShared();
  }

  /** The second one leaves. Resolves when the first one has everything. */
  async secondLeaves(): Promise<void> {
    await this.second.consumer.close();
    await this.isShared([this.first]);
  }

  /** Waits until the members share the partitions out equally. */
  async isShared(members: readonly Member[] = [this.first, this.second]): Promise<void> {
    const { partitions } = this.topic;
    await eventually(
      () => {
        for (const member of members) member.rethrow();
        const held = members.flatMap((member) => member.held).sort((a, b) => a - b);
        return (
          held.join() === partitions.join() &&
          members.every((member) => member.held.length === partitions.length / members.length)
        );
      },
      { timeoutMs: 15_000, what: `${members.length} members share the partitions out` },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = await Promise.allSettled(
      [this.first, this.second, this.topic].map((each) => each[Symbol.asyncDispose]()),
    );
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
  }
}

/** Resolves with the next event of this kind. */
export function nextEvent(consumer: Consumer, event: 'assigned' | 'revoked' | 'lost'): Promise<void> {
  return new Promise((resolve) => consumer.once(event, () => resolve()));
}
