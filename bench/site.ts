// Gets everything that a run needs, and what each client says of its version and settings.

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureAiokafka, ensureLimits, ensureNode24, ensurePeers } from './peers/install.mjs';
import { type Site, nodePeers } from './clients.js';

export interface Installed {
  site: Site;
  missing: Record<string, string>;
  settings: Record<string, unknown>;
}

/**
 * @param version '24', or undefined for the Node.js that runs this
 * @param wanted whether a client takes part; what does not is not installed
 */
export async function installSite(
  version: string | undefined,
  log: (line: string) => void,
  wanted: (client: string) => boolean,
): Promise<Installed> {
  if (version !== undefined && version !== '24') throw new Error(`--node: expected 24, got ${version}`);
  const node = version ? await ensureNode24(log) : process.execPath;
  const missing: Record<string, string> = {};
  const orMissing = async <T>(work: () => Promise<T>, ...clients: string[]): Promise<T | undefined> => {
    if (!clients.some(wanted)) return undefined;
    try {
      return await work();
    } catch (error) {
      for (const client of clients) missing[client] = (error as Error).message.split('\n')[0]!.slice(0, 200);
      return undefined;
    }
  };
  const python = await orMissing(() => ensureAiokafka(log), 'aiokafka');
  const limits = await orMissing(() => ensureLimits(log), 'librdkafka', 'rdkafka_performance');
  const peers = await ensurePeers(node, version ?? process.versions.node.split('.')[0]!, log, wanted);
  Object.assign(missing, peers.missing);
  const site: Site = {
    node,
    peers: peers.directory,
    python,
    librdkafka: limits?.librdkafka,
    rdkafkaPerformance: limits?.rdkafkaPerformance,
  };
  const settings: Record<string, unknown> = {};
  for (const client of ['seekafka', ...nodePeers].filter((name) => wanted(name) && !missing[name])) {
    try {
      settings[client] = describe(site, client);
    } catch (error) {
      missing[client] = (error as Error).message.slice(0, 200);
    }
  }
  if (python) settings['aiokafka'] = { version: '0.14.0', consume: 'getmany()', auto_offset_reset: 'earliest' };
  if (limits) {
    settings['librdkafka'] = { version: '2.15.1, unpatched', consume: 'rd_kafka_consume_batch_queue of 4096' };
    settings['rdkafka_performance'] = {
      acks: -1,
      'linger.ms': 'as the task says',
      'queue.buffering.max.messages': '100,000, or as said',
    };
  }
  return { site, missing, settings };
}

function describe({ node, peers }: Site, client: string): unknown {
  const driver = pathToFileURL(path.join(import.meta.dirname, 'drivers', `${client}.mjs`)).href;
  const program = `const { driver } = await import(${JSON.stringify(driver)});
    console.log(JSON.stringify({ version: driver.version, ...driver.settings })); process.exit(0);`;
  const env = { ...process.env, BENCH_PEERS: peers };
  return JSON.parse(
    execFileSync(node, ['--input-type=module', '-e', program], { env, encoding: 'utf8', stdio: 'pipe' }),
  );
}
