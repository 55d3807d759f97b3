// What of librdkafka's statistics becomes which metric, by Prometheus' conventions: base units, `_total` for counters.

import type { BrokerStatistics, PartitionStatistics, Statistics, WindowStatistics } from '../client/statistics.js';

export type Labels = Record<string, string>;

/** A metric, and what it is of one report of a client. */
export interface Description {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /** Beside those of the client. */
  readonly labels: readonly string[];
  samples(report: Statistics): Iterable<readonly [labels: Labels, value: number]>;
}

type Pick<T> = (of: T) => number;

const one = (name: string, type: Description['type'], help: string, pick: Pick<Statistics>): Description => ({
  name,
  help,
  type,
  labels: [],
  samples: (report) => [[{}, pick(report)]],
});

/** Those that are brokers of the cluster, and not librdkafka's own names for some of them. */
const brokersOf = ({ brokers }: Statistics): BrokerStatistics[] =>
  Object.values(brokers).filter(({ nodeid, source }) => nodeid >= 0 && source !== 'logical');

const ofBroker = (name: string, help: string, pick: Pick<BrokerStatistics>): Description => ({
  name,
  help,
  type: 'counter',
  labels: ['broker'],
  samples: (report) => brokersOf(report).map((broker) => [{ broker: String(broker.nodeid) }, pick(broker)]),
});

const quantiles = [
  ['0.5', 'p50'],
  ['0.95', 'p95'],
  ['0.99', 'p99'],
] as const;

/** Of a window of time, in seconds. Where nothing happened in it there is nothing to tell. */
const ofWindow = (name: string, help: string, perSecond: number, pick: (of: BrokerStatistics) => WindowStatistics) => ({
  name,
  help,
  type: 'gauge' as const,
  labels: ['broker', 'quantile'],
  samples: (report: Statistics) =>
    brokersOf(report).flatMap((broker) => {
      const window = pick(broker);
      if (window.cnt === 0) return [];
      return quantiles.map(
        ([quantile, key]) => [{ broker: String(broker.nodeid), quantile }, window[key] / perSecond] as const,
      );
    }),
});

/** @param pick undefined or below 0: not known, as before the first answer of a broker */
const ofPartition = (
  name: string,
  help: string,
  wanted: (partition: PartitionStatistics, report: Statistics) => boolean,
  pick: Pick<PartitionStatistics>,
): Description => ({
  name,
  help,
  type: 'gauge',
  labels: ['topic', 'partition'],
  *samples(report) {
    for (const { topic, partitions } of Object.values(report.topics)) {
      for (const partition of Object.values(partitions)) {
        if (partition.partition < 0 || !wanted(partition, report)) continue;
        const value = pick(partition);
        if (value >= 0) yield [{ topic, partition: String(partition.partition) }, value];
      }
    }
  },
});

const isRead = ({ fetch_state: state }: PartitionStatistics) => state === 'active';
const isSent = ({ desired }: PartitionStatistics, { type }: Statistics) => type === 'producer' && !desired;

const ofGroup = (name: string, type: Description['type'], help: string, pick: (of: Group) => number): Description => ({
  name,
  help,
  type,
  labels: [],
  samples: ({ cgrp }) => (cgrp ? [[{}, pick(cgrp)]] : []),
});
type Group = NonNullable<Statistics['cgrp']>;

const MICROSECONDS = 1e6;
const MILLISECONDS = 1e3;

export const descriptions = (prefix: string): Description[] =>
  [
    one('brokers_up', 'gauge', 'Brokers that are connected.', (report) => {
      return brokersOf(report).filter(({ state }) => state === 'UP').length;
    }),
    one('requests_sent_total', 'counter', 'Requests sent to brokers.', ({ tx }) => tx),
    one('responses_received_total', 'counter', 'Responses received from brokers.', ({ rx }) => rx),
    one('sent_bytes_total', 'counter', 'Bytes sent to brokers.', ({ tx_bytes: bytes }) => bytes),
    one('received_bytes_total', 'counter', 'Bytes received from brokers.', ({ rx_bytes: bytes }) => bytes),
    one('produced_messages_total', 'counter', 'Messages sent to brokers.', ({ txmsgs }) => txmsgs),
    one(
      'produced_message_bytes_total',
      'counter',
      'Bytes of messages sent to brokers.',
      (report) => report.txmsg_bytes,
    ),
    one('consumed_messages_total', 'counter', 'Messages received from brokers.', ({ rxmsgs }) => rxmsgs),
    one('consumed_message_bytes_total', 'counter', 'Bytes of messages received from brokers.', (r) => r.rxmsg_bytes),
    one('producer_queue_messages', 'gauge', 'Messages that wait to be sent or acknowledged.', (r) => r.msg_cnt),
    one('producer_queue_bytes', 'gauge', 'Bytes of messages that wait to be sent or acknowledged.', (r) => r.msg_size),
    one('event_queue_length', 'gauge', 'What waits for the event loop to take it.', ({ replyq }) => replyq),

    ofWindow('broker_rtt_seconds', 'Round-trip times of the last interval.', MICROSECONDS, ({ rtt }) => rtt),
    ofWindow('broker_throttle_seconds', 'Throttling of the last interval.', MILLISECONDS, ({ throttle }) => throttle),
    ofBroker('broker_connects_total', 'Attempts to connect.', ({ connects }) => connects),
    ofBroker('broker_disconnects_total', 'Connections that ended.', ({ disconnects }) => disconnects),
    ofBroker('broker_send_errors_total', 'Errors while sending.', ({ txerrs }) => txerrs),
    ofBroker('broker_receive_errors_total', 'Errors while receiving.', ({ rxerrs }) => rxerrs),
    ofBroker('broker_request_retries_total', 'Requests that were sent again.', ({ txretries }) => txretries),
    ofBroker('broker_request_timeouts_total', 'Requests without an answer in time.', (broker) => broker.req_timeouts),

    ofPartition(
      'consumer_lag_messages',
      'From the position to the end of the log (read_committed: to the last stable offset), as last heard.',
      isRead,
      ({ app_offset: position, ls_offset: stable, hi_offset: high }) => {
        return position < 0 ? -1 : Math.max(0, (stable >= 0 ? stable : high) - position);
      },
    ),
    ofPartition('consumer_committed_lag_messages', 'As consumer_lag_messages, from what is committed.', isRead, (p) => {
      return p.consumer_lag;
    }),
    ofPartition('consumer_queue_messages', 'Messages fetched ahead.', isRead, (p) => p.fetchq_cnt),
    ofPartition('consumer_queue_bytes', 'Bytes of messages fetched ahead.', isRead, (p) => p.fetchq_size),
    ofPartition('producer_partition_queue_messages', 'Messages that wait for a partition.', isSent, (p) => {
      return p.msgq_cnt + p.xmit_msgq_cnt;
    }),
    ofGroup('rebalances_total', 'counter', 'Rebalances.', (group) => group.rebalance_cnt),
    ofGroup('assigned_partitions', 'gauge', 'Partitions that the consumer holds.', (group) => group.assignment_size),
  ].map((description) => ({ ...description, name: prefix + description.name }));
