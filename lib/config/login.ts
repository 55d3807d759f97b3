// How a client logs in, by its configuration.

import { describeValue } from '../arguments/values.js';

/** By nothing of SASL, by a name and a password, or by tokens. */
export type Login = 'none' | 'password' | 'token';

type Given = (name: string) => { readonly key: string; readonly value: string | number | boolean } | undefined;

const LOGINS = "'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512' or 'OAUTHBEARER'";

/**
 * @param given what the caller configures, by its name that is no alias
 * @param hasTokens the client has the option oauthBearerToken
 * @throws TypeError for a login that could never come about
 */
export function loginOf(given: Given, hasTokens: boolean): Login {
  const protocol = String(given('security.protocol')?.value ?? 'plaintext');
  const mechanism = given('sasl.mechanisms');
  const isSasl = protocol.startsWith('sasl_');
  const isToken = mechanism?.value === 'OAUTHBEARER';
  const key = `config['${mechanism?.key ?? 'sasl.mechanism'}']`;
  if (isToken && !hasTokens) {
    throw new TypeError(
      `${key}: OAUTHBEARER logs in with tokens: give the constructor the option oauthBearerToken beside the configuration, ` +
        'an async function that returns one',
    );
  }
  if (hasTokens && !isToken) {
    const got = describeValue(mechanism?.value);
    throw new TypeError(`${key}: expected 'OAUTHBEARER' beside the option oauthBearerToken, got ${got}`);
  }
  if (hasTokens && !isSasl) {
    const got = describeValue(given('security.protocol')?.value);
    throw new TypeError(
      `config['security.protocol']: expected 'sasl_ssl' or 'sasl_plaintext' beside the option oauthBearerToken, got ${got}`,
    );
  }
  if (!isSasl) return 'none';
  if (mechanism?.value === 'GSSAPI') {
    throw new TypeError(`${key}: expected ${LOGINS}, got 'GSSAPI' (Kerberos), which is not built in`);
  }
  if (!mechanism)
    throw new TypeError(`${key}: expected ${LOGINS} beside 'security.protocol' '${protocol}', got nothing`);
  return isToken ? 'token' : 'password';
}
