import path from 'node:path';
import { expect } from 'chai';
import { Admin, Consumer, Producer } from 'seekafka';
import { rejection } from '../helpers/rejection.js';
import { inTime } from '../helpers/wait.js';

// An answer comes in a callback of native code: the stack of an error that is made there tells nobody which of his calls has failed.

const here = path.basename(import.meta.filename);

describe('the stack of an error', () => {
  const nobody = { 'bootstrap.servers': '127.0.0.1:1' };
  const limit = { timeoutMs: 100 };
  const row = { topic: 't', partition: 0 };
  let consumer: Consumer;
  let producer: Producer;
  let admin: Admin;
  before(() => {
    consumer = new Consumer({ ...nobody, 'group.id': 'g' });
    producer = new Producer({ ...nobody, 'message.timeout.ms': 100 });
    admin = new Admin(nobody);
    for (const client of [consumer, producer, admin]) client.on('error', () => undefined);
  });
  after(() => Promise.all([consumer, producer, admin].map((client) => client.close({ timeoutMs: 500 }))));

  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    endOffsets: () => consumer.endOffsets([row], limit),
    committed: () => consumer.committed([row], limit),
    commit: () => consumer.commit([{ ...row, offset: 1 }], limit),
    seekToEnd: () => consumer.seekToEnd(undefined, limit),
    position: () => consumer.position([row]),
    connect: () => producer.connect(limit),
    'send of several': () => producer.send([{ topic: 't', value: 'x' }]),
    'send of one, which is awaited': async () => await producer.send({ topic: 't', value: 'x' }),
    'send of one, awaited with others': () => Promise.all([producer.send({ topic: 't', value: 'x' })]),
    initTransactions: () => producer.initTransactions(),
    listTopics: () => admin.listTopics(limit),
    describeTopics: () => admin.describeTopics(['t'], limit),
    'seek of what is no place': () => consumer.seek(5 as never),
    'lag with what is no option': () => consumer.lag({ timeout: 5 } as never),
    'send of what is no message': () => producer.send({ topic: 't', value: 5 as never }),
    'listOffsets of what is no list': () => admin.listOffsets(5 as never),
  };
  for (const [name, call] of Object.entries(calls)) {
    it(`is the caller's: ${name}`, async () => {
      const error = (await inTime(rejection(call()), name)) as Error;
      expect(error.stack!.split('\n')[0]).to.equal(`${error.name}: ${error.message}`);
      expect(error.stack).to.include(here);
    });
  }
});
