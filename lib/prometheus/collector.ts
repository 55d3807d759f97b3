// Metrics of clients for a registry of prom-client, from their statistics and errors. prom-client is not imported: a registry
// takes any object with a name and get().

import { errorMonitor } from 'node:events';
import { isArray, isObject, knownKeys, typeError } from '../arguments/values.js';
import type { Admin } from '../admin/admin.js';
import { knownOf } from '../client/client-core.js';
import type { Statistics } from '../client/statistics.js';
import type { Consumer } from '../consumer/consumer.js';
import type { KafkaError } from '../errors.js';
import type { Producer } from '../producer/producer.js';
import { type Labels, descriptions } from './metrics.js';

type Client = Consumer | Producer | Admin;

/** What is needed of a `Registry` of prom-client. */
export interface PrometheusRegistry {
  /** Called once for each metric, with an object in the shape of prom-client's. */
  registerMetric(metric: never): unknown;
  /** Called by `stop()`, with the name of each metric. */
  removeSingleMetric(name: string): unknown;
}

/** What is collected, and under which names. */
export interface CollectOptions {
  /** What the names of the metrics begin with. Default `seekafka_`. */
  prefix?: string | undefined;
  /** Whether there are series for each partition: lag and queues. Default true. */
  partitions?: boolean | undefined;
}

/** The metrics of some clients in a registry of prom-client, until `stop()`. */
export interface Collector extends Disposable {
  /** Collects of another client, too. @throws TypeError as of collect() */
  add(client: Client): void;
  /** Its series are gone. A client that is closed is removed by itself. */
  remove(client: Client): void;
  /** Takes all metrics out of the registry. */
  stop(): void;
}

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/**
 * Registers metrics of clients: lag, queues, brokers, bytes, messages, round-trip times, rebalances, errors
 * (docs/observability.md lists them). They are as old as the last statistics, every `statistics.interval.ms`.
 *
 * @param registry of prom-client; one takes one collector for each prefix
 * @param clients with `statistics.interval.ms` above 0
 * @throws TypeError for what is no registry or no client, and for a client without statistics
 */
export function collect(
  registry: PrometheusRegistry,
  clients: Client | readonly Client[],
  options: CollectOptions = {},
): Collector {
  return new Collecting(registry, isArray(clients) ? (clients as Client[]) : [clients as Client], options);
}

class Collecting implements Collector {
  readonly #registry: PrometheusRegistry;
  readonly #watched = new Map<Client, Watched>();
  readonly #names: string[] = [];

  constructor(registry: PrometheusRegistry, clients: readonly Client[], options: CollectOptions) {
    const { prefix = 'seekafka_', partitions = true } = knownKeys(options, 'options', ['prefix', 'partitions']);
    if (!isObject(registry) || typeof registry.registerMetric !== 'function') {
      throw typeError('registry', 'a Registry of prom-client', registry);
    }
    if (typeof prefix !== 'string' || !/^[a-zA-Z_:][a-zA-Z0-9_:]*$|^$/.test(prefix)) {
      throw typeError('options.prefix', 'the beginning of a metric name: letters, digits, _ and :', prefix);
    }
    if (typeof partitions !== 'boolean') throw typeError('options.partitions', 'true or false', partitions);
    for (const [i, client] of clients.entries()) mustHaveStatistics(client, `clients[${i}]`);
    this.#registry = registry;
    for (const description of descriptions(prefix)) {
      const { name, help, type, labels } = description;
      if (!partitions && labels.includes('partition')) continue;
      this.#register(name, help, type, (watched) => {
        const { report } = watched;
        if (!report) return [];
        return Array.from(description.samples(report), ([more, value]) => ({
          labels: { ...watched.labels, ...more },
          value,
        }));
      });
    }
    this.#register(
      `${prefix}errors_total`,
      "Errors that the event 'error' tells of, by their code.",
      'counter',
      (watched) => Array.from(watched.errors, ([code, value]) => ({ labels: { ...watched.labels, code }, value })),
    );
    for (const client of clients) this.add(client);
  }

  add(client: Client): void {
    mustHaveStatistics(client, 'client');
    if (!this.#watched.has(client)) this.#watched.set(client, new Watched(client));
  }

  remove(client: Client): void {
    this.#watched.get(client)?.stop();
    this.#watched.delete(client);
  }

  stop(): void {
    for (const client of [...this.#watched.keys()]) this.remove(client);
    for (const name of this.#names.splice(0)) this.#registry.removeSingleMetric(name);
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #register(name: string, help: string, type: string, samples: (watched: Watched) => Sample[]): void {
    const get = () => {
      for (const client of [...this.#watched.keys()]) if (client.health().state === 'closed') this.remove(client);
      const values = [...this.#watched.values()].flatMap(samples);
      return Promise.resolve({ name: metric.name, help, type, values, aggregator: 'sum' }); // prom-client may rename it
    };
    const metric = { name, help, type, aggregator: 'sum', get, reset: () => undefined };
    (this.#registry.registerMetric as (metric: object) => unknown)(metric);
    this.#names.push(name);
  }
}

function mustHaveStatistics(client: unknown, argument: string): void {
  const known = knownOf(client);
  if (!known || !(client as Client).health) throw typeError(argument, 'a Consumer, a Producer or an Admin', client);
  if (known.statisticsMs > 0) return;
  throw new TypeError(
    `${argument}: expected a client with 'statistics.interval.ms' above 0, got one without statistics`,
  );
}

/** What was last heard of a client. */
class Watched {
  readonly #client: Client;
  report: Statistics | null = null;
  readonly errors = new Map<string, number>();
  labels: Labels = {};
  readonly #onStatistics = (report: Statistics) => this.#take(report);
  readonly #onError = ({ code }: KafkaError) => void this.errors.set(code, (this.errors.get(code) ?? 0) + 1);

  constructor(client: Client) {
    this.#client = client;
    this.#label('');
    (client as Producer).on('statistics', this.#onStatistics);
    // Who counts errors handles none: they are warned of as before.
    (client as Producer).on(errorMonitor as unknown as 'error', this.#onError);
  }

  stop(): void {
    (this.#client as Producer).off('statistics', this.#onStatistics);
    (this.#client as Producer).off(errorMonitor as unknown as 'error', this.#onError);
  }

  #take(report: Statistics): void {
    if (!this.report) this.#label(report.name);
    this.report = report;
  }

  /** librdkafka's name of the handle tells clients apart whose other labels are the same. */
  #label(handle: string): void {
    const { clientId, groupId } = knownOf(this.#client)!;
    const kind = this.#client.constructor.name;
    this.labels = { client: kind, client_id: clientId, ...(groupId !== undefined && { group: groupId }), handle };
  }
}
