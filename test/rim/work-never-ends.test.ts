import { expect } from 'chai';
import { Producer } from 'seekafka';
import { type Cluster, mockCluster } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

describe('the work of a transaction that never ends', () => {
  let cluster: Cluster;
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
});
