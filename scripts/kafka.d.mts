/** One Kafka node of our own, on this machine. */
export interface LocalKafka {
  /** `host:port`, for `bootstrap.servers`. */
  readonly bootstrapServers: string;
  /** `host:port` of each listener that was asked for beside it, by its name. */
  readonly listeners: Readonly<Record<string, string>>;
  /** The process id of java. */
  readonly pid: number;
  /** What the broker logs; gone after `stop()`. */
  readonly logFile: string;
  /** Freezes the process (SIGSTOP): connections stay open and nothing answers. */
  pause(): void;
  /** Lets it go on (SIGCONT). */
  resume(): void;
  /** Resolves when java ended, by whomever, with a sentence that tells how. */
  readonly ended: Promise<string>;
  /** Ends java and removes its data. Safe to call twice. */
  stop(): Promise<void>;
}

export interface StartKafkaOptions {
  /** Gets a line when something takes long, such as the first download. */
  log?: (line: string) => void;
  /** Broker properties beside ours, or instead of them. */
  properties?: Readonly<Record<string, string | number | boolean>>;
  /** Listeners beside the plain one, each with its protocol: `{ SECURE: 'SASL_SSL' }`. */
  listeners?: Readonly<Record<string, 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'>>;
  /** Users of SCRAM-SHA-256 and -512: the password of each. */
  scramUsers?: Readonly<Record<string, string>>;
  /** Options of java. */
  jvm?: readonly string[];
  /** How long the node may take to answer. Default 60000. */
  timeoutMs?: number;
}

/** Why a local Kafka cannot be started on this machine, with the way out; `undefined` if it can. */
export function whyNoKafka(): string | undefined;

/** Starts a node; resolves as soon as it answers requests. */
export function startKafka(options?: StartKafkaOptions): Promise<LocalKafka>;
