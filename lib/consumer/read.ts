// What messages() and batches() give.

/** A loop over what a consumer delivers. Leaving it leaves the consumer usable: a later loop goes on with what comes next. */
export interface Read<T> extends AsyncIterableIterator<T>, AsyncDisposable {
  /**
   * How many offsets the read has still to pass, in all partitions of it: 0 at its end. Offsets are counted, not messages:
   * what is never delivered (markers of transactions, aborted and compacted messages) counts too. NaN without `until`, and
   * while it is not known: before the first step, before the first assignment, while partitions that have come to the read
   * are looked up. After the end of the loop it is what was left then.
   */
  readonly remaining: number;
  /** The next message, or batch; done at the end of the read. */
  next(): Promise<IteratorResult<T, undefined>>;
}
