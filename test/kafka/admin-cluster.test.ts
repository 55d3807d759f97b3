import { expect } from 'chai';
import { fails } from '../helpers/admin.js';
import { describeOnKafka } from '../helpers/clusters.js';
import { uniqueTopic } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// Admin requests about the cluster as a whole.

describeOnKafka('the cluster', (cluster) => {
  it('is described: its brokers, its controller, and what the client may do', async () => {
    const { admin, bootstrapServers } = cluster();
    const told = await inTime(admin.describeCluster());
    const [host, port] = bootstrapServers.split(':');
    const node = { id: 1, host, port: Number(port), rack: null };
    expect(told.brokers).to.deep.equal([node]);
    expect(told.controller).to.deep.equal(node);
    expect(told.clusterId).to.be.a('string').and.not.equal('');
    expect(told).not.to.have.property('authorizedOperations');
    const asked = await inTime(admin.describeCluster({ includeAuthorizedOperations: true }));
    expect(asked.authorizedOperations).to.include.members(['create', 'alter', 'describe-configs']);
  });

  it('elects leaders where that is needed; that it is not needed is no error', async () => {
    const { admin } = cluster();
    const [topic, absent] = [await cluster().createTopic(2), uniqueTopic()];
    const asked = [1, 0].map((partition) => ({ topic, partition }));
    expect(await inTime(admin.electLeaders(asked))).to.deep.equal(asked.map((place) => ({ ...place, elected: false })));
    expect(await inTime(admin.electLeaders(asked, { type: 'unclean' }))).to.deep.equal(
      asked.map((place) => ({ ...place, elected: false })),
    );
    expect(await inTime(admin.electLeaders())).to.deep.equal([]);
    const { error, items } = await fails(admin.electLeaders([{ topic: absent, partition: 4 }, asked[0]!]));
    expect(error).to.include({ code: 'ERR_UNKNOWN_TOPIC_OR_PART', operation: 'electLeaders' });
    expect(items).to.deep.equal([
      [`${absent}[4]`, 'ERR_UNKNOWN_TOPIC_OR_PART'],
      [`${topic}[1]`, undefined],
    ]);
    expect(error.items![1]!.result).to.deep.equal({ topic, partition: 1, elected: false });
  });
});
