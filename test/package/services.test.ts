import { createHash, createHmac } from 'node:crypto';
import { expect } from 'chai';
import { Consumer } from 'seekafka';
import { withCertificates } from '../helpers/certificates.js';
import { type Credentials, FakeService, type Service } from '../helpers/fake-service.js';
import { OidcProvider } from '../helpers/oidc.js';
import { runText } from '../helpers/run-file.js';
import { type Snippet, compile, remove, snippetsOf } from '../helpers/snippets.js';

// docs/services.md: each program logs in to a stand-in of the service, and what it sends arrives. Only the addresses are others.

const page = 'docs/services.md';
const snippets = snippetsOf(page);

const AWS = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'aws-secret', AWS_SESSION_TOKEN: 'session' };
const CONNECTION = 'Endpoint=sb://orders.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=a+b/c=';

interface Recipe {
  readonly service: (provider: OidcProvider) => Service;
  readonly env: Readonly<Record<string, string>>;
  /** With these it must not come in. */
  readonly wrong: Readonly<Record<string, string>>;
  /** What was asked of the token endpoint. */
  readonly asked?: Readonly<Record<string, string>>;
}

const byPassword = (user: string, secret: string): Service => ({
  mechanism: 'PLAIN',
  refuses: ({ username, password }) => (username === user && password === secret ? undefined : 'Authentication failed'),
});

const byToken = (provider: OidcProvider, extensions: Readonly<Record<string, string>> = {}): Service => ({
  mechanism: 'OAUTHBEARER',
  refuses: (given) => {
    if (!provider.issued.includes(given.token!)) return 'a token of somebody else';
    return JSON.stringify(given.extensions) === JSON.stringify(extensions) ? undefined : 'wrong extensions';
  },
});

/** By the headings of the page. */
const recipes: Readonly<Record<string, Recipe>> = {
  'Amazon MSK with IAM': {
    service: () => ({ mechanism: 'OAUTHBEARER', refuses: whyNotSigned }),
    env: AWS,
    wrong: { AWS_SECRET_ACCESS_KEY: 'another' },
  },
  'Azure Event Hubs with a connection string': {
    service: () => byPassword('$ConnectionString', CONNECTION),
    env: { CONNECTION_STRING: CONNECTION },
    wrong: { CONNECTION_STRING: 'Endpoint=sb://orders.servicebus.windows.net/' },
  },
  'Azure Event Hubs with Microsoft Entra': {
    service: byToken,
    env: { AZURE_TENANT_ID: 'tenant', AZURE_CLIENT_ID: 'orders', AZURE_CLIENT_SECRET: 'entra-secret' },
    wrong: { AZURE_CLIENT_SECRET: 'another' },
    asked: {
      grant_type: 'client_credentials',
      client_id: 'orders',
      client_secret: 'entra-secret',
      scope: 'https://orders.servicebus.windows.net/.default',
    },
  },
  'Confluent Cloud with an API key': {
    service: () => byPassword('KEY', 'cloud-secret'),
    env: { API_KEY: 'KEY', API_SECRET: 'cloud-secret' },
    wrong: { API_SECRET: 'another' },
  },
  'Confluent Cloud with OAuth': {
    service: (provider) => byToken(provider, { logicalCluster: 'lkc-12345', identityPoolId: 'pool-abcd' }),
    env: { CLIENT_ID: 'orders', CLIENT_SECRET: 'cloud-secret' },
    wrong: { CLIENT_SECRET: 'another' },
    asked: { grant_type: 'client_credentials', scope: 'kafka' },
  },
  Redpanda: {
    service: () => ({ mechanism: 'SCRAM-SHA-256', passwords: { orders: 'panda' } }),
    env: { REDPANDA_USER: 'orders', REDPANDA_PASSWORD: 'panda' },
    wrong: { REDPANDA_PASSWORD: 'bear' },
  },
};

describe('the services of docs/services.md', () => {
  const certificates = withCertificates((make) => {
    const authority = make.make('authority', ['DNS:authority.invalid']);
    return { authority, server: make.make('server', ['IP:127.0.0.1'], { issuer: authority }) };
  });
  let errorsOf: (snippet: Snippet) => string[];
  before('compile', () => (errorsOf = compile(snippets)));
  after('remove them', () => remove(page));

  it('each have a program, and each program a service', () => {
    expect(snippets.map(({ heading }) => heading)).to.have.members(Object.keys(recipes));
  });

  for (const snippet of snippets) {
    it(`${snippet.heading}: the program compiles`, () => expect(errorsOf(snippet)).to.deep.equal([]));
  }

  for (const snippet of snippets) {
    const { service, env, wrong, asked } = recipes[snippet.heading]!;

    it(`${snippet.heading}: what the program sends arrives`, async () => {
      await using provider = await OidcProvider.start();
      await using fake = await FakeService.start(certificates().server, service(provider));
      const { code, stderr } = await runAt(fake, provider, snippet, env);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      expect(await arrived(fake)).to.match(/^from /);
      expect(fake.logins).to.have.length.above(0);
      if (asked) expect(Object.fromEntries(provider.requests[0]!.fields)).to.deep.equal(asked);
    });

    it(`${snippet.heading}: with a wrong secret it ends soon, and says that it was refused`, async () => {
      await using provider = await OidcProvider.start();
      const right = Object.values(env).filter((value) => /secret/.test(value));
      provider.answer = ({ headers, fields }) => {
        const said = `${Buffer.from(headers.authorization?.slice(6) ?? '', 'base64').toString()}${fields.toString()}`;
        return right.some((secret) => said.includes(secret))
          ? undefined
          : { status: 401, body: { error: 'invalid_client' } };
      };
      await using fake = await FakeService.start(certificates().server, service(provider));
      const { code, stderr } = await runAt(fake, provider, snippet, { ...env, ...wrong });
      expect(code).to.equal(1);
      expect(stderr).to.include('ERR__AUTHENTICATION');
      for (const secret of Object.values({ ...env, ...wrong })) {
        if (secret.length > 8) expect(stderr).not.to.include(secret);
      }
      expect(fake.logins).to.deep.equal([]);
    });
  }

  /** The program, with the addresses of the stand-ins in the place of its own. */
  function runAt(fake: FakeService, provider: OidcProvider, snippet: Snippet, env: Readonly<Record<string, string>>) {
    const text = snippet.code
      .replace(/('bootstrap.servers': )'[^']+'/, `$1'${fake.address}'`)
      .replace(/(tokenEndpoint: )(?:'[^']+'|`[^`]+`)/, `$1'${provider.tokenEndpoint}'`);
    expect(text).not.to.equal(snippet.code);
    const file = snippet.file.replace(/ts$/, 'mjs');
    return runText(file, text, { env: { ...env, NODE_EXTRA_CA_CERTS: certificates().authority.file } });
  }
});

/** The one message that is there. */
async function arrived({ inside }: FakeService): Promise<string> {
  await using consumer = new Consumer({ 'bootstrap.servers': inside, 'enable.auto.commit': false });
  const partitions = (await consumer.partitionsFor('orders')).map((partition) => ({ ...partition, offset: 0 }));
  await consumer.assign(partitions);
  for await (const message of consumer.messages({ until: 'end' })) return String(message.value);
  return 'nothing';
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** Why a token is no request to MSK that is signed with the secret (AWS Signature Version 4, in the query), or undefined. */
function whyNotSigned({ token }: Credentials): string | undefined {
  const url = new URL(Buffer.from(token!, 'base64url').toString());
  const fields = Object.fromEntries(url.searchParams);
  if (url.host !== 'kafka.eu-west-1.amazonaws.com' || fields.Action !== 'kafka-cluster:Connect')
    return 'another request';
  if (fields['X-Amz-Security-Token'] !== AWS.AWS_SESSION_TOKEN) return 'another session';
  const [id, ...scope] = fields['X-Amz-Credential']!.split('/');
  if (id !== AWS.AWS_ACCESS_KEY_ID) return 'an unknown key';
  const { 'X-Amz-Signature': signature, 'User-Agent': _, ...signed } = fields;
  const query = Object.keys(signed)
    .sort()
    .map((name) => `${encoded(name)}=${encoded(signed[name]!)}`)
    .join('&');
  const request = ['GET', '/', query, `host:${url.host}`, '', 'host', hash('')].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', signed['X-Amz-Date'], scope.join('/'), hash(request)].join('\n');
  const key = scope.reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${AWS.AWS_SECRET_ACCESS_KEY}`);
  return hmac(key, toSign).toString('hex') === signature ? undefined : 'Access denied: the signature is wrong';
}
