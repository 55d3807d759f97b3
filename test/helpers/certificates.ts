import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { skip } from './groups.js';

/** Files of a certificate, and what is in them. */
export interface Certificate {
  readonly file: string;
  readonly keyFile: string;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/**
 * For the suite around the call: what `make` makes before its tests, removed after them. The suite is pending where there
 * can be no certificates.
 */
export function withCertificates<T>(make: (certificates: Certificates) => T): () => T {
  let certificates: Certificates | undefined;
  let made: T;
  before('certificates', function () {
    const reason = Certificates.whyNot();
    if (reason) skip(this, reason);
    certificates = new Certificates();
    made = make(certificates);
  });
  after('end of them', () => certificates?.[Symbol.dispose]());
  return () => made;
}

/** Makes certificates with the openssl command, in a folder that dispose() removes. */
export class Certificates implements Disposable {
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'seekafka-certificates-'));

  /** Why there can be none, or undefined. */
  static whyNot(): string | undefined {
    const { error } = openssl(['version']);
    return error ? 'there is no openssl command to make a certificate with' : undefined;
  }

  /**
   * For the names (`IP:127.0.0.1`, `DNS:example.org`); `days` of validity from now, below 0: it has expired.
   *
   * @param options `issuer`: the authority that signs it; without one it is its own
   */
  make(
    name: string,
    names: readonly string[],
    { days = 2, issuer }: { days?: number; issuer?: Certificate } = {},
  ): Certificate {
    const file = (extension: string) => path.join(this.#folder, `${name}.${extension}`);
    this.#openssl([
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      file('key'),
      '-out',
      file('csr'),
    ]);
    const now = new Date();
    const time = (day: number) =>
      new Date(now.getTime() + day * 86_400_000).toISOString().replace(/[-:T]/g, '').slice(0, 14) + 'Z';
    // `x509 -req` of old versions takes no dates: `ca` does.
    const config = `[ca]\ndefault_ca=x\n[x]\nnew_certs_dir=${this.#folder}\ndatabase=${file('db')}\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=${names.join(',')}\nbasicConstraints=critical,CA:${issuer ? 'FALSE' : 'TRUE'}\n`;
    writeFileSync(file('cnf'), config);
    writeFileSync(file('db'), '');
    const dates = ['-startdate', time(Math.min(0, days) - 1), '-enddate', time(days)];
    this.#openssl([
      'ca',
      '-batch',
      '-notext',
      '-config',
      file('cnf'),
      '-extensions',
      'e',
      ...dates,
      ...(issuer ? ['-cert', issuer.file, '-keyfile', issuer.keyFile] : ['-selfsign', '-keyfile', file('key')]),
      '-in',
      file('csr'),
      '-out',
      file('pem'),
    ]);
    return {
      file: file('pem'),
      keyFile: file('key'),
      certificate: readFileSync(file('pem')),
      key: readFileSync(file('key')),
    };
  }

  /** A file with its key and itself, as Kafka's PEM key stores are. */
  store({ file, key, certificate }: Certificate): string {
    const store = `${file}.store`;
    writeFileSync(store, Buffer.concat([key, certificate]));
    return store;
  }

  /** A file with its key, encrypted by a password. */
  encryptedKey({ keyFile }: Certificate, password: string): string {
    const out = `${keyFile}.encrypted`;
    this.#openssl(['pkcs8', '-topk8', '-v2', 'aes256', '-in', keyFile, '-out', out, '-passout', `pass:${password}`]);
    return out;
  }

  /** A PKCS#12 file of it. */
  pkcs12({ file, keyFile }: Certificate, password: string): string {
    const out = `${file}.p12`;
    this.#openssl(['pkcs12', '-export', '-in', file, '-inkey', keyFile, '-out', out, '-passout', `pass:${password}`]);
    return out;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #openssl(args: readonly string[]): void {
    const { status, stderr } = openssl(args);
    if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
  }
}

/** Without the library of a sanitizer, under which the process of the tests may run. */
const openssl = (args: readonly string[]) =>
  spawnSync('openssl', args, { encoding: 'utf8', env: { ...process.env, LD_PRELOAD: undefined } });
