import { rootCertificates } from 'node:tls';
import { expect } from 'chai';
import { normalizeConfig } from '../../lib/config/config.js';
import { trustedByDefault } from '../../lib/config/trust.js';
import { withCertificates } from '../helpers/certificates.js';

describe('whom a client trusts that is not told', () => {
  const made = withCertificates((all) => ({
    system: all.make('system', ['DNS:system.invalid']),
    extra: all.make('extra', ['DNS:extra.invalid']),
  }));
  const nowhere = ['/no/such/file'];
  const trusted = (env: NodeJS.ProcessEnv, bundles: readonly string[], platform: NodeJS.Platform = 'linux') =>
    trustedByDefault({ env, bundles, platform });

  it('whom the system trusts, as librdkafka finds it', () => {
    expect(trusted({}, [...nowhere, made().system.file])).to.equal(undefined);
    expect(trusted({}, nowhere, 'win32')).to.equal(undefined);
    expect(trusted({ SSL_CERT_FILE: made().system.file }, nowhere)).to.equal(undefined);
  });

  it('whom Node.js trusts, where the system has nobody, as in slim images', () => {
    expect(trusted({}, nowhere)).to.equal(rootCertificates.join('\n'));
  });

  it('besides, whom NODE_EXTRA_CA_CERTS names', () => {
    const env = { NODE_EXTRA_CA_CERTS: made().extra.file };
    const [system, extra] = [made().system, made().extra].map(({ certificate }) => certificate.toString());
    expect(trusted(env, [made().system.file])).to.equal(`${system}\n${extra}`);
    expect(trusted(env, nowhere)).to.equal(`${rootCertificates.join('\n')}\n${extra}`);
    expect(trusted({ NODE_EXTRA_CA_CERTS: '/no/such/file' }, [made().system.file])).to.equal(undefined);
  });

  it('is asked for where TLS is spoken, and the caller does not say', () => {
    const before = process.env.NODE_EXTRA_CA_CERTS;
    process.env.NODE_EXTRA_CA_CERTS = made().extra.file;
    try {
      const keys = (config: object) =>
        normalizeConfig('admin', { 'bootstrap.servers': 'a:1', ...config }).native.map(([key]) => key);
      expect(keys({ 'security.protocol': 'ssl' })).to.include('ssl.ca.pem');
      expect(keys({ 'security.protocol': 'SSL', 'ssl.ca.location': made().system.file })).not.to.include('ssl.ca.pem');
      expect(keys({})).not.to.include('ssl.ca.pem');
    } finally {
      if (before === undefined) delete process.env.NODE_EXTRA_CA_CERTS;
      else process.env.NODE_EXTRA_CA_CERTS = before;
    }
  });
});
