import { readFileSync, readdirSync, existsSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { configProperties } from '../../lib/config/properties.js';
import { type Snippet, compile, remove, root, snippetsOf } from '../helpers/snippets.js';

// The pages in docs: what they show compiles, what they link to is there. (docs/services.md and the README are run besides.)

const pages = readdirSync(path.join(root, 'docs'))
  .filter((file) => file.endsWith('.md'))
  .map((file) => `docs/${file}`);

/** What the blocks without an import stand in. */
const around = (code: string) => `
import { Admin, Consumer, KafkaError, Producer } from 'seekafka';
declare const consumer: Consumer, producer: Producer, admin: Admin, servers: string, password: string;
void [Admin, Consumer, KafkaError, Producer, consumer, producer, admin, servers, password];
{
${code}
}`;

describe('the pages', () => {
  const snippets = pages.flatMap(snippetsOf);
  let errorsOf: (snippet: Snippet) => string[];
  before('compile', () => {
    errorsOf = compile(snippets, ({ code }) => (/^import /m.test(code) ? code : around(code)));
  });
  after('remove them', () => pages.forEach(remove));

  for (const page of pages) {
    it(`${page}: what it shows compiles`, () => {
      const own = snippets.filter((snippet) => snippet.page === page);
      const errors = own.flatMap((snippet) => errorsOf(snippet).map((error) => `${snippet.name}: ${error}`));
      expect(errors).to.deep.equal([]);
    });

    it(`${page}: what it links to is there`, () => {
      const text = readFileSync(path.join(root, page), 'utf8');
      const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, link]) => link!);
      expect(links.filter((link) => !existsSync(path.join(root, 'docs', link)))).to.deep.equal([]);
    });
  }

  for (const page of pages.filter((name) => name.includes('migrate-from'))) {
    it(`${page}: the keys that it names on our side are ours`, () => {
      const rows = readFileSync(path.join(root, page), 'utf8').matchAll(/^\|[^|]+\|([^|]+)\|$/gm);
      const keys = [...rows].flatMap(([, ours]) => [...ours!.matchAll(/[`']([a-z]+(?:\.[a-z]+)+)[`']/g)]);
      const known = (key: string) => configProperties.has(key) || /^(consumer|producer|admin|tx|message)\./.test(key);
      expect(keys.map(([, key]) => key!).filter((key) => !known(key))).to.deep.equal([]);
    });
  }
});
