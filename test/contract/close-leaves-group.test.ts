import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Consumer } from 'seekafka';
import { type Cluster, describeOnKafka } from '../helpers/clusters.js';
import { Member, NumberedTopic, type Protocol, quickGroup, random } from '../helpers/member.js';
import { describeProtocols } from '../helpers/protocols.js';
import { RawLeader } from '../helpers/raw-member.js';
import { eventually } from '../helpers/wait.js';

// A member that was closed and has not left is a ghost: its partitions stand still, and a rebalance waits for it, until
// its session ends. The sessions here are long (of KIP-848 the broker says how long: 10 s), so a ghost shows.

const SESSION_MS = 30_000;
const AT_ONCE_MS = 5000;

const longSessions = (cluster: Cluster, protocol: Protocol) => ({
  ...quickGroup(cluster, protocol),
  ...(protocol === 'consumer' ? {} : { 'session.timeout.ms': SESSION_MS }),
});

describeProtocols('close()', (cluster, protocol) => {
  it('leaves the group, of a member that holds nothing, too: the next one has all partitions at once', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 1 });
    const group = longSessions(cluster(), protocol);
    await using works = new Member(cluster(), group);
    void works.read();
    await works.subscribed(topic);
    const idle = new Member(cluster(), group);
    void idle.read();
    // Its assignment is empty, which is an assignment too.
    const joined = new Promise((resolve) => idle.consumer.once('assigned', resolve));
    await idle.consumer.subscribe(topic.topic);
    // KIP-848 tells nothing of an assignment that is empty.
    if (protocol === 'consumer') await sleep(1000);
    else await joined;
    await idle.consumer.close();
    await works.consumer.close();

    await using next = new Member(cluster(), group);
    void next.read();
    await next.consumer.subscribe(topic.topic);
    await eventually(() => next.held.length === 1, { timeoutMs: AT_ONCE_MS, what: 'the next one has the partition' });
  });

  it('leaves the group at any moment of joining it: many that come and go hold nobody up', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 1 });
    const group = longSessions(cluster(), protocol);
    await using stays = new Member(cluster(), group);
    void stays.read();
    await stays.subscribed(topic);
    const below = random(7);
    for (let i = 0; i < 12; i++) {
      const comes = new Consumer({ 'bootstrap.servers': cluster().bootstrapServers, ...group });
      comes.on('error', () => undefined);
      await comes.subscribe(topic.topic);
      await sleep(below(60));
      await comes.close();
    }
    await eventually(() => stays.held.length === 2, { timeoutMs: AT_ONCE_MS, what: 'it has all partitions again' });
    await using last = new Member(cluster(), group);
    void last.read();
    await last.consumer.subscribe(topic.topic);
    await eventually(() => stays.held.length === 1 && last.held.length === 1, {
      timeoutMs: AT_ONCE_MS,
      what: 'each of the two that are left has its share',
    });
  });
});

// The mock cluster names a member when the rebalance is over; a broker does so before.
describeOnKafka('close() while a rebalance waits for another member', (cluster) => {
  for (const protocol of ['roundrobin', 'range,roundrobin'] as const) {
    it(`leaves the group before that one comes (${protocol})`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 2 });
      const { 'group.id': id, ...group } = longSessions(cluster(), 'range');
      const assigns = { own: topic.partitions, others: [] };
      await using leader = await RawLeader.create(cluster().bootstrapServers, id, topic.topic, assigns);
      leader.stall(true);
      await using leaves = new Member(cluster(), {
        ...group,
        'group.id': id,
        'partition.assignment.strategy': protocol,
      });
      await leaves.consumer.subscribe(topic.topic);
      await eventually(() => leader.isWaitedFor, { what: 'the rebalance waits for the other member' });
      const begun = performance.now();
      await leaves.consumer.close();
      expect(performance.now() - begun, 'ms for close()').to.be.below(4000); // LeaveGroup itself is waited for 5 s
      leader.stall(false);
      await eventually(() => !leader.isWaitedFor, { timeoutMs: AT_ONCE_MS, what: 'the other member has joined' });
      expect(leader.others, 'other members in the group').to.equal(0);
      expect(leader.failure).to.equal(undefined);
    });
  }
});
