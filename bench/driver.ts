// What a client has to offer to be measured: a module that exports `driver`.

export interface Job {
  servers: string;
  topic: string;
  /** A new one for each trial, so that it starts at the beginning. */
  group: string;
  /** How many messages there are. */
  total: number;
}

export interface Tally {
  count: number;
  /** Of the numbers that the messages carry: says that each was looked at, and none came twice or never. */
  sum: number;
  /** performance.now() at the first message and after the last. */
  firstAt: number;
  lastAt: number;
}

export interface Driver {
  title: string;
  /** Everything that was set; what is not here is the client's default. */
  settings: Readonly<Record<string, unknown>>;
  consume(job: Job): Promise<Tally>;
}
