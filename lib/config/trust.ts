// Whom a client trusts that is not told: the authorities of the system, and those that Node.js trusts.

import { existsSync, readFileSync } from 'node:fs';

/** Where systems have the authorities that they trust, in the order in which librdkafka looks for them. */
const BUNDLES = [
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/certs/ca-bundle.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/ssl/cert.pem',
  '/etc/ssl/cacert.pem',
  '/etc/certs/ca-certificates.crt',
  '/etc/ssl/certs/ca-certificates.crt',
  '/usr/local/etc/ssl/cert.pem',
  '/usr/local/share/certs/ca-root-nss.crt',
  '/private/etc/ssl/cert.pem',
];

export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly bundles: readonly string[];
}

/**
 * For `ssl.ca.pem`, where the caller has no `ssl.ca.*`: what the system trusts, or else what Node.js comes with, and what
 * NODE_EXTRA_CA_CERTS names. Undefined where librdkafka finds all of it by itself: what the system trusts.
 */
export function trustedByDefault({
  env = process.env,
  platform = process.platform,
  bundles = BUNDLES,
}: Partial<Surroundings> = {}): string | undefined {
  const extra = env.NODE_EXTRA_CA_CERTS ? certificatesOf(env.NODE_EXTRA_CA_CERTS) : undefined;
  // Windows has a store of its own; OpenSSL's own variables are looked at by OpenSSL.
  const found =
    platform === 'win32' || env.SSL_CERT_FILE || env.SSL_CERT_DIR || bundles.some((file) => existsSync(file));
  if (!extra && found) return undefined;
  const system = bundles.map(certificatesOf).find((text) => text !== undefined) ?? rootCertificates();
  return extra ? `${system}\n${extra}` : system;
}

/** Loaded when it is needed: node:tls is a fifth of the package's import. */
const rootCertificates = (): string => process.getBuiltinModule('node:tls').rootCertificates.join('\n');

/** Undefined where there are none. (Of NODE_EXTRA_CA_CERTS Node.js itself tells that it cannot be read.) */
function certificatesOf(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    return text.includes('-----BEGIN CERTIFICATE-----') ? text : undefined;
  } catch {
    return undefined;
  }
}
