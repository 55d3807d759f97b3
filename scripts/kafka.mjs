// A real Kafka on this machine: one KRaft node (broker and controller) with ports and data of its own.
//
//   npm run kafka          starts it, says its address, and runs until Ctrl-C
//   startKafka()           the same for the tests (test/helpers/kafka.ts)
//   kafka-cluster.mjs      three nodes, which can be killed and come back
//
// The jars come from Maven Central once, into .kafka/<version>/; kafka/pom.xml names them. Needs Java 17 or later,
// and Maven for that first download. Works on Linux and macOS.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const pomFile = path.join(here, 'kafka', 'pom.xml');
const log4jFile = path.join(here, 'kafka', 'log4j2.properties');
export const version = /<kafka\.version>([^<]+)</.exec(readFileSync(pomFile, 'utf8'))?.[1] ?? 'unknown';
const home = path.join(here, '..', '.kafka', version);
const libs = path.join(home, 'libs');
const formatted = path.join(home, 'formatted');

const javaVersionNeeded = 17;
const nodeId = 1;

/** Settings of every node. Names are Kafka's; those that only hurry things are there to keep the tests short. */
export const commonProperties = {
  'process.roles': 'broker,controller',
  'node.id': nodeId,
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'inter.broker.listener.name': 'PLAINTEXT',

  // A missing topic shall be an error, not a topic.
  'auto.create.topics.enable': false,

  // One node holds every internal topic; few partitions of them load and clean fast.
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 4,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 4,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'share.coordinator.state.topic.num.partitions': 4,

  // Groups: no waiting for more members, and tests may ask for short sessions.
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 1000,
  'group.consumer.min.session.timeout.ms': 1000,
  'group.consumer.session.timeout.ms': 10000,
  'group.consumer.min.heartbeat.interval.ms': 100,
  'group.consumer.heartbeat.interval.ms': 300,
  'group.share.min.session.timeout.ms': 1000,
  'group.share.session.timeout.ms': 10000,
  'group.share.min.heartbeat.interval.ms': 100,
  'group.share.heartbeat.interval.ms': 300,

  // Retention and compaction happen within a second or so of the moment a topic allows them.
  'log.initial.task.delay.ms': 500,
  'log.retention.check.interval.ms': 1000,
  'log.segment.delete.delay.ms': 1000,
  'log.cleaner.backoff.ms': 500,
  'log.cleaner.dedupe.buffer.size': 8388608,
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,

  // The only node stays the leader, also after a pause (SIGSTOP) of some seconds.
  'broker.session.timeout.ms': 60000,
  'broker.heartbeat.interval.ms': 500,

  'num.network.threads': 2,
  'num.io.threads': 4,
  'background.threads': 2,
};

export const javaCommand = process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin', 'java') : 'java';

/** A sanitizer that is loaded before Node.js must not be loaded into a JVM, which it would end. */
export const environment = { ...process.env, LD_PRELOAD: undefined };

/** Kafka needs no more than this, and leaves two small cores to the tests. */
const memoryOptions = ['-Xms256m', '-Xmx512m', '-XX:+UseG1GC'];

export function whyNoKafka() {
  if (process.platform === 'win32') return 'the local Kafka runs on Linux and macOS only; set KAFKA_BROKERS instead';
  const java = spawnSync(javaCommand, ['-version'], { encoding: 'utf8', env: environment });
  const wayOut = 'install it (Debian: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk)';
  if (java.error || java.status !== 0) {
    return `there is no Java (tried '${javaCommand}'): ${wayOut}, or set KAFKA_BROKERS to a Kafka that runs`;
  }
  const major = Number(/version "(\d+)/.exec(java.stderr + java.stdout)?.[1]);
  if (!(major >= javaVersionNeeded)) {
    return `Kafka ${version} needs Java ${javaVersionNeeded} or later and '${javaCommand}' is ${major}: ${wayOut}, or set KAFKA_BROKERS`;
  }
  if (!downloaded() && spawnSync('mvn', ['-v'], { stdio: 'ignore', env: environment }).error) {
    return (
      'there is no Maven, which downloads Kafka once: install it (Debian: apt-get install maven; ' +
      'macOS: brew install maven), or set KAFKA_BROKERS to a Kafka that runs'
    );
  }
  return undefined;
}

/** The jars are complete, and they are those that the present pom.xml names. */
function downloaded() {
  const stamp = path.join(libs, '.pom');
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(pomFile, 'utf8');
}

export async function download(log) {
  if (downloaded()) return;
  log(`Downloading Kafka ${version} with Maven (some 45 MB, once) ...`);
  // Another process may do the same now, so work aside and move the result into place.
  const aside = `${libs}.${process.pid}`;
  mkdirSync(home, { recursive: true });
  const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${aside}`, '-DincludeScope=runtime'];
  const { code, output } = await run('mvn', ['-q', '-B', '-f', pomFile, ...goal]);
  if (code !== 0) {
    rmSync(aside, { recursive: true, force: true });
    throw new Error(`Maven could not download Kafka ${version} (mvn ended with ${code}):\n${output.trim()}`);
  }
  writeFileSync(path.join(aside, '.pom'), readFileSync(pomFile));
  if (!downloaded()) {
    rmSync(libs, { recursive: true, force: true });
    rmSync(formatted, { recursive: true, force: true });
    renameSync(aside, libs);
  } else {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Kafka wants its folder formatted. That takes a JVM of its own, so it is done once and the result is copied. */
export async function formattedFolder() {
  if (existsSync(path.join(formatted, 'meta.properties'))) return formatted;
  const aside = `${formatted}.${process.pid}`;
  await format(aside);
  if (existsSync(formatted)) rmSync(aside, { recursive: true, force: true });
  else renameSync(aside, formatted);
  return formatted;
}

/** @param {readonly string[]} options of the tool, beside those that it always needs */
async function format(folder, options = []) {
  const file = `${folder}.properties`;
  const properties = { ...commonProperties, ...addresses(19092, 19093), 'log.dirs': folder };
  writeFileSync(file, propertiesText(properties));
  const tool = ['kafka.tools.StorageTool', 'format', '-t', 'c2Vla2Fma2EtbG9jYWwta2E', '-c', file, ...options];
  const logFile = `${folder}.log`;
  const { code, output } = await run(javaCommand, [...javaArguments(logFile), ...tool]);
  rmSync(file, { force: true });
  if (code !== 0) throw new Error(`Kafka's folder could not be formatted (java ended with ${code}):\n${output.trim()}`);
  rmSync(logFile, { force: true });
}

/** @param {readonly { name: string, protocol: string, port: number }[]} more listeners beside PLAINTEXT */
function addresses(brokerPort, controllerPort, more = []) {
  const own = [`PLAINTEXT://127.0.0.1:${brokerPort}`, ...more.map(({ name, port }) => `${name}://127.0.0.1:${port}`)];
  return {
    listeners: `${own.join(',')},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': own.join(','),
    'listener.security.protocol.map': [
      commonProperties['listener.security.protocol.map'],
      ...more.map(({ name, protocol }) => `${name}:${protocol}`),
    ].join(','),
    'controller.quorum.voters': `${nodeId}@127.0.0.1:${controllerPort}`,
  };
}

/** Users of SCRAM, by name, each with its password. */
const scramOptions = (users) =>
  Object.entries(users).flatMap(([name, password]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((kind) => ['-S', `${kind}=[name=${name},password=${password}]`]),
  );

export function propertiesText(properties) {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

export function javaArguments(logFile, memory = memoryOptions) {
  return [
    ...memory,
    '-Djava.awt.headless=true',
    '-Dfile.encoding=UTF-8',
    `-Dlog4j2.configurationFile=${log4jFile}`,
    `-Dseekafka.log.file=${logFile}`,
    '-cp',
    path.join(libs, '*'),
  ];
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? signal, output }));
  });
}

/**
 * A port that nobody listens on, below the range from which systems take the ports of outgoing connections: one from
 * that range could be taken by a client between this look and the start of Kafka.
 */
export async function freePort(...taken) {
  for (;;) {
    const port = 20000 + Math.floor(Math.random() * 12000);
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

export async function startKafka({ log = () => {}, timeoutMs = 180_000, ...options } = {}) {
  const reason = whyNoKafka();
  if (reason) throw new Error(`No local Kafka: ${reason}.`);
  await download(log);
  const template = options.scramUsers ? null : await formattedFolder();
  for (let attempt = 1; ; attempt++) {
    try {
      return await startNode(template, options, timeoutMs);
    } catch (error) {
      // Someone took the port after we had looked: choose another.
      if (attempt === 3 || !/BindException|already in use/.test(String(error))) throw error;
    }
  }
}

async function startNode(template, { properties = {}, listeners = {}, scramUsers = {}, jvm = [] }, timeoutMs) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'seekafka-kafka-'));
  const data = path.join(folder, 'data');
  const logFile = path.join(folder, 'kafka.log');
  const configFile = path.join(folder, 'server.properties');
  const brokerPort = await freePort();
  const controllerPort = await freePort(brokerPort);
  const more = [];
  for (const [name, protocol] of Object.entries(listeners)) {
    const port = await freePort(brokerPort, controllerPort, ...more.map((listener) => listener.port));
    more.push({ name, protocol, port });
  }
  if (template) await cp(template, data, { recursive: true });
  else await format(data, scramOptions(scramUsers));
  await writeFile(
    configFile,
    propertiesText({
      ...commonProperties,
      ...addresses(brokerPort, controllerPort, more),
      'log.dirs': data,
      ...properties,
    }),
  );

  // In a process group of its own, so that Ctrl-C reaches us alone and we end it in our own order.
  const java = spawn(javaCommand, [...jvm, ...javaArguments(logFile), 'kafka.Kafka', configFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
    detached: true,
  });
  let output = '';
  java.stdout.on('data', (chunk) => (output += chunk));
  java.stderr.on('data', (chunk) => (output += chunk));
  let ended;
  const end = new Promise((resolve) => {
    java.once('error', (error) => resolve((ended = `java could not be started: ${error.message}`)));
    java.once('exit', (code, signal) => resolve((ended = `java ended with ${code ?? signal}`)));
  });
  const endWatchdog = java.pid === undefined ? () => {} : startWatchdog(java.pid, folder);

  // SIGKILL, for nothing of the data is kept; it also ends a paused process.
  const killNow = () => {
    java.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', killNow);

  let stopping;
  const stop = () =>
    (stopping ??= (async () => {
      if (!ended) java.kill('SIGKILL');
      await end;
      process.off('exit', killNow);
      endWatchdog();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    })());

  const deadline = Date.now() + timeoutMs;
  const bootstrapServers = `127.0.0.1:${brokerPort}`;
  while (!(await answers(brokerPort))) {
    if (ended || Date.now() > deadline) {
      const tail = (await readFile(logFile, 'utf8').catch(() => '')).split('\n').slice(-40).join('\n');
      const what = ended ?? `no answer from ${bootstrapServers} within ${timeoutMs} ms`;
      await stop();
      throw new Error(`Kafka ${version} did not start: ${what}\n${output.trim()}\n${tail}`);
    }
    await sleep(50);
  }

  return {
    bootstrapServers,
    listeners: Object.fromEntries(more.map(({ name, port }) => [name, `127.0.0.1:${port}`])),
    pid: java.pid,
    logFile,
    pause: () => void process.kill(java.pid, 'SIGSTOP'),
    resume: () => void process.kill(java.pid, 'SIGCONT'),
    stop,
    ended: end,
  };
}

/**
 * Ends java and its data when this process is gone, however it went: kill -9 leaves nobody else to do it. The
 * watchdog reads a pipe that this process holds; its end is the sign.
 */
export function startWatchdog(pid, folder) {
  const script = 'cat >/dev/null; kill -9 "$1" 2>/dev/null; sleep 1; rm -rf -- "$2"';
  const watchdog = spawn('/bin/sh', ['-c', script, 'seekafka-kafka-watchdog', String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.unref();
  watchdog.stdin.unref?.();
  watchdog.stdin.on('error', () => {});
  return () => {
    // The whole group, for `cat` too; before the pipe closes, for the pid may be another's by now.
    try {
      process.kill(-watchdog.pid, 'SIGKILL');
    } catch {
      // It is gone already.
    }
    watchdog.stdin.destroy();
  };
}

/** Whether the node answers a Metadata request and names a broker, that is, has begun to serve. */
export function answers(port) {
  // Metadata v1 of all topics: size, api key 3, version 1, correlation id 1, client id (null), topics (none).
  const request = Buffer.alloc(18);
  request.writeInt32BE(14, 0);
  request.writeInt16BE(3, 4);
  request.writeInt16BE(1, 6);
  request.writeInt32BE(1, 8);
  request.writeInt16BE(-1, 12);
  request.writeInt32BE(0, 14);
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(request));
    let answer = Buffer.alloc(0);
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length >= 12) {
        resolve(answer.readInt32BE(8) > 0);
        socket.destroy();
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(false));
  });
}

async function main() {
  const kafka = await startKafka({ log: console.log });
  console.log(`Kafka ${version} runs at ${kafka.bootstrapServers}`);
  console.log(`  use it:   KAFKA_BROKERS=${kafka.bootstrapServers} npm start     (npm test likewise)`);
  console.log(`  its log:  ${kafka.logFile}`);
  console.log('  Ctrl-C ends it and removes its data.');
  const stopped = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => resolve(undefined));
  });
  const ended = await Promise.race([stopped, kafka.ended]);
  await kafka.stop();
  if (ended) throw new Error(`Kafka ended by itself: ${ended}`);
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
