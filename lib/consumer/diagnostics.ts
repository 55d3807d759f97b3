// The channels of node:diagnostics_channel on which messages are that were consumed: client/diagnostics.ts has the others.

import { type DiagnosticsEvent, Point, Trace, type TracedEvent } from '../client/diagnostics.js';
import type { MessageBatch } from './batch.js';
import type { Message } from './message.js';

/** `seekafka:consume`: a loop is handed a message, or a batch. */
export interface ConsumeEvent extends DiagnosticsEvent {
  /** By messages() and `for await` of the consumer; else null. */
  readonly message: Message | null;
  /** By batches(); else null. To iterate over it is to read it, as far as a rebalance is concerned: see `sample()`. */
  readonly batch: MessageBatch | null;
  /** How long the loop has waited for it, in milliseconds. */
  readonly waitedMs: number;
  /**
   * Of the messages of the batch that have headers, so many at most, from the first on; of the message itself. They may be
   * looked at without reading the batch.
   */
  sample(count: number): Message[];
}

/** `tracing:seekafka:process`: a handler of process() at work at a message. */
export interface ProcessEvent extends TracedEvent<unknown> {
  readonly message: Message;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

export const consumes = new Point<ConsumeEvent>('seekafka:consume');
export const processes = new Trace<ProcessEvent>('seekafka:process');
