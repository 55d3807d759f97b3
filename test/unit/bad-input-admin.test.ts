import { expect } from 'chai';
import { Admin } from 'seekafka';
import { type Call, nobody, table } from '../helpers/bad-input.js';
import { rejection } from '../helpers/rejection.js';
import { type Bad, t, wrong } from '../helpers/wrong-values.js';

// Every argument of the admin requests beyond those about topics (bad-input.test.ts).

const within = (bad: readonly Bad[], wrap: (value: unknown) => unknown): Bad[] =>
  bad.map(([value, type, where]): Bad => [wrap(value), type, where]);

const list = (at: string): Bad[] => [
  [null, TypeError, at],
  ['t', TypeError, at],
  [[], TypeError, at],
];
const given = (at: string): Bad[] => [[undefined, TypeError, at], ...list(at)];
const name = (at: string): Bad[] => [
  [null, TypeError, at],
  [5, TypeError, at],
  ['', RangeError, at],
  ['a\0b', RangeError, at],
  ['a\ud800', RangeError, at],
];
const names = (at: string): Bad[] => [
  ...list(at),
  ...within(name(`${at}[0]`), (value) => [value]),
  [['a', 'a'], TypeError, `${at}[1]`],
];
const flag = (key: string): Bad[] =>
  [0, 'true', null].map((value): Bad => [{ [key]: value }, TypeError, `options.${key}`]);
const waits = [...wrong.timeout('options'), ...wrong.signal('options')];

const replicas = (at: string): Bad[] => [
  [5, TypeError, at],
  [[], RangeError, at],
  [[1], TypeError, `${at}[0]`],
  [[[]], RangeError, `${at}[0]`],
  [[[1, 1]], RangeError, `${at}[0]`],
  [[['1']], TypeError, `${at}[0][0]`],
  [[[-1]], RangeError, `${at}[0][0]`],
];

const resource: Bad[] = [
  [[undefined], TypeError, 'resources[0]'],
  [['t'], TypeError, 'resources[0]'],
  [[{ type: 'topic', name: 't', nam: 1 }], TypeError, 'resources[0]'],
  [[{ name: 't' }], TypeError, 'resources[0].type'],
  [[{ type: 'cluster', name: 't' }], RangeError, 'resources[0].type'],
  ...within(name('resources[0].name'), (value) => [{ type: 'group', name: value }]),
  ...within(wrong.topic('resources[0].name'), (value) => [{ type: 'topic', name: value }]),
  [[{ type: 'broker', name: 'one' }], RangeError, 'resources[0].name'],
  [[{ type: 'broker', name: -1 }], RangeError, 'resources[0].name'],
  [[{ type: 'broker', name: '' }], RangeError, 'resources[0].name'],
  [
    [
      { type: 'broker', name: 1 },
      { type: 'broker', name: '1' },
    ],
    TypeError,
    'resources[1]',
  ],
];
const change = (value: object) => [{ type: 'topic', name: 't', ...value }];

const acl = {
  resourceType: 'topic',
  resourceName: 't',
  principal: 'User:a',
  operation: 'read',
  permission: 'allow',
};
const aclFields = (at: string, wrap: (fields: object) => unknown): Bad[] => [
  [wrap({ resource: 't' }), TypeError, at],
  [wrap({ resourceType: 'broker' }), RangeError, `${at}.resourceType`],
  [wrap({ resourceType: 2 }), TypeError, `${at}.resourceType`],
  ...within(name(`${at}.resourceName`), (value) => wrap({ resourceName: value })),
  [wrap({ patternType: 'glob' }), RangeError, `${at}.patternType`],
  [wrap({ principal: 'alice' }), RangeError, `${at}.principal`],
  [wrap({ principal: 'User:' }), RangeError, `${at}.principal`],
  [wrap({ principal: null }), TypeError, `${at}.principal`],
  ...within(name(`${at}.host`), (value) => wrap({ host: value })),
  [wrap({ operation: 'fly' }), RangeError, `${at}.operation`],
  [wrap({ permission: true }), TypeError, `${at}.permission`],
];

const scram = { user: 'u', mechanism: 'SCRAM-SHA-256', password: 'p' };
const alteration = (value: object) => [{ ...scram, ...value }];

const calls: readonly Call<Admin>[] = [
  [
    'createTopics: replicas',
    [
      ...within(replicas('topics[0].replicaAssignment'), (replicaAssignment) => [{ topic: 't', replicaAssignment }]),
      [[{ topic: 't', partitions: 1, replicaAssignment: [[1]] }], TypeError, 'topics[0].partitions'],
      [[{ topic: 't', replicationFactor: 1, replicaAssignment: [[1]] }], TypeError, 'topics[0].replicationFactor'],
      [[{ topic: 't', config: { '': 'a' } }], RangeError, "topics[0].config['']"],
    ],
    (a, value) => a.createTopics(value),
  ],
  ['createTopics: options', [...waits, ...flag('validateOnly')], (a, value) => a.createTopics([{ topic: 't' }], value)],
  [
    'createPartitions: replicas',
    [
      ...within(replicas('topics[0].replicaAssignment'), (replicaAssignment) => [
        { topic: 't', total: 9, replicaAssignment },
      ]),
      [[{ topic: 't', total: 1, replicaAssignment: [[1]] }], RangeError, 'topics[0].replicaAssignment'],
    ],
    (a, value) => a.createPartitions(value),
  ],
  [
    'createPartitions: options',
    [...waits, ...flag('validateOnly')],
    (a, value) => a.createPartitions([{ topic: 't', total: 2 }], value),
  ],
  [
    'describeTopics: options',
    [...waits, ...flag('includeAuthorizedOperations')],
    (a, value) => a.describeTopics(['t'], value),
  ],
  [
    'listOffsets',
    [
      [undefined, TypeError, 'query'],
      ...wrong.list('query', { spec: 'latest' }),
      [[t], TypeError, 'query[0].spec'],
      [[{ ...t, spec: 'newest' }], RangeError, 'query[0].spec'],
      ...within(
        wrong.time('query[0].spec').filter(([value]) => typeof value !== 'string'),
        (spec) => [{ ...t, spec }],
      ),
    ],
    (a, value) => a.listOffsets(value),
  ],
  [
    'listOffsets: options',
    [...waits, [{ isolationLevel: 'committed' }, RangeError, 'options.isolationLevel']],
    (a, value) => a.listOffsets([{ ...t, spec: 'latest' }], value),
  ],
  [
    'describeConfigs',
    [
      ...given('resources'),
      ...resource,
      ...within(names('resources[0].keys'), (keys) => [{ type: 'topic', name: 't', keys }]),
    ],
    (a, value) => a.describeConfigs(value),
  ],
  ['describeConfigs: options', waits, (a, value) => a.describeConfigs([{ type: 'broker', name: 1 }], value)],
  [
    'alterConfigs',
    [
      ...given('changes'),
      [change({}), TypeError, 'changes[0]'],
      [change({ set: {} }), TypeError, 'changes[0]'],
      [change({ set: 5 }), TypeError, 'changes[0].set'],
      [change({ set: { a: null } }), TypeError, "changes[0].set['a']"],
      [change({ set: { a: 'b\0' } }), RangeError, "changes[0].set['a']"],
      [change({ delete: 'a' }), TypeError, 'changes[0].delete'],
      [change({ append: ['a'] }), TypeError, 'changes[0].append'],
      [change({ append: { a: [] } }), RangeError, "changes[0].append['a']"],
      [change({ append: { a: 5 } }), TypeError, "changes[0].append['a']"],
      [change({ subtract: { a: [''] } }), RangeError, "changes[0].subtract['a']"],
      [change({ set: { a: 1 }, delete: ['a'] }), TypeError, 'changes[0]'],
      [[{ type: 'topic', name: '', set: { a: 1 } }], RangeError, 'changes[0].name'],
    ],
    (a, value) => a.alterConfigs(value),
  ],
  [
    'alterConfigs: options',
    [...waits, ...flag('validateOnly')],
    (a, value) => a.alterConfigs([{ type: 'topic', name: 't', set: { a: 1 } }], value),
  ],
  [
    'listGroups',
    [
      ...waits,
      [{ states: [] }, TypeError, 'options.states'],
      [{ states: 'stable' }, TypeError, 'options.states'],
      [{ states: ['unknown'] }, RangeError, 'options.states[0]'],
      [{ types: [5] }, TypeError, 'options.types[0]'],
      [{ types: ['share'] }, RangeError, 'options.types[0]'],
      [{ types: ['classic', 'classic'] }, TypeError, 'options.types[1]'],
    ],
    (a, value) => a.listGroups(value),
  ],
  ['describeGroups', [...names('groups'), [undefined, TypeError, 'groups']], (a, value) => a.describeGroups(value)],
  [
    'describeGroups: options',
    [...waits, ...flag('includeAuthorizedOperations')],
    (a, value) => a.describeGroups(['g'], value),
  ],
  ['deleteGroups', [...names('groups'), [undefined, TypeError, 'groups']], (a, value) => a.deleteGroups(value)],
  ['deleteGroups: options', waits, (a, value) => a.deleteGroups(['g'], value)],
  [
    'listGroupOffsets: group',
    [...name('group'), [undefined, TypeError, 'group']],
    (a, value) => a.listGroupOffsets(value),
  ],
  ['listGroupOffsets: partitions', wrong.list('partitions'), (a, value) => a.listGroupOffsets('g', value)],
  [
    'listGroupOffsets: options',
    [...waits, ...flag('requireStable')],
    (a, value) => a.listGroupOffsets('g', undefined, value),
  ],
  ['alterGroupOffsets: group', name('group'), (a, value) => a.alterGroupOffsets(value, [{ ...t, offset: 1 }])],
  [
    'alterGroupOffsets: offsets',
    [
      [undefined, TypeError, 'offsets'],
      ...wrong.offsets('offsets'),
      [[{ ...t, offset: 1, metadata: 5 }], TypeError, 'offsets[0].metadata'],
      [[{ ...t, offset: 1, metadata: 'a\0' }], RangeError, 'offsets[0].metadata'],
      [[{ ...t, offset: 1, leaderEpoch: -1 }], RangeError, 'offsets[0].leaderEpoch'],
    ],
    (a, value) => a.alterGroupOffsets('g', value),
  ],
  ['alterGroupOffsets: options', waits, (a, value) => a.alterGroupOffsets('g', [{ ...t, offset: 1 }], value)],
  ['deleteGroupOffsets: group', name('group'), (a, value) => a.deleteGroupOffsets(value, [t])],
  [
    'deleteGroupOffsets: partitions',
    [[undefined, TypeError, 'partitions'], ...wrong.list('partitions')],
    (a, value) => a.deleteGroupOffsets('g', value),
  ],
  ['deleteGroupOffsets: options', waits, (a, value) => a.deleteGroupOffsets('g', [t], value)],
  ['describeCluster', [...waits, ...flag('includeAuthorizedOperations')], (a, value) => a.describeCluster(value)],
  ['electLeaders: partitions', wrong.list('partitions'), (a, value) => a.electLeaders(value)],
  [
    'electLeaders: options',
    [...waits, [{ type: 'any' }, RangeError, 'options.type'], [{ type: 0 }, TypeError, 'options.type']],
    (a, value) => a.electLeaders([t], value),
  ],
  [
    'createAcls',
    [
      ...given('acls'),
      [[undefined], TypeError, 'acls[0]'],
      ...Object.keys(acl).map((key): Bad => [[{ ...acl, [key]: undefined }], TypeError, `acls[0].${key}`]),
      ...aclFields('acls[0]', (fields) => [{ ...acl, ...fields }]),
      [[{ ...acl, operation: 'any' }], RangeError, 'acls[0].operation'],
      [[{ ...acl, patternType: 'match' }], RangeError, 'acls[0].patternType'],
      [[acl, { ...acl }], TypeError, 'acls[1]'],
    ],
    (a, value) => a.createAcls(value),
  ],
  ['createAcls: options', waits, (a, value) => a.createAcls([acl as never], value)],
  [
    'describeAcls',
    [[null, TypeError, 'filter'], [[], TypeError, 'filter'], ...aclFields('filter', (fields) => fields)],
    (a, value) => a.describeAcls(value),
  ],
  ['describeAcls: options', waits, (a, value) => a.describeAcls({}, value)],
  [
    'deleteAcls',
    [...given('filters'), [[undefined], TypeError, 'filters[0]'], ...aclFields('filters[0]', (fields) => [fields])],
    (a, value) => a.deleteAcls(value),
  ],
  ['deleteAcls: options', waits, (a, value) => a.deleteAcls([{}], value)],
  ['describeScramUsers', names('users'), (a, value) => a.describeScramUsers(value)],
  ['describeScramUsers: options', waits, (a, value) => a.describeScramUsers(['u'], value)],
  [
    'alterScramUsers',
    [
      ...given('alterations'),
      [[undefined], TypeError, 'alterations[0]'],
      [alteration({ pasword: 'p' }), TypeError, 'alterations[0]'],
      ...within(name('alterations[0].user'), (user) => alteration({ user })),
      [alteration({ mechanism: 'PLAIN' }), RangeError, 'alterations[0].mechanism'],
      [alteration({ password: undefined }), TypeError, 'alterations[0].password'],
      [alteration({ password: '' }), RangeError, 'alterations[0].password'],
      [alteration({ password: Buffer.alloc(0) }), RangeError, 'alterations[0].password'],
      [alteration({ password: 'a\ud800' }), RangeError, 'alterations[0].password'],
      [alteration({ iterations: 0 }), RangeError, 'alterations[0].iterations'],
      [alteration({ iterations: 1e6 }), RangeError, 'alterations[0].iterations'],
      [alteration({ iterations: '4096' }), TypeError, 'alterations[0].iterations'],
      [alteration({ salt: [1] }), TypeError, 'alterations[0].salt'],
      [alteration({ delete: true }), TypeError, 'alterations[0].password'],
      [[{ user: 'u', mechanism: 'SCRAM-SHA-256', delete: 1 }], TypeError, 'alterations[0].delete'],
      [[scram, { ...scram, mechanism: 'SCRAM-SHA-512' }], TypeError, 'alterations[1]'],
    ],
    (a, value) => a.alterScramUsers(value),
  ],
  ['alterScramUsers: options', waits, (a, value) => a.alterScramUsers([scram as never], value)],
];

table('Admin, beyond topics', () => new Admin(nobody), calls);

it('bad input: a password that is refused stands in no message', async () => {
  await using admin = new Admin(nobody);
  for (const password of [1234567, ['the-secret'], { 'the-secret': 1 }, 'the-secret\ud800', new Date(1234567)]) {
    const error = await rejection(admin.alterScramUsers([{ ...scram, password } as never]));
    expect((error as Error).message).to.match(/^alterations\[0\]\.password: expected .+, got .+$/);
    expect(`${(error as Error).stack}`).not.to.match(/the-secret|1234567|1970/);
  }
  for (const more of [{ iterations: 0 }, { delete: true }, { user: 5 }, { mechanism: 'the' }, { pass: 1 }]) {
    const error = await rejection(admin.alterScramUsers([{ ...scram, password: 'the-secret', ...more } as never]));
    expect(`${(error as Error).stack}`).not.to.include('the-secret');
  }
});
