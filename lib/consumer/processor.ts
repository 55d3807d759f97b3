// The one process() that may run.

import { type ProcessSurroundings, Processing } from './process.js';
import { processArguments } from './process-options.js';

/** Of close()'s time limit so much is for handlers; what is left is for the commit and the departure. */
const DRAIN_SHARE = 0.75;

export class Processor {
  readonly #surroundings: ProcessSurroundings;
  #processing: Processing | null = null;
  #ended: Promise<void> = Promise.resolve();

  constructor(surroundings: ProcessSurroundings) {
    this.#surroundings = surroundings;
  }

  async process(handler: unknown, options: unknown): Promise<void> {
    const asked = processArguments(handler, options);
    const processing = new Processing(this.#surroundings, asked);
    this.#surroundings.delivery.attach(processing, processing);
    this.#processing = processing;
    this.#surroundings.rebalancer.worker = processing;
    const ran = processing.run();
    this.#ended = ran.catch(() => undefined);
    try {
      await ran;
    } finally {
      this.#processing = null;
      this.#surroundings.rebalancer.worker = null;
    }
  }

  /** The client closes: resolves when what is being handled is finished and committed, or its time is over. */
  async stop(timeoutMs: number): Promise<void> {
    this.#processing?.hurry(timeoutMs * DRAIN_SHARE);
    await this.#ended;
  }
}
