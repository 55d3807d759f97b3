/** One of the nodes. */
export interface ClusterNode {
  readonly id: number;
  /** Its port for who looks on, past the proxy. */
  readonly port: number;
  readonly logFile: string;
  readonly runs: boolean;
  /** Starts it on the data that it has; `up()` says when it answers. */
  start(): void;
  up(): Promise<void>;
  /** SIGSTOP, and SIGCONT. */
  freeze(): void;
  thaw(): void;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM, which hands leadership over; by force after `patienceMs`. */
  stop(patienceMs?: number): Promise<void>;
}

export interface Cluster {
  readonly nodes: readonly ClusterNode[];
  /** `bootstrap.servers` past the proxy. */
  readonly direct: string;
  /** The node that became the active controller last. */
  controller(): Promise<ClusterNode>;
  stop(): Promise<void>;
}

export const LISTENERS: readonly ['CLIENT', 'LOGIN'];

export function startCluster(options: {
  advertise: (listener: 'CLIENT' | 'LOGIN', id: number, port: number) => Promise<number>;
  users: Readonly<Record<string, string>>;
  properties?: Readonly<Record<string, string | number | boolean>>;
  log?: (line: string) => void;
}): Promise<Cluster>;
