import { inspect } from 'node:util';
import { expect } from 'chai';
import { type ClientCredentialsOptions, clientCredentials } from '../../lib/client/client-credentials.js';
import { type Answer, OidcProvider } from '../helpers/oidc.js';
import { rejection } from '../helpers/rejection.js';
import { inTime } from '../helpers/wait.js';

const SECRET = 's3cr~t&+=%';
const open = () => ({ signal: new AbortController().signal });

describe('tokens by client credentials', () => {
  let provider: OidcProvider;
  before(async () => {
    provider = await OidcProvider.start();
  });
  after(() => provider[Symbol.asyncDispose]());
  afterEach(() => {
    provider.answer = undefined;
    provider.claims = {};
    provider.requests.length = 0;
  });

  const options = (more: Partial<ClientCredentialsOptions> = {}): ClientCredentialsOptions => ({
    tokenEndpoint: provider.tokenEndpoint,
    clientId: 'orders:1',
    clientSecret: SECRET,
    ...more,
  });

  it('are asked for as RFC 6749 says, with the secret in the header', async () => {
    const give = clientCredentials(
      options({
        scope: ['a', 'b'],
        audience: 'kafka',
        parameters: { resource: 'r' },
        extensions: { logicalCluster: 'l' },
      }),
    );
    const begun = Date.now();
    const token = await inTime(give(open()));
    const { headers, fields } = provider.requests[0]!;
    const [id, secret] = Buffer.from(headers.authorization!.slice('Basic '.length), 'base64').toString().split(':');
    expect([id, secret].map((text) => decodeURIComponent(text!))).to.deep.equal(['orders:1', SECRET]);
    expect(Object.fromEntries(fields)).to.deep.equal({
      grant_type: 'client_credentials',
      scope: 'a b',
      audience: 'kafka',
      resource: 'r',
    });
    expect(token).to.deep.include({
      value: provider.issued.at(-1),
      principal: 'orders',
      extensions: { logicalCluster: 'l' },
    });
    expect(Number(token.expiresAt)).to.be.within(begun + 3_599_000, Date.now() + 3_600_000);
  });

  it('or in the body, for providers that want it there', async () => {
    await inTime(clientCredentials(options({ authentication: 'body', scope: 'x' }))(open()));
    const { headers, fields } = provider.requests[0]!;
    expect(headers.authorization).to.equal(undefined);
    expect(fields.get('client_secret')).to.equal(SECRET);
    expect(fields.get('client_id')).to.equal('orders:1');
  });

  it('may be opaque: they are for the client then; or say by a claim alone when they end', async () => {
    provider.answer = () => ({ body: { access_token: 'opaque', expires_in: '60' } });
    expect(await inTime(clientCredentials(options())(open()))).to.include({ value: 'opaque', principal: 'orders:1' });
    provider.answer = () => ({ body: { access_token: provider.token() } });
    const token = await inTime(clientCredentials(options({ principal: 'me' }))(open()));
    expect(token.principal).to.equal('me');
    expect(Number(token.expiresAt)).to.be.above(Date.now());
  });

  const refusals: Record<string, [answer: () => Answer, message: RegExp]> = {
    'an error of OAuth': [
      () => ({ status: 401, body: { error: 'invalid_client', error_description: `not ${SECRET}\n!` } }),
      /\/token answered 401: invalid_client: not \*\*\* !$/,
    ],
    'another error': [() => ({ status: 503, body: '<html>SECRET-PAGE' }), /\/token answered 503: Service Unavailable$/],
    'no JSON': [() => ({ body: 'SECRET-PAGE' }), /answered 200 with what is no JSON object$/],
    'no token': [() => ({ body: { id_token: 'SECRET-PAGE' } }), /answered without an access_token$/],
    'a token without an end': [() => ({ body: { access_token: 'SECRET-PAGE' } }), /without saying when it ends/],
    'another place': [
      () => ({ location: 'http://127.0.0.1:1/other' }),
      /\/token cannot be asked for a token: .*redirect/,
    ],
  };
  for (const [what, [answer, message]] of Object.entries(refusals)) {
    it(`that are answered with ${what} are an error that says so, without a secret`, async () => {
      provider.answer = answer;
      const error = await inTime(rejection(clientCredentials(options())(open())));
      expect((error as Error).message).to.match(message);
      expect(inspect(error)).not.to.include(SECRET);
      expect(inspect(error)).not.to.include('SECRET-PAGE');
      expect(provider.requests).to.have.length(1);
    });
  }

  it('that nobody answers are an error after the time limit, or at once where nobody listens', async () => {
    provider.answer = () => ({ delayMs: 60_000 });
    const slow = await inTime(rejection(clientCredentials(options({ timeoutMs: 50 }))(open())));
    expect((slow as Error).message).to.match(/\/token did not answer within 50 ms$/);
    const nobody = options({ tokenEndpoint: 'http://127.0.0.1:1/token?key=hidden' });
    const down = await inTime(rejection(clientCredentials(nobody)(open())));
    expect((down as Error).message).to.match(
      /^http:\/\/127\.0\.0\.1:1\/token cannot be asked for a token: .*(ECONNREFUSED|bad port)/,
    );
  });

  it('that are not waited for any more end with the reason of the signal', async () => {
    provider.answer = () => ({ delayMs: 60_000 });
    const controller = new AbortController();
    const asked = rejection(clientCredentials(options())(controller));
    const reason = new Error('closed');
    controller.abort(reason);
    expect(await inTime(asked)).to.equal(reason);
    expect(await inTime(rejection(clientCredentials(options())(controller)))).to.equal(reason);
  });

  it('are asked for by a fetch of the caller’s', async () => {
    const urls: string[] = [];
    const give = clientCredentials(
      options({
        fetch: (url, init) => {
          urls.push(url);
          return fetch(url, init);
        },
      }),
    );
    await inTime(give(open()));
    expect(urls).to.deep.equal([provider.tokenEndpoint]);
    expect(inspect(give, { showHidden: true, depth: 5 })).not.to.include(SECRET);
  });

  it('are not made of wrong options, which no message quotes where they may be secrets', () => {
    const wrong: [Partial<Record<keyof ClientCredentialsOptions | 'clientKey', unknown>>, string][] = [
      [{ tokenEndpoint: 'id.example.org/SECRET' }, 'options.tokenEndpoint: expected the URL'],
      [{ tokenEndpoint: 'ftp://id.example.org' }, 'options.tokenEndpoint: expected the URL'],
      [{ tokenEndpoint: 'https://u:SECRET@id.example.org' }, 'options.tokenEndpoint: expected the URL'],
      [{ clientId: '' }, 'options.clientId: expected a string, got an empty string'],
      [{ clientSecret: undefined }, 'options.clientSecret: expected a string, got undefined'],
      [{ clientSecret: { SECRET: 1 } }, 'options.clientSecret: expected a string, got an object'],
      [{ scope: 5 }, 'options.scope: expected a string or an array of strings, got a number'],
      [{ scope: ['a', 5] }, 'options.scope[1]: expected a string'],
      [{ authentication: 'header' }, "options.authentication: expected 'basic' or 'body'"],
      [{ parameters: { a: 1 } }, 'options.parameters.a: expected a string'],
      [{ extensions: { 'a-b': 'x' } }, 'options.extensions: expected names of letters'],
      [{ timeoutMs: -1 }, 'options.timeoutMs: expected milliseconds'],
      [{ fetch: 'x' }, 'options.fetch: expected a function'],
      [{ clientKey: 'x' }, "options: unknown key 'clientKey'"],
    ];
    for (const [more, message] of wrong) {
      const make = () => clientCredentials(options(more as Partial<ClientCredentialsOptions>));
      expect(make, message).to.throw(message);
      expect(make, message).not.to.throw('SECRET');
    }
    expect(() => clientCredentials(undefined as never)).to.throw(TypeError, 'options: expected an object');
  });
});
