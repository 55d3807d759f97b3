import { expect } from 'chai';
import type { Admin, Consumer, KafkaError, Producer } from 'seekafka';
import { awake } from './wait.js';

/** Two seconds are promised, and one is usual. A busy machine has as long again. Without a refusal that is passed on it would be 60 s. */
const SOON_MS = 4000;
/** So long a busy machine may need to connect, and to ask. */
const ASKING_MS = 4000;

/** That a call rejects soon after the refusal. */
export class RefusalClock {
  readonly #first = new Map<string, number>();

  /** Of an error of a kind that is told again and again the first counts: librdkafka leaves most of the others out. */
  watch<C extends Admin | Consumer | Producer>(client: C): C {
    client.on('error', ({ code }: KafkaError) => {
      if (!this.#first.has(code)) this.#first.set(code, awake());
    });
    return client;
  }

  /**
   * To be called as soon as the call has rejected.
   *
   * @param begun when it was called, as awake() tells it: it counts where no event has told of the refusal, or one did before
   */
  expectSoon({ code }: KafkaError, begun: number, what: string): void {
    const refused = this.#first.get(code);
    const ms = awake() - Math.max(begun, refused ?? begun);
    if (process.env.SECURITY_TABLE) console.log(`${what}: ${code} after ${Math.round(ms)} ms`);
    expect(ms, `${what}: ms`).to.be.below(refused === undefined ? SOON_MS + ASKING_MS : SOON_MS);
  }
}
