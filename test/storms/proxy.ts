// A TCP proxy before a listener of a broker: slow, half-cut and cut connections.

import net from 'node:net';

/**
 * - `pass`: everything goes through.
 * - `slow`: each piece is `delayMs` late.
 * - `deaf`: what the client sends does not arrive; what the broker sends does.
 * - `mute`: what the broker sends does not arrive; what the client sends does.
 * - `cut`: connections that are open break, and no new one is accepted.
 */
export type Weather = 'pass' | 'slow' | 'deaf' | 'mute' | 'cut';

export class Proxy {
  readonly #server: net.Server;
  readonly #pairs = new Set<Pair>();
  #weather: Weather = 'pass';
  #delayMs = 0;
  #target = 0;

  private constructor() {
    this.#server = net.createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  /** Listens on a port that the system gives. */
  static async start(target: number): Promise<Proxy> {
    const proxy = new Proxy();
    proxy.#target = target;
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  get weather(): Weather {
    return this.#weather;
  }

  set(weather: Weather, delayMs = 0): void {
    this.#weather = weather;
    this.#delayMs = delayMs;
    if (weather === 'cut') for (const pair of this.#pairs) pair.destroy();
    for (const pair of this.#pairs) pair.weatherChanged();
  }

  /** Breaks the connections that are open; new ones are accepted. */
  breakAll(): void {
    for (const pair of this.#pairs) pair.destroy();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.breakAll();
    await closed;
  }

  #accept(client: net.Socket): void {
    if (this.#weather === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const pair = new Pair(client, net.connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true }), {
      /** Milliseconds that a piece waits in this direction; Infinity: it waits for other weather. */
      up: () => (this.#weather === 'deaf' ? Infinity : this.#weather === 'slow' ? this.#delayMs : 0),
      down: () => (this.#weather === 'mute' ? Infinity : this.#weather === 'slow' ? this.#delayMs : 0),
    });
    this.#pairs.add(pair);
    pair.onClose = () => this.#pairs.delete(pair);
  }
}

/** One connection, and the one behind it. */
class Pair {
  readonly #ways: readonly [Way, Way];
  onClose: () => void = () => undefined;

  constructor(
    private readonly client: net.Socket,
    private readonly broker: net.Socket,
    lateness: { readonly up: () => number; readonly down: () => number },
  ) {
    for (const socket of [client, broker]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.destroy());
      socket.on('close', () => this.destroy());
    }
    this.#ways = [new Way(client, broker, lateness.up), new Way(broker, client, lateness.down)];
  }

  weatherChanged(): void {
    for (const way of this.#ways) way.go();
  }

  destroy(): void {
    for (const way of this.#ways) way.end();
    this.client.destroy();
    this.broker.destroy();
    this.onClose();
  }
}

/** One direction of a connection: pieces in their order, each as late as the weather makes it. */
class Way {
  #waiting: { piece: Buffer | null; at: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(
    private readonly from: net.Socket,
    private readonly to: net.Socket,
    private readonly lateMs: () => number,
  ) {
    from.on('data', (piece: Buffer) => this.#arrived(piece));
    from.on('end', () => this.#arrived(null));
  }

  #arrived(piece: Buffer | null): void {
    if (this.#waiting.length === 0 && this.lateMs() === 0) return this.#pass(piece);
    this.#waiting.push({ piece, at: performance.now() });
    this.go();
  }

  go(): void {
    clearTimeout(this.#timer);
    while (this.#waiting.length && !this.#ended) {
      const left = this.#waiting[0]!.at + this.lateMs() - performance.now();
      if (left > 0) {
        if (left !== Infinity) this.#timer = setTimeout(() => this.go(), left);
        return;
      }
      this.#pass(this.#waiting.shift()!.piece);
    }
  }

  #pass(piece: Buffer | null): void {
    if (piece === null) return void this.to.end();
    if (this.to.writable && !this.to.write(piece)) {
      this.from.pause();
      this.to.once('drain', () => this.from.resume());
    }
  }

  end(): void {
    this.#ended = true;
    this.#waiting = [];
    clearTimeout(this.#timer);
  }
}
