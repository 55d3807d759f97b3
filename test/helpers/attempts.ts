import { expect } from 'chai';
import type { Admin, Consumer, KafkaError, Producer } from 'seekafka';
import { eventually } from './wait.js';

/** `reconnect.backoff.max.ms` of the clients that are watched. */
export const MAX_MS = 1000;

/** How often a client that is refused tries again, and how much it tells of it. */
export class Attempts {
  readonly #times: number[] = [];
  readonly #errors: { readonly at: number; readonly code: string }[] = [];

  /** It tries to connect. */
  note(): void {
    this.#times.push(performance.now());
  }

  watch(client: Admin | Consumer | Producer): void {
    client.on('error', ({ code }: KafkaError) => this.#errors.push({ at: performance.now(), code }));
  }

  /** It has tried three times before the longest pause would be over. */
  async expectQuickStart(): Promise<void> {
    await eventually(() => this.#times.length >= 3, { what: 'it has come three times' });
    expect(this.#times[2]! - this.#times[0]!, 'ms for the first three attempts').to.be.below(MAX_MS);
  }

  /** A consumer has two handles, each of which connects, and tells, on its own. */
  async expectModest(handles: 1 | 2): Promise<void> {
    await eventually(() => this.#times.length >= 3 && performance.now() - this.#times[0]! > 3 * MAX_MS, {
      timeoutMs: 20_000,
      what: 'three attempts, and three of the longest pauses',
    });
    const since = performance.now() - MAX_MS;
    expect(this.#times.filter((at) => at > since).length, 'attempts of the last second').to.be.at.most(4);
    const codes = this.#errors.filter(({ at }) => at > since).map(({ code }) => code);
    expect(codes.length, `error events of the last second: ${codes.join(' ')}`).to.be.at.most(5);
    const down = this.#errors.filter(({ code }) => code === 'ERR__ALL_BROKERS_DOWN');
    expect(down.length, 'times that it told that all are down').to.be.at.most(handles);
    expect(this.#errors.length, 'error events in all').to.be.within(1, 10 * handles);
  }
}
