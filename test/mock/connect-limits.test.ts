import net from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import { Admin, Consumer, KafkaError, Producer } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { eventually, inTime } from '../helpers/wait.js';

describe('connect()', () => {
  for (const Kind of [Producer, Admin, Consumer]) {
    it(`of a ${Kind.name} resolves when one broker answers, and again`, async () => {
      const cluster = await mockCluster();
      await using client = new Kind({ 'bootstrap.servers': `127.0.0.1:1,${cluster.bootstrapServers}` });
      client.on('error', () => undefined);
      await inTime(client.connect());
      await inTime(client.connect());
      await client.close();
      await cluster.close();
    });

    it(`of a ${Kind.name} ends by its time limit, its signal, and close(), where nobody answers`, async () => {
      const server = net.createServer().listen(0, '127.0.0.1'); // takes connections, and says nothing
      await once(server, 'listening');
      const sockets = new Set<net.Socket>();
      server.on('connection', (socket) => sockets.add(socket.on('error', () => undefined)));
      try {
        const address = server.address() as net.AddressInfo;
        await using client = new Kind({ 'bootstrap.servers': `127.0.0.1:${address.port}` });
        client.on('error', () => undefined);
        expect(await inTime(rejection(client.connect({ timeoutMs: 100 })))).to.include({
          code: 'ERR__TIMED_OUT',
          operation: 'connect',
        });
        const reason = new Error('enough');
        expect(await inTime(rejection(client.connect({ signal: AbortSignal.abort(reason) })))).to.equal(reason);
        const controller = new AbortController();
        const asked = rejection(client.connect(controller));
        await eventually(() => sockets.size > 0);
        controller.abort(reason);
        expect(await inTime(asked)).to.equal(reason);
        const last = rejection(client.connect());
        await inTime(client.close({ timeoutMs: 500 }));
        expect(await inTime(last)).to.include({ code: 'ERR__DESTROY' });
      } finally {
        for (const socket of sockets) socket.destroy();
        server.close();
      }
    });

    it(`of a ${Kind.name} rejects with the reason where all are down, and comes about when one is up again`, async () => {
      const cluster = await mockCluster();
      cluster.mock.brokerDown(1);
      await using client = new Kind({ 'bootstrap.servers': cluster.bootstrapServers });
      const errors: KafkaError[] = [];
      client.on('error', (error: KafkaError) => errors.push(error));
      for (const _ of [1, 2, 3]) {
        const error = (await inTime(rejection(client.connect()))) as KafkaError;
        expect(error).to.be.instanceOf(KafkaError);
        expect(error.code, error.message).to.equal('ERR__TRANSPORT');
        expect(error.message).to.match(/^connect: .*(refused|Disconnected)/);
        expect(error.cause).to.be.oneOf(errors);
      }
      cluster.mock.brokerUp(1);
      await eventually(async () => {
        await client.connect();
        return true;
      });
      await client.close();
      await cluster.close();
    });
  }
});
