import { expect } from 'chai';
import { Producer, type ProducerMessage } from 'seekafka';
import { type Cluster, mockCluster } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { inTime } from '../helpers/wait.js';
import { given } from '../helpers/wrong-values.js';

// The iterator of headers is code of the user's as a getter is, and runs after the other properties were read.

describe('headers that are iterated over', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());
  let topic: string;
  let producer: Producer;
  before(async () => {
    topic = await cluster.createTopic();
    producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
  });
  after(() => producer.close());

  for (const field of ['key', 'value', 'an earlier header'] as const) {
    it(`do not take the memory of the ${field} away unnoticed`, async () => {
      const bytes = Buffer.from(new ArrayBuffer(4)).fill('b');
      function* headers(): Generator<[string, Buffer | string]> {
        yield ['first', field === 'an earlier header' ? bytes : 'h'];
        structuredClone(bytes, { transfer: [bytes.buffer] });
        yield ['second', 'h'];
      }
      const message: ProducerMessage = { topic, value: 'v', headers: headers() };
      if (field !== 'an earlier header') message[field] = bytes;
      const argument = field === 'an earlier header' ? 'message.headers[0][1]' : `message.${field}`;
      const error = await inTime(rejection(producer.send(message)));
      expect(error).to.be.instanceOf(TypeError);
      expect((error as Error).message.split(': ')[0]).to.equal(argument);
      expect((error as Error).message).to.include('transferred');
    });
  }
});

describe('an array that is a proxy', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());

  for (const length of [0.5, NaN, -1, Infinity, '2', 2n, undefined]) {
    it(`says that it has a length of ${String(length)}: it is refused, and what is sent afterwards is not held up`, async () => {
      const topic = await cluster.createTopic();
      const producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
      const messages = new Proxy<ProducerMessage[]>([{ topic, value: 'v' }], {
        get: (target, name, receiver) =>
          name === 'length' ? length : (Reflect.get(target, name, receiver) as unknown),
      });
      const error = await inTime(rejection(producer.send(given(messages))));
      expect(error).to.be.instanceOf(TypeError);
      expect((error as Error).message).to.match(/^messages: expected an array/);
      await inTime(producer.send({ topic, value: 'v' }));
      await inTime(producer.flush());
      await inTime(producer.close());
    });
  }
});
