// Messages to a topic that does not exist. librdkafka lets them wait, as the topic may only just have been made
// (`topic.metadata.propagation.max.ms`, `message.timeout.ms`), and says nothing until then.

import { type KafkaError, errno, localError } from '../errors.js';
import { clearInterval, whileAlive } from '../client/timers.js';

/** How often it is looked at what waits. A topic is looked for after it has been waited for so long, and told after twice. */
const TICK_MS = 1000;
/** So many of those that have waited longest are looked at. */
const MOST = 100;

interface Waiting {
  readonly topics: readonly string[];
}

interface Surroundings {
  /** What is not reported on, by ascending ids, and the id that the next one will have. */
  readonly waiting: ReadonlyMap<number, Waiting>;
  readonly nextId: () => number;
  /** Whether the cluster has the topic: null where nobody can say. */
  readonly exists: (topic: string) => Promise<boolean | null>;
  readonly tell: (error: KafkaError) => void;
}

export class MissingTopics {
  readonly #around: Surroundings;
  /** Null: it was not there the first time, and may be on its way. */
  readonly #missing = new Map<string, KafkaError | null>();
  #timer: NodeJS.Timeout | undefined;
  #asks = false;
  /** What has a lower id waits since the last tick at least. */
  #since = 0;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Something is sent. */
  begin(): void {
    if (this.#timer) return;
    this.#since = this.#around.nextId();
    this.#timer = whileAlive<MissingTopics>(this, TICK_MS, (missing) => void missing.#tick());
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** That the topic does not exist, where it is so. */
  errorOf(topic: string): KafkaError | null {
    return this.#missing.get(topic) ?? null;
  }

  async #tick(): Promise<void> {
    if (this.#asks) return;
    const { waiting, nextId, exists, tell } = this.#around;
    if (waiting.size === 0) {
      this.#missing.clear();
      return this.end();
    }
    const late = new Set<string>();
    let looked = 0;
    for (const [id, { topics }] of waiting) {
      if (id >= this.#since || ++looked > MOST) break;
      for (const topic of topics) late.add(topic);
    }
    this.#since = nextId();
    for (const topic of this.#missing.keys()) if (!late.has(topic)) this.#missing.delete(topic);
    this.#asks = true;
    try {
      for (const topic of late) {
        if (this.#missing.get(topic)) continue; // it is told once
        const isThere = await exists(topic).catch(() => null);
        if (isThere !== false) this.#missing.delete(topic);
        else if (this.#missing.has(topic)) {
          const text = `send: there is no topic ${topic}: what is sent to it waits for the topic, and fails some time`;
          const error = localError('send', errno.unknownTopicOrPart, text);
          this.#missing.set(topic, error);
          tell(error);
        } else this.#missing.set(topic, null);
      }
    } finally {
      this.#asks = false;
    }
  }
}
