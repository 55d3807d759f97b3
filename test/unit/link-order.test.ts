import { expect } from 'chai';
import type { NativeRow, ReplyRecord } from '../../binding/native.js';
import { Link } from '../../lib/client/link.js';

type Record = ReplyRecord | { type: 'batch'; name: string } | { type: 'closed' };

/** A native handle that gives out what the test puts in, when the test says so. */
class FakeHandle {
  static last: FakeHandle;
  readonly wake: () => void;
  outbox: Record[] = [];

  constructor(_config: readonly [string, string][], onWake: () => void) {
    this.wake = onWake;
    FakeHandle.last = this;
  }

  drain(): Record[] {
    return this.outbox.splice(0);
  }

  ref(): void {}
  unref(): void {}
  close(): void {}
  setToken(): void {}
  setSaslCredentials(): void {}
  abort(): void {}
  brokersUp(): readonly [count: number, sinceMs: number] {
    return [1, 0];
  }
  join(): boolean {
    return true;
  }
}

const reply = (id: number): ReplyRecord => ({ type: 'reply', id, error: undefined, rows: [] });
const batch = (name: string): Record => ({ type: 'batch', name });

describe('the records of a native handle', () => {
  let log: string[];
  let link: Link<Record, FakeHandle>;
  let ids: number[];

  beforeEach(() => {
    log = [];
    ids = [];
    link = new Link<Record, FakeHandle>(FakeHandle, [], (record) => log.push(record.name));
  });

  /** A call whose caller is some promises away from the reply, as a seek's is. */
  async function request(name: string): Promise<void> {
    const rows = async (): Promise<NativeRow[]> => await link.request(name, (id) => void ids.push(id));
    const sought = async (): Promise<NativeRow[]> => await rows().then((found) => found);
    await Promise.all([sought(), Promise.resolve()]);
    log.push(name);
  }

  async function give(...records: Record[]): Promise<void> {
    FakeHandle.last.outbox.push(...records);
    FakeHandle.last.wake();
    await new Promise((resolve) => setImmediate(resolve));
  }

  it('come after the consequences of a reply before them, or the first batch after a seek would be dropped', async () => {
    const done = request('seek');
    await give(batch('before'), reply(ids[0]!), batch('after'));
    await done;
    expect(log).to.deep.equal(['before', 'seek', 'after']);
  });

  it('keep their order across several replies', async () => {
    const done = Promise.all([request('one'), request('two')]);
    await give(reply(ids[0]!), batch('a'), reply(ids[1]!), batch('b'), batch('c'));
    await done;
    expect(log).to.deep.equal(['one', 'a', 'two', 'b', 'c']);
  });

  it('that arrive while a reply takes effect stand behind those that wait for it', async () => {
    const { wake, outbox } = FakeHandle.last;
    const done = request('seek').then(() => {
      outbox.push(batch('second'));
      wake();
    });
    await give(reply(ids[0]!), batch('first'));
    await done;
    expect(log).to.deep.equal(['seek', 'first', 'second']);
  });

  it('are not held up by a listener that throws, and its error is not swallowed', async () => {
    const thrown: unknown[] = [];
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => thrown.push(error));
    link = new Link<Record, FakeHandle>(FakeHandle, [], ({ name }) => {
      log.push(name);
      if (name === 'bad') throw new Error('from a listener');
    });
    try {
      await give(batch('bad'), batch('good'));
    } finally {
      for (const listener of others) process.on('uncaughtException', listener);
    }
    expect(log).to.deep.equal(['bad', 'good']);
    expect(thrown).to.have.length(1);
  });

  it('reject what was asked and never answered, when the handle ends', async () => {
    const failed = link.request('seek', (id) => void ids.push(id)).catch((error: unknown) => error);
    await give({ type: 'closed' });
    expect(await failed).to.include({ code: 'ERR__DESTROY', operation: 'seek' });
  });
});
