import { once } from 'node:events';
import net from 'node:net';
import { expect } from 'chai';
import { Admin, Consumer, type ConsumerConfig, KafkaError, Producer } from 'seekafka';
import { Attempts, MAX_MS } from '../helpers/attempts.js';
import { describeOwnKafka } from '../helpers/kafka.js';
import { RefusalClock } from '../helpers/refusal-clock.js';
import { rejection } from '../helpers/rejection.js';
import { awake, inTime } from '../helpers/wait.js';

// A wrong password, or a right that is missing, was an event; who had called waited for a minute, or for ever.

describeOwnKafka(
  'who is refused',
  (kafka) => {
    const topic = 'secret';
    const at = { topic, partition: 0 };
    const login = (name: string, password: string) => ({
      'bootstrap.servers': kafka().listeners['LOGIN']!,
      'security.protocol': 'sasl_plaintext' as const,
      'sasl.mechanism': 'PLAIN',
      'sasl.username': name,
      'sasl.password': password,
    });

    before('a topic', async () => {
      await using admin = new Admin({ 'bootstrap.servers': kafka().bootstrapServers });
      await admin.createTopics([{ topic, partitions: 1 }]);
    });

    let clock: RefusalClock;
    beforeEach(() => {
      clock = new RefusalClock();
    });

    /** All clients are made with this, and closed when the work is done. */
    async function withClients<T>(
      common: ReturnType<typeof login>,
      work: (clients: {
        producer: Producer;
        transactional: Producer;
        admin: Admin;
        consumer: (config?: Omit<ConsumerConfig, 'bootstrap.servers'>) => Consumer;
      }) => Promise<T>,
    ): Promise<T> {
      const open: (Admin | Consumer | Producer)[] = [];
      const noted = <C extends Admin | Consumer | Producer>(client: C): C => {
        open.push(client);
        return clock.watch(client);
      };
      try {
        return await work({
          producer: noted(new Producer(common)),
          transactional: noted(new Producer({ ...common, 'transactional.id': 'refused' })),
          admin: noted(new Admin(common)),
          consumer: (config = {}) => noted(new Consumer({ ...common, 'group.id': 'refused', ...config })),
        });
      } finally {
        await Promise.all(open.map((client) => client.close({ timeoutMs: 500 })));
      }
    }

    /** What each rejects with, soon after the refusal. All are asked at once. */
    async function refusals(calls: Readonly<Record<string, Promise<unknown>>>): Promise<Record<string, KafkaError>> {
      const begun = awake();
      const rows = Object.entries(calls).map(async ([name, called]) => {
        const error = (await inTime(rejection(called), name)) as KafkaError;
        clock.expectSoon(error, begun, name);
        expect(error, name).to.be.instanceOf(KafkaError);
        return [name, error] as const;
      });
      return Object.fromEntries(await Promise.all(rows));
    }

    const loop = async (consumer: Consumer, begin: Promise<void>) => {
      await begin;
      for await (const _ of consumer) break;
    };

    it('by its password: all that waits rejects, with the words of the broker', async () => {
      await withClients(login('eve', 'wrong'), async ({ producer, transactional, admin, consumer }) => {
        const waiting = consumer();
        const sought = waiting.seekToEnd();
        const errors = await refusals({
          send: producer.send({ topic, value: 'x' }),
          'send of several': producer.send([{ topic, partition: 0, value: 'x' }]),
          initTransactions: transactional.initTransactions(),
          transaction: transactional.transaction((tx) => tx.send({ topic, value: 'x' })),
          listTopics: admin.listTopics(),
          createTopics: admin.createTopics([{ topic: 'other' }]),
          endOffsets: consumer().endOffsets([at]),
          committed: consumer().committed([at]),
          commit: consumer().commit([{ ...at, offset: 1 }]),
          'a loop': loop(waiting, waiting.subscribe(topic)),
          'a seek that waits for an assignment': sought,
        });
        for (const [name, error] of Object.entries(errors)) {
          expect(error.code, name).to.equal('ERR__AUTHENTICATION');
          expect(error.message, name).to.include('Authentication failed: Invalid username or password');
        }
        expect(errors.send!.cause).to.be.instanceOf(KafkaError).and.include({ code: 'ERR__AUTHENTICATION' });
        // A later call tries again, and is told again.
        const later = await refusals({ send: producer.send({ topic, value: 'x' }), listTopics: admin.listTopics() });
        expect(later.send!.code).to.equal('ERR__AUTHENTICATION');
        expect(later.listTopics!.code).to.equal('ERR__AUTHENTICATION');
      });
    });

    it('by its password: a consumer and a producer come less and less often', async () => {
      const [host, port] = kafka().listeners['LOGIN']!.split(':');
      for (const Kind of [Consumer, Producer]) {
        const attempts = new Attempts();
        const sockets = new Set<net.Socket>();
        const proxy = net.createServer((socket) => {
          attempts.note();
          const broker = net.connect(Number(port), host);
          for (const one of [socket, broker]) sockets.add(one.on('error', () => undefined));
          socket.pipe(broker).pipe(socket);
        });
        proxy.listen(0, '127.0.0.1');
        await once(proxy, 'listening');
        const client = new Kind({
          ...login('eve', 'wrong'),
          'bootstrap.servers': `127.0.0.1:${(proxy.address() as net.AddressInfo).port}`,
          'reconnect.backoff.max.ms': MAX_MS,
        });
        attempts.watch(client);
        const asked: Promise<unknown> =
          client instanceof Producer ? client.send({ topic, value: Buffer.from('x') }) : client.endOffsets([at]);
        asked.catch(() => undefined);
        try {
          await attempts.expectModest(client instanceof Consumer ? 2 : 1);
        } finally {
          await client.close({ timeoutMs: 500 });
          for (const socket of sockets) socket.destroy();
          proxy.close();
        }
      }
    });

    for (const [protocol, config] of [
      ['range', {}],
      ['cooperative-sticky', { 'partition.assignment.strategy': 'cooperative-sticky' }],
      ['consumer', { 'group.protocol': 'consumer' as const }],
    ] as const) {
      it(`by its rights: the error is the right that is missing (${protocol})`, async () => {
        await withClients(login('eve', 'secret'), async ({ producer, transactional, admin, consumer }) => {
          const member = consumer(config);
          const other = consumer(config);
          const byHand = consumer(config);
          const sought = other.seekToEnd();
          const errors = await refusals({
            send: producer.send({ topic, value: 'x' }),
            endOffsets: consumer().endOffsets([at]),
            offsetsForTimes: consumer().offsetsForTimes([{ ...at, timestamp: 1 }]),
            seekToEnd: byHand.assign([{ ...at, offset: 0 }]).then(() => byHand.seekToEnd()),
            'a loop over what is assigned': loop(byHand, byHand.assign([{ ...at, offset: 0 }])),
            describeTopics: admin.describeTopics([topic]),
          });
          for (const [name, { code, message }] of Object.entries(errors)) {
            expect(code, name).to.equal('ERR_TOPIC_AUTHORIZATION_FAILED');
            expect(message, name).to.include(topic);
          }
          const ofGroup = await refusals({
            committed: consumer().committed([at]),
            commit: consumer().commit([{ ...at, offset: 1 }]),
            'a loop': loop(member, member.subscribe(topic)),
            'a seek that waits for an assignment': other.subscribe(topic).then(() => sought),
          });
          // Which of the two it lacks first, the order of the answers decides.
          const either = /^ERR_(GROUP|TOPIC)_AUTHORIZATION_FAILED$/;
          expect(ofGroup.committed!.code).to.equal('ERR_GROUP_AUTHORIZATION_FAILED');
          expect(ofGroup.commit!.code).to.equal('ERR_GROUP_AUTHORIZATION_FAILED');
          for (const [name, { code, message }] of Object.entries(ofGroup)) {
            expect(code, name).to.match(either);
            if (code.startsWith('ERR_GROUP')) expect(message, name).to.include('group refused: ');
          }
          const { initTransactions } = await refusals({ initTransactions: transactional.initTransactions() });
          expect(initTransactions!.code).to.equal('ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
        });
      });
    }
  },
  {
    listeners: { LOGIN: 'SASL_PLAINTEXT' },
    properties: {
      'sasl.enabled.mechanisms': 'PLAIN',
      'listener.name.login.plain.sasl.jaas.config':
        'org.apache.kafka.common.security.plain.PlainLoginModule required user_eve="secret";',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
    },
  },
);
