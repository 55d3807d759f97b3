import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { KafkaError, type TopicPartitionOffset } from 'seekafka';
import { sortedPlaces } from '../helpers/member.js';
import { Pair, describeProtocols } from '../helpers/protocols.js';
import { rejection } from '../helpers/rejection.js';
import { eventually, inTime } from '../helpers/wait.js';

const at = (partitions: readonly number[], offset: number) => partitions.map((p) => `${p}:${offset}`).join(' ');

describeProtocols('a seek while a group rebalances', (cluster, protocol) => {
  it('S8 of the whole assignment waits for the one that comes, and never reaches the other member', async () => {
    await using pair = await Pair.create(cluster(), protocol);
    const { topic, first, second } = pair;
    let sought: Promise<TopicPartitionOffset[]> | undefined;
    await pair.firstReads({ onRevoked: () => void (sought ??= first.consumer.seekToBeginning()) });
    const mark = first.mark();
    await pair.secondJoins();
    expect(sortedPlaces(await inTime(eventually(() => sought)))).to.equal(at(first.held, 0));
    await topic.produceAndAwait([first, second]);
    for (const p of topic.partitions) {
      expect(first.runs(p, mark), `first, partition ${p}`).to.equal(first.held.includes(p) ? '0..10' : '');
      expect(second.runs(p), `second, partition ${p}`).to.equal(second.held.includes(p) ? '10' : '');
    }
  });

  it('S8 of named partitions waits too, rejects for those that went, and is not applied when they come back', async () => {
    await using pair = await Pair.create(cluster(), protocol);
    const { topic, first, second } = pair;
    let sought: Promise<unknown> | undefined;
    await pair.firstReads({
      onRevoked: async () => {
        sought ??= rejection(first.consumer.seek(topic.partitions.map((p) => topic.at(p, 3))));
        await sleep(100); // time enough to move partitions that are about to go
      },
    });
    const mark = first.mark();
    await pair.secondJoins();
    const error = await inTime(eventually(() => sought));
    expect(error).to.be.instanceOf(KafkaError).and.to.include({ code: 'ERR__STATE', operation: 'seek' });
    const named = (error as KafkaError).partitions?.map(({ partition }) => partition).sort();
    const { held } = second;
    expect(named, 'those of the other member').to.deep.equal(held);
    await topic.produceAndAwait([first, second]);
    for (const p of held) expect(second.runs(p), `second, partition ${p}`).to.equal('10');
    for (const p of first.held) expect(first.runs(p, mark), `first, partition ${p}`).to.equal('3..10');

    await second.consumer.commit();
    await pair.secondLeaves();
    await topic.produceAndAwait(first);
    for (const p of held) expect(first.runs(p, mark), `given back, partition ${p}`).to.equal('11');
  });

  it('S8 asked again and again while a member joins: all end, none travels, the last is in force', async () => {
    await using pair = await Pair.create(cluster(), protocol);
    const { topic, first, second } = pair;
    await pair.firstReads();
    void second.read();
    await second.consumer.subscribe(topic.topic);
    const sought: Promise<unknown>[] = [];
    await eventually(
      () => {
        if (first.held.length) sought.push(first.consumer.seek(topic.at(first.held[0]!, 7)).catch(() => undefined));
        sought.push(first.consumer.seekToBeginning());
        return first.held.length === 2 && second.held.length === 2;
      },
      { intervalMs: 30, what: 'the second member has joined' },
    );
    await inTime(Promise.all(sought));
    const last = await inTime(first.consumer.seekToBeginning());
    const mark = first.mark();
    expect(sortedPlaces(last)).to.equal(at(first.held, 0));
    await topic.produceAndAwait([first, second]);
    for (const p of first.held) expect(first.runs(p, mark), `first, partition ${p}`).to.equal('0..10');
    for (const p of second.held) expect(second.runs(p), `second, partition ${p}`).to.equal('10');
  });

  it('S8 asked while a member leaves: those that it gives up are sought as well', async () => {
    await using pair = await Pair.create(cluster(), protocol);
    const { topic, first, second } = pair;
    let sought: Promise<TopicPartitionOffset[]> | undefined;
    let seek = false;
    await pair.firstReads({ onAssigned: () => void (sought = seek ? first.consumer.seekToBeginning() : undefined) });
    await pair.secondJoins();
    await topic.produceAndAwait([first, second]);
    await Promise.all([first.consumer.commit(), second.consumer.commit()]);
    const mark = first.mark();
    seek = true;
    await pair.secondLeaves();
    expect(sortedPlaces(await inTime(eventually(() => sought)))).to.equal('0:0 1:0 2:0 3:0');
    await topic.produceAndAwait(first);
    for (const p of topic.partitions) expect(first.runs(p, mark), `partition ${p}`).to.equal('0..11');
  });

  it('S8 applied once: the rebalances after it leave the positions alone', async () => {
    await using pair = await Pair.create(cluster(), protocol);
    const { topic, first, second } = pair;
    const sought = first.consumer.seek(topic.partitions.map((p) => topic.at(p, 4)));
    await pair.firstReads();
    expect(sortedPlaces(await inTime(sought))).to.equal('0:4 1:4 2:4 3:4');
    await pair.secondJoins();
    await topic.produceAndAwait([first, second]);
    await second.consumer.commit();
    await pair.secondLeaves();
    await topic.produceAndAwait(first);
    for (const p of topic.partitions) {
      const came = [...first.sequences(p), ...second.sequences(p)].sort((a, b) => a - b);
      expect(came, `partition ${p}`).to.deep.equal([4, 5, 6, 7, 8, 9, 10, 11]);
    }
  });
});
