import { type Channel, channel, tracingChannel } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { Admin, Consumer, type DiagnosticsEvent, Producer, type TracedEvent } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// Every channel of node:diagnostics_channel, on a real Kafka. (test/mock/diagnostics-channels.test.ts has the payloads one by one.)

const traced = ['connect', 'send', 'process', 'commit', 'seek', 'rebalance', 'transaction', 'admin'];
const points = ['deliver', 'consume'];

type Told = Record<string, (DiagnosticsEvent & Partial<TracedEvent<unknown>> & Record<string, unknown>)[]>;

/** What each channel tells of the clients given, until it is disposed of: of a tracing channel what has ended. */
function listen(clients: readonly unknown[]) {
  const told: Told = Object.fromEntries([...traced, ...points].map((name) => [name, []]));
  const subscribed: [Channel, (event: unknown) => void][] = [];
  const on = (to: Channel, name: string) => {
    const take = (event: unknown) => {
      if (clients.includes((event as DiagnosticsEvent).client)) told[name]!.push(event as Told[string][number]);
    };
    to.subscribe(take);
    subscribed.push([to, take]);
  };
  for (const name of traced) on(tracingChannel(`seekafka:${name}`).asyncEnd, name);
  for (const name of points) on(channel(`seekafka:${name}`), name);
  return { told, [Symbol.dispose]: () => subscribed.forEach(([to, take]) => to.unsubscribe(take)) };
}

describeOnKafka('the channels of node:diagnostics_channel', (cluster) => {
  it('tell of everything that the three clients do', async () => {
    const servers = { 'bootstrap.servers': cluster().bootstrapServers };
    const input = await cluster().createTopic();
    const [output, groupId] = [uniqueTopic(), uniqueGroup()];
    await using admin = new Admin(servers);
    await using producer = new Producer({ ...servers, 'transactional.id': groupId });
    await using sender = new Producer(servers);
    const consumer = new Consumer({ ...servers, 'group.id': groupId, 'enable.auto.commit': false });
    using listening = listen([admin, producer, sender, consumer]);
    const { told } = listening;

    for (const client of [admin, producer, sender, consumer]) await client.connect();
    await admin.createTopics([{ topic: output, partitions: 1 }]);
    await sender.send(['a', 'b'].map((value) => ({ topic: input, value })));
    await consumer.subscribe(input);
    await consumer.seekToBeginning();
    const stop = new AbortController();
    await consumer.process(({ offset }) => void (offset === 1 && stop.abort()), { signal: stop.signal });
    await consumer.commit([{ topic: input, partition: 0, offset: 1 }]);
    await producer.transaction(async (tx) => {
      await tx.send({ topic: output, value: 'c' });
      await tx.sendOffsets(consumer, [{ topic: input, partition: 0, offset: 2 }]);
    });
    await consumer.seek({ topic: input, partition: 0, offset: 0 });
    for await (const batch of consumer.batches({ minMessages: 2 })) {
      expect(batch.length).to.equal(2);
      break;
    }
    await consumer.close();
    await eventually(() => told['rebalance']!.length === 2, { what: 'the end of both rebalances' });

    const of = (name: string, ...keys: string[]) => told[name]!.map((event) => keys.map((key) => event[key]));
    const partition = { topic: input, partition: 0 };
    expect(Object.values(told).flatMap((events) => events.filter(({ error }) => error !== undefined))).to.deep.equal(
      [],
    );
    expect(of('connect', 'client')).to.deep.equal([[admin], [producer], [sender], [consumer]]);
    expect(of('admin', 'client', 'operation')).to.deep.equal([[admin, 'createTopics']]);
    expect(of('send', 'client', 'transactional')).to.deep.equal([
      [sender, false],
      [producer, true],
    ]);
    const delivered = (client: Producer) =>
      told['deliver']!.filter((event) => event.client === client).reduce(
        (sum, { delivered }) => sum + Number(delivered),
        0,
      );
    expect([delivered(sender), delivered(producer)]).to.deep.equal([2, 1]);
    expect(of('transaction', 'client')).to.deep.equal([[producer]]);
    expect(of('rebalance', 'kind', 'partitions')).to.deep.equal([
      ['assigned', [partition]],
      ['revoked', [partition]],
    ]);
    expect(of('seek', 'operation', 'partitions', 'result')).to.deep.equal([
      ['seekToBeginning', null, [{ ...partition, offset: 0 }]],
      ['seek', [partition], [{ ...partition, offset: 0 }]],
    ]);
    expect(
      told['process']!.map(({ message, attempt }) => [(message as { offset: number }).offset, attempt]),
    ).to.deep.equal([0, 1].map((offset) => [offset, 1]));
    const committed = told['commit']!.map(({ automatic, offsets }) => [
      automatic,
      (offsets as [{ offset: number }])[0].offset,
    ]);
    expect(committed).to.deep.include([false, 1]);
    expect(told['consume']!.filter(({ batch }) => batch !== null)).to.have.length(1);
    for (const event of [...told['seek']!, ...told['commit']!, ...told['consume']!]) {
      expect(event).to.include({ client: consumer, clientId: 'rdkafka', groupId });
    }
    const [address, port] = cluster().bootstrapServers.split(':');
    expect(told['connect']![0]!.server).to.deep.equal({ address, port: Number(port) });
  });
});
