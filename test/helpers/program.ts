import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { awake, limit } from './wait.js';

const root = path.join(import.meta.dirname, '..', '..');

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  /** It is killed after this time. Default 80,000. */
  readonly limitMs?: number;
  /** Lines of bash that run before it in the same process: `ulimit -v 6000000`. */
  readonly before?: string;
  /** Runs it as this user; only root may ask for it. */
  readonly uid?: number;
  /** Options of Node.js: `--expose-gc`. */
  readonly nodeOptions?: readonly string[];
}

/**
 * A process that runs the text of a module, which imports 'seekafka' as any program does and reads what it needs from
 * process.env; or what stands in the arguments of Node.js. It is killed when it is disposed, or after `limitMs`.
 */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #started = awake();
  readonly #changed = new Set<() => void>();
  #stdout = '';
  #stderr = '';
  /** Resolves when the process has ended and its output is complete. */
  readonly ended: Promise<Ending>;

  constructor(
    source: string | readonly string[],
    env: Readonly<Record<string, string>> = {},
    { limitMs = 80_000, before, uid, nodeOptions = [] }: ProgramOptions = {},
  ) {
    const what = typeof source === 'string' ? ['--input-type=module', '--eval', source] : source;
    const command = [process.execPath, ...nodeOptions, ...what];
    const [file, ...args] = before === undefined ? command : ['bash', '-c', `${before}\nexec "$@"`, 'bash', ...command];
    this.#child = spawn(file!, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#on((this.#stdout += text)));
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => this.#on((this.#stderr += text)));
    const endLimit = limit(limitMs, () => this.#child.kill('SIGKILL'));
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        endLimit();
        resolve({ code, signal, stdout: this.#stdout, stderr: withoutOurWarnings(this.#stderr) });
        this.#on('');
      });
    });
  }

  get lines(): string[] {
    return this.#stdout.split('\n').slice(0, -1);
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Milliseconds since the start, as awake() tells them. */
  get age(): number {
    return awake() - this.#started;
  }

  /** The first line that begins with `start`, as soon as it is there. Rejects when the process ends without it. */
  async line(start: string): Promise<string> {
    for (;;) {
      const found = this.lines.find((line) => line.startsWith(start));
      if (found !== undefined) return found;
      const over = !this.running;
      const next = new Promise<void>((resolve) => this.#changed.add(resolve));
      const ended = await Promise.race([next, this.ended]);
      if (over || ended) {
        const late = this.lines.find((line) => line.startsWith(start));
        if (late !== undefined) return late;
        const { code, signal, stdout, stderr } = await this.ended;
        throw new Error(`ended with ${signal ?? code} without a line '${start}...':\n${stdout}${stderr}`);
      }
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  #on(_text: string): void {
    for (const resolve of this.#changed) resolve();
    this.#changed.clear();
  }
}

/** A client without a listener for `error` warns of what passes; that is no complaint of the process. */
const withoutOurWarnings = (stderr: string): string =>
  stderr
    .replaceAll(/\(node:\d+\) \[SEEKAFKA_ERR_[^\n]*\n/g, '')
    .replaceAll(/\(Use `node --trace-warnings [^\n]*\n/g, '');
