import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { Admin, type AdminConfig } from 'seekafka';
import { withCertificates } from '../helpers/certificates.js';

// OpenSSL says "system lib" of a file that is not there, and "PEM lib" of a password that does not open a key. Whoever has mounted a
// secret in the wrong place needs the path, and whether it is the file or the password.

describe('a file of TLS that cannot be read', () => {
  const made = withCertificates((certificates) => {
    const own = certificates.make('own', ['IP:127.0.0.1']);
    return {
      own,
      encrypted: certificates.encryptedKey(own, 'right'),
      store: certificates.pkcs12(own, 'right'),
    };
  });

  const tls = { 'bootstrap.servers': '127.0.0.1:1', 'security.protocol': 'ssl' } as const;
  const refused = (config: Partial<AdminConfig>): string => {
    try {
      new Admin({ ...tls, ...config });
    } catch (error) {
      expect(error).to.be.instanceOf(RangeError);
      return (error as Error).message;
    }
    throw new Error('it was taken');
  };

  const keys = [
    ...(['ssl.ca.location', 'ssl.certificate.location', 'ssl.key.location'] as const),
    ...(['ssl.keystore.location', 'ssl.crl.location'] as const),
  ];
  for (const key of keys) {
    it(`is named, with the reason: ${key}`, () => {
      const missing = path.join(path.dirname(made().own.file), 'none.pem');
      const expected = `config['${key}']: expected a file that can be read, got '${missing}' (ENOENT: no such file or directory)`;
      expect(refused({ [key]: missing })).to.equal(expected);
    });
  }

  it('is not looked at where no TLS is spoken; a folder of authorities, and probe, are taken', async () => {
    const { own } = made();
    for (const config of [
      { 'security.protocol': 'plaintext', 'ssl.ca.location': '/none.pem' },
      { 'ssl.ca.location': path.dirname(own.file) },
      { 'ssl.ca.location': 'probe' },
    ] as const) {
      await new Admin({ ...tls, ...config }).close();
    }
  });

  it('is told from a password that does not open it', () => {
    const { own, encrypted, store } = made();
    const certificate = { 'ssl.certificate.location': own.file };
    const wrong = { 'ssl.key.password': 'wrong' };
    const inFile = { ...certificate, 'ssl.key.location': encrypted };
    const inMemory = { ...certificate, 'ssl.key.pem': readFileSync(encrypted, 'utf8') };
    for (const config of [inFile, inMemory]) {
      expect(refused({ ...config, ...wrong })).to.match(/'ssl\.key\.password' does not open it$/);
      expect(refused(config)).to.match(/'ssl\.key\.password' is not given$/);
    }
    expect(refused({ 'ssl.keystore.location': store, 'ssl.keystore.password': 'wrong' }))
      .to.include(store)
      .and.match(/does 'ssl\.keystore\.password' open it/);
    for (const message of [refused({ ...inFile, ...wrong }), refused({ ...inMemory, ...wrong })]) {
      expect(message).not.to.match(/wrong'|right'|PRIVATE KEY/);
    }
  });
});
