import { expect } from 'chai';
import { littleMemory, mostResident } from '../helpers/little-memory.js';
import { Program } from '../helpers/program.js';

// Lengths cross into native code as 32-bit integers: what does not fit was sent as a tombstone. In a process of its own,
// which cannot have the memory for a copy: what is too long is refused before it is copied. The bytes themselves take no
// memory as long as nobody writes to them.

/** Room for Node.js, and for one such buffer, but not for two. */
const memory = littleMemory(4_600_000);

const prelude = `
  import { MockCluster, Producer, Consumer } from 'seekafka';
  const cluster = await MockCluster.start();
  cluster.createTopic('t', 1);
  const servers = { 'bootstrap.servers': cluster.bootstrapServers };
  const producer = new Producer(servers);
  await producer.send({ topic: 't', value: 'before' });
`;
const end = `
  await producer.send({ topic: 't', value: 'after' });
  const consumer = new Consumer(servers);
  console.log('end ' + (await consumer.endOffsets([{ topic: 't', partition: 0 }]))[0].offset);
  console.log('rss ' + process.resourceUsage().maxRSS);
  await consumer.close(); await producer.close(); await cluster.close();
`;

const places: Readonly<Record<string, readonly [source: string, where: string]>> = {
  'a value': [`producer.send({ topic: 't', key: 'k', value: BYTES })`, 'message.value'],
  'a key': [`producer.send({ topic: 't', key: BYTES, value: null })`, 'message.key'],
  'a header': [`producer.send({ topic: 't', value: 'v', headers: [['h', BYTES]] })`, 'message.headers'],
  'a value in an array': [
    `producer.send([{ topic: 't', value: 'x' }, { topic: 't', value: BYTES }])`,
    'messages[1].value',
  ],
};

describe('two gibibytes', () => {
  for (const size of [2 ** 31, 2 ** 31 + 1, 2 ** 31 - 1 + 16]) {
    for (const [what, [source, where]] of Object.entries(places)) {
      // One size is enough for the rarer places.
      if (size !== 2 ** 31 && where !== 'message.value') continue;
      it(`of ${what} are refused by name, before they are copied, and nothing is stored: ${size} bytes`, async () => {
        await using program = new Program(
          `${prelude}
           const BYTES = new Uint8Array(${size});
           await ${source}.then(
             () => console.log('stored'),
             (error) => console.log('refused', error.name, error.message),
           );
           ${end}`,
          {},
          { before: memory },
        );
        const { code, signal, stdout, stderr } = await program.ended;
        const text = stdout + stderr;
        expect({ code, signal }, text).to.deep.equal({ code: 0, signal: null });
        const [outcome, stored, rss] = program.lines;
        expect(outcome).to.match(/^refused RangeError /);
        expect(outcome!.slice('refused RangeError '.length).startsWith(where), `${outcome} names ${where}`).to.equal(
          true,
        );
        expect(stored).to.equal('end 2');
        expect(Number(rss!.slice(4)), 'kilobytes of memory').to.be.lessThan(mostResident(1_000_000));
      });
    }
  }

  it('of several messages together are refused by name, or each by what librdkafka takes at most', async () => {
    await using program = new Program(
      `${prelude}
       const value = new Uint8Array(800_000_000);
       await producer.send([1, 2, 3].map(() => ({ topic: 't', value }))).then(
         () => console.log('stored'),
         (error) => console.log('refused', error.code ?? error.name, error.message),
       );
       ${end}`,
      {},
      { before: memory },
    );
    const { code, signal, stdout, stderr } = await program.ended;
    expect({ code, signal }, stdout + stderr).to.deep.equal({ code: 0, signal: null });
    expect(program.lines[0]).to.match(/^refused (RangeError messages|ERR_MSG_SIZE_TOO_LARGE )/);
    expect(program.lines[1]).to.equal('end 2');
  });
});
