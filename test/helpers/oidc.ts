import { createSign, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What the endpoint answers to one request for a token. */
export interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  readonly delayMs?: number;
  readonly location?: string;
}

export interface TokenRequest {
  readonly headers: http.IncomingHttpHeaders;
  readonly fields: URLSearchParams;
}

/** An OIDC provider on this machine: a token endpoint, and the keys (JWKS) by which a broker checks what it signs. */
export class OidcProvider implements AsyncDisposable {
  readonly #keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  readonly #server: http.Server;
  readonly requests: TokenRequest[] = [];
  readonly issued: string[] = [];
  /** In place of a token. */
  answer: ((request: TokenRequest) => Answer | undefined) | undefined;
  seconds = 3600;
  claims: Record<string, unknown> = {};

  private constructor() {
    this.#server = http.createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
  }

  static async start(): Promise<OidcProvider> {
    const provider = new OidcProvider();
    provider.#server.listen(0, '127.0.0.1');
    await once(provider.#server, 'listening');
    return provider;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get tokenEndpoint(): string {
    return `${this.issuer}/token`;
  }

  get jwksEndpoint(): string {
    return `${this.issuer}/jwks`;
  }

  /** A token as the endpoint gives it. */
  token(): string {
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss: this.issuer, sub: 'orders', aud: 'kafka', iat, exp: this.#end(), ...this.claims };
    const signed = `${part({ alg: 'RS256', kid: 'one', typ: 'JWT' })}.${part(claims)}`;
    const token = `${signed}.${createSign('RSA-SHA256').update(signed).sign(this.#keys.privateKey, 'base64url')}`;
    this.issued.push(token);
    return token;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** Whole seconds: brokers take no others. */
  #end(): number {
    return Math.floor(Date.now() / 1000) + this.seconds;
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
    const json = (status: number, value: unknown, headers = {}) =>
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(typeof value === 'string' ? value : JSON.stringify(value));
    if (request.url === '/jwks') {
      const key = this.#keys.publicKey.export({ format: 'jwk' });
      json(200, { keys: [{ ...key, kid: 'one', use: 'sig', alg: 'RS256' }] });
      return;
    }
    const asked = { headers: request.headers, fields: new URLSearchParams(body) };
    this.requests.push(asked);
    const answer = this.answer?.(asked);
    if (answer?.delayMs) await new Promise((resolve) => setTimeout(resolve, answer.delayMs).unref());
    if (answer?.location) json(307, '', { location: answer.location });
    else if (answer) json(answer.status ?? 200, answer.body ?? '');
    else json(200, { access_token: this.token(), token_type: 'Bearer', expires_in: this.#end() - Date.now() / 1000 });
  }
}
