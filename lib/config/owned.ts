// The properties of librdkafka that a configuration cannot have.

/** librdkafka's own OIDC needs libcurl. */
const oidc =
  'tokens come from the option oauthBearerToken of the constructor; clientCredentials({ tokenEndpoint, clientId, clientSecret }) makes one for OIDC';
/** librdkafka makes such a token once, and never again. */
const unsecured = 'the option oauthBearerToken of the constructor gives the tokens, unsecured ones too';

/**
 * What cannot be configured, because seekafka decides it, and what to do instead. librdkafka's callbacks are refused
 * too; those that have an equivalent here are told it.
 */
export const ownedProperties = {
  'auto.commit.enable': "use 'enable.auto.commit'",
  'consume.callback.max.messages': 'see maxMessages of batches()',
  'delivery.report.only.error': 'send() resolves by the delivery report, so every message needs one',
  'enable.auto.offset.store': "seekafka stores what was processed; to commit by hand set 'enable.auto.commit' to false",
  'enable.partition.eof': 'see lag(): it is 0 at the end of the log',
  enabled_events: 'seekafka takes the events that it needs',
  'enable.sasl.oauthbearer.unsecure.jwt': unsecured,
  'internal.termination.signal': 'the signal handlers of the process belong to Node.js',
  'log.queue': 'seekafka takes the log and gives it as events',
  'max.poll.records': 'it is of share groups only; see maxMessages of batches()',
  'offset.store.method': 'offsets are kept by the broker',
  'offset.store.path': 'offsets are kept by the broker',
  'offset.store.sync.interval.ms': 'offsets are kept by the broker',
  'plugin.library.paths': 'plugins bring native code and callbacks that seekafka knows nothing of',
  'https.ca.location': oidc,
  'https.ca.pem': oidc,
  'sasl.oauthbearer.assertion.algorithm': oidc,
  'sasl.oauthbearer.assertion.claim.aud': oidc,
  'sasl.oauthbearer.assertion.claim.exp.seconds': oidc,
  'sasl.oauthbearer.assertion.claim.iss': oidc,
  'sasl.oauthbearer.assertion.claim.jti.include': oidc,
  'sasl.oauthbearer.assertion.claim.nbf.seconds': oidc,
  'sasl.oauthbearer.assertion.claim.sub': oidc,
  'sasl.oauthbearer.assertion.file': oidc,
  'sasl.oauthbearer.assertion.jwt.template.file': oidc,
  'sasl.oauthbearer.assertion.private.key.file': oidc,
  'sasl.oauthbearer.assertion.private.key.passphrase': oidc,
  'sasl.oauthbearer.assertion.private.key.pem': oidc,
  'sasl.oauthbearer.client.credentials.client.id': oidc,
  'sasl.oauthbearer.client.credentials.client.secret': oidc,
  'sasl.oauthbearer.client.id': oidc,
  'sasl.oauthbearer.client.secret': oidc,
  'sasl.oauthbearer.config': unsecured,
  'sasl.oauthbearer.extensions': oidc,
  'sasl.oauthbearer.grant.type': oidc,
  'sasl.oauthbearer.metadata.authentication.type': oidc,
  'sasl.oauthbearer.method': oidc,
  'sasl.oauthbearer.scope': oidc,
  'sasl.oauthbearer.sub.claim.name': oidc,
  'sasl.oauthbearer.token.endpoint.url': oidc,
  'share.acknowledgement.mode': 'it is of share groups only',
  consume_cb: 'iterate over the consumer',
  dr_cb: 'send() resolves with the delivery report',
  dr_msg_cb: 'send() resolves with the delivery report',
  offset_commit_cb: 'commit() resolves when it is done',
  partitioner_cb: "give the message a partition, or choose by 'partitioner'",
  oauthbearer_token_refresh_cb: 'give the constructor the option oauthBearerToken',
  rebalance_cb: 'give subscribe() a listener',
} as const satisfies Record<string, string>;
