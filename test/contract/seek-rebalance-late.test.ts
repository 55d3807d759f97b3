import { expect } from 'chai';
import { KafkaError } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { setGroup } from '../helpers/groups.js';
import { sortedPlaces } from '../helpers/member.js';
import { Pair } from '../helpers/protocols.js';
import { rejection } from '../helpers/rejection.js';
import { inTime } from '../helpers/wait.js';

// A look-up takes a few milliseconds, less than any rebalance. Only the mock cluster can be told to answer so late that
// partitions go while it is under way; group.protocol=consumer needs an assignor that it does not have.

/** Kafka's number of the request ListOffsets. */
const LIST_OFFSETS = 2;
const LATE_MS = 1500;

const suite = describe('a seek whose partitions go while their offsets are looked up (mock)', () => {
  for (const protocol of ['range', 'cooperative-sticky'] as const) {
    /** What `seek` ends with when a second member takes half of the partitions meanwhile. */
    async function takenMeanwhile<T>(
      seek: (pair: Pair) => Promise<T>,
      check: (pair: Pair, ended: T) => void | Promise<void>,
    ) {
      const cluster = await mockCluster();
      try {
        await using pair = await Pair.create(cluster, protocol);
        const { topic, first, second } = pair;
        await pair.firstReads();
        await inTime(first.consumer.seekToEnd()); // a look-up has a connection from now on
        const mark = first.mark();
        cluster.mock.pushRequestError(1, LIST_OFFSETS, 0, LATE_MS);
        let settled = false;
        const sought = seek(pair).finally(() => (settled = true));
        void second.read();
        await second.consumer.subscribe(topic.topic);
        await inTime(new Promise<void>((resolve) => first.consumer.once('revoked', () => resolve())), 'the revocation');
        expect(settled, 'the offsets are being looked up when the partitions go').to.be.false;
        const ended = await inTime(sought);
        await pair.isShared();
        await check(pair, ended);
        await topic.produceAndAwait([first, second]);
        for (const p of first.held) expect(first.runs(p, mark), `first, partition ${p}`).to.equal('0..10');
        for (const p of second.held) {
          expect(first.runs(p, mark), `first, partition ${p}`).to.equal('');
          expect(second.runs(p), `second, partition ${p}`).to.equal('10');
        }
      } finally {
        await cluster.close();
      }
    }

    it(`S8 of the whole assignment leaves them out of the result, without an error (${protocol})`, async () => {
      await takenMeanwhile(
        ({ first }) => first.consumer.seekToBeginning(),
        ({ first }, rows) => {
          expect(sortedPlaces(rows)).to.equal(first.held.map((p) => `${p}:0`).join(' '));
        },
      );
    });

    it(`S8 of named partitions rejects for them, and seeks the others (${protocol})`, async () => {
      await takenMeanwhile(
        ({ first, topic }) => rejection(first.consumer.seekToBeginning(topic.rows())),
        ({ second }, error) => {
          expect(error)
            .to.be.instanceOf(KafkaError)
            .and.to.include({ code: 'ERR__STATE', operation: 'seekToBeginning' });
          const named = (error as KafkaError).partitions?.map(({ partition }) => partition).sort();
          expect(named).to.deep.equal(second.held);
        },
      );
    });
  }
});
setGroup(suite, 'mock');
