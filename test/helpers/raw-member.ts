import { once } from 'node:events';
import net from 'node:net';
import { limit } from './wait.js';

// A member of a classic consumer group that speaks the protocol by hand, so that it can be a leader that assigns what no
// honest one would. It needs a cluster of one broker, which then is the coordinator.

const api = { leaveGroup: 13, joinGroup: 11, heartbeat: 12, syncGroup: 14 } as const;
const REBALANCE_IN_PROGRESS = 27;
const MEMBER_ID_REQUIRED = 79;
/** The group's coordinator is still being found: loading, not available, not the coordinator. */
const NOT_YET: readonly number[] = [14, 15, 16];

class Writer {
  readonly #parts: Buffer[] = [];

  int16(value: number): this {
    const part = Buffer.alloc(2);
    part.writeInt16BE(value);
    return this.#put(part);
  }

  int32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeInt32BE(value);
    return this.#put(part);
  }

  string(value: string): this {
    return this.int16(Buffer.byteLength(value)).#put(Buffer.from(value));
  }

  bytes(value: Buffer): this {
    return this.int32(value.length).#put(value);
  }

  array<T>(values: readonly T[], write: (value: T) => unknown): this {
    this.int32(values.length);
    for (const value of values) write(value);
    return this;
  }

  done(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #put(part: Buffer): this {
    this.#parts.push(part);
    return this;
  }
}

class Reader {
  #at = 0;

  constructor(readonly bytes: Buffer) {}

  int16(): number {
    return this.bytes.readInt16BE((this.#at += 2) - 2);
  }

  int32(): number {
    return this.bytes.readInt32BE((this.#at += 4) - 4);
  }

  string(): string {
    const length = this.int16();
    return this.bytes.toString('utf8', this.#at, (this.#at += length));
  }

  skipBytes(): void {
    const length = this.int32(); // reads on, so it stands alone
    this.#at += length;
  }
}

/** What each member gets: the leader itself, and all others. */
export interface Assigns {
  readonly own: readonly number[];
  readonly others: readonly number[];
}

export class RawLeader implements AsyncDisposable {
  readonly #socket: net.Socket;
  readonly #answers = new Map<number, (body: Reader) => void>();
  #buffer: Buffer = Buffer.alloc(0);
  #next = 1;
  #memberId = '';
  #stop = false;
  #stall = false;
  #loop: Promise<void> = Promise.resolve();
  /** How many others the last rebalance has had. */
  others = 0;
  /** While stalled: a rebalance has begun, and waits for this member. */
  isWaitedFor = false;
  failure: unknown;

  private constructor(
    socket: net.Socket,
    readonly group: string,
    readonly topic: string,
    readonly assigns: Assigns,
  ) {
    this.#socket = socket;
    socket.on('data', (data) => this.#onData(data));
    socket.on('error', (error) => (this.failure ??= error));
  }

  /** Resolves when it is the group's leader, and its only member. The assignor is called `roundrobin`. */
  static async create(bootstrapServers: string, group: string, topic: string, assigns: Assigns): Promise<RawLeader> {
    const [host, port] = bootstrapServers.split(',')[0]!.split(':');
    const socket = net.connect(Number(port), host);
    await once(socket, 'connect');
    const leader = new RawLeader(socket, group, topic, assigns);
    const generation = await leader.#join();
    leader.#loop = leader.#beat(generation).catch((error: unknown) => {
      if (!leader.#stop) leader.failure ??= error;
    });
    return leader;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop = true;
    await this.#ask(api.leaveGroup, 1, (w) => w.string(this.group).string(this.#memberId)).catch(() => undefined);
    this.#socket.destroy();
    await this.#loop;
  }

  /** It lives, but joins no rebalance until this is called with false. */
  stall(stall: boolean): void {
    this.#stall = stall;
  }

  async #beat(generation: number): Promise<void> {
    while (!this.#stop) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (this.#stop) return;
      const answer = await this.#ask(api.heartbeat, 1, (w) =>
        w.string(this.group).int32(generation).string(this.#memberId),
      );
      answer.int32();
      const error = answer.int16();
      if (error === REBALANCE_IN_PROGRESS) {
        if (this.#stall) {
          this.isWaitedFor = true;
          continue;
        }
        generation = await this.#join();
        this.isWaitedFor = false;
      } else if (error !== 0) throw new Error(`heartbeat: ${error}`);
    }
  }

  async #join(): Promise<number> {
    const metadata = new Writer().int16(0).array([this.topic], () => undefined);
    const subscription = metadata.string(this.topic).bytes(Buffer.alloc(0)).done();
    for (;;) {
      const joined = await this.#ask(api.joinGroup, 2, (w) =>
        w
          .string(this.group)
          .int32(6000)
          .int32(6000)
          .string(this.#memberId)
          .string('consumer')
          .array(['roundrobin'], (name) => w.string(name).bytes(subscription)),
      );
      joined.int32();
      const error = joined.int16();
      const generation = joined.int32();
      joined.string();
      joined.string();
      this.#memberId = joined.string();
      if (error === MEMBER_ID_REQUIRED) continue;
      if (NOT_YET.includes(error)) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      if (error !== 0) throw new Error(`join: ${error}`);
      const members: string[] = [];
      for (let count = joined.int32(); count > 0; count--) {
        members.push(joined.string());
        joined.skipBytes();
      }
      const synced = await this.#ask(api.syncGroup, 1, (w) =>
        w
          .string(this.group)
          .int32(generation)
          .string(this.#memberId)
          .array(members, (id) => w.string(id).bytes(this.#assignmentOf(id))),
      );
      synced.int32();
      const refused = synced.int16();
      if (refused === REBALANCE_IN_PROGRESS) continue;
      if (refused !== 0) throw new Error(`sync: ${refused}`);
      this.others = members.length - 1;
      return generation;
    }
  }

  #assignmentOf(id: string): Buffer {
    const partitions = id === this.#memberId ? this.assigns.own : this.assigns.others;
    const w = new Writer().int16(0).int32(1).string(this.topic);
    return w
      .array(partitions, (partition) => w.int32(partition))
      .bytes(Buffer.alloc(0))
      .done();
  }

  #ask(key: number, version: number, write: (writer: Writer) => unknown): Promise<Reader> {
    const id = this.#next++;
    const writer = new Writer().int16(key).int16(version).int32(id).string('raw-leader');
    write(writer);
    const body = writer.done();
    const answer = new Promise<Reader>((resolve, reject) => {
      const end = limit(30_000, () => reject(new Error(`no answer to request ${key}`)));
      this.#answers.set(id, (reader) => {
        end();
        resolve(reader);
      });
    });
    this.#socket.write(Buffer.concat([new Writer().int32(body.length).done(), body]));
    return answer;
  }

  #onData(data: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    while (this.#buffer.length >= 4 && this.#buffer.length >= 4 + this.#buffer.readInt32BE()) {
      const end = 4 + this.#buffer.readInt32BE();
      const reader = new Reader(this.#buffer.subarray(4, end));
      this.#buffer = this.#buffer.subarray(end);
      const id = reader.int32();
      this.#answers.get(id)?.(reader);
      this.#answers.delete(id);
    }
  }
}
