import { expect } from 'chai';
import { describeOnKafka, mockCluster } from '../helpers/clusters.js';
import { littleMemory, mostResident } from '../helpers/little-memory.js';
import { fill } from '../helpers/numbered.js';
import { Program } from '../helpers/program.js';
import { RawLeader } from '../helpers/raw-member.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// A partition's number is an int32, and nothing may be made as large as it says: 2147483647 of anything are gigabytes.
// The calls run in processes of their own with little memory, because what goes wrong here ends them.

const memory = littleMemory(6_000_000);
const huge = [2 ** 31 - 1, 2 ** 31 - 2, 2 ** 30, 500_000_000];

const prelude = `
  import { setTimeout as sleep } from 'node:timers/promises';
  import { Admin, Consumer, Producer } from 'seekafka';
  const { BROKERS, TOPIC, GROUP } = process.env;
  const PARTITION = Number(process.env.PARTITION);
  const servers = { 'bootstrap.servers': BROKERS };
  const config = { ...servers, 'group.id': GROUP, 'auto.offset.reset': 'earliest', 'socket.timeout.ms': 3000 };
  const huge = { topic: TOPIC, partition: PARTITION };
  const consumer = new Consumer(config);
  const errors = [];
  consumer.on('error', (error) => { errors.push(error); console.log('error event:', error.message); });
  /** A promise that waits for a partition that will never be may wait; what counts is the process. */
  const settled = async (name, promise) => {
    const timer = new AbortController();
    const outcome = await Promise.race([
      promise.then(() => 'resolved', (error) => 'rejected ' + error.message),
      sleep(5000, 'waits', { signal: timer.signal }).catch(() => ''),
    ]);
    timer.abort();
    console.log(name + ':', outcome);
  };
`;
const stillWorks = `
  await consumer.unsubscribe();
  await consumer.assign([{ topic: TOPIC, partition: 0, offset: 0 }]);
  for await (const message of consumer) if (message.offset === 4) break;
  console.log('lives');
  console.log('rss ' + process.resourceUsage().maxRSS);
  await consumer.close({ timeoutMs: 3000 });
`;

const calls: Readonly<Record<string, string>> = {
  'assign() with an offset': `await settled('assign', consumer.assign([{ ...huge, offset: 0 }])); await sleep(500);`,
  'assign() without an offset': `await settled('assign', consumer.assign([huge])); await sleep(500);`,
  'assign() beside a partition that is there': `
    await settled('assign', consumer.assign([{ topic: TOPIC, partition: 0, offset: 0 }, { ...huge, offset: 0 }]));
    for await (const message of consumer) if (message.offset === 4) break;
    await settled('assign', consumer.assign([]));`,
  'assign() of two of them and back': `
    await settled('assign', consumer.assign([huge, { topic: TOPIC, partition: PARTITION - 1 }]));
    await settled('assign', consumer.assign([{ topic: TOPIC, partition: 0, offset: 0 }]));`,
  'seek(), pause(), position() and what asks brokers': `
    await consumer.assign([{ topic: TOPIC, partition: 0, offset: 0 }]);
    await settled('seek', consumer.seek({ ...huge, offset: 1 }));
    await settled('seekToEnd', consumer.seekToEnd([huge]));
    try { consumer.pause([huge]); } catch (error) { console.log('pause:', error.message); }
    await settled('position', consumer.position([huge]));
    await settled('committed', consumer.committed([huge]));
    await settled('endOffsets', consumer.endOffsets([huge]));
    await settled('beginningOffsets', consumer.beginningOffsets([huge]));
    await settled('commit', consumer.commit([{ ...huge, offset: 1 }]));`,
  'send() and deleteRecords()': `
    const producer = new Producer({ ...servers, 'message.timeout.ms': 3000 });
    await settled('send', producer.send({ ...huge, value: 'x' }));
    await settled('send', producer.send([{ ...huge, value: 'x' }, { topic: TOPIC, partition: 0, value: '0:5' }]));
    await producer.close();
    const admin = new Admin(servers);
    await settled('deleteRecords', admin.deleteRecords([{ ...huge, offset: 1 }], { timeoutMs: 2000 }));
    await admin.close();`,
};

describe('a partition of a number that no topic has', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());

  for (const [call, source] of Object.entries(calls)) {
    // All of the numbers for what has taken memory by them, and one for the others.
    for (const partition of call.startsWith('assign() with') ? huge : huge.slice(0, 1)) {
      it(`neither ends the process nor takes gigabytes: ${partition} in ${call}`, async () => {
        const topic = await cluster.createTopic();
        await fill(cluster, topic, { count: 5 });
        const env = {
          BROKERS: cluster.bootstrapServers,
          TOPIC: topic,
          GROUP: uniqueGroup(),
          PARTITION: `${partition}`,
        };
        await using program = new Program(prelude + source + stillWorks, env, {
          before: memory,
          limitMs: 60_000,
        });
        const { code, signal, stdout, stderr } = await program.ended;
        expect({ code, signal }, stdout + stderr).to.deep.equal({ code: 0, signal: null });
        expect(program.lines).to.include('lives');
        expect(Number(program.lines.at(-1)!.slice('rss '.length)), 'kilobytes of memory').to.be.lessThan(
          mostResident(600_000),
        );
      });
    }
  }
});

// A real Kafka: the mock cluster fails an assertion of its own when a member speaks the protocol by hand.
describeOnKafka('a group leader of another make', (cluster) => {
  const member = `
    ${prelude}
    consumer.on('assigned', (partitions) => console.log('assigned', partitions.map((row) => row.partition).join()));
    await consumer.unsubscribe().catch(() => {});
    const joining = new Consumer({ ...config, 'partition.assignment.strategy': 'roundrobin', 'heartbeat.interval.ms': 200,
      'session.timeout.ms': 6000 });
    joining.on('error', (error) => console.log('event:', error.name, error.message));
    await joining.subscribe(TOPIC, {
      onAssigned: (partitions) => console.log('onAssigned', partitions.map((row) => row.partition).join()),
    });
    console.log('subscribed');
    (async () => {
      for await (const message of joining) console.log('message', message.partition, message.offset);
    })().catch((error) => console.log('loop: ' + error.message));
    process.on('SIGUSR2', async () => {
      console.log('lives');
      await joining.close({ timeoutMs: 3000 });
      await consumer.close({ timeoutMs: 3000 });
      process.exit(0);
    });
    setInterval(() => {}, 1000);`;

  for (const others of [[-1], [2 ** 31 - 1], [-(2 ** 31)], [0, -1], [2 ** 31 - 1, 0]]) {
    const wrong = others.find((partition) => partition !== 0)!;
    it(`that assigns partitions ${others.join(' and ')}: the member lives, and tells of ${wrong}`, async () => {
      const topic = await cluster().createTopic(2);
      await fill(cluster(), topic, { partitions: 2, count: 5 });
      const group = uniqueGroup();
      await using leader = await RawLeader.create(cluster().bootstrapServers, group, topic, { own: [1], others });
      const env = { BROKERS: cluster().bootstrapServers, TOPIC: topic, GROUP: group, PARTITION: '0' };
      const shell = `${littleMemory(12_000_000)}; export MALLOC_CHECK_=3 MALLOC_PERTURB_=1`;
      await using program = new Program(member, env, { before: shell, limitMs: 60_000 });
      await program.line('subscribed');
      const tells = (line: string) => line.startsWith('event:') && line.includes(topic) && line.includes(`${wrong}`);
      await eventually(() => program.lines.some(tells) || !program.running, {
        timeoutMs: 30_000,
        what: `an error event that names ${topic} and ${wrong}`,
      });
      expect(program.lines.filter(tells), program.lines.join('\n')).to.have.length.greaterThan(0);
      expect(leader.failure).to.equal(undefined);
      if (others.includes(0)) expect(await program.line('message')).to.equal('message 0 0');
      program.kill('SIGUSR2');
      const { code, signal, stdout, stderr } = await program.ended;
      expect({ code, signal }, stdout + stderr).to.deep.equal({ code: 0, signal: null });
    });
  }

  it('that assigns what is right: the member reads it (so the tests above ask the right thing)', async () => {
    const topic = await cluster().createTopic(2);
    await fill(cluster(), topic, { partitions: 2, count: 5 });
    const group = uniqueGroup();
    await using leader = await RawLeader.create(cluster().bootstrapServers, group, topic, { own: [1], others: [0] });
    const env = { BROKERS: cluster().bootstrapServers, TOPIC: topic, GROUP: group, PARTITION: '0' };
    await using program = new Program(member, env, { limitMs: 60_000 });
    expect(await program.line('onAssigned')).to.equal('onAssigned 0');
    expect(await program.line('message')).to.equal('message 0 0');
    expect(leader.failure).to.equal(undefined);
    expect(leader.others).to.equal(1);
  });
});
