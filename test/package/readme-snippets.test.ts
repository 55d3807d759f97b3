import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type Snippet, compile, remove, root, snippetsOf } from '../helpers/snippets.js';

// Every TypeScript snippet of the README compiles as a careful user's, runs, and ends. One that imports something is a
// program; the others run in the surroundings below. A block of text behind a snippet is what it prints.

const before_ = `
import { Admin, clientCredentials, Consumer, KafkaError, MockCluster, Producer, deadLetters, type Message } from 'seekafka';
const cluster = await MockCluster.start();
cluster.createTopic('orders', 4);
const servers = cluster.bootstrapServers;
const producer = new Producer({ 'bootstrap.servers': servers });
await producer.send(Array.from({ length: 40 }, (_, i) => ({ topic: 'orders', partition: i % 4, value: \`order \${i}\` })));
const consumer = new Consumer({ 'bootstrap.servers': servers, 'group.id': 'group', 'auto.offset.reset': 'earliest' });
await consumer.subscribe('orders');
await consumer.seekToBeginning(); // waits for the assignment
let handled = 0;
/** Are refused once. Who does not come back to each of them does not come to forty messages, and so to no end. */
const toRefuse = new Set<string>(REFUSED);
const secret = 'secret';
const fetchToken = (_signal: AbortSignal) => Promise.resolve({ token: 'eyJ', expiresAt: Date.now() + 3_600_000 });
/** A loop that has no end of its own ends when it has seen enough. */
const handle = async (message: Message): Promise<void> => {
  if (toRefuse.delete(String(message.value))) throw new Error(String(message.value));
  if (++handled === 40) void consumer.close();
};
{
`;
const after_ = `
}
await Promise.all([consumer.close(), producer.close()]);
await cluster.close();
`;

const page = 'README.md';
const snippets = snippetsOf(page);
const refusedBelow: Record<string, string[]> = { 'When your handler throws': ['order 5', 'order 18'] };

const sourceOf = ({ code, heading }: Snippet) => {
  const surroundings = before_.replace('REFUSED', JSON.stringify(refusedBelow[heading] ?? []));
  return /^import /m.test(code) ? code : `${surroundings}${code}${after_}`;
};

describe("the README's snippets", () => {
  let errorsOf: (snippet: Snippet) => string[];
  before('compile', () => (errorsOf = compile(snippets, sourceOf)));
  after('remove them', () => remove(page));

  it('are there, and one shows what it prints', () => {
    expect(snippets).to.have.length.above(8);
    expect(snippets.filter(({ prints }) => prints !== undefined)).to.have.length.above(0);
  });

  for (const snippet of snippets) {
    const { name, file, prints } = snippet;
    it(`${name}, compiles`, () => expect(errorsOf(snippet)).to.deep.equal([]));

    it(`${name}, runs and ends${prints === undefined ? '' : ', and prints what is shown'}`, async () => {
      const args = ['--import', 'tsx', file];
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 25_000 });
      if (prints !== undefined) expect(stdout).to.equal(prints);
    });
  }
});
