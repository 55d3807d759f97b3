import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import ts from 'typescript';

// Every TypeScript snippet of the README compiles as a careful user's, runs, and ends. One that imports something is a
// program; the others run in the surroundings below. A block of text behind a snippet is what it prints.

const root = path.join(import.meta.dirname, '..', '..');
// Within the package, so that 'seekafka' means this one, and out of sight of everything else.
const folder = path.join(root, 'build', 'readme-snippets');

const before_ = `
import { Admin, clientCredentials, Consumer, KafkaError, MockCluster, Producer, deadLetters, type Message } from 'seekafka';
const cluster = await MockCluster.start();
cluster.createTopic('orders', 4);
const servers = cluster.bootstrapServers;
const producer = new Producer({ 'bootstrap.servers': servers });
await producer.send(Array.from({ length: 40 }, (_, i) => ({ topic: 'orders', partition: i % 4, value: \`order \${i}\` })));
const consumer = new Consumer({ 'bootstrap.servers': servers, 'group.id': 'group', 'auto.offset.reset': 'earliest' });
await consumer.subscribe('orders');
await consumer.seekToBeginning(); // waits for the assignment
let handled = 0;
const secret = 'secret';
const fetchToken = (_signal: AbortSignal) => Promise.resolve({ token: 'eyJ', expiresAt: Date.now() + 3_600_000 });
/** A loop that has no end of its own ends when it has seen enough. */
const handle = async (_message: Message): Promise<void> => {
  if (++handled === 40) void consumer.close();
};
{
`;
const after_ = `
}
await Promise.all([consumer.close(), producer.close()]);
await cluster.close();
`;

interface Snippet {
  /** The heading that it stands below, and its number there. */
  name: string;
  file: string;
  source: string;
  prints: string | undefined;
}

const snippets = snippetsOf(readFileSync(path.join(root, 'README.md'), 'utf8'));

function snippetsOf(text: string): Snippet[] {
  const found: Snippet[] = [];
  let heading = '';
  for (const part of text.matchAll(/^#+ (.+)$|^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const [, title, language, code = ''] = part;
    if (title !== undefined) heading = title;
    if (language === 'text' && found.length > 0) found.at(-1)!.prints = code;
    if (language !== 'ts') continue;
    const name = `${found.length + 1}, below "${heading}"`;
    const file = path.join(folder, `snippet-${found.length + 1}.ts`);
    const source = /^import /m.test(code) ? code : `${before_}${code}${after_}`;
    found.push({ name, file, source, prints: undefined });
  }
  return found;
}

describe("the README's snippets", () => {
  let program: ts.Program;

  before('compile', function () {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const { file, source } of snippets) writeFileSync(file, source);
    const { config } = ts.readConfigFile(path.join(root, 'test', 'types', 'user.tsconfig.json'), (file) =>
      ts.sys.readFile(file),
    ) as { config: object };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    program = ts.createProgram(
      snippets.map(({ file }) => file),
      options,
    );
  });

  after('remove them', () => rmSync(folder, { recursive: true, force: true }));

  it('are there, and one shows what it prints', () => {
    expect(snippets).to.have.length.above(8);
    expect(snippets.filter(({ prints }) => prints !== undefined)).to.have.length.above(0);
  });

  for (const { name, file, prints } of snippets) {
    it(`${name}, compiles`, () => {
      const source = program.getSourceFile(file);
      const errors = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      const texts = errors.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
      expect(texts).to.deep.equal([]);
    });

    it(`${name}, runs and ends${prints === undefined ? '' : ', and prints what is shown'}`, async () => {
      const args = ['--import', 'tsx', file];
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 25_000 });
      if (prints !== undefined) expect(stdout).to.equal(prints);
    });
  }
});
