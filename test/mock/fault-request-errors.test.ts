import { expect } from 'chai';
import { KafkaError, type TopicPartitionOffset } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { Scene } from '../helpers/faults.js';
import { places } from '../helpers/member.js';
import { eventually, inTime } from '../helpers/wait.js';

// Each request that seeking uses is answered with an error once: the seek settles as the contract says, and whatever
// became of it, the next message of each partition is the one that position() tells, and none after it is lost or
// doubled. (The mock cluster alone answers with errors on demand.)

const api = {
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  SyncGroup: 14,
} as const;

const errors = {
  ERR__TRANSPORT: -195,
  ERR_OFFSET_OUT_OF_RANGE: 1,
  ERR_UNKNOWN_TOPIC_OR_PART: 3,
  ERR_LEADER_NOT_AVAILABLE: 5,
  ERR_NOT_LEADER_FOR_PARTITION: 6,
  ERR_REQUEST_TIMED_OUT: 7,
  ERR_COORDINATOR_LOAD_IN_PROGRESS: 14,
  ERR_COORDINATOR_NOT_AVAILABLE: 15,
  ERR_NOT_COORDINATOR: 16,
  ERR_ILLEGAL_GENERATION: 22,
  ERR_UNKNOWN_MEMBER_ID: 25,
  ERR_REBALANCE_IN_PROGRESS: 27,
  ERR_TOPIC_AUTHORIZATION_FAILED: 29,
  ERR_GROUP_AUTHORIZATION_FAILED: 30,
  ERR_KAFKA_STORAGE_ERROR: 56,
  ERR_FENCED_LEADER_EPOCH: 74,
  ERR_UNKNOWN_LEADER_EPOCH: 75,
  ERR_UNSTABLE_OFFSET_COMMIT: 88,
} as const;
type ErrorName = keyof typeof errors;

/** In a group whose members are quick; see quickGroup(). */
const quick = { 'heartbeat.interval.ms': 100, 'session.timeout.ms': 1500 };

const answered = (scene: Scene, request: keyof typeof api, error: ErrorName) =>
  scene.mock.pushRequestError(1, api[request], errors[error]);

type Settled = { rows: TopicPartitionOffset[] } | { error: unknown };
const settled = (promise: Promise<TopicPartitionOffset[]>): Promise<Settled> =>
  inTime(
    promise.then(
      (rows) => ({ rows }),
      (error: unknown) => ({ error }),
    ),
    'the seek',
    15_000,
  );

/** What is asked of a consumer that has read all of its two partitions. */
const calls = {
  seek: (scene: Scene) => scene.consumer.seek(scene.topic.partitions.map((p) => scene.topic.at(p, 7))),
  seekToBeginning: (scene: Scene) => scene.consumer.seekToBeginning(),
  seekToEnd: (scene: Scene) => scene.consumer.seekToEnd(),
  seekToCommitted: (scene: Scene) => scene.consumer.seekToCommitted(),
  seekBy: (scene: Scene) => scene.consumer.seekBy(-4),
  seekToLast: (scene: Scene) => scene.consumer.seekToLast(3),
};
const targets = { seek: 7, seekToBeginning: 0, seekToEnd: 20, seekToCommitted: 5, seekBy: 16, seekToLast: 17 };

interface Case {
  request: keyof typeof api;
  call: keyof typeof calls;
  /** The seek resolves. */
  passing: readonly ErrorName[];
  /** The seek rejects with it. */
  lasting?: readonly ErrorName[];
}

const cases: readonly Case[] = [
  {
    request: 'ListOffsets',
    call: 'seekToBeginning',
    passing: [
      'ERR__TRANSPORT',
      'ERR_UNKNOWN_TOPIC_OR_PART',
      'ERR_LEADER_NOT_AVAILABLE',
      'ERR_NOT_LEADER_FOR_PARTITION',
      'ERR_REQUEST_TIMED_OUT',
      'ERR_KAFKA_STORAGE_ERROR',
      'ERR_FENCED_LEADER_EPOCH',
      'ERR_UNKNOWN_LEADER_EPOCH',
    ],
    lasting: ['ERR_TOPIC_AUTHORIZATION_FAILED'],
  },
  { request: 'ListOffsets', call: 'seekToEnd', passing: ['ERR_NOT_LEADER_FOR_PARTITION'] },
  {
    request: 'ListOffsets',
    call: 'seekBy',
    passing: ['ERR_NOT_LEADER_FOR_PARTITION'],
    lasting: ['ERR_TOPIC_AUTHORIZATION_FAILED'],
  },
  {
    request: 'ListOffsets',
    call: 'seekToLast',
    passing: ['ERR_NOT_LEADER_FOR_PARTITION'],
    lasting: ['ERR_TOPIC_AUTHORIZATION_FAILED'],
  },
  {
    request: 'OffsetFetch',
    call: 'seekToCommitted',
    passing: ['ERR__TRANSPORT', 'ERR_COORDINATOR_LOAD_IN_PROGRESS', 'ERR_UNSTABLE_OFFSET_COMMIT'],
    lasting: ['ERR_GROUP_AUTHORIZATION_FAILED'],
  },
  {
    request: 'FindCoordinator',
    call: 'seekToCommitted',
    passing: ['ERR__TRANSPORT', 'ERR_COORDINATOR_NOT_AVAILABLE', 'ERR_COORDINATOR_LOAD_IN_PROGRESS'],
  },
  { request: 'Metadata', call: 'seekToBeginning', passing: ['ERR__TRANSPORT', 'ERR_LEADER_NOT_AVAILABLE'] },
  {
    request: 'Fetch',
    call: 'seek',
    passing: [
      'ERR__TRANSPORT',
      'ERR_UNKNOWN_TOPIC_OR_PART',
      'ERR_NOT_LEADER_FOR_PARTITION',
      'ERR_REQUEST_TIMED_OUT',
      'ERR_KAFKA_STORAGE_ERROR',
      'ERR_FENCED_LEADER_EPOCH',
      'ERR_UNKNOWN_LEADER_EPOCH',
    ],
  },
  { request: 'OffsetCommit', call: 'seek', passing: ['ERR__TRANSPORT', 'ERR_NOT_COORDINATOR'] },
];

describe('a request error', () => {
  for (const { request, call, passing, lasting = [] } of cases) {
    for (const error of [...passing, ...lasting]) {
      const rejects = lasting.includes(error);
      it(`${error} to ${request}: ${call}() ${rejects ? 'rejects, and moves nothing' : 'takes effect'}`, async () => {
        await using scene = await Scene.create(mockCluster, {}, { partitions: 2 });
        const { member, topic, consumer } = scene;
        await consumer.commit(topic.partitions.map((p) => topic.at(p, 5)));
        await consumer.endOffsets(); // the look-ups' handle is connected, so that the error is theirs
        answered(scene, request, error);
        const outcome = await settled(calls[call](scene));
        const since = member.mark();
        const expected = rejects ? 20 : targets[call];
        if (rejects) {
          expect(outcome).to.have.property('error').that.is.instanceOf(KafkaError);
          expect((outcome as { error: KafkaError }).error.operation).to.equal(call);
          expect((outcome as { error: KafkaError }).error.code).to.equal(error);
        } else {
          expect('rows' in outcome ? places(outcome.rows) : outcome.error).to.equal(`0:${expected} 1:${expected}`);
        }
        const run = expected === 20 ? '20' : `${expected}..20`;
        expect(await scene.came(since)).to.deep.equal([run, run]);
      });
    }
  }

  it('ERR_OFFSET_OUT_OF_RANGE to Fetch, of an offset that is in the log: is told, and none is lost', async () => {
    await using scene = await Scene.create(mockCluster, {}, { partitions: 2 });
    const { member, topic, consumer } = scene;
    answered(scene, 'Fetch', 'ERR_OFFSET_OUT_OF_RANGE');
    await consumer.seek(topic.partitions.map((p) => topic.at(p, 7)));
    const since = member.mark();
    await topic.produceAndAwait(member);
    for (const p of topic.partitions) {
      const reset = member.resets.some(({ partition }) => partition === p);
      // The broker says that the offset is gone: auto.offset.reset is 'earliest' here.
      expect(member.runs(p, since)).to.match(reset ? /^(\d+(\.\.\d+)? )?0\.\.20$/ : /^7\.\.20$/);
    }
  });
});

describe('a request error of a group', () => {
  const groupCases: readonly (readonly [request: 'FindCoordinator' | 'JoinGroup' | 'SyncGroup', ErrorName[]])[] = [
    ['FindCoordinator', ['ERR__TRANSPORT', 'ERR_COORDINATOR_NOT_AVAILABLE']],
    [
      'JoinGroup',
      ['ERR__TRANSPORT', 'ERR_COORDINATOR_LOAD_IN_PROGRESS', 'ERR_NOT_COORDINATOR', 'ERR_UNKNOWN_MEMBER_ID'],
    ],
    ['SyncGroup', ['ERR__TRANSPORT', 'ERR_REBALANCE_IN_PROGRESS', 'ERR_UNKNOWN_MEMBER_ID', 'ERR_ILLEGAL_GENERATION']],
  ];
  for (const [request, names] of groupCases) {
    for (const error of names) {
      it(`${error} to ${request}: a seek that waits for the assignment becomes its start`, async () => {
        await using scene = await Scene.create(mockCluster, quick, { partitions: 2, idle: true });
        const { member, topic, consumer } = scene;
        answered(scene, request, error);
        void member.read();
        const sought = consumer.seek(topic.partitions.map((p) => topic.at(p, 7)));
        await consumer.subscribe(topic.topic);
        const outcome = await settled(sought);
        expect('rows' in outcome ? places(outcome.rows) : outcome.error).to.equal('0:7 1:7');
        expect(await scene.came(0)).to.deep.equal(['7..20', '7..20']);
      });
    }
  }

  for (const error of [
    'ERR__TRANSPORT',
    'ERR_NOT_COORDINATOR',
    'ERR_REBALANCE_IN_PROGRESS',
    'ERR_ILLEGAL_GENERATION',
    'ERR_UNKNOWN_MEMBER_ID',
  ] as const) {
    it(`${error} to Heartbeat, while seeks are made: each settles, and the last one holds`, async () => {
      await using scene = await Scene.create(mockCluster, quick, { partitions: 2, idle: true });
      const { member, topic, consumer } = scene;
      void member.read();
      await consumer.subscribe(topic.topic);
      await topic.isRead(member);
      answered(scene, 'Heartbeat', error);
      const seeks: Promise<Settled>[] = [];
      let over = false;
      setTimeout(() => (over = true), 600).unref();
      await eventually(
        () => {
          seeks.push(settled(consumer.seek(topic.partitions.map((p) => topic.at(p, 7)))));
          return over;
        },
        { intervalMs: 25 },
      );
      for (const outcome of await Promise.all(seeks)) {
        // A seek of partitions that were lost before it took effect may reject, saying so.
        if ('rows' in outcome) expect(places(outcome.rows)).to.equal('0:7 1:7');
        else expect(outcome.error).to.have.property('partitions').that.is.an('array');
      }
      await inTime(consumer.seek(topic.partitions.map((p) => topic.at(p, 9))), 'the last seek');
      expect(await scene.came(member.mark())).to.deep.equal(['9..20', '9..20']);
    });
  }
});
