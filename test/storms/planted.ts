// Bugs that are planted in the package at run time, to show that the checker sees them. Nothing of this stands in the package: methods of
// its inside are replaced, which wants the package to be run from its source (the condition `seekafka-source`).

import { native } from '../../binding/native.js';
import { Assignment } from '../../lib/assignment/assignment.js';
import { Partition } from '../../lib/assignment/partition.js';
import { consumedForTransaction } from '../../lib/client/transactional.js';
import { Committer } from '../../lib/consumer/committer.js';
import { Consumer } from '../../lib/consumer/consumer.js';
import { BatchIterator, MessageIterator } from '../../lib/consumer/iterators.js';
import type { Message } from '../../lib/consumer/message.js';
import { PartitionWork } from '../../lib/consumer/process-lanes.js';
import { StartOffsets } from '../../lib/consumer/start-offsets.js';
import { Targets } from '../../lib/lookups/targets.js';
import { Producer } from '../../lib/producer/producer.js';
import type { AnomalyKind } from './checker.js';

export interface Plant {
  readonly name: string;
  /** Any of these shows it. */
  readonly shownBy: readonly AnomalyKind[];
  /** Gives back how to dig it out again. */
  readonly plant: () => () => void;
}

// What is replaced has types of its own, some of it is protected, and a bug needs none.
/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-return */

type Method = (this: any, ...args: any[]) => any;

function replace(owner: object, name: PropertyKey, make: (original: Method) => Method): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name)!;
  Object.defineProperty(owner, name, { ...before, value: make(before.value as Method) });
  return () => void Object.defineProperty(owner, name, before);
}

/** True each time of so many. */
function every(times: number): () => boolean {
  let count = 0;
  return () => ++count % times === 0;
}

const ready = (owner: object, make: (original: Method) => Method) => replace(owner, 'ready', make);

export const PLANTS: readonly Plant[] = [
  {
    name: 'what was buffered before a seek is delivered after it',
    shownBy: ['stale', 'seek-forgotten'],
    plant() {
      const era = Object.getOwnPropertyDescriptor(Partition.prototype, 'fetchEra')!;
      Object.defineProperty(Partition.prototype, 'fetchEra', { configurable: true, get: () => 0 });
      return () => void Object.defineProperty(Partition.prototype, 'fetchEra', era);
    },
  },
  {
    name: 'auto-commit commits one too far',
    shownBy: ['commit-beyond'],
    plant: () =>
      replace(
        Partition.prototype,
        'markProcessed',
        (original) =>
          function (next: number | null, lineage) {
            original.call(this, next === null ? null : next + 1, lineage);
          },
      ),
  },
  {
    name: 'a batch is dropped',
    shownBy: ['skipped'],
    plant() {
      const now = every(10);
      return ready(
        BatchIterator.prototype,
        (original) =>
          function () {
            const batch = original.call(this);
            return batch && now() ? original.call(this) : batch;
          },
      );
    },
  },
  {
    name: 'a seek resolves and does nothing',
    shownBy: ['seek-forgotten', 'stale'],
    plant() {
      const now = every(2);
      return replace(
        Consumer.prototype,
        'seek',
        (original) =>
          function (to, options) {
            return now() ? Promise.resolve([to].flat()) : original.call(this, to, options);
          },
      );
    },
  },
  {
    name: 'a seek lands one later',
    shownBy: ['seek-wrong', 'skipped'],
    plant: () =>
      replace(
        Assignment.prototype,
        'reposition',
        (original) =>
          function (to: { offset: number }[], lineage = 'new') {
            const where = lineage === 'new' ? to.map((one) => ({ ...one, offset: one.offset + 1 })) : to;
            return original.call(this, where, lineage);
          },
      ),
  },
  {
    name: 'the end is taken for one earlier',
    shownBy: ['early-end'],
    plant: () =>
      replace(
        Targets.prototype,
        'find',
        (original) =>
          async function (operation, places: { target: { kind: string } }[], limits) {
            const found: any[] = await original.call(this, operation, places, limits);
            return found.map((one, i) =>
              places[i]!.target.kind === 'end' && one.offset > 0 ? { ...one, offset: one.offset - 1 } : one,
            );
          },
      ),
  },
  {
    name: "an aborted transaction's messages are delivered",
    shownBy: ['aborted-read'],
    plant: () =>
      replace(native, 'Consumer', (original: any) => {
        class Uncommitted extends original {
          constructor(pairs: [string, string][], ...more: any[]) {
            super([...pairs, ['isolation.level', 'read_uncommitted']], ...more);
          }
        }
        return Uncommitted as any;
      }),
  },
  {
    name: 'a commit never settles',
    shownBy: ['unsettled'],
    plant() {
      const now = every(3);
      return replace(
        Committer.prototype,
        'commit',
        (original) =>
          function (...args) {
            return now() ? new Promise(() => undefined) : original.apply(this, args);
          },
      );
    },
  },
  {
    name: 'a message comes twice',
    shownBy: ['doubled'],
    plant() {
      const [now, last] = [every(50), new WeakMap<object, Message>()];
      return ready(
        MessageIterator.prototype,
        (original) =>
          function () {
            const before = last.get(this);
            if (before && now()) return before;
            const message = original.call(this);
            if (message) last.set(this, message);
            return message;
          },
      );
    },
  },
  {
    name: 'two messages change places',
    shownBy: ['reordered'],
    plant() {
      const [now, kept] = [every(50), new WeakMap<object, Message>()];
      return ready(
        MessageIterator.prototype,
        (original) =>
          function () {
            const waiting = kept.get(this);
            kept.delete(this);
            if (waiting) return waiting;
            const message = original.call(this);
            if (!message || !now()) return message;
            const next = original.call(this);
            if (!next) return message;
            kept.set(this, message);
            return next;
          },
      );
    },
  },
  {
    name: 'a partition that comes starts too late',
    shownBy: ['start-wrong'],
    plant: () =>
      replace(
        StartOffsets.prototype,
        'find',
        (original) =>
          async function (...args) {
            const found: any[] = await original.apply(this, args);
            return found.map((one) => (one.offset > 0 ? { ...one, offset: one.offset + 3 } : one));
          },
      ),
  },
  {
    name: 'process() counts what its handlers are not done with',
    shownBy: ['commit-beyond'],
    plant: () =>
      replace(
        PartitionWork.prototype,
        'add',
        (original) =>
          function (message: Message, ...more) {
            const lane = original.call(this, message, ...more);
            this.source.markProcessed(message.offset + 1, this.source.lineage);
            return lane;
          },
      ),
  },
  {
    name: 'a message is acknowledged and was not sent',
    shownBy: ['lost-write'],
    plant() {
      const [now, last] = [every(20), new WeakMap<object, unknown>()];
      return replace(
        Producer.prototype,
        'send',
        (original) =>
          async function (what) {
            if (Array.isArray(what)) return await original.call(this, what);
            const before = last.get(this);
            if (before && now()) return before;
            const sent: unknown = await original.call(this, what);
            last.set(this, sent);
            return sent;
          },
      );
    },
  },
  {
    name: 'the offsets of a transaction are left out',
    shownBy: ['doubled-output'],
    plant: () =>
      replace(
        Consumer.prototype,
        consumedForTransaction,
        (original) =>
          async function (what) {
            return { ...(await original.call(this, what)), offsets: [] };
          },
      ),
  },
];
