// The files and the password of TLS. OpenSSL says "system lib" of a file that is not there, and "PEM lib" of a password that does
// not open a key: what is wrong is said here.

import { closeSync, openSync, readFileSync } from 'node:fs';

/** Each is the path of a file; `ssl.ca.location` may be a directory, or this word. */
const FILES = [
  ...(['ssl.ca.location', 'ssl.certificate.location', 'ssl.key.location'] as const),
  ...(['ssl.keystore.location', 'ssl.crl.location'] as const),
];
const PROBE = 'probe';
const LONGEST_PATH = 200;

type Given = (name: string) => { readonly key: string; readonly value: string | number | boolean } | undefined;

/**
 * @param given what the caller configures, by its name that is no alias
 * @throws RangeError for the first file that cannot be read
 */
export function checkFiles(given: Given): void {
  for (const name of FILES) {
    const path = given(name)?.value;
    if (typeof path !== 'string' || path === '' || (name === 'ssl.ca.location' && path === PROBE)) continue;
    try {
      closeSync(openSync(path, 'r'));
    } catch (error) {
      const reason = (error as Error).message.replace(/, open .*$/s, '');
      throw new RangeError(`config['${name}']: expected a file that can be read, got '${shortened(path)}' (${reason})`);
    }
  }
}

/**
 * What is to be looked at where librdkafka has refused a configuration, in words; empty where its own words say it.
 * @param message librdkafka's words
 * @param valueOf what librdkafka was told
 */
export function adviceOn(message: string, valueOf: (name: string) => string | undefined): string {
  if (message.startsWith('Failed to parse ssl.keystore.location')) {
    return ": does 'ssl.keystore.password' open it, and is it encrypted in a way that OpenSSL 3 still reads?";
  }
  const refused = message.includes('mismatch') ? null : /^ssl\.key\.(location|pem) failed/.exec(message);
  if (!refused || !isEncrypted(refused[1] === 'pem' ? valueOf('ssl.key.pem') : textOf(valueOf('ssl.key.location')))) {
    return '';
  }
  return valueOf('ssl.key.password') === undefined
    ? ": the key is encrypted, and 'ssl.key.password' is not given"
    : ": the key is encrypted, and 'ssl.key.password' does not open it";
}

const isEncrypted = (key: string | undefined): boolean => key !== undefined && /ENCRYPTED/.test(key);

function textOf(file: string | undefined): string | undefined {
  try {
    return file === undefined ? undefined : readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

const shortened = (path: string): string =>
  (path.length > LONGEST_PATH ? `...${path.slice(-LONGEST_PATH)}` : path).replaceAll('\n', '\\n');
