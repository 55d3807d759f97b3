import type { StartKafkaOptions } from '../../scripts/kafka.mjs';
import { Certificates } from './certificates.js';
import { unsecuredTokenProperties } from './tokens.js';

// One Kafka with a listener for each way to log in.

export const PASSWORD = { alice: 'alice-secret', bob: 'bob-secret' } as const;

/** What the listeners of a secured Kafka are made of. */
export class Secured implements Disposable {
  readonly certificates = new Certificates();
  readonly authority = this.certificates.make('authority', ['DNS:authority.invalid']);
  readonly stranger = this.certificates.make('stranger', ['DNS:stranger.invalid']);
  readonly #server = this.certificates.make('server', ['IP:127.0.0.1'], { issuer: this.authority });
  readonly #expired = this.certificates.make('expired', ['IP:127.0.0.1'], { issuer: this.authority, days: -1 });
  readonly client = this.certificates.make('client', ['DNS:client.invalid'], { issuer: this.authority });
  readonly expiredClient = this.certificates.make('expired-client', ['DNS:client.invalid'], {
    issuer: this.authority,
    days: -1,
  });
  readonly strangeClient = this.certificates.make('strange-client', ['DNS:client.invalid'], { issuer: this.stranger });

  /** alice may do everything, and so may who does not log in by a name; bob may do nothing. */
  options(): StartKafkaOptions {
    const tls = (name: string, store: string) => ({
      [`listener.name.${name}.ssl.keystore.type`]: 'PEM',
      [`listener.name.${name}.ssl.keystore.location`]: store,
      [`listener.name.${name}.ssl.truststore.type`]: 'PEM',
      [`listener.name.${name}.ssl.truststore.location`]: this.authority.file,
    });
    const passwords = (name: string) => ({
      [`listener.name.${name}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      [`listener.name.${name}.plain.sasl.jaas.config`]:
        'org.apache.kafka.common.security.plain.PlainLoginModule required ' +
        `${Object.entries(PASSWORD)
          .map(([user, password]) => `user_${user}="${password}"`)
          .join(' ')};`,
      [`listener.name.${name}.scram-sha-256.sasl.jaas.config`]: SCRAM,
      [`listener.name.${name}.scram-sha-512.sasl.jaas.config`]: SCRAM,
    });
    const server = this.certificates.store(this.#server);
    return {
      listeners: {
        TLS: 'SSL',
        TLS12: 'SSL',
        TLS13: 'SSL',
        MUTUAL: 'SSL',
        EXPIRED: 'SSL',
        SASL: 'SASL_PLAINTEXT',
        SASLTLS: 'SASL_SSL',
        AGAIN: 'SASL_PLAINTEXT',
        TOKENS: 'SASL_PLAINTEXT',
      },
      scramUsers: PASSWORD,
      properties: {
        ...tls('tls', server),
        ...tls('tls12', server),
        'listener.name.tls12.ssl.enabled.protocols': 'TLSv1.2',
        ...tls('tls13', server),
        'listener.name.tls13.ssl.enabled.protocols': 'TLSv1.3',
        ...tls('mutual', server),
        'listener.name.mutual.ssl.client.auth': 'required',
        ...tls('expired', this.certificates.store(this.#expired)),
        ...tls('sasltls', server),
        ...passwords('sasl'),
        ...passwords('sasltls'),
        ...passwords('again'),
        'listener.name.again.scram-sha-256.connections.max.reauth.ms': 2000,
        ...unsecuredTokenProperties('TOKENS'),
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:ANONYMOUS;User:alice;User:CN=client',
        // A refused login is answered at once, and not after a pause.
        'connection.failed.authentication.delay.ms': 0,
      },
    };
  }

  [Symbol.dispose](): void {
    this.certificates[Symbol.dispose]();
  }
}

const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
