import { expect } from 'chai';
import { Consumer, MockCluster, Producer } from 'seekafka';
import { type Cluster, mockCluster } from '../helpers/clusters.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// A class that a user derives has methods of its own, whose names nobody has told him to avoid.

/** Every word that the classes inside use of each other. */
const names = [
  ...['run', 'link', 'core', 'over', 'letGo', 'fatal', 'closing', 'mustBeOpen', 'tell', 'report', 'warn', 'shutDown'],
  ...[
    'attach',
    'onOwnRecord',
    'onFatal',
    'onPassing',
    'call',
    'send0',
    'client',
    'handle',
    'settings',
    'delivery',
    'end',
  ],
];

function withOwnMembers<T extends new (...args: never[]) => object>(base: T): T {
  const derived = class extends (base as unknown as new () => object) {};
  for (const name of names) {
    Object.defineProperty(derived.prototype, name, {
      get: () => {
        throw new Error(`'${name}' of the derived class was asked for`);
      },
    });
  }
  return derived as unknown as T;
}

describe('a class derived from a client', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());

  it('has members with the names that the package uses inside: it works as its base', async () => {
    const topic = await cluster.createTopic();
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    await using producer = new (withOwnMembers(Producer))(servers);
    await inTime(producer.send([1, 2, 3].map((v) => ({ topic, partition: 0, value: `${v}` }))));
    await using consumer = new (withOwnMembers(Consumer))({ ...servers, 'group.id': uniqueGroup() });
    consumer.on('error', () => undefined);
    await consumer.subscribe(topic);
    await inTime(consumer.seekToBeginning());
    const seen: number[] = [];
    for await (const { offset } of consumer) if (seen.push(offset) === 3) break;
    expect(seen).to.deep.equal([0, 1, 2]);
    await inTime(consumer.commit());
  });

  it('shows nothing of its inside: no member besides those of EventEmitter and the documented ones', async () => {
    await using mock = await MockCluster.start();
    const servers = { 'bootstrap.servers': mock.bootstrapServers };
    await using producer = new Producer(servers);
    await using consumer = new Consumer(servers);
    for (const client of [producer, consumer, mock]) {
      const shown = new Set<string>();
      for (let at: object | null = client; at; at = Object.getPrototypeOf(at) as object | null) {
        for (const name of Object.getOwnPropertyNames(at)) shown.add(name);
      }
      for (const name of names) expect([...shown], name).not.to.include(name);
    }
  });
});
