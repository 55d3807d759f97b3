// How many messages a `for await` was handed.

import { type Subject, operations, telemetry } from './telemetry.js';

/** Taken at import: test runners replace the global one. */
const { setImmediate } = globalThis;

/** Counts of one event-loop turn, told together: to count a message by itself takes several times what the message does. */
export class ReceivedCounts {
  #subject: Subject | null = null;
  #messages = 0;
  #scheduled = false;

  add(subject: Subject): void {
    if (this.#subject?.topic !== subject.topic || this.#subject?.groupId !== subject.groupId) {
      this.tell();
      this.#subject = subject;
    }
    this.#messages++;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.tell();
    });
  }

  tell(): void {
    if (this.#subject) telemetry.count(operations.receive, this.#subject, this.#messages);
    this.#subject = null;
    this.#messages = 0;
  }
}
