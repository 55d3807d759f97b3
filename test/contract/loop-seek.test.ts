import { expect } from 'chai';
import type { Message, MessageBatch, TopicPartitionOffset } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { Reader, at, consumerOn, fill, range, takeSequences } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';

// S13: seeking from inside of the loop, whose body is what holds the next message up.

describeOnBoth('S13: a seek in a loop', (cluster) => {
  const prepare = async (partitions = 1, count = 20) => {
    const topic = await cluster().createTopic(partitions);
    await fill(cluster(), topic, { partitions, count });
    const consumer = consumerOn(cluster());
    await consumer.assign(range(0, partitions).map((partition) => ({ topic, partition })));
    return { topic, consumer };
  };

  it('over messages, awaited in the body, does not wait for the body', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    const reader = new Reader(consumer, async () => {
      if (reader.seen.length === 5) await consumer.seek(at(topic, 12));
      if (reader.seen.length === 8) await consumer.seekToBeginning();
    });
    await reader.until(28);
    expect(reader.sequences()).to.deep.equal([...range(0, 5), ...range(12, 15), ...range(0, 20)]);
  });

  it('over messages, not awaited in the body, is in force for the next message', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    let sought: Promise<TopicPartitionOffset[]> | undefined;
    const reader = new Reader(consumer, () => {
      if (reader.seen.length === 5) sought = consumer.seek(at(topic, 12));
    });
    await reader.until(13);
    expect(await sought).to.deep.equal([at(topic, 12)]);
    expect(reader.sequences()).to.deep.equal([...range(0, 5), ...range(12, 20)]);
  });

  it('over messages, as the last thing before break, is where the next loop begins', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    let sought: Promise<TopicPartitionOffset[]> | undefined;
    for await (const message of consumer) {
      if (message.offset < 6) continue;
      sought = consumer.seek(at(topic, 3));
      break;
    }
    expect(await takeSequences(consumer, 2)).to.deep.equal([3, 4]);
    expect(await sought).to.deep.equal([at(topic, 3)]);
  });

  it('over messages, in a body that runs for each message, ends', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    const seen: number[] = [];
    for await (const message of consumer) {
      seen.push(message.offset);
      if (message.offset === 18) break;
      await consumer.seek(at(topic, message.offset + 2)); // every other message
    }
    expect(seen).to.deep.equal([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
  });

  it('over batches, awaited in the body: the next batch begins there', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    const seen: number[] = [];
    let batches = 0;
    for await (const batch of consumer.batches({ maxMessages: 6 })) {
      for (const { offset } of batch) seen.push(offset);
      if (++batches === 2) await consumer.seek(at(topic, 15));
      if (seen.at(-1) === 19) break;
    }
    expect(seen).to.deep.equal([...range(0, 12), ...range(15, 20)]);
  });

  it('in the middle of a batch ends that batch for the partition, and for no other', async () => {
    const { topic, consumer } = await prepare(2, 400);
    await using _ = consumer;
    const seen: number[][] = [[], []];
    /** How many messages of partition 0 came before its seek. */
    let before: number | undefined;
    const visit = async (batch: MessageBatch) => {
      for (const { partition, offset } of batch) {
        seen[partition]!.push(offset);
        if (before === undefined && batch.topicPartitions.length === 2 && partition === 0 && offset >= 30) {
          before = offset + 1;
          await consumer.seek(at(topic, 10, 0));
        }
      }
    };
    await consumer.seekToBeginning();
    for await (const batch of consumer.batches()) {
      await visit(batch);
      if (seen[0]!.at(-1) === 399 && seen[1]!.at(-1) === 399) break;
    }
    // Whether one native batch has both partitions is up to the fetcher: then the seek falls into the middle of one.
    const whole = range(0, 400);
    expect(seen[0]).to.deep.equal(before === undefined ? whole : [...range(0, before), ...range(10, 400)]);
    expect(seen[1]).to.deep.equal(whole);
  });

  it('in the middle of a batch of one partition drops the rest of it at once', async () => {
    const { topic, consumer } = await prepare(1, 100);
    await using _ = consumer;
    const seen: number[] = [];
    for await (const batch of consumer.batches()) {
      for (const { offset } of batch) {
        seen.push(offset);
        if (seen.length === 30) await consumer.seek(at(topic, 90));
      }
      if (seen.at(-1) === 99) break;
    }
    expect(seen).to.deep.equal([...range(0, 30), ...range(90, 100)]);
  });

  it('from a task beside the loop is in force when its promise resolves, while the loop hangs in its body', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    using _release = { [Symbol.dispose]: () => release() };
    const reader = new Reader(consumer, async (message: Message) => {
      if (message.offset === 4 && reader.seen.length === 5) await gate;
    });
    await reader.until(5);
    expect(await consumer.seek(at(topic, 17))).to.deep.equal([at(topic, 17)]);
    release();
    await reader.until(8);
    expect(reader.sequences()).to.deep.equal([0, 1, 2, 3, 4, 17, 18, 19]);
  });

  it('that is refused does not end the loop', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    const errors: unknown[] = [];
    const reader = new Reader(consumer, async () => {
      if (reader.seen.length === 5) errors.push(await rejection(consumer.seek(at(topic, 0, 7))));
      if (reader.seen.length === 6) errors.push(await rejection(consumer.seek(at(topic, -1))));
    });
    await reader.until(20);
    expect(reader.sequences()).to.deep.equal(range(0, 20));
    expect(errors[0]).to.include({ code: 'ERR__STATE' });
    expect(errors[1]).to.be.instanceOf(RangeError);
  });
});
