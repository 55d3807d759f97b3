import { expect } from 'chai';
import { Consumer } from 'seekafka';
import { type ClientRecord, type NativeClient, native } from '../../binding/native.js';
import { mockCluster } from '../helpers/clusters.js';
import { eventually } from '../helpers/wait.js';

// Other clients write header names with NUL characters. Producer.send() refuses them, so the native side writes one here.

describe('a header whose name has a NUL character', () => {
  it('is read with its whole name, and what is behind it too', async () => {
    const cluster = await mockCluster();
    await using _cluster = { [Symbol.asyncDispose]: () => cluster.close() };
    const topic = await cluster.createTopic();
    const names = ['x\0y', '\0', 'plain'];
    const headers = Buffer.concat(
      names.flatMap((name) => {
        const [nameLength, valueLength] = [Buffer.alloc(4), Buffer.alloc(4)];
        nameLength.writeInt32LE(Buffer.byteLength(name));
        valueLength.writeInt32LE(1);
        return [nameLength, Buffer.from(name), valueLength, Buffer.from('v')];
      }),
    );
    const types: string[] = [];
    const handle: NativeClient = new native.Client([['bootstrap.servers', cluster.bootstrapServers]], () => {
      types.push(...handle.drain().map(({ type }: ClientRecord) => type));
    });
    handle.ref();
    const fields = Int32Array.of(0, 0, headers.length, -1, 1);
    handle.produce([topic], fields, new Float64Array(1), Buffer.concat([headers, Buffer.from('v')]), 1, 0);
    await eventually(() => types.includes('delivery'));
    handle.close();
    await eventually(() => types.includes('closed') && handle.join(0));

    await using consumer = new Consumer({ 'bootstrap.servers': cluster.bootstrapServers });
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    for await (const message of consumer) {
      expect(message.headers.map(([name, value]) => [name, value?.toString()])).to.deep.equal(
        names.map((name) => [name, 'v']),
      );
      break;
    }
  });
});
