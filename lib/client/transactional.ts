// How a producer's transaction asks a consumer for its offsets, without either knowing the other.

import type { NativeMember } from '../../binding/native.js';
import type { TopicPartitionOffset } from '../arguments/options.js';

/** What a transaction commits for a consumer, and for which member of its group. */
export interface Consumed {
  readonly offsets: readonly TopicPartitionOffset[];
  readonly member: NativeMember;
  /** To be called when the transaction has committed them. */
  readonly committed: () => void;
}

/** The method of a consumer that a transaction calls. Each copy of the package has its own. */
export const consumedForTransaction = Symbol('consumedForTransaction');

export interface TransactionalConsumer {
  [consumedForTransaction](what: unknown): Promise<Consumed>;
}

export const isTransactionalConsumer = (value: unknown): value is TransactionalConsumer =>
  typeof value === 'object' && value !== null && consumedForTransaction in value;
