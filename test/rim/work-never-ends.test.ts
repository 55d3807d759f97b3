import { expect } from 'chai';
import { Producer } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

const ADD_PARTITIONS_TO_TXN = 24;
const PRODUCER_FENCED = 90;

describe('the work of a transaction that never ends', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());

  it('does not keep transaction() waiting beyond close()', async () => {
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    const producer = new Producer({ ...servers, 'transactional.id': uniqueGroup('work') });
    let begun!: () => void;
    const working = new Promise<void>((resolve) => (begun = resolve));
    const refused = rejection(
      producer.transaction(() => {
        begun();
        return new Promise<void>(() => undefined);
      }),
    );
    await inTime(working);
    await inTime(producer.close());
    expect(await inTime(refused)).to.include({ code: 'ERR__DESTROY' });
  });

  it('does not keep transaction() waiting beyond the end of the producer, which another one has fenced', async () => {
    const topic = await cluster.createTopic();
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    await using producer = new Producer({ ...servers, 'transactional.id': uniqueGroup('work') });
    producer.on('error', () => undefined);
    cluster.mock.pushRequestError(1, ADD_PARTITIONS_TO_TXN, PRODUCER_FENCED);
    const refused = rejection(
      producer.transaction(async (tx) => {
        tx.send({ topic, value: 'v' }).catch(() => undefined);
        await new Promise<void>(() => undefined);
      }),
    );
    expect(await inTime(refused)).to.include({ code: 'ERR__FENCED', fatal: true });
  });
});
