/**
 * For `oauthBearerToken` to reject with: the client is refused a token, and trying again will not mend it (a wrong secret, as a rule).
 * What waits for a login then rejects within a second, with ERR__AUTHENTICATION and this error as the `cause` of the cause, unless the
 * client has a connection. After any other error it goes on waiting. The callback is called again in both cases.
 *
 * clientCredentials() rejects with it where the endpoint answers by a status of 400 to 499, but for 408, 425 and 429.
 */
export class TokenRefusedError extends Error {
  override readonly name = 'TokenRefusedError';
}
