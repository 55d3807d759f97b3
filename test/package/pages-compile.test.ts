import { readFileSync, readdirSync, existsSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { configProperties } from '../../lib/config/properties.js';
import { type Snippet, compile, remove, root, snippetsOf } from '../helpers/snippets.js';

// The pages in docs: what they show compiles, what they link to is there. (docs/services.md and the README are run besides.)

const pages = readdirSync(path.join(root, 'docs'))
  .filter((file) => file.endsWith('.md'))
  .map((file) => `docs/${file}`);

const classes = ['Admin', 'Consumer', 'KafkaError', 'Producer'];

/** What the blocks stand in: what a page has shown before. Their own imports stay at the top. */
const around = (code: string) => {
  const imports = code.match(/^import [^;]*;$/gm) ?? [];
  const missing = classes.filter((name) => !imports.some((one) => new RegExp(`\\b${name}\\b`).test(one)));
  return `
${imports.join('\n')}
import { ${missing.join(', ')} } from 'seekafka';
import type * as Seekafka from 'seekafka';
declare const consumer: Seekafka.Consumer, producer: Seekafka.Producer, admin: Seekafka.Admin;
declare const servers: string, password: string, config: { 'bootstrap.servers': string; 'group.id': string };
void [${[...missing, 'consumer', 'producer', 'admin', 'servers', 'password', 'config'].join(', ')}];
{
${code.replace(/^import [^;]*;$/gm, '')}
}`;
};

describe('the pages', () => {
  const snippets = pages.flatMap(snippetsOf);
  let errorsOf: (snippet: Snippet) => string[];
  before('compile', () => {
    errorsOf = compile(snippets, ({ code }) => around(code));
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

  it('name tests that there are', () => {
    const named = [...pages, 'README.md'].flatMap((page) => {
      const files = readFileSync(path.join(root, page), 'utf8').matchAll(/\btest\/[\w./-]+\.ts\b/g);
      return [...files].map(([file]) => ({ page, file }));
    });
    expect(named.length).to.be.above(40);
    expect(named.filter(({ file }) => !existsSync(path.join(root, file)))).to.deep.equal([]);
  });

  for (const page of pages.filter((name) => name.includes('migrate-from'))) {
    it(`${page}: the keys that it names on our side are ours`, () => {
      const rows = readFileSync(path.join(root, page), 'utf8').matchAll(/^\|[^|]+\|([^|]+)\|$/gm);
      const keys = [...rows].flatMap(([, ours]) => [...ours!.matchAll(/[`']([a-z]+(?:\.[a-z]+)+)[`']/g)]);
      const known = (key: string) => configProperties.has(key) || /^(consumer|producer|admin|tx|message)\./.test(key);
      expect(keys.map(([, key]) => key!).filter((key) => !known(key))).to.deep.equal([]);
    });
  }
});
