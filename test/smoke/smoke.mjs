// Does the package work here? Plain JavaScript, without a test runner, so that it runs on every runtime that may load the
// addon: an old Node.js, one on musl, one under an emulator, Bun, Deno, Electron.
//
//   node smoke.mjs [directory with key.pem and certificate.pem for 127.0.0.1]
//
// Without the directory an `openssl` command makes them. `import 'seekafka'` finds the package as it does for users.

import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { openTlsFront } from './tls-front.mjs';

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const only = process.env.SMOKE_ONLY;
if (isMainThread) await main();
else parentPort.postMessage(await inWorker());

async function main() {
  const results = { passed: 0, failed: 0 };
  const check = async (name, run) => {
    if (only && !name.startsWith(only)) return;
    const started = Date.now();
    try {
      await run();
      results.passed++;
      console.log(`ok      ${name} (${Date.now() - started} ms)`);
    } catch (error) {
      results.failed++;
      console.log(`FAILED  ${name}\n${error?.stack ?? error}`);
    }
  };

  // First, while this thread has not loaded the addon: when the last worker that has it ends, Node.js unloads it.
  await check('workers alone load the addon, and end', workersAlone);
  const kafka = await import('seekafka');
  const cluster = await kafka.MockCluster.start();
  for (const codec of codecs) cluster.createTopic(`codec-${codec}`, 2);
  await check('produce with each codec, consume, seek', () => roundTrip(kafka, cluster, cluster.bootstrapServers));

  const folder = process.argv[2] ?? makeCertificate();
  const front = await openTlsFront(folder, cluster.bootstrapServers);
  const trusting = { 'security.protocol': 'ssl', 'ssl.ca.location': path.join(folder, 'certificate.pem') };
  await check('the same over TLS', async () => {
    await roundTrip(kafka, cluster, front.address, trusting);
    assert(front.handshakes >= 2, `${front.handshakes} handshakes`);
  });
  await check('refuse a server that is not trusted', () =>
    refused(kafka, folder, cluster, { 'security.protocol': 'ssl' }),
  );
  await check('refuse a server of another name', () =>
    refused(kafka, folder, cluster, trusting, (address) => address.replace('127.0.0.1', 'localhost')),
  );
  await check('open a session with a client certificate', async () => {
    const key = { 'ssl.key.location': path.join(folder, 'key.pem') };
    const mine = { ...trusting, ...key, 'ssl.certificate.location': path.join(folder, 'certificate.pem') };
    const producer = new kafka.Producer({ 'bootstrap.servers': front.address, ...mine });
    await producer.send({ topic: 'codec-none', value: 'with a certificate' });
    await producer.close();
  });
  await front.close();
  await cluster.close();
  if (folder !== process.argv[2]) rmSync(folder, { recursive: true });
  console.log(`smoke: ${results.passed} passed, ${results.failed} failed`);
  // Not process.exit(): what is open keeps the process alive, and that is a failure too.
  process.exitCode = results.failed > 0 ? 1 : 0;
}

async function roundTrip({ Producer, Consumer }, cluster, servers, extra = {}) {
  const config = { 'bootstrap.servers': servers, ...extra };
  const group = `group-${Date.now()}-${Math.random().toString(36).slice(2)}`;
  for (const codec of codecs) {
    const topic = `codec-${codec}`;
    const value = (i) => `${codec} ${i} ${'x'.repeat(2000)} ${Math.random()}`;
    const values = Array.from({ length: 40 }, (_, i) => value(i));
    const producer = new Producer({ ...config, 'compression.codec': codec });
    const sent = await producer.send(values.map((each, i) => ({ topic, partition: i % 2, value: each, key: `${i}` })));
    const offsets = new Map(sent.map(({ partition, offset }, i) => [`${partition}@${offset}`, values[i]]));

    const consumer = new Consumer({ ...config, 'group.id': `${group}-${codec}`, 'auto.offset.reset': 'latest' });
    const first = offsetOf(sent, 0);
    await consumer.assign([0, 1].map((partition) => ({ topic, partition, offset: offsetOf(sent, partition) })));
    let seen = 0;
    for await (const { partition, offset, value: came } of consumer) {
      assert.equal(came.toString(), offsets.get(`${partition}@${offset}`));
      if (++seen === values.length) break;
    }
    await consumer.seek({ topic, partition: 0, offset: first + 3 });
    for await (const { partition, offset } of consumer) {
      assert.deepEqual([partition, offset], [0, first + 3]);
      break;
    }
    await consumer.seekToEnd();
    const [{ offset: last }] = await producer.send([{ topic, partition: 0, value: 'the last one' }]);
    for await (const { offset, value: came } of consumer) {
      assert.deepEqual([offset, came.toString()], [last, 'the last one']);
      break;
    }
    await Promise.all([consumer.close(), producer.close()]);
  }
}

function offsetOf(sent, wanted) {
  return Math.min(...sent.filter(({ partition }) => partition === wanted).map(({ offset }) => offset));
}

/** The client says why, and nothing of Kafka's reaches the server, which is there for this client alone. */
async function refused({ Producer }, folder, cluster, config, rename = (address) => address) {
  const front = await openTlsFront(folder, cluster.bootstrapServers);
  const producer = new Producer({ 'bootstrap.servers': rename(front.address), ...config });
  try {
    const error = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no error came in 30 s')), 30_000);
      producer.on('error', (each) => {
        if (each.code !== 'ERR__SSL') return;
        clearTimeout(timer);
        resolve(each);
      });
    });
    assert.match(error.message, /certificate/i);
  } finally {
    await producer.close();
    await front.close();
  }
  assert.deepEqual([front.handshakes, front.requests], [0, 0]);
}

async function workersAlone() {
  for (let round = 0; round < 3; round++) {
    const worker = new Worker(fileURLToPath(import.meta.url));
    const exited = new Promise((resolve) => worker.on('exit', resolve));
    const said = await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
    assert.equal(said, 'worked');
    // One ends by itself, one while its clients are open.
    if (round === 1) await worker.terminate();
    else await exited;
  }
}

async function inWorker() {
  const { MockCluster, Producer, Consumer } = await import('seekafka');
  const cluster = await MockCluster.start();
  cluster.createTopic('topic', 1);
  const config = { 'bootstrap.servers': cluster.bootstrapServers };
  const producer = new Producer(config);
  await producer.send({ topic: 'topic', value: 'x' });
  const consumer = new Consumer({ ...config, 'auto.offset.reset': 'earliest', 'group.id': 'group' });
  await consumer.assign([{ topic: 'topic', partition: 0, offset: 0 }]);
  for await (const _ of consumer) break;
  await Promise.all([consumer.close(), producer.close()]);
  await cluster.close();
  return 'worked';
}

function makeCertificate() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'seekafka-smoke-'));
  const files = ['-keyout', path.join(folder, 'key.pem'), '-out', path.join(folder, 'certificate.pem')];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=seekafka smoke test'];
  const made = spawnSync('openssl', [...args, '-addext', 'subjectAltName=IP:127.0.0.1', ...files], {
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`openssl made no certificate: ${made.error?.message ?? made.stderr}`);
  return folder;
}
