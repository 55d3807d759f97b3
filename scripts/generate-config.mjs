// Generates lib/config/properties.ts from the CONFIGURATION.md of the librdkafka that is built.
//
//   node scripts/generate-config.mjs [--check] [<path to CONFIGURATION.md>]
//
// Without a path it is looked for below `node scripts/deps.mjs --print-prefix`. With --check nothing is written.
// Exit status: 0 written, or (--check) up to date; 1 (--check) out of date, or an error; 3 no CONFIGURATION.md there.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const output = join(root, 'lib', 'config', 'properties.ts');

function findDocument() {
  const deps = join(root, 'scripts', 'deps.mjs');
  if (!existsSync(deps)) return undefined;
  const prefix = execFileSync(process.execPath, [deps, '--print-prefix'], { encoding: 'utf8' }).trim();
  const share = join(prefix, 'share');
  if (!existsSync(share)) return undefined;
  const found = readdirSync(share, { recursive: true }).find((name) => /(^|[\\/])CONFIGURATION\.md$/.test(name));
  return found && join(share, found);
}

/** CONFIGURATION.md does not say which version it describes; the header beside it (source or install tree) does. */
function versionOf(document) {
  const headers = ['src/rdkafka.h', 'include/librdkafka/rdkafka.h'];
  for (let dir = dirname(resolve(document)); ; dir = dirname(dir)) {
    const header = headers.map((name) => join(dir, name)).find(existsSync);
    if (header) {
      const hex = /#define RD_KAFKA_VERSION\s+0x([0-9a-f]{8})/.exec(readFileSync(header, 'utf8'))?.[1];
      if (!hex) throw new Error(`${header}: RD_KAFKA_VERSION not found`);
      return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)).join('.');
    }
    if (dir === dirname(dir)) throw new Error(`${document}: no rdkafka.h beside it to tell the version`);
  }
}

const types = {
  string: 'string',
  integer: 'integer',
  float: 'float',
  boolean: 'boolean',
  'enum value': 'enum',
  'CSV flags': 'csv',
  'pattern list': 'string',
  'see dedicated API': 'callback',
};

/** One row of the tables, or undefined for any other line. A `|` inside a cell is written `\|`. */
function parseRow(line) {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
  if (cells.length < 6 || !['C', 'P', '*'].includes(cells[1])) return undefined;
  const [name, scope, range, defaultText, importance, ...rest] = cells;
  const [, text, typeName] = /^(.*?)\s*<br>\*Type: (.*)\*$/.exec(rest.join('|')) ?? [];
  if (!(typeName in types)) throw new Error(`${name}: unknown type ${typeName}: ${line}`);
  const row = { name, scope, type: types[typeName], importance, range, defaultText, text };

  if (/\*\*DEPRECATED\*\* No longer used/.test(text)) row.type = 'unused';
  row.aliasOf = /Alias for `([^`]+)`: /.exec(text)?.[1];
  if (defaultText !== '') {
    if (row.type === 'boolean') row.default = defaultText === 'true';
    else row.default = row.type === 'integer' || row.type === 'float' ? Number(defaultText) : defaultText;
  }
  if (row.type === 'integer' || row.type === 'float') {
    const [, min, max] = /^(-?\d+) \.\. (-?\d+)$/.exec(range) ?? [];
    if (max === undefined) throw new Error(`${name}: no range: ${line}`);
    Object.assign(row, { min: Number(min), max: Number(max) });
    const word = /\*-?\d+\* or \*(\w+)\*/.exec(text)?.[1]; // acks: -1 or all
    if (word) row.values = [word];
  } else if ((row.type === 'enum' || row.type === 'csv') && range !== '') {
    row.values = range.split(', ');
  }
  return row;
}

function parse(markdown) {
  const rows = new Map();
  for (const line of markdown.split('\n')) {
    const row = parseRow(line);
    // Some keys are in both tables. rd_kafka_conf_set() tries the global one first, so the first row counts.
    if (row && !rows.has(row.name)) rows.set(row.name, row);
  }
  if (rows.size < 150) throw new Error(`only ${rows.size} properties found: has the format changed?`);
  return [...rows.values()];
}

const settable = (row) => row.type !== 'callback' && row.type !== 'unused';
const quote = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function tsType({ type, values = [] }) {
  if (type === 'enum') return values.map(quote).join(' | ');
  if (type === 'integer' || type === 'float') return ['number', ...values.map(quote)].join(' | ');
  return type === 'boolean' ? 'boolean' : 'string';
}

function wrap(text, width) {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    if (lines.at(-1) !== '' && lines.at(-1).length + 1 + word.length > width) lines.push('');
    lines[lines.length - 1] += (lines.at(-1) === '' ? '' : ' ') + word;
  }
  return lines;
}

function docComment(row) {
  const prose = row.text.replace(/\*\*DEPRECATED\*\*\s*/, '').replaceAll('*/', '*\\/');
  const facts = [`Default: ${row.defaultText === '' ? 'none' : `\`${row.defaultText}\``}.`];
  if (row.min !== undefined) facts.push(`Range: ${row.range}.`);
  if (row.type === 'csv' && row.values) facts.push(`A CSV list of: ${row.range}.`);
  if (row.type === 'float') facts.push('Need not be an integer.');
  facts.push(`Importance: ${row.importance}.`);
  const lines = [...wrap(prose, 115), '', ...wrap(facts.join(' '), 115)];
  if (row.text.includes('**DEPRECATED**')) lines.push('', '@deprecated by librdkafka.');
  return ['/**', ...lines.map((line) => ` * ${line}`.trimEnd()), ' */'].join('\n');
}

function toInterface(name, doc, rows) {
  const members = rows.map((row) => `${docComment(row)}\n${quote(row.name)}?: ${tsType(row)} | undefined;`);
  return `/** ${doc} */\nexport interface ${name} {\n${members.join('\n\n')}\n}\n`;
}

function toEntry(row) {
  const fields = [`scope: ${quote(row.scope)}`, `type: ${quote(row.type)}`];
  if (settable(row)) {
    if (row.default !== undefined) {
      fields.push(`default: ${typeof row.default === 'string' ? quote(row.default) : row.default}`);
    }
    if (row.min !== undefined) fields.push(`min: ${row.min}`, `max: ${row.max}`);
    if (row.values) fields.push(`values: [${row.values.map(quote).join(', ')}]`);
    if (row.aliasOf) fields.push(`aliasOf: ${quote(row.aliasOf)}`);
  }
  return `[${quote(row.name)}, { ${fields.join(', ')} }],`;
}

function generate(markdown, version) {
  const rows = parse(markdown);
  const of = (scope) => rows.filter((row) => row.scope === scope && settable(row));
  return `// Generated by \`node scripts/generate-config.mjs\` from CONFIGURATION.md of librdkafka ${version}. Do not edit.

/** The version of librdkafka that these properties are from. */
export const configPropertiesVersion = ${quote(version)};

${toInterface('CommonProperties', 'Properties of consumers, producers and admin clients.', of('*'))}
${toInterface('ConsumerProperties', 'Properties of consumers only.', of('C'))}
${toInterface('ProducerProperties', 'Properties of producers only.', of('P'))}
export interface ConfigProperty {
  /** Who has it: C = consumer, P = producer, * = every client. */
  readonly scope: 'C' | 'P' | '*';
  /** csv: a list of \`values\`. callback: set by a C function, not by a value. unused: accepted, but does nothing. */
  readonly type: 'string' | 'integer' | 'float' | 'boolean' | 'enum' | 'csv' | 'callback' | 'unused';
  readonly default?: string | number | boolean;
  readonly min?: number;
  readonly max?: number;
  /** The values of an enum, the flags of a csv, or the words that an integer may be given as. */
  readonly values?: readonly string[];
  readonly aliasOf?: string;
}

/** Every property that librdkafka documents, also those that no value can be given for. */
export const configProperties: ReadonlyMap<string, ConfigProperty> = new Map<string, ConfigProperty>([
${rows.map(toEntry).join('\n')}
]);
`;
}

const args = process.argv.slice(2);
const check = args.includes('--check');
const document = args.find((arg) => !arg.startsWith('--')) ?? findDocument();
if (!document) {
  console.error('generate-config: no CONFIGURATION.md: give its path, or build librdkafka first');
  process.exit(3);
}
const style = { singleQuote: true, printWidth: 120, ...(await prettier.resolveConfig(output)), parser: 'typescript' };
const text = await prettier.format(generate(readFileSync(document, 'utf8'), versionOf(document)), style);
if (!check) {
  writeFileSync(output, text);
} else if (!existsSync(output) || readFileSync(output, 'utf8') !== text) {
  console.error('lib/config/properties.ts is not what librdkafka documents: run node scripts/generate-config.mjs');
  process.exit(1);
}
