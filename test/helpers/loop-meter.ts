/** How long the event loop was held up: the longest time between two ticks of a timer that are 5 ms apart. */
export class LoopMeter implements Disposable {
  #last = performance.now();
  #worst = 0;
  readonly #timer = setInterval(() => this.#tick(), 5);

  /** Milliseconds. */
  get worst(): number {
    this.#tick();
    return this.#worst;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    this.#worst = Math.max(this.#worst, now - this.#last - 5);
    this.#last = now;
  }
}
