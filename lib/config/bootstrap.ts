// The list of brokers that a client begins with. librdkafka only logs what it cannot use of that list, and then waits for
// brokers that it does not know of: so the list is checked here.

import { quote } from '../arguments/values.js';

const protocols: readonly string[] = ['plaintext', 'ssl', 'sasl_plaintext', 'sasl_ssl'];

/** Kafka's port, and what librdkafka takes where none is given. */
const PORT = 9092;

/** Scheme, host and port of one broker: [IPv6]:port, an IPv6 address alone, or host:port; the port may be left out. */
function partsOf(entry: string): { scheme: string | undefined; host: string; port: string | undefined } {
  const [, scheme, address] = /^(?:([^:/]*):\/\/)?(.*)$/s.exec(entry)!;
  const parts = /^\[([^\]]+)\](?::(.*))?$/s.exec(address!) ?? /^((?:[^:]*:){2,}[^:]*)$/s.exec(address!) ?? undefined;
  const [, host, port] = parts ?? /^([^:]*)(?::(.*))?$/s.exec(address!)!;
  return { scheme, host: host!, port };
}

/** Where the list names one broker alone: which. */
export function onlyServer(servers: string): { readonly address: string; readonly port: number } | undefined {
  const [one, ...others] = servers.split(',').filter((entry) => entry.trim() !== '');
  if (one === undefined || others.length > 0) return undefined;
  const { host, port = PORT } = partsOf(one.trim());
  return { address: host, port: Number(port) };
}

/** What is wrong with one broker of the list, in words, or undefined. */
function faultOf(entry: string, securityProtocol: string): string | undefined {
  const { scheme, host, port } = partsOf(entry);
  if (scheme !== undefined) {
    const known = protocols.includes(scheme.toLowerCase());
    if (!known) return `'host:port': ${quote(`${scheme}://`)} is no protocol of Kafka's`;
    if (scheme.toLowerCase() !== securityProtocol.toLowerCase()) {
      return `'host:port': ${quote(`${scheme}://`)} is not the protocol in 'security.protocol', '${securityProtocol}'`;
    }
  }
  if (!host || /[\s/?#@[\]]/.test(host)) return "'host:port' with the name of a host";
  if (port === undefined) return undefined;
  const isPort = /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535;
  return isPort ? undefined : "'host:port' with a port from 1 to 65535";
}

/** @throws RangeError that names the first broker of the list that librdkafka could not use */
export function checkBootstrapServers(key: string, servers: string, securityProtocol: string): void {
  for (const entry of servers.split(',')) {
    const broker = entry.trim();
    const fault = broker === '' ? undefined : faultOf(broker, securityProtocol);
    if (fault) throw new RangeError(`config['${key}']: expected ${fault}, got ${quote(broker)}`);
  }
}
