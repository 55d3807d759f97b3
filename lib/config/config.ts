// From what the caller configures to what librdkafka is told, and to what seekafka does itself.
//
// The keys are librdkafka's own, checked against the table generated from its documentation. Strings are taken for
// numbers and booleans too ('100', 'true'), because configuration often comes from the environment.

import {
  type CommonProperties,
  type ConfigProperty,
  type ConsumerProperties,
  type ProducerProperties,
  configProperties,
} from './properties.js';
import { type Login, loginOf } from './login.js';
import { ownedProperties } from './owned.js';
import { trustedByDefault } from './trust.js';
import { describeValue, didYouMean, isPlainObject, quote, typeError } from '../arguments/values.js';
import { otherWords, wordHere } from '../arguments/other-words.js';
import { checkBootstrapServers } from './bootstrap.js';
import { checkFiles } from './files.js';

export { ownedProperties } from './owned.js';

export type ClientKind = 'consumer' | 'producer' | 'admin';

type OwnedKey = keyof typeof ownedProperties;

const commonDefaults = {
  'reconnect.backoff.ms': {
    value: 20,
    reason: 'librdkafka lets half of it pass between its first two connections, of which a start needs both',
  },
  'reconnect.backoff.max.ms': {
    value: 1000,
    reason: 'as in the Java client: a broker that is back is found within a second',
  },
} as const;

/** Where seekafka's defaults are not librdkafka's. What the caller says goes first. */
export const seekafkaDefaults: Readonly<
  Record<ClientKind, Readonly<Record<string, { readonly value: number | string; readonly reason: string }>>>
> = {
  consumer: {
    ...commonDefaults,
    'fetch.wait.max.ms': {
      value: 50,
      reason: 'it bounds how long a seek on an idle topic waits for the fetch in flight',
    },
    'fetch.queue.backoff.ms': {
      value: 10,
      reason: 'a full queue is empty again within milliseconds; fetching would pause for a second',
    },
    'queued.max.messages.kbytes': { value: 16384, reason: 'memory per consumer' },
  },
  producer: {
    ...commonDefaults,
    'linger.ms': {
      value: 1,
      reason: 'what is sent while nothing is under way does not wait at all; 1 ms gathers enough of the rest',
    },
    partitioner: { value: 'murmur2_random', reason: 'a key goes where the Java client and kafkajs send it' },
  },
  admin: commonDefaults,
};

/** What seekafka does itself, and therefore librdkafka must not. Given to librdkafka whatever the caller says. */
const replacedProperties: Readonly<Record<ClientKind, Readonly<Record<string, string | undefined>>>> = {
  consumer: {
    'auto.commit.interval.ms': undefined,
    'auto.offset.reset': 'error',
    'enable.auto.commit': 'false',
    'enable.auto.offset.store': 'false',
    'enable.partition.eof': 'true',
  },
  producer: {},
  admin: {},
};

/** The properties of all clients whose default is seekafka's. */
interface CommonReplacedProperties {
  /**
   * How many milliseconds to wait before a broker is connected to again, at first; it doubles up to
   * `reconnect.backoff.max.ms`. librdkafka lets half of it pass between its first connections, too.
   *
   * Default: `20` (librdkafka's own is 100). Range: 0 .. 3600000.
   */
  'reconnect.backoff.ms'?: number | undefined;
  /**
   * What the wait before a broker is connected to again grows to: so often a broker is asked that is away, or refuses the
   * client. Where `reconnect.backoff.ms` is set to more than that, librdkafka's default counts.
   *
   * Default: `1000` (librdkafka's own is 10000). Range: 0 .. 3600000.
   */
  'reconnect.backoff.max.ms'?: number | undefined;
}

/** The properties of a consumer whose meaning or default is seekafka's. */
interface ReplacedProperties {
  /**
   * Commit what was processed, every `auto.commit.interval.ms`, when partitions are revoked, and on close. A message
   * counts as processed when the loop asks for the one after it. Done by seekafka, with librdkafka's values.
   *
   * Default: `true`.
   */
  'enable.auto.commit'?: boolean | undefined;

  /**
   * Milliseconds between two automatic commits; 0 leaves only those on revoke and on close. Done by seekafka, with
   * librdkafka's values.
   *
   * Default: `5000`. Range: 0 .. 86400000.
   */
  'auto.commit.interval.ms'?: number | undefined;

  /**
   * Where to start in a partition without a committed offset, and where to go on when an offset is outside of the log.
   * `error` rejects the iterator instead. Done by seekafka, with librdkafka's values: `smallest` and `beginning` are
   * `earliest`, `largest` and `end` are `latest`.
   *
   * Default: `latest`.
   */
  'auto.offset.reset'?: 'earliest' | 'latest' | 'error' | 'smallest' | 'beginning' | 'largest' | 'end' | undefined;

  /**
   * How many milliseconds the broker may wait for `fetch.min.bytes` of messages. A seek on an idle topic waits for the
   * fetch in flight, so this bounds it.
   *
   * Default: `50` (librdkafka's own is 500). Range: 0 .. 300000.
   */
  'fetch.wait.max.ms'?: number | undefined;

  /**
   * How many milliseconds fetching of a partition pauses when enough is fetched ahead (`queued.min.messages`,
   * `queued.max.messages.kbytes`). Longer than the application needs for what is queued, and it waits.
   *
   * Default: `10` (librdkafka's own is 1000). Range: 0 .. 300000.
   */
  'fetch.queue.backoff.ms'?: number | undefined;

  /**
   * How many KiB of messages librdkafka fetches ahead, for all partitions together. May be exceeded by one message.
   *
   * Default: `16384` (librdkafka's own is 65536). Range: 1 .. 2097151.
   */
  'queued.max.messages.kbytes'?: number | undefined;
}

/** Those that are typed here, or not at all. */
type Untyped = OwnedKey | keyof CommonReplacedProperties | 'bootstrap.servers' | 'metadata.broker.list';

/** librdkafka's keys for an admin client. */
export interface AdminConfig extends Omit<CommonProperties, Untyped>, CommonReplacedProperties {
  /**
   * The brokers to begin with, `host:port` with commas between them. They tell of the others. Has to be given. (In JavaScript its
   * other name `metadata.broker.list` is taken too.)
   */
  'bootstrap.servers': string;
}
/** librdkafka's keys for a consumer. */
export interface ConsumerConfig
  extends AdminConfig, Omit<ConsumerProperties, OwnedKey | keyof ReplacedProperties>, ReplacedProperties {}

/** The properties of a producer whose default is seekafka's. */
interface ProducerReplacedProperties {
  /**
   * How many milliseconds messages wait for others, to be sent together. Left out, this follows the load: what is sent while
   * nothing is under way is sent at once, and the rest is gathered for 1 ms. A value that is given holds for all messages.
   *
   * Default: `1`, following the load (librdkafka's own is 5). Range: 0 .. 900000.
   */
  'linger.ms'?: number | undefined;

  /**
   * How a message without `partition` gets one. `murmur2_random`: by its key, as the Java client and kafkajs do;
   * `consistent_random`: by its key, as librdkafka does by default. Messages without a key go to any partition.
   *
   * Default: `murmur2_random` (librdkafka's own is consistent_random).
   */
  partitioner?:
    'random' | 'consistent' | 'consistent_random' | 'murmur2' | 'murmur2_random' | 'fnv1a' | 'fnv1a_random' | undefined;
}

/** librdkafka's keys for a producer. */
export interface ProducerConfig
  extends
    AdminConfig,
    Omit<ProducerProperties, OwnedKey | keyof ProducerReplacedProperties>,
    ProducerReplacedProperties {}

export interface CommonSettings {
  socketTimeoutMs: number;
  /** What the client logs in with. */
  login: Login;
}

export interface ConsumerSettings extends CommonSettings {
  /** Undefined where there is none: then only assign() works. */
  groupId: string | undefined;
  groupProtocol: 'classic' | 'consumer';
  isolationLevel: 'read_committed' | 'read_uncommitted';
  enableAutoCommit: boolean;
  autoCommitIntervalMs: number;
  maxPollIntervalMs: number;
  autoOffsetReset: 'earliest' | 'latest' | 'error';
}

export interface ProducerSettings extends CommonSettings {
  /** Undefined where there is none: then transaction() does not work. */
  transactionalId: string | undefined;
  transactionTimeoutMs: number;
  /** So long a message may take; 0: for ever. */
  messageTimeoutMs: number;
  /** How many bytes of messages librdkafka's queue has room for. */
  queueBytes: number;
  /** `linger.ms` was left to seekafka: what is sent while nothing is under way does not wait. */
  lingerFollowsLoad: boolean;
}

export interface SettingsOf {
  consumer: ConsumerSettings;
  producer: ProducerSettings;
  admin: CommonSettings;
}

export interface NormalizedConfig<K extends ClientKind> {
  /** For rd_kafka_conf_set(), in this order. */
  native: [key: string, value: string][];
  settings: SettingsOf[K];
}

type Value = string | number | boolean;

/** Whom the client trusts. */
const TRUST = ['ssl.ca.location', 'ssl.ca.pem', 'ssl.ca.certificate.stores'];

const hasScope = (property: ConfigProperty, kind: ClientKind) =>
  property.scope === '*' || (property.scope === 'C' ? kind === 'consumer' : kind === 'producer');

function isSettable(name: string, kind: ClientKind): boolean {
  const property = configProperties.get(name)!;
  if (property.type === 'callback' || property.type === 'unused' || Object.hasOwn(ownedProperties, name)) return false;
  return hasScope(property, kind);
}

/** The property that a key means, or an error that tells what to write instead. */
function propertyOf(key: string, kind: ClientKind): ConfigProperty {
  const owned = Object.hasOwn(ownedProperties, key) ? ownedProperties[key as OwnedKey] : undefined;
  if (owned) throw new TypeError(`config: '${key}' cannot be set: ${owned}`);
  const property = configProperties.get(key);
  if (!property) {
    const ours = wordHere(otherWords.config, key);
    if (ours) throw new TypeError(`config: unknown key ${quote(key)}: ${ours}`);
    const known = [...configProperties.keys()].filter((name) => isSettable(name, kind));
    throw new TypeError(`config: unknown key ${quote(key)}${didYouMean(key, known)}`);
  }
  if (property.type === 'callback') {
    throw new TypeError(`config: '${key}' cannot be set: librdkafka takes it by a C function, not by a value`);
  }
  if (property.type === 'unused') {
    throw new TypeError(`config: '${key}' has no effect in librdkafka any more: leave it out`);
  }
  if (!hasScope(property, kind)) {
    const owner = property.scope === 'C' ? 'a consumer' : 'a producer';
    throw new TypeError(`config: '${key}' is a key of ${owner}, and this is ${kind === 'admin' ? 'an' : 'a'} ${kind}`);
  }
  return property;
}

/** What a value may be, in words. */
function expectation({ type, min, max, values = [] }: ConfigProperty): string {
  const list = values.map((value) => `'${value}'`).join(', ');
  if (type === 'boolean') return 'true or false';
  if (type === 'enum') return `one of ${list}`;
  if (type === 'csv' && list) return `a comma-separated list of ${list}`;
  if (type === 'integer' || type === 'float') {
    return `${type === 'integer' ? 'an integer' : 'a number'} from ${min} to ${max}${list && ` or ${list}`}`;
  }
  return 'a string';
}

function checkValue(key: string, property: ConfigProperty, value: unknown): Value {
  const { type, min = -Infinity, max = Infinity, values } = property;
  const fail = (kind: typeof TypeError | typeof RangeError): never => {
    // An error message ends up in logs, where a secret must not.
    const secret = /password|passphrase|secret|\.pem$|^sasl\.oauthbearer\.config$/.test(key);
    const got = secret && value !== null ? `a secret of type ${typeof value}` : describeValue(value);
    throw new kind(`config['${key}']: expected ${expectation(property)}, got ${got}`);
  };
  const text = typeof value === 'string' ? value.trim().toLowerCase() : undefined;

  if (type === 'boolean') {
    if (typeof value === 'boolean') return value;
    return text === 'true' || (text === 'false' ? false : fail(TypeError));
  }
  if (type === 'integer' || type === 'float') {
    if (text !== undefined && values?.includes(text)) return text;
    const number = text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : value;
    if (typeof number !== 'number') return fail(TypeError);
    const whole = type === 'float' || Number.isInteger(number);
    return whole && number >= min && number <= max ? number : fail(RangeError);
  }
  if (typeof value !== 'string') return fail(TypeError);
  if (type === 'enum') return values!.find((one) => one.toLowerCase() === text) ?? fail(RangeError);
  if (type === 'csv' && values) {
    const flags = text!.split(',').map((flag) => flag.trim().replace(/^[+-]/, ''));
    if (!flags.every((flag) => flag === '' || values.includes(flag))) fail(RangeError);
  }
  // librdkafka takes C strings, which would end there.
  if (value.includes('\0')) throw new RangeError(`config['${key}']: expected no NUL character in it`);
  return value;
}

/**
 * Checks a configuration, and parts it into what librdkafka is told and what seekafka does itself.
 * @param hasTokens the client has the option oauthBearerToken
 * @throws TypeError for an unknown key or one of another kind of client, a wrong type, and missing servers;
 * RangeError for a value that librdkafka does not have. Both name the key.
 */
export function normalizeConfig<K extends ClientKind>(
  kind: K,
  config: unknown,
  hasTokens = false,
): NormalizedConfig<K> {
  if (!isPlainObject(config)) throw typeError('config', 'a plain object', config);

  const given = new Map<string, { key: string; value: Value }>(); // by the name that is no alias
  for (const [key, value] of Object.entries(config)) {
    const property = propertyOf(key, kind);
    if (value === undefined) continue;
    const name = property.aliasOf ?? key;
    const other = given.get(name);
    if (other) throw new TypeError(`config: '${other.key}' and '${key}' are the same: give one of them`);
    given.set(name, { key, value: checkValue(key, property, value) });
  }
  const login = loginOf((name) => given.get(name), hasTokens);
  const servers = given.get('metadata.broker.list');
  if (!servers || !/[^\s,]/.test(String(servers.value))) {
    throw typeError(`config['${servers?.key ?? 'bootstrap.servers'}']`, "'host:port,...'", servers?.value);
  }
  checkBootstrapServers(
    servers.key,
    String(servers.value),
    String(given.get('security.protocol')?.value ?? 'plaintext'),
  );

  const defaults = seekafkaDefaults[kind];
  const isGiven = (name: string) => given.has(configProperties.get(name)?.aliasOf ?? name);
  const replaced = replacedProperties[kind];
  const native: [string, string][] = [];
  for (const [name, { key, value }] of given) if (!Object.hasOwn(replaced, name)) native.push([key, String(value)]);
  // It must not be below the other one.
  const backoff = Number(given.get('reconnect.backoff.ms')?.value ?? 0);
  for (const [name, { value }] of Object.entries(defaults)) {
    if (name === 'reconnect.backoff.max.ms' && backoff > Number(value)) continue;
    if (!isGiven(name)) native.push([name, String(value)]);
  }
  for (const [name, value] of Object.entries(replaced)) if (value !== undefined) native.push([name, value]);
  const isTls = String(given.get('security.protocol')?.value).endsWith('ssl');
  if (isTls) checkFiles((name) => given.get(name));
  const trusted = isTls && !TRUST.some(isGiven) ? trustedByDefault() : undefined;
  if (trusted) native.push(['ssl.ca.pem', trusted]);

  const valueOf = <T extends Value>(name: string) =>
    (given.get(name)?.value ?? defaults[name]?.value ?? configProperties.get(name)?.default) as T;
  return { native, settings: settingsOf(kind, valueOf, isGiven, login) as SettingsOf[K] };
}

function settingsOf(
  kind: ClientKind,
  valueOf: <T extends Value>(name: string) => T,
  isGiven: (name: string) => boolean,
  login: Login,
): SettingsOf[ClientKind] {
  const common: CommonSettings = { socketTimeoutMs: valueOf('socket.timeout.ms'), login };
  if (kind === 'admin') return common;
  if (kind === 'producer') {
    return {
      ...common,
      transactionalId: valueOf<string>('transactional.id') || undefined,
      transactionTimeoutMs: valueOf('transaction.timeout.ms'),
      messageTimeoutMs: valueOf('message.timeout.ms'),
      queueBytes: valueOf<number>('queue.buffering.max.kbytes') * 1024,
      lingerFollowsLoad: !isGiven('linger.ms'),
    };
  }
  const reset = valueOf<string>('auto.offset.reset');
  return {
    ...common,
    groupId: valueOf<string>('group.id') || undefined,
    groupProtocol: valueOf<string>('group.protocol') as ConsumerSettings['groupProtocol'],
    isolationLevel: valueOf<string>('isolation.level') as ConsumerSettings['isolationLevel'],
    enableAutoCommit: valueOf('enable.auto.commit'),
    autoCommitIntervalMs: valueOf('auto.commit.interval.ms'),
    maxPollIntervalMs: valueOf('max.poll.interval.ms'),
    autoOffsetReset: reset === 'error' ? reset : /^(smallest|earliest|beginning)$/.test(reset) ? 'earliest' : 'latest',
  };
}
