import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import ts from 'typescript';
import { root } from './snippets.js';

export interface Ended {
  /** A number, or the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  /** Without process warnings of ours. */
  readonly stderr: string;
}

/** Runs the text of a TypeScript module, which is written to `file` as JavaScript, as a process of its own. */
export function runText(
  file: string,
  text: string,
  { env = {}, limitMs = 60_000 }: { env?: NodeJS.ProcessEnv; limitMs?: number } = {},
): Promise<Ended> {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  writeFileSync(file, ts.transpileModule(text, { compilerOptions }).outputText);
  const options = { cwd: root, env: { ...process.env, ...env }, timeout: limitMs };
  return new Promise((resolve) => {
    execFile(process.execPath, ['--disable-warning=SeekafkaWarning', file], options, (error, stdout, stderr) => {
      resolve({ code: error ? (error.signal ?? error.code ?? 'unknown') : 0, stdout, stderr });
    });
  });
}
