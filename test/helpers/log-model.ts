// What a partition's log holds, as far as a reader of committed messages can see it.

type State = 'plain' | 'open' | 'committed' | 'aborted' | 'control';

/** The time of message n is this many milliseconds after the beginning. */
const TICK_MS = 10;
const begun = Date.now() - 3_600_000;

export class LogModel {
  start = 0;
  readonly #records: State[] = [];

  /** Gives back the offsets. */
  append(state: 'plain' | 'open', count: number): number[] {
    const first = this.#records.length;
    for (let i = 0; i < count; i++) this.#records.push(state);
    return Array.from({ length: count }, (_, i) => first + i);
  }

  /** The transaction that is open ends, and leaves a control record. */
  end(how: 'committed' | 'aborted'): void {
    this.#records.forEach((state, offset) => {
      if (state === 'open') this.#records[offset] = how;
    });
    this.#records.push('control');
  }

  /** The end for who reads what is committed: nothing at or behind the first message of an open transaction. */
  get stableEnd(): number {
    const open = this.#records.indexOf('open');
    return open < 0 ? this.#records.length : open;
  }

  visibleFrom(offset: number): number[] {
    const offsets: number[] = [];
    for (let i = Math.max(offset, this.start); i < this.stableEnd; i++) {
      if (this.#records[i] === 'plain' || this.#records[i] === 'committed') offsets.push(i);
    }
    return offsets;
  }

  /** Whether a position steps from one offset to the other without a message: over what is never delivered. */
  stepsOver(from: number, to: number): boolean {
    const next = this.visibleFrom(from)[0] ?? this.stableEnd;
    return from <= to && to <= next;
  }

  /** An offset by its place between start and end, in thousandths. */
  at(permille: number): number {
    return this.start + Math.floor(((this.stableEnd - this.start) * permille) / 1000);
  }

  /** An offset, or the end of the log that it lies beyond. */
  within(offset: number): number {
    return Math.max(this.start, Math.min(offset, this.stableEnd));
  }

  /**
   * The lowest and highest offset that "the first at or after the time of `offset`" may mean: that one, or a control
   * record before it, which has the time of the transaction's end.
   */
  since(offset: number): readonly [low: number, high: number] {
    const high = Math.max(offset, this.start);
    const control = this.#records.findIndex((state, i) => i >= this.start && state === 'control');
    return [control < 0 ? high : Math.min(control, high), high];
  }

  static timeOf(offset: number): number {
    return begun + offset * TICK_MS;
  }
}
