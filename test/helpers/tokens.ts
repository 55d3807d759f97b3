import type { OauthBearerToken } from 'seekafka';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token that a broker takes without a signature (KIP-255), for so many seconds. */
export function unsecuredToken(principal: string, seconds = 3600): OauthBearerToken {
  const now = Date.now() / 1000;
  const claims = { sub: principal, iat: now, exp: now + seconds };
  const value = `${part({ alg: 'none' })}.${part(claims)}.`;
  return { value, expiresAt: claims.exp * 1000, principal };
}

/** What a Kafka needs for a listener that takes them. */
export const unsecuredTokenProperties = (
  listener: string,
  maxReauthMs = 3_600_000,
): Record<string, string | number> => {
  const prefix = `listener.name.${listener.toLowerCase()}`;
  return {
    [`${prefix}.sasl.enabled.mechanisms`]: 'OAUTHBEARER',
    [`${prefix}.oauthbearer.sasl.jaas.config`]:
      'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";',
    [`${prefix}.oauthbearer.connections.max.reauth.ms`]: maxReauthMs,
  };
};

/** A consumer's, producer's or admin client's configuration for it. */
export const tokenConfig = (bootstrapServers: string) =>
  ({
    'bootstrap.servers': bootstrapServers,
    'security.protocol': 'sasl_plaintext',
    'sasl.mechanism': 'OAUTHBEARER',
  }) as const;
