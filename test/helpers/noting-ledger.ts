import {
  type EndedSeek,
  SeekLedger,
  type SeekEntry,
  type SeekOutcome,
  type SeekRequest,
} from '../../lib/seek/ledger.js';

/** A ledger that notes what its steps say of requests that have ended. */
export class NotingLedger extends SeekLedger<string> {
  readonly #outcomes = new Map<SeekRequest, SeekOutcome<string>[]>();

  outcomesOf(request: SeekRequest): readonly SeekOutcome<string>[] {
    return this.#outcomes.get(request) ?? [];
  }

  override bind(held: readonly string[], lack: (key: string) => string): ReturnType<SeekLedger<string>['bind']> {
    const bound = super.bind(held, lack);
    this.#note(bound.ended);
    return bound;
  }

  override applied(entry: SeekEntry, offset: number): EndedSeek<string>[] {
    return this.#note(super.applied(entry, offset));
  }

  override failed(entry: SeekEntry, error: string): ReturnType<SeekLedger<string>['failed']> {
    const failed = super.failed(entry, error);
    this.#note(failed.ended);
    return failed;
  }

  #note(ended: EndedSeek<string>[]): EndedSeek<string>[] {
    for (const { request, outcome } of ended) {
      this.#outcomes.set(request, [...this.outcomesOf(request), outcome]);
    }
    return ended;
  }
}
