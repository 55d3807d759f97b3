import { expect } from 'chai';
import { Admin, type AclBinding, Consumer, type KafkaError, type NewAcl } from 'seekafka';
import { fails } from '../helpers/admin.js';
import { describeOwnKafka } from '../helpers/kafka.js';
import { rejection } from '../helpers/rejection.js';
import { unique, uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// Access control lists, SCRAM users, and what a client is told that lacks a right, on a Kafka with an authorizer. Who comes
// by the plain listener may do everything there; alice, who logs in, has no right until a test gives her one.

const ALICE = 'alice-password';
const PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required';
const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';

describeOwnKafka(
  'a Kafka with an authorizer',
  (kafka) => {
    let admin: Admin;
    let alice: Admin;
    const login = (username: string, password: string, mechanism = 'PLAIN') => ({
      'bootstrap.servers': kafka().listeners.LOGIN!,
      'security.protocol': 'sasl_plaintext' as const,
      'sasl.mechanisms': mechanism,
      'sasl.username': username,
      'sasl.password': password,
    });

    before('clients', () => {
      admin = new Admin({ 'bootstrap.servers': kafka().bootstrapServers });
      alice = new Admin(login('alice', ALICE));
    });
    after('end of them', () => Promise.all([admin.close(), alice.close()]));

    async function createTopic(): Promise<string> {
      const topic = uniqueTopic();
      await inTime(admin.createTopics([{ topic, partitions: 1 }]));
      await eventually(() => admin.describeTopics([topic]).catch(() => undefined));
      return topic;
    }

    const right = (more: Partial<NewAcl> & Pick<NewAcl, 'resourceType'>): NewAcl => ({
      principal: 'User:alice',
      operation: 'read',
      permission: 'allow',
      ...more,
    });

    describe('rights', () => {
      it('are given, told by filters, and taken away', async () => {
        const name = unique('right');
        const cluster: AclBinding = {
          resourceType: 'cluster',
          resourceName: 'kafka-cluster',
          patternType: 'literal',
          principal: `User:${name}`,
          host: '10.0.0.7',
          operation: 'idempotent-write',
          permission: 'deny',
        };
        const topic = {
          ...right({ resourceType: 'topic', resourceName: name }),
          patternType: 'literal' as const,
          host: '*',
        };
        const prefix = { ...topic, patternType: 'prefixed' as const, operation: 'all' as const };
        const others = [
          right({ resourceType: 'group', resourceName: name }),
          right({ resourceType: 'transactional-id', resourceName: name, operation: 'write' }),
        ];
        const { resourceName: _, ...unnamed } = cluster;
        await inTime(admin.createAcls([topic, prefix, ...others, unnamed]));
        await inTime(admin.createAcls([topic])); // once more is no error

        const told = (filter: Parameters<Admin['describeAcls']>[0]) => inTime(admin.describeAcls(filter));
        await eventually(async () => (await told({ principal: `User:${name}` })).length === 1);
        expect(await told({ principal: `User:${name}` })).to.deep.equal([cluster]);
        expect(await told({ resourceName: name, resourceType: 'topic' })).to.have.deep.members([topic, prefix]);
        expect(await told({ resourceName: name, patternType: 'prefixed' })).to.deep.equal([prefix]);
        expect(await told({ resourceName: name, operation: 'write' })).to.have.length(1);
        expect(await told({ resourceName: `${name}-more`, patternType: 'match' })).to.deep.equal([prefix]);
        expect(await told({ permission: 'deny' })).to.deep.equal([cluster]);
        expect(await told(undefined)).to.have.length(5);

        const gone = await inTime(
          admin.deleteAcls([{ principal: `User:${name}` }, { principal: 'User:nobody' }, { resourceName: name }]),
        );
        expect(gone[0]).to.deep.equal([cluster]);
        expect(gone[1]).to.deep.equal([]);
        expect(gone[2]).to.have.length(4).and.to.deep.include(prefix);
        await eventually(async () => (await told({})).length === 0);
      });

      it('are named where Kafka refuses one; the others are given', async () => {
        const name = unique('right');
        const { error, items } = await fails(
          admin.createAcls([
            right({ resourceType: 'topic', resourceName: name }),
            right({ resourceType: 'cluster', resourceName: name, operation: 'alter' }),
          ]),
        );
        expect(items.map(([, code]) => code)).to.deep.equal([undefined, 'ERR_INVALID_REQUEST']);
        expect(error.message).to.include(`createAcls: ACL 'allow alter on cluster ${name} to User:alice': `);
        await inTime(admin.deleteAcls([{}]));
      });
    });

    describe('who has no right', () => {
      const of = (topic: string, group: string): [string, string, () => Promise<unknown>][] => [
        ['createTopics', 'TOPIC', () => alice.createTopics([{ topic: uniqueTopic(), partitions: 1 }])],
        ['deleteTopics', 'TOPIC', () => alice.deleteTopics([topic])],
        ['describeTopics', 'TOPIC', () => alice.describeTopics([topic])],
        ['createPartitions', 'TOPIC', () => alice.createPartitions([{ topic, total: 3 }])],
        ['deleteRecords', 'TOPIC', () => alice.deleteRecords([{ topic, partition: 0, offset: 0 }])],
        ['listOffsets', 'TOPIC', () => alice.listOffsets([{ topic, partition: 0, spec: 'latest' }])],
        ['describeConfigs', 'TOPIC', () => alice.describeConfigs([{ type: 'topic', name: topic }])],
        [
          'alterConfigs',
          'TOPIC',
          () => alice.alterConfigs([{ type: 'topic', name: topic, set: { 'segment.ms': 60_000 } }]),
        ],
        ['describeConfigs', 'CLUSTER', () => alice.describeConfigs([{ type: 'broker', name: 1 }])],
        [
          'alterConfigs',
          'CLUSTER',
          () => alice.alterConfigs([{ type: 'broker', name: 1, delete: ['log.cleaner.threads'] }]),
        ],
        ['describeConfigs', 'GROUP', () => alice.describeConfigs([{ type: 'group', name: group }])],
        ['describeGroups', 'GROUP', () => alice.describeGroups([group])],
        ['deleteGroups', 'GROUP', () => alice.deleteGroups([group])],
        ['listGroupOffsets', 'GROUP', () => alice.listGroupOffsets(group)],
        ['alterGroupOffsets', 'GROUP', () => alice.alterGroupOffsets(group, [{ topic, partition: 0, offset: 0 }])],
        ['deleteGroupOffsets', 'GROUP', () => alice.deleteGroupOffsets(group, [{ topic, partition: 0 }])],
        ['electLeaders', 'CLUSTER', () => alice.electLeaders([{ topic, partition: 0 }])],
        ['createAcls', 'CLUSTER', () => alice.createAcls([right({ resourceType: 'topic', resourceName: topic })])],
        ['describeAcls', 'CLUSTER', () => alice.describeAcls()],
        ['deleteAcls', 'CLUSTER', () => alice.deleteAcls([{ resourceName: topic }])],
        ['describeScramUsers', 'CLUSTER', () => alice.describeScramUsers()],
        ['describeScramUsers', 'CLUSTER', () => alice.describeScramUsers(['alice'])],
        [
          'alterScramUsers',
          'CLUSTER',
          () => alice.alterScramUsers([{ user: 'bob', mechanism: 'SCRAM-SHA-256', password: 'the-secret' }]),
        ],
      ];
      const count = of('', '').length;

      it(`is told so by each of ${count} requests, with the thing that it lacks the right to`, async () => {
        const [topic, group] = [await createTopic(), uniqueGroup()];
        await inTime(admin.alterGroupOffsets(group, [{ topic, partition: 0, offset: 0 }]));
        const told: string[] = [];
        for (const [operation, kind, ask] of of(topic, group)) {
          const error = (await inTime(rejection(ask()), operation, 30_000)) as KafkaError;
          told.push(`${operation} ${error.code}`);
          expect(error, `${operation}: ${error.stack}`).to.include({ name: 'KafkaError', operation });
          expect(error.code, `${operation}: ${error.message}`).to.match(
            new RegExp(`^ERR_${kind}_AUTHORIZATION_FAILED$`),
          );
          expect(error.message).not.to.include('[-1]').and.not.to.include('the-secret');
          if (kind === 'TOPIC' && operation !== 'createTopics') expect(error.message).to.include(topic);
          if (kind === 'GROUP') expect(error.message).to.include(group);
        }
        expect(told).to.have.length(count);
      });

      it('is shown nothing of what it may not see, and is told its rights, or that it has none', async () => {
        const topic = await createTopic();
        expect(await inTime(alice.listTopics())).not.to.include(topic);
        expect(await inTime(alice.listGroups())).to.deep.equal([]);
        const cluster = await inTime(alice.describeCluster({ includeAuthorizedOperations: true }));
        expect(cluster.authorizedOperations).to.deep.equal([]);
      });

      it('has it from the moment it is given', async () => {
        const [there, other] = [await createTopic(), await createTopic()];
        await inTime(
          admin.createAcls([right({ resourceType: 'topic', resourceName: there, operation: 'describe-configs' })]),
        );
        const resources = [other, there].map((name) => ({ type: 'topic', name }) as const);
        const items = await eventually(async () => {
          const told = await fails(alice.describeConfigs(resources));
          return told.items[1]![1] === undefined ? told.items : undefined;
        });
        expect(items).to.deep.equal([
          [`topic ${other}`, 'ERR_TOPIC_AUTHORIZATION_FAILED'],
          [`topic ${there}`, undefined],
        ]);
        await inTime(admin.deleteAcls([{ resourceName: there }]));
      });
    });

    describe('SCRAM users', () => {
      it('are made, told, may log in, and are taken away', async () => {
        const [user, other] = [unique('user'), unique('user')];
        await inTime(
          admin.alterScramUsers([
            { user, mechanism: 'SCRAM-SHA-256', password: 'geheim-256', iterations: 5_000 },
            { user: other, mechanism: 'SCRAM-SHA-512', password: 'pässwörd' },
          ]),
        );
        const password = Buffer.from('geheim-512');
        const done = admin.alterScramUsers([{ user, mechanism: 'SCRAM-SHA-512', password, salt: Buffer.alloc(16, 7) }]);
        password.fill(0); // it was copied by then
        await inTime(done);
        const both = [
          { mechanism: 'SCRAM-SHA-256', iterations: 5_000 },
          { mechanism: 'SCRAM-SHA-512', iterations: 8_192 },
        ];
        await eventually(async () => {
          expect(await admin.describeScramUsers([other, user])).to.deep.equal([
            { user: other, credentials: [{ mechanism: 'SCRAM-SHA-512', iterations: 8_192 }] },
            { user, credentials: both },
          ]);
          return true;
        });
        const all = (await inTime(admin.describeScramUsers())).map((told) => told.user);
        expect(all).to.include.members([user, other]);
        expect(all).to.deep.equal([...all].sort());

        for (const [name, password, mechanism] of [
          [user, 'geheim-256', 'SCRAM-SHA-256'],
          [user, 'geheim-512', 'SCRAM-SHA-512'],
          [other, 'pässwörd', 'SCRAM-SHA-512'],
        ] as const) {
          await using client = new Admin(login(name, password, mechanism));
          expect(await inTime(client.listTopics())).to.be.an('array');
        }

        await inTime(admin.alterScramUsers([{ user, mechanism: 'SCRAM-SHA-256', delete: true }]));
        await eventually(async () => (await admin.describeScramUsers([user]))[0]!.credentials.length === 1);
        const absent = unique('user');
        const { error, items } = await fails(admin.describeScramUsers([absent, user]));
        expect(error).to.include({ code: 'ERR_RESOURCE_NOT_FOUND', operation: 'describeScramUsers' });
        expect(items).to.deep.equal([
          [`user ${absent}`, 'ERR_RESOURCE_NOT_FOUND'],
          [`user ${user}`, undefined],
        ]);

        expect(error.message)
          .to.include(absent)
          .and.not.match(/[\x00-\x1f]/);
      });

      it('are refused by name, without a word of the password; the others are made', async () => {
        const [weak, good] = [unique('user'), unique('user')];
        const lines: string[] = [];
        await using client = new Admin({ 'bootstrap.servers': kafka().bootstrapServers, debug: 'admin,protocol' });
        client.on('log', ({ message }) => lines.push(message));
        const { error, items } = await fails(
          client.alterScramUsers([
            { user: weak, mechanism: 'SCRAM-SHA-256', password: 'the-secret', iterations: 7 },
            { user: good, mechanism: 'SCRAM-SHA-256', password: 'the-secret' },
          ]),
        );
        expect(error).to.include({ code: 'ERR_UNACCEPTABLE_CREDENTIAL', operation: 'alterScramUsers' });
        expect(items).to.deep.equal([
          [`user ${weak}`, 'ERR_UNACCEPTABLE_CREDENTIAL'],
          [`user ${good}`, undefined],
        ]);
        await eventually(() => lines.length > 0);
        expect(`${error.stack}${JSON.stringify(error)}${lines.join()}`).not.to.include('the-secret');
        const gone = await fails(client.alterScramUsers([{ user: weak, mechanism: 'SCRAM-SHA-256', delete: true }]));
        expect(gone.items).to.deep.equal([[`user ${weak}`, 'ERR_RESOURCE_NOT_FOUND']]);
      });
    });

    it('a consumer reads by the rights that were given', async () => {
      const [topic, group] = [await createTopic(), uniqueGroup()];
      await inTime(
        admin.createAcls([
          right({ resourceType: 'topic', resourceName: topic }),
          right({ resourceType: 'group', resourceName: group }),
        ]),
      );
      await using consumer = new Consumer({ ...login('alice', ALICE), 'group.id': group });
      const joined = new Promise((resolve) => consumer.once('assigned', resolve));
      await consumer.subscribe(topic);
      await inTime(joined, 'the assignment', 30_000);
      await inTime(admin.deleteAcls([{ principal: 'User:alice' }]));
    });
  },
  {
    listeners: { LOGIN: 'SASL_PLAINTEXT' },
    properties: {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      'listener.name.login.plain.sasl.jaas.config': `${PLAIN} user_alice="${ALICE}";`,
      'listener.name.login.scram-sha-256.sasl.jaas.config': SCRAM,
      'listener.name.login.scram-sha-512.sasl.jaas.config': SCRAM,
    },
  },
);
