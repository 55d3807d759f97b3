import { expect } from 'chai';
import fc from 'fast-check';
import { Consumer, Producer } from 'seekafka';
import { type ClientRecord, type Handle, type NativeClient, native } from '../../binding/native.js';
import { MessagePacker, NO_TIMESTAMP, type PackableMessage } from '../../binding/produce-layout.js';
import { mockCluster } from '../helpers/clusters.js';
import { inTime } from '../helpers/wait.js';

// Messages cross the border packed, in both directions. Whatever is in them, they come out as they went in; and a layout that is
// wrong, in whichever number, is refused whole: native code reads nothing beyond what it was given (AddressSanitizer would tell).

const bytes = fc.uint8Array({ maxLength: 40 });
const content = fc.option(fc.oneof(bytes, fc.string({ unit: 'binary', maxLength: 20 })));
/** Names with NUL characters are refused. */
const name = fc.string({ unit: 'binary', maxLength: 8 }).map((text) => text.replaceAll('\0', ''));
const header = fc.tuple(name, content);
const message = fc.record({
  key: content,
  value: content,
  headers: fc.option(fc.array(header, { maxLength: 5 })),
  timestamp: fc.oneof(fc.constant(NO_TIMESTAMP), fc.integer({ min: 0, max: 2 ** 42 })),
});
/** Numbers at which a check of bounds may go wrong. */
const nasty = fc.oneof(
  fc.integer({ min: -3, max: 60 }),
  fc.constantFrom(2 ** 31 - 1, -(2 ** 31), 2 ** 31 - 5, 2 ** 16, -(2 ** 16)),
);
const wrong = fc.record({ where: fc.nat(), what: nasty });

describe('the packed layouts, by chance', () => {
  it('are refused whole where a number in them is wrong, or they are right after all', () => {
    const handle: Handle<ClientRecord> & NativeClient = new native.Client(
      [['bootstrap.servers', '127.0.0.1:1']],
      () => undefined,
    );
    let refused = 0;
    try {
      const property = fc.property(
        fc.array(message, { minLength: 1, maxLength: 4 }),
        fc.array(wrong, { maxLength: 3 }),
        fc.array(wrong, { maxLength: 3 }),
        fc.nat(8),
        (messages, inFields, inPayload, cut) => {
          const packer = new MessagePacker(1);
          for (const each of messages) packer.add({ topic: 't', partition: -1, ...each });
          const { count, topics, fields, timestamps, payload } = packer.take();
          for (const { where, what } of inFields) fields[where % fields.length] = what;
          // In memory of its own, with nothing behind it: a byte too far is one that a sanitizer sees.
          const own = Uint8Array.from(payload.subarray(0, Math.max(0, sizeOf(messages) - cut)));
          const view = new DataView(own.buffer);
          for (const { where, what } of inPayload)
            if (own.length >= 4) view.setInt32(where % (own.length - 3), what, true);
          try {
            expect(handle.produce(topics, fields, timestamps, own, 1, 0).accepted).to.be.within(0, count);
          } catch (error) {
            expect(error).to.be.instanceOf(RangeError);
            expect((error as Error).message).to.match(/^produce: the packed messages are wrong: /);
            refused++;
          }
        },
      );
      fc.assert(property, { numRuns: 3000 });
    } finally {
      handle.abort();
    }
    expect(refused, 'refused').to.be.above(300);
    expect(handle.join(5000)).to.equal(true);
  });

  it('give back what was sent, whatever it is', async () => {
    const cluster = await mockCluster();
    try {
      const seed = Number(process.env['CHANCE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
      const messages = fc.sample(message, { numRuns: 600, seed });
      const topic = await cluster.createTopic();
      const servers = { 'bootstrap.servers': cluster.bootstrapServers };
      await using producer = new Producer(servers);
      await using consumer = new Consumer({ ...servers, 'auto.offset.reset': 'earliest' });
      await inTime(
        producer.send(
          messages.map(({ timestamp, headers, ...rest }) => ({
            ...{ topic, partition: 0, ...rest },
            ...(headers && { headers }),
            ...(timestamp !== NO_TIMESTAMP && { timestamp }),
          })),
        ),
      );
      await consumer.assign([{ topic, partition: 0 }]);
      let at = 0;
      await inTime(
        (async () => {
          for await (const got of consumer.messages({ until: 'end' })) {
            const sent = messages[at++]!;
            const shown = [got.key, got.value, ...got.headers.flat()].map(hex);
            const expected = [sent.key, sent.value, ...(sent.headers ?? []).flat()].map(hex);
            expect(shown, `seed ${seed}, message ${at - 1}`).to.deep.equal(expected);
            if (sent.timestamp !== NO_TIMESTAMP) expect(got.timestamp).to.equal(sent.timestamp);
          }
        })(),
      );
      expect(at).to.equal(messages.length);
    } finally {
      await cluster.close();
    }
  });
});

const hex = (value: Uint8Array | string | null): string | null =>
  value === null ? null : `:${Buffer.from(value).toString('hex')}`;

/** How many bytes of the payload belong to the messages. */
function sizeOf(messages: readonly Pick<PackableMessage, 'key' | 'value' | 'headers'>[]): number {
  const length = (value: Uint8Array | string | null) => (value === null ? 0 : Buffer.from(value).length);
  let size = 0;
  for (const { key, value, headers } of messages) {
    size += length(key) + length(value);
    for (const [name, content] of headers ?? []) size += 8 + length(name) + length(content);
  }
  return size;
}
