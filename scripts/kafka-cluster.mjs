// Three Kafka nodes on this machine, broker and controller each, that can be killed, stopped and restarted on their data:
// for the storms (test/storms). Topics have three replicas, of which two have to acknowledge.
//
// Every node has three listeners: DIRECT, for the nodes themselves and for who looks on; CLIENT, without a login; and LOGIN,
// with one (PLAIN). What CLIENT and LOGIN advertise is given: the ports of a proxy.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  answers,
  commonProperties,
  download,
  environment,
  formattedFolder,
  freePort,
  javaArguments,
  javaCommand,
  propertiesText,
  startWatchdog,
  version,
  whyNoKafka,
} from './kafka.mjs';

const NODES = [1, 2, 3];
export const LISTENERS = ['CLIENT', 'LOGIN'];
/** Three nodes and their clients share the machine: little memory, and no compiler that works for long. */
const memory = ['-Xms128m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** A node that starts, and does not answer for so long, is killed and started again, so many times. */
const START_PATIENCE_MS = 120_000;
const STARTS = 4;

/** A dead node is known to be dead within some seconds, and a frozen one too. */
const clusterProperties = {
  'inter.broker.listener.name': 'DIRECT',
  'listener.security.protocol.map': 'DIRECT:PLAINTEXT,CLIENT:PLAINTEXT,LOGIN:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
  'default.replication.factor': 3,
  'min.insync.replicas': 2,
  'offsets.topic.replication.factor': 3,
  'transaction.state.log.replication.factor': 3,
  'transaction.state.log.min.isr': 2,
  'share.coordinator.state.topic.replication.factor': 3,
  'share.coordinator.state.topic.min.isr': 2,
  'broker.session.timeout.ms': 4000,
  // On a busy machine, or while another node is frozen, a node that comes back has to wait for a quorum.
  'initial.broker.registration.timeout.ms': 600_000,
  'controller.quorum.election.timeout.ms': 1000,
  'controller.quorum.fetch.timeout.ms': 2000,
  'unclean.leader.election.enable': false,
  'connection.failed.authentication.delay.ms': 0,
};

/**
 * @param {object} options
 * @param {(listener: string, id: number, port: number) => Promise<number>} options.advertise given the port that a listener
 * of a node has, the one that its clients are told
 * @param {Record<string, string>} options.users who may log in, each with the password
 */
export async function startCluster({ advertise, users, properties = {}, log = () => {} }) {
  const reason = whyNoKafka();
  if (reason) throw new Error(`No local Kafka: ${reason}.`);
  await download(log);
  const template = await formattedFolder();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'seekafka-cluster-'));
  const removeNow = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeNow);
  const taken = [];
  const nextPort = async () => {
    taken.push(await freePort(...taken));
    return taken.at(-1);
  };
  const nodes = [];
  const controllers = [];
  for (const _ of NODES) controllers.push(await nextPort());
  const voters = NODES.map((id, i) => `${id}@127.0.0.1:${controllers[i]}`).join(',');
  for (const [i, id] of NODES.entries()) {
    const ports = { DIRECT: await nextPort() };
    const told = { DIRECT: ports.DIRECT };
    for (const name of LISTENERS) {
      ports[name] = await nextPort();
      told[name] = await advertise(name, id, ports[name]);
    }
    const list = (of) => Object.entries(of).map(([name, port]) => `${name}://127.0.0.1:${port}`);
    const data = path.join(folder, `data-${id}`);
    await copyTemplate(template, data, id);
    const configFile = path.join(folder, `node-${id}.properties`);
    const logins = Object.entries(users).map(([user, password]) => `user_${user}="${password}"`);
    await writeFile(
      configFile,
      propertiesText({
        ...commonProperties,
        ...clusterProperties,
        ...properties,
        'node.id': id,
        'log.dirs': data,
        'controller.quorum.voters': voters,
        listeners: [...list(ports), `CONTROLLER://127.0.0.1:${controllers[i]}`].join(','),
        'advertised.listeners': list(told).join(','),
        'listener.name.login.sasl.enabled.mechanisms': 'PLAIN',
        'listener.name.login.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${logins.join(' ')};`,
      }),
    );
    nodes.push(new Node(id, ports.DIRECT, configFile, path.join(folder, `node-${id}.log`)));
  }
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    process.off('exit', removeNow);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    for (const node of nodes) node.start();
    await Promise.all(nodes.map((node) => node.up()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    nodes,
    direct: nodes.map(({ port }) => `127.0.0.1:${port}`).join(','),
    controller: () => activeController(nodes),
    stop,
  };
}

/** A formatted folder as of another node: its number and the id of its folder are its own. */
async function copyTemplate(template, data, id) {
  await cp(template, data, { recursive: true });
  const file = path.join(data, 'meta.properties');
  const text = await readFile(file, 'utf8');
  const directory = randomBytes(16).toString('base64url').replace(/^-/, '0');
  await writeFile(
    file,
    text.replace(/^node\.id=.*$/m, `node.id=${id}`).replace(/^directory\.id=.*$/m, `directory.id=${directory}`),
  );
}

/** The node that became the active controller last, by what the nodes log. */
async function activeController(nodes) {
  let best = { at: '', node: nodes[0] };
  for (const node of nodes) {
    const text = await readFile(node.logFile, 'utf8').catch(() => '');
    for (const [, at] of text.matchAll(/^\[([^\]]+)\].*Becoming the active controller/gim)) {
      if (at > best.at) best = { at, node };
    }
  }
  return best.node;
}

class Node {
  #java = null;
  #gone = Promise.resolve();
  #output = '';
  /** It was started, and not ended since. */
  #wanted = false;

  constructor(id, port, configFile, logFile) {
    Object.assign(this, { id, port, configFile, logFile });
  }

  get runs() {
    return this.#java !== null;
  }

  /** Starts it on the data that it has. */
  start() {
    this.#wanted = true;
    const args = [...javaArguments(this.logFile, memory), 'kafka.Kafka', this.configFile];
    const java = spawn(javaCommand, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment, detached: true });
    for (const stream of [java.stdout, java.stderr]) {
      stream.on('data', (chunk) => (this.#output = (this.#output + chunk).slice(-10_000)));
    }
    const endWatchdog = java.pid === undefined ? () => {} : startWatchdog(java.pid, `${this.configFile}.none`);
    const killNow = () => java.kill('SIGKILL');
    process.once('exit', killNow);
    this.#java = java;
    this.#gone = new Promise((resolve) => {
      const over = () => {
        process.off('exit', killNow);
        endWatchdog();
        if (this.#java === java) this.#java = null;
        resolve();
      };
      java.once('error', over);
      java.once('exit', over);
    });
  }

  /**
   * Resolves when it answers requests. One that ends by itself meanwhile, or does not come to it, is started again; not one that
   * kill() or stop() has ended.
   */
  async up() {
    for (let starts = 1, since = Date.now(); !(await answers(this.port)); await sleep(100)) {
      const patient = this.#java !== null && Date.now() - since < START_PATIENCE_MS;
      if (patient) continue;
      if (!this.#wanted || starts === STARTS) {
        const tail = (await readFile(this.logFile, 'utf8').catch(() => '')).split('\n').slice(-40).join('\n');
        throw new Error(
          `Node ${this.id} of Kafka ${version} does not answer (started ${starts} times):\n${this.#output}\n${tail}`,
        );
      }
      this.#java?.kill('SIGKILL');
      await this.#gone;
      await sleep(1000); // for a port that is not free yet
      if (!this.#wanted) continue;
      this.start();
      starts++;
      since = Date.now();
    }
  }

  freeze() {
    this.#java?.kill('SIGSTOP');
  }

  thaw() {
    this.#java?.kill('SIGCONT');
  }

  /** SIGKILL: nothing is handed over. */
  async kill() {
    this.#wanted = false;
    this.#java?.kill('SIGKILL');
    await this.#gone;
  }

  /** In order, so that leadership is handed over; by force after a while. */
  async stop(patienceMs = 30_000) {
    this.#wanted = false;
    const java = this.#java;
    java?.kill('SIGTERM');
    const timer = setTimeout(() => java?.kill('SIGKILL'), patienceMs);
    await this.#gone;
    clearTimeout(timer);
  }
}
