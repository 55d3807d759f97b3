// Tokens by the client credentials grant of OAuth 2.0 (RFC 6749, 4.4), as OIDC providers have it, over Node's fetch.

import { secretText, tokenExtensions } from '../arguments/login.js';
import type { OauthBearerToken, OauthBearerTokenCallback } from '../arguments/options.js';
import { isObject, isPlainObject, knownKeys, timeoutMs, typeError } from '../arguments/values.js';
import { clearTimeout, setTimeout } from './timers.js';
import { TokenRefusedError } from './token-refused-error.js';

const TIMEOUT_MS = 10_000;
/** So many characters of what an endpoint says stand in an error. */
const LONGEST_REASON = 200;

/** Options of clientCredentials(). */
export interface ClientCredentialsOptions {
  /** The URL of the endpoint, as `https://id.example.org/oauth2/token`. A redirection of it is an error. */
  tokenEndpoint: string | URL;
  clientId: string;
  clientSecret: string;
  /** Scopes, as one string with spaces between them or as an array. */
  scope?: string | readonly string[] | undefined;
  /** For whom the token is, where the provider wants to know (`audience`). */
  audience?: string | undefined;
  /** More fields of the request, as the provider wants them (`resource`, ...). */
  parameters?: Readonly<Record<string, string>> | undefined;
  /** SASL extensions for the broker (KIP-342), as `{ logicalCluster: 'lkc-1', identityPoolId: 'pool-1' }` of Confluent Cloud. */
  extensions?: Readonly<Record<string, string>> | undefined;
  /**
   * How id and secret are sent: in the header `Authorization` (`basic`, which every provider has to know), or as fields of the
   * request (`body`). Default: `basic`.
   */
  authentication?: 'basic' | 'body' | undefined;
  /** Whom the token is for. Default: the claim `sub` of the token where it is a JWT, else `clientId`. */
  principal?: string | undefined;
  /** An answer that takes longer counts as failed. Default: 10,000. */
  timeoutMs?: number | undefined;
  /** In place of Node's own, for a proxy or an authority of one's own. */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

const KEYS: readonly (keyof ClientCredentialsOptions)[] = [
  'tokenEndpoint',
  'clientId',
  'clientSecret',
  'scope',
  'audience',
  'parameters',
  'extensions',
  'authentication',
  'principal',
  'timeoutMs',
  'fetch',
];

interface Checked {
  /** For error messages: without what may be a secret in it. */
  readonly name: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly secrets: readonly string[];
  readonly clientId: string;
  readonly principal: string | undefined;
  readonly extensions: Readonly<Record<string, string>> | undefined;
  readonly timeoutMs: number;
  readonly fetch: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

/**
 * Makes a callback for the option `oauthBearerToken`, which fetches tokens from an OIDC provider by the client credentials grant.
 * One may be given to several clients; each fetches its own tokens. Where the endpoint refuses, it rejects with a TokenRefusedError. No error of it has a part of the secret or of a token in it.
 *
 * @throws TypeError, RangeError for a wrong option
 */
export function clientCredentials(options: ClientCredentialsOptions): OauthBearerTokenCallback {
  const checked = check(options);
  return async function oauthBearerToken({ signal }): Promise<OauthBearerToken> {
    const begun = Date.now();
    const answer = await ask(checked, signal);
    return tokenOf(checked, answer, begun);
  };
}

function check(options: unknown): Checked {
  if (!isPlainObject(options)) throw typeError('options', 'an object', options);
  const given = knownKeys(options, 'options', KEYS);
  const url = endpoint(given.tokenEndpoint);
  const clientId = secretText(given.clientId, 'options.clientId');
  const clientSecret = secretText(given.clientSecret, 'options.clientSecret');
  const { authentication = 'basic', fetch } = given;
  if (authentication !== 'basic' && authentication !== 'body') {
    throw typeError('options.authentication', "'basic' or 'body'", authentication);
  }
  if (fetch !== undefined && typeof fetch !== 'function') throw typeError('options.fetch', 'a function', fetch);
  const fields = new URLSearchParams({ grant_type: 'client_credentials' });
  const scope = Array.isArray(given.scope)
    ? given.scope.map((one, i) => secretText(one, `options.scope[${i}]`)).join(' ')
    : optionalText(given.scope, 'options.scope', 'a string or an array of strings');
  if (scope) fields.set('scope', scope);
  const audience = optionalText(given.audience, 'options.audience');
  if (audience) fields.set('audience', audience);
  const { parameters = {} } = given;
  if (!isPlainObject(parameters)) throw typeError('options.parameters', 'an object of strings', parameters);
  for (const [key, value] of Object.entries(parameters)) {
    fields.set(key, secretText(value, `options.parameters.${key}`));
  }
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  };
  if (authentication === 'basic') {
    const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  } else {
    fields.set('client_id', clientId);
    fields.set('client_secret', clientSecret);
  }
  tokenExtensions(given.extensions, 'options.extensions');
  return {
    name: `${url.origin}${url.pathname}`,
    url: url.href,
    headers,
    body: fields.toString(),
    secrets: [clientSecret, encodeURIComponent(clientSecret), ...Object.values(parameters as Record<string, string>)],
    clientId,
    principal: optionalText(given.principal, 'options.principal'),
    extensions: given.extensions === undefined ? undefined : { ...(given.extensions as Record<string, string>) },
    timeoutMs: timeoutMs(given.timeoutMs, 'options.timeoutMs') ?? TIMEOUT_MS,
    fetch: fetch as Checked['fetch'],
  };
}

const optionalText = (value: unknown, argument: string, what?: string): string | undefined =>
  value === undefined ? undefined : secretText(value, argument, what);

/** A URL may have a secret in it: no message quotes it. */
function endpoint(value: unknown): URL {
  const what = 'the URL of the token endpoint, http: or https:, without a user';
  const text = value instanceof URL ? value.href : value;
  if (typeof text !== 'string') throw typeError('options.tokenEndpoint', what, value);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new RangeError(`options.tokenEndpoint: expected ${what}`);
  }
  return url;
}

/** The fields of the answer. */
async function ask(checked: Checked, signal: AbortSignal): Promise<Record<string, unknown>> {
  const { name, url, headers, body, timeoutMs } = checked;
  signal.throwIfAborted();
  const controller = new AbortController();
  const stop = () => controller.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    controller.abort();
  }, timeoutMs);
  let response: Response;
  let text: string;
  try {
    const fetch = checked.fetch ?? globalThis.fetch;
    response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'error', // the secret is for this endpoint alone
      signal: controller.signal,
    });
    text = await response.text();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (late) throw new Error(`${name} did not answer within ${timeoutMs} ms`);
    throw new Error(`${name} cannot be asked for a token: ${withoutSecrets(checked, whyOf(error))}`, { cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
  const answer = parsed(text);
  if (!response.ok) {
    const said = [answer?.error, answer?.error_description].filter((one) => typeof one === 'string' && one !== '');
    const reason = withoutSecrets(checked, said.join(': ') || response.statusText);
    const text = `${name} answered ${response.status}${reason && `: ${reason}`}`;
    throw isRefusal(response.status) ? new TokenRefusedError(text) : new Error(text);
  }
  if (!answer) throw new Error(`${name} answered ${response.status} with what is no JSON object`);
  return answer;
}

/** The request is wrong, and will be: a secret, a scope. (408, 425, 429: too late, too early, too often.) */
const isRefusal = (status: number): boolean => status >= 400 && status < 500 && ![408, 425, 429].includes(status);

function tokenOf(checked: Checked, answer: Record<string, unknown>, begun: number): OauthBearerToken {
  const { name, clientId, principal, extensions } = checked;
  const { access_token: value, expires_in: seconds } = answer;
  if (typeof value !== 'string' || value === '') throw new Error(`${name} answered without an access_token`);
  const claims = claimsOf(value);
  const ends: number[] = [];
  if (isSeconds(seconds)) ends.push(begun + Number(seconds) * 1000);
  else if (typeof claims?.exp === 'number') ends.push(claims.exp * 1000);
  if (!ends.length) throw new Error(`${name} gave a token without saying when it ends (expires_in, or a claim exp)`);
  const subject = typeof claims?.sub === 'string' && claims.sub !== '' ? claims.sub : clientId;
  return { value, expiresAt: new Date(ends[0]!), principal: principal ?? subject, extensions };
}

/** Some providers send it as a string. */
const isSeconds = (value: unknown): boolean =>
  (typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value))) && Number(value) > 0;

/** What a JWT says; undefined of another kind of token. */
function claimsOf(token: string): Record<string, unknown> | undefined {
  const [, payload, signature] = token.split('.');
  return signature === undefined ? undefined : parsed(Buffer.from(payload!, 'base64url').toString());
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined; // the error of JSON.parse quotes the text, which may have a token in it
  }
}

/** `fetch failed` tells nothing: what failed is the cause. */
function whyOf(error: unknown): string {
  const { message, cause } = error as { message?: unknown; cause?: { message?: unknown; code?: unknown } };
  const said = [cause?.message, cause?.code, message].filter((text) => typeof text === 'string' && text !== '');
  return (said as string[])[0] ?? 'no reason was given';
}

function withoutSecrets({ secrets }: Checked, text: string): string {
  let shown = text;
  for (const secret of secrets) shown = shown.replaceAll(secret, '***');

  shown = shown.replaceAll(/[\x00-\x1f\x7f]+/g, ' ').trim();
  return shown.length > LONGEST_REASON ? `${shown.slice(0, LONGEST_REASON - 3)}...` : shown;
}
