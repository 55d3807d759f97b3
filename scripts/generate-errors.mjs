// Generates lib/error-codes.ts and docs/errors.md from the table of errors in rdkafka.h of the librdkafka that is built.
//
//   node scripts/generate-errors.mjs [--check]
//
// With --check nothing is written. Exit status: 0 written, or (--check) up to date; 1 (--check) out of date, or an error;
// 3 no rdkafka.h there.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const listFile = join(root, 'lib', 'error-codes.ts');
const pageFile = join(root, 'docs', 'errors.md');

/** The kinds of errors, in the order of the page: a code is of the first kind that its name matches. */
const kinds = [
  {
    title: 'Refused: login, certificate, right',
    codes: /AUTHENTICATION|AUTHORIZATION|SASL|_SSL$|SECURITY_DISABLED|DELEGATION_TOKEN|UNACCEPTABLE_CREDENTIAL/,
    advice:
      'The broker does not let this client do what it asks. Trying again changes nothing: change the credentials, the certificates ' +
      'or the ACLs. `error.cause` and the text have the words of the broker, or what the TLS handshake failed of.',
  },
  {
    title: 'The client has ended, or was replaced',
    codes: /DESTROY|^_FATAL|FENCED$|PRODUCER_EPOCH|FENCED_INSTANCE|PURGE_|^_APPLICATION|_INTR$/,
    advice:
      '`ERR__DESTROY`: the client was closed while the call waited, or before; of a message the `cause` says whether it may be stored ' +
      '(`ERR__PURGE_INFLIGHT`) or was not sent (`ERR__PURGE_QUEUE`). `error.fatal`: the client can do nothing any more; close it ' +
      'and make another one. `ERR__FENCED`: another producer has the `transactional.id` now, or another member the `group.instance.id`; ' +
      'find out why two of them run.',
  },
  {
    title: 'Passing: brokers that are away, leaders that move',
    codes:
      /TRANSPORT|RESOLVE|ALL_BROKERS|TIMED_OUT|WAIT_C|_RETRY|LEADER|REPLICA|NETWORK|COORDINATOR|NOT_CONTROLLER|REQUEST_TIMED|BROKER_NOT|STORAGE_ERROR|REBALANCE_IN|OFFSET_NOT_AV|UNSTABLE|THROTTLING|REBOOTSTRAP|STALE_BROKER|STALE_CTRL|FETCH_SESSION|EPOCH_NOT|_FAIL$|UNKNOWN_CONTROLLER|NODE_UPDATE|_UNKNOWN_BROKER/,
    advice:
      'librdkafka tries again by itself until the time limit of the call. As an event it needs no answer but a log line; as a ' +
      'rejection (mostly `ERR__TIMED_OUT`, whose `cause` is what went wrong last) the same call may be tried again later. Not so where ' +
      '`transaction()` rejects with `ERR__TIMED_OUT` that is not `retriable`: its commit was not answered, and may be done yet. ' +
      '`ERR_UNSTABLE_OFFSET_COMMIT`: a transaction with offsets of the group is open; docs/groups.md says what ends one that a killed ' +
      'process has left.',
  },
  {
    title: 'The consumer and its group',
    codes:
      /GENERATION|MEMBER|GROUP|ASSIGN|REVOKE|MAX_POLL|SUBSCRI|SESSION_TIMEOUT|INSTANCE_ID|AUTO_OFFSET|OFFSET_OUT|NO_OFFSET|LOG_TRUNC|COMMIT_OFFSET|OFFSET_METADATA|PARTITION_EOF|REGULAR_EXPRESSION|_STATE$|CONFLICT|SHARE_|STREAMS_/,
    advice:
      '`ERR__STATE`: the call does not fit what the consumer holds or does now; `error.partitions` names the partitions. A member that ' +
      'took longer than `max.poll.interval.ms` (`ERR__MAX_POLL_EXCEEDED`), or that the group has lost, joins again by itself when ' +
      'its loop asks for the next message; what it had in hand may come again, to it or to another member.',
  },
  {
    title: 'Transactions and the idempotent producer',
    codes: /TXN|TRANSACTION|SEQUENCE|PRODUCER_ID|GAPLESS|PRODUCER_FENCED|INCONSISTENT$/,
    advice:
      '`transaction()` aborts by itself and rejects with the first error. Where `error.fatal` is false the same work may be done again ' +
      'in a new transaction; where it is true the producer has ended.',
  },
  {
    title: 'A message that is not taken',
    codes:
      /MSG|RECORD|TIMESTAMP|QUEUE_FULL|REQUIRED_ACKS|ISR|COMPRESSION|MESSAGE_FORMAT|SERIALIZATION|UNDERFLOW|INVALID_TYPE/,
    advice:
      'This message was not stored, the others of the same call may have been: `error.results` of `send([...])` tells. Trying again ' +
      'unchanged fails again, but for `ERR__MSG_TIMED_OUT` (nobody acknowledged it within `message.timeout.ms`, so it may have been stored).',
  },
  {
    title: 'Names and administration',
    codes:
      /TOPIC|PARTITION|CONFIG|POLICY|RESOURCE|ELECTION|REASSIGNMENT|PRINCIPAL|LISTENER|LOG_DIR|FEATURE_UPDATE|VERSION|VOTER|REGISTRATION|_ID$|NOENT|NOT_ATTEMPTED|INVALID_REQUEST|ENDPOINT|TELEMETRY/,
    advice:
      'What was named does not exist, exists already, or may not be so on this cluster. A topic that has just been created may be unknown ' +
      'to a broker for a moment: calls wait for up to five seconds for it.',
  },
  {
    title: 'Others',
    codes: /./,
    advice:
      'The text says what librdkafka or the broker found. `ERR_UNKNOWN`: a broker that is newer than this package has a code that this package does not know; `error.errno` is that code.',
  },
];

function findHeader() {
  const prefix = execFileSync(process.execPath, [join(root, 'scripts', 'deps.mjs'), '--print-prefix'], {
    encoding: 'utf8',
  });
  const file = join(prefix.trim(), 'include', 'librdkafka', 'rdkafka.h');
  return existsSync(file) ? file : undefined;
}

/** @returns {{ name: string, errno: number, text: string }[]} */
function parse(header) {
  const body = /typedef enum \{([\s\S]*?)\} rd_kafka_resp_err_t;/.exec(header)?.[1];
  if (!body) throw new Error('rdkafka.h: rd_kafka_resp_err_t not found');
  const rows = [];
  let text = '';
  for (const [, comment, name, value] of body.matchAll(
    /\/\*\*?([\s\S]*?)\*\/|RD_KAFKA_RESP_ERR_(\w+)(?:\s*=\s*(-?\d+))?,/g,
  )) {
    if (comment !== undefined) {
      text = comment.replaceAll(/\s*\n\s*\*?\s*/g, ' ').trim();
      continue;
    }
    if (value !== undefined && !/^(_BEGIN|_END|NO_ERROR)$/.test(name)) rows.push({ name, errno: Number(value), text });
    text = '';
  }
  if (rows.length < 150) throw new Error(`only ${rows.length} errors found: has the format changed?`);
  return rows;
}

function list(rows) {
  return `// Generated by \`node scripts/generate-errors.mjs\` from rdkafka.h. Do not edit.

/** Every code that a KafkaError can have: \`ERR_\` and librdkafka's own name of the error. */
export const kafkaErrorCodes = [
${rows.map(({ name }) => `  'ERR_${name}',`).join('\n')}
] as const;

/** \`ERR__...\`: raised by librdkafka or this package; \`ERR_...\`: by a broker. docs/errors.md says what to do about each. */
export type KafkaErrorCode = (typeof kafkaErrorCodes)[number];
`;
}

function page(rows) {
  const of = new Map(kinds.map((kind) => [kind, []]));
  for (const row of rows) of.get(kinds.find(({ codes }) => codes.test(row.name))).push(row);
  const escape = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
  const sections = kinds.map(
    (kind) =>
      `## ${kind.title}\n\n${kind.advice}\n\n| code | number | librdkafka's words |\n|---|---|---|\n` +
      of
        .get(kind)
        .map(
          ({ name, errno, text }) =>
            `| <a id="err_${name.toLowerCase()}"></a>\`ERR_${name}\` | ${errno} | ${escape(text)} |`,
        )
        .join('\n'),
  );
  return `<!-- Generated by \`node scripts/generate-errors.mjs\` from rdkafka.h. Do not edit. -->

# Errors

What goes wrong in Kafka or in librdkafka is a \`KafkaError\`; its \`code\` is one of those below (type \`KafkaErrorCode\`, list
\`kafkaErrorCodes\`). Two underscores: raised by librdkafka or this package; one: by a broker. Wrong arguments are \`TypeError\` and
\`RangeError\` instead.

\`error.retriable\` says that the same call may succeed later, \`error.fatal\` that the client has ended. \`error.partitions\` has the
partitions that failed, each with its own error; \`error.cause\` is what went wrong underneath.

${sections.join('\n\n')}
`;
}

const header = findHeader();
if (!header) {
  console.error('generate-errors: no rdkafka.h: build librdkafka first');
  process.exit(3);
}
const rows = parse(readFileSync(header, 'utf8'));
let outOfDate = false;
for (const [file, text] of [
  [listFile, list(rows)],
  [pageFile, page(rows)],
]) {
  const options = await prettier.resolveConfig(file);
  const wanted = await prettier.format(text, { ...options, filepath: file });
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, wanted);
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== wanted) {
    console.error(`${file.slice(root.length + 1)} is not what rdkafka.h says: run node scripts/generate-errors.mjs`);
    outOfDate = true;
  }
}
process.exit(outOfDate ? 1 : 0);
