// The channels of node:diagnostics_channel on which messages are that were consumed: client/diagnostics.ts has the others.

import { type DiagnosticsEvent, Point, Trace, type TracedEvent } from '../client/diagnostics.js';
import type { MessageBatch, PackedBatch } from './batch.js';
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

/** All of one shape: an object that is spread from another costs some microseconds for each message. */
export class Consumed implements ConsumeEvent {
  readonly client: DiagnosticsEvent['client'];
  readonly clientId: string;
  declare readonly groupId?: string;
  declare readonly server?: NonNullable<DiagnosticsEvent['server']>;

  constructor(
    { client, clientId, groupId, server }: DiagnosticsEvent,
    readonly message: Message | null,
    readonly batch: PackedBatch | null,
    readonly waitedMs: number,
  ) {
    this.client = client;
    this.clientId = clientId;
    if (groupId !== undefined) this.groupId = groupId;
    if (server) this.server = server;
  }

  sample(count: number): Message[] {
    return this.message ? [this.message] : this.batch!.sample(count);
  }
}

/** `tracing:seekafka:process`: a handler of process() at work at a message. */
export interface ProcessEvent extends TracedEvent<unknown> {
  readonly message: Message;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

export const consumes = new Point<ConsumeEvent>('seekafka:consume');
export const processes = new Trace<ProcessEvent>('seekafka:process');
