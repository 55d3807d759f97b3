import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

// The TypeScript in the pages: each block as a file that compiles as a careful user's does.

export const root = path.join(import.meta.dirname, '..', '..');

export interface Snippet {
  readonly page: string;
  /** The heading that it stands below, and its number on the page. */
  readonly name: string;
  readonly heading: string;
  readonly code: string;
  readonly file: string;
  /** The block of text behind it: what it prints. */
  prints: string | undefined;
}

/** Within the package, so that 'seekafka' means this one, and out of sight of everything else. */
const folderOf = (page: string) => path.join(root, 'build', 'snippets', page.replaceAll(/\W+/g, '-'));

/** The blocks of a page, as `docs/services.md`. */
export function snippetsOf(page: string): Snippet[] {
  const found: Snippet[] = [];
  let heading = '';
  const text = readFileSync(path.join(root, page), 'utf8');
  for (const part of text.matchAll(/^#+ (.+)$|^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const [, title, language, code = ''] = part;
    if (title !== undefined) heading = title;
    if (language === 'text' && found.length > 0) found.at(-1)!.prints = code;
    if (language !== 'ts') continue;
    const number = found.length + 1;
    const file = path.join(folderOf(page), `snippet-${number}.ts`);
    found.push({ page, name: `${number}, below "${heading}"`, heading, code, file, prints: undefined });
  }
  return found;
}

/**
 * Writes the files, and gives what TypeScript says of each.
 *
 * @param sourceOf the whole program of a block
 */
export function compile(
  snippets: readonly Snippet[],
  sourceOf = ({ code }: Snippet): string => code,
): (snippet: Snippet) => string[] {
  for (const page of pagesOf(snippets)) remove(page);
  for (const snippet of snippets) {
    mkdirSync(path.dirname(snippet.file), { recursive: true });
    writeFileSync(snippet.file, sourceOf(snippet));
  }
  const { config } = ts.readConfigFile(path.join(root, 'test', 'types', 'user.tsconfig.json'), (file) =>
    ts.sys.readFile(file),
  ) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const files = snippets.map(({ file }) => file);
  const program = ts.createProgram(files, options);
  return ({ file }) => {
    const source = program.getSourceFile(file);
    const errors = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return errors.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  };
}

const pagesOf = (snippets: readonly Snippet[]) => new Set(snippets.map(({ page }) => page));

export const remove = (page: string): void => rmSync(folderOf(page), { recursive: true, force: true });
