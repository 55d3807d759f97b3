import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { configProperties } from '../../lib/config/properties.js';
import { ownedProperties, seekafkaDefaults } from '../../lib/config/config.js';

// What the README says, and what is so.

const root = path.join(import.meta.dirname, '..', '..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  version: string;
  engines: { node: string };
  scripts: Record<string, string>;
  seekafka: { librdkafka: string };
};

/** The rows of the table below a heading, without its head. */
function tableBelow(heading: string): string[][] {
  const section = readme.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  expect(section, `a section "${heading}"`).not.to.equal(undefined);
  const rows = [...section!.matchAll(/^\|(.+)\|$/gm)].map(([, row]) => row!.split('|').map((cell) => cell.trim()));
  return rows.slice(2);
}

describe('the README', () => {
  it('lists each default that differs from librdkafka, with its reason, and no other', () => {
    const clients = Object.entries(seekafkaDefaults);
    const expected = new Set(
      clients.flatMap(([client, defaults]) =>
        Object.entries(defaults).map(([key, { value, reason }]) => {
          const who = clients.every(([, each]) => each[key]?.value === value) ? 'all' : client;
          return [who, `\`${key}\``, String(value), String(configProperties.get(key)?.default), reason].join('|');
        }),
      ),
    );
    const told = tableBelow("Defaults that differ from librdkafka's").map((row) => row.join('|'));
    expect(told).to.have.members([...expected]);
  });

  it('names keys that exist', () => {
    const named = [...readme.matchAll(/[`']([a-z]+(?:\.[a-z]+)+)[`']/g)].map(([, key]) => key!);
    expect(named).to.include('auto.offset.reset');
    const known = (key: string) => configProperties.has(key) || Object.hasOwn(ownedProperties, key);
    const members = /^(consumer|message|error)\./;
    expect(named.filter((key) => !known(key) && !members.test(key))).to.deep.equal([]);
  });

  it('names the versions that are meant', () => {
    expect(readme).to.include(`librdkafka) ${manifest.seekafka.librdkafka}`);
    expect(readme).to.include(`librdkafka/blob/v${manifest.seekafka.librdkafka}/`);
    expect(readme).to.include(`Node.js ${manifest.engines.node.replace('>=', '')} or later`);
    expect(readme).to.include(`seekafka-${manifest.version}.tgz`);
  });

  it('names commands and files that are there', () => {
    for (const [, script] of readme.matchAll(/\bnpm (?:run )?(start|test|kafka|bench|lint|format|build)\b/g)) {
      expect(manifest.scripts).to.have.property(script!);
    }
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, link]) => link!);
    expect(links.filter((link) => !existsSync(path.join(root, link)))).to.deep.equal([]);
  });
});
