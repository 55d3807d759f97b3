import { expect } from 'chai';
import { Admin, type KafkaError, type WaitOptions } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { inTime } from '../helpers/wait.js';

// How the waits of admin requests end, whatever they ask: by the time limit, by the signal, by close(). And no request is
// hurt by the end of another one.

const place = { topic: 't', partition: 0 };
const group = 'g';
const acl = {
  resourceType: 'topic',
  resourceName: 't',
  principal: 'User:a',
  operation: 'read',
  permission: 'allow',
} as const;
const user = { user: 'u', mechanism: 'SCRAM-SHA-256', password: 'p' } as const;

const requests: Record<string, (admin: Admin, options: WaitOptions) => Promise<unknown>> = {
  createTopics: (admin, options) => admin.createTopics([{ topic: 't' }], options),
  deleteTopics: (admin, options) => admin.deleteTopics(['t'], options),
  listTopics: (admin, options) => admin.listTopics(options),
  describeTopics: (admin, options) => admin.describeTopics(['t'], options),
  createPartitions: (admin, options) => admin.createPartitions([{ topic: 't', total: 2 }], options),
  deleteRecords: (admin, options) => admin.deleteRecords([{ ...place, offset: 1 }], options),
  listOffsets: (admin, options) => admin.listOffsets([{ ...place, spec: 'latest' }], options),
  describeConfigs: (admin, options) => admin.describeConfigs([{ type: 'topic', name: 't' }], options),
  alterConfigs: (admin, options) => admin.alterConfigs([{ type: 'broker', name: 1, delete: ['a'] }], options),
  listGroups: (admin, options) => admin.listGroups(options),
  describeGroups: (admin, options) => admin.describeGroups([group], options),
  deleteGroups: (admin, options) => admin.deleteGroups([group], options),
  listGroupOffsets: (admin, options) => admin.listGroupOffsets(group, [place], options),
  alterGroupOffsets: (admin, options) => admin.alterGroupOffsets(group, [{ ...place, offset: 1 }], options),
  deleteGroupOffsets: (admin, options) => admin.deleteGroupOffsets(group, [place], options),
  describeCluster: (admin, options) => admin.describeCluster(options),
  electLeaders: (admin, options) => admin.electLeaders([place], options),
  createAcls: (admin, options) => admin.createAcls([acl], options),
  describeAcls: (admin, options) => admin.describeAcls({}, options),
  deleteAcls: (admin, options) => admin.deleteAcls([acl], options),
  describeScramUsers: (admin, options) => admin.describeScramUsers([user.user], options),
  alterScramUsers: (admin, options) => admin.alterScramUsers([user], options),
};

describe('admin requests to a broker that does not answer', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  before(async () => {
    cluster = await mockCluster();
    cluster.mock.setRoundTripTime(1, 120_000);
  });
  after(() => cluster.close());
  const quiet = () => {
    const admin = new Admin({ 'bootstrap.servers': cluster.bootstrapServers });
    admin.on('error', () => undefined);
    return admin;
  };

  it('are all methods but those that every client has', () => {
    const common = ['constructor', 'close', 'connect', 'health', 'setSaslCredentials'];
    const methods = Object.getOwnPropertyNames(Admin.prototype).filter((name) => !common.includes(name));
    expect(Object.keys(requests)).to.have.members(methods);
  });

  it('end at their time limit, each with its own name', async () => {
    await using admin = quiet();
    const all = Object.entries(requests).map(async ([operation, ask]) => {
      const error = (await inTime(rejection(ask(admin, { timeoutMs: 150 })), operation)) as KafkaError;
      expect(error, operation).to.include({ name: 'KafkaError', code: 'ERR__TIMED_OUT', operation, retriable: true });
      expect(error.message, operation).to.match(new RegExp(`^${operation}: (?!.*${operation})`));
    });
    await Promise.all(all);
  });

  it('end by their signal, with its reason, and the others go on', async () => {
    await using admin = quiet();
    const other = rejection(admin.describeCluster({ timeoutMs: 700 }));
    const all = Object.entries(requests).map(async ([operation, ask]) => {
      const controller = new AbortController();
      const asked = rejection(ask(admin, { signal: controller.signal }));
      const reason = new Error(operation);
      setTimeout(() => controller.abort(reason), 50);
      expect(await inTime(asked, operation)).to.equal(reason);
      const before = { signal: AbortSignal.abort(reason) };
      expect(await inTime(rejection(ask(admin, before)), operation)).to.equal(reason);
    });
    await Promise.all(all);
    expect(await other).to.include({ code: 'ERR__TIMED_OUT' });
  });

  it('end by close(), and are refused after it', async () => {
    const admin = quiet();
    const open = Object.entries(requests).map(async ([operation, ask]) => {
      const error = await inTime(rejection(ask(admin, {})), operation);
      expect(error, operation).to.include({ code: 'ERR__DESTROY', operation });
    });
    await inTime(admin.close(), 'close()');
    await Promise.all(open);
    for (const [operation, ask] of Object.entries(requests)) {
      expect(await rejection(ask(admin, {})), operation).to.include({ code: 'ERR__DESTROY', operation });
    }
  });
});

describe('an admin request that a broker does not know', () => {
  it('rejects, also where a coordinator is asked, and the next one is answered', async () => {
    const cluster = await mockCluster();
    try {
      await using admin = new Admin({ 'bootstrap.servers': cluster.bootstrapServers });
      const topic = await cluster.createTopic();
      const outcomes = Object.entries(requests).map(async ([operation, ask]) => {
        const outcome = await ask(admin, { timeoutMs: 1_500 }).then(
          () => 'answered',
          (error: KafkaError) => error,
        );
        if (outcome !== 'answered') expect(outcome, operation).to.include({ name: 'KafkaError', operation });
        return [operation, outcome === 'answered' ? outcome : (outcome as KafkaError).code];
      });
      const told = Object.fromEntries(await inTime(Promise.all(outcomes))) as Record<string, string>;
      for (const operation of ['deleteGroups', 'deleteGroupOffsets', 'describeGroups', 'listGroups', 'alterConfigs']) {
        expect(told[operation], operation).to.equal('ERR__UNSUPPORTED_FEATURE');
      }
      expect(await inTime(admin.listTopics())).to.include(topic);
    } finally {
      await cluster.close();
    }
  });
});
