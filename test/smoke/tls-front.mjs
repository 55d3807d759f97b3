// A TLS server before the mock cluster, which knows no TLS: it decrypts and hands on.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';

const HOST = '127.0.0.1';

/**
 * @param {string} folder with key.pem and certificate.pem
 * @param {string} bootstrapServers of the mock cluster; the first of them gets the front
 */
export async function openTlsFront(folder, bootstrapServers) {
  const brokerPort = Number(bootstrapServers.split(',')[0].split(':')[1]);
  const state = { address: '', handshakes: 0, requests: 0, close };
  const sockets = new Set();
  const options = {
    key: readFileSync(path.join(folder, 'key.pem')),
    cert: readFileSync(path.join(folder, 'certificate.pem')),
  };
  let port = 0;
  const server = tls.createServer(options, (client) => {
    state.handshakes++;
    const broker = net.connect(brokerPort, HOST);
    tie(client, broker, sockets);
    const onRequest = eachFrame((frame) => {
      state.requests++;
      broker.write(frame);
    });
    const onAnswer = eachFrame((frame) => client.write(readdress(frame, brokerPort, port)));
    client.on('data', onRequest);
    broker.on('data', onAnswer);
  });
  server.on('tlsClientError', () => {}); // those that do not trust it go away
  server.listen(0, HOST);
  await once(server, 'listening');
  port = server.address().port;
  state.address = `${HOST}:${port}`;
  return state;

  async function close() {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  }
}

/** Two sockets that end together. `sockets` has them while they are open. */
export function tie(client, broker, sockets) {
  for (const [one, other] of [
    [client, broker],
    [broker, client],
  ]) {
    sockets.add(one);
    one.on('error', () => {});
    one.on('close', () => {
      sockets.delete(one);
      other.destroy();
    });
  }
}

/** Kafka's frames: each begins with its length. */
export function eachFrame(onFrame) {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      onFrame(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  };
}

/** Where the broker names its own address, the TLS server's takes its place. */
export function readdress(frame, from, to) {
  const changed = Buffer.from(frame);
  for (let at = changed.indexOf(HOST); at >= 0; at = changed.indexOf(HOST, at + 1)) {
    const place = at + HOST.length;
    if (place + 4 <= changed.length && changed.readInt32BE(place) === from) changed.writeInt32BE(to, place);
  }
  return changed;
}
