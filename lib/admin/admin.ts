import { type ClientRecord, type NativeClient, native } from '../../binding/native.js';
import { clientOptions } from '../arguments/login.js';
import type {
  ClientOptions,
  TimeoutOptions,
  TopicPartition,
  TopicPartitionOffset,
  WaitOptions,
} from '../arguments/options.js';
import { timeoutOptions, waitOptions } from '../arguments/values.js';
import { Client, type ClientEvents } from '../client/client.js';
import { CLOSE_TIMEOUT_MS, ClientCore } from '../client/client-core.js';
import { connectClient } from '../client/connecting.js';
import { connects, requests, traced } from '../client/diagnostics.js';
import type { Health } from '../client/health.js';
import { delay } from '../client/timers.js';
import { LATER_MS } from '../client/waits.js';
import { type AdminConfig, normalizeConfig } from '../config/config.js';
import type { Login } from '../config/login.js';
import { call } from '../errors.js';
import * as ofAcls from './acls.js';
import * as ofCluster from './cluster.js';
import * as ofConfigs from './configs.js';
import * as ofGroups from './groups.js';
import type { DescribeOptions } from './nodes.js';
import * as ofOffsets from './offsets.js';
import type { Request } from './request.js';
import * as ofScram from './scram.js';
import * as ofTopics from './topics.js';

/** Options of an admin client. */
export type AdminOptions = ClientOptions;

/** The longest time limit that librdkafka takes for a request. */
const LONGEST_MS = 3_600_000;

/**
 * The administration of a cluster.
 *
 * Each method takes `timeoutMs` (default: `socket.timeout.ms`) and `signal` as its last argument. What is asked about several
 * things gives the results in the order asked. Where some of them fail, the others are done nevertheless, and the method
 * rejects with one KafkaError: it has the code of the first that failed, its message names all that did, `partitions` and
 * `groups` list those that are topics, partitions or groups, and `items` tells what became of each in the order asked.
 */
export class Admin extends Client<ClientEvents> {
  readonly #core: ClientCore<ClientRecord, NativeClient>;
  readonly #timeoutMs: number;
  readonly #login: Login;

  /**
   * @param config librdkafka's configuration: `'bootstrap.servers'`, ...
   * @param options `oauthBearerToken`, `logger`
   * @throws TypeError, RangeError for a key that does not exist or a value that is refused.
   */
  constructor(config: AdminConfig, options: AdminOptions = {}) {
    const { oauthBearerToken, logger } = clientOptions(options);
    const { native: pairs, settings } = normalizeConfig('admin', config, oauthBearerToken !== undefined);
    super();
    this.#core = new ClientCore('Admin', native.Client, pairs, { oauthBearerToken, logger });
    this.#core.attach(this);
    this.#timeoutMs = settings.socketTimeoutMs;
    this.#login = settings.login;
  }

  /**
   * Resolves as soon as a broker answers. Never needed: every call connects by itself. It shows early what is wrong with the
   * configuration: it rejects as soon as all brokers are known to be down, or a second after one has refused the client.
   * (rd_kafka_metadata of no topic)
   *
   * @param options `timeoutMs`, default `socket.timeout.ms`; `signal`
   * @throws KafkaError with the code and the words of the reason, which is its `cause`: ERR__AUTHENTICATION (login, token), ERR__SSL
   * (certificate), ERR__TRANSPORT, ERR__RESOLVE, ...; ERR__TIMED_OUT. A later call tries again
   */
  connect(options: WaitOptions = {}): Promise<void> {
    return this.#core.run('connect', async () => {
      const { timeoutMs = this.#timeoutMs, signal } = waitOptions(options);
      await traced(
        connects,
        () => ({ ...this.#core.about }),
        () => connectClient(this.#core, { timeoutMs, signal }),
      );
    });
  }

  /**
   * Logs in with this name and password from the next connection on, for passwords that change. Connections that there are stay.
   * (rd_kafka_sasl_set_credentials)
   *
   * @throws TypeError, RangeError for what is no name or password. KafkaError ERR__NOT_CONFIGURED where the client logs in by no
   * password (PLAIN, SCRAM), ERR__DESTROY
   */
  setSaslCredentials(username: string, password: string): void {
    this.#core.setSaslCredentials(this.#login, username, password);
  }

  /**
   * Creates topics, each for itself. (rd_kafka_CreateTopics)
   *
   * @param options `validateOnly`: Kafka says whether it would; `timeoutMs`; `signal`
   * @throws KafkaError ERR_TOPIC_ALREADY_EXISTS, ERR_TOPIC_AUTHORIZATION_FAILED, ERR_INVALID_REPLICA_ASSIGNMENT, ...
   */
  createTopics(topics: readonly ofTopics.NewTopic[], options: ofTopics.ValidateOptions = {}): Promise<void> {
    return this.#run('createTopics', (request) => ofTopics.createTopics(request, topics, options));
  }

  /**
   * Deletes topics. Brokers may still know of them for a moment. (rd_kafka_DeleteTopics)
   *
   * @throws KafkaError ERR_UNKNOWN_TOPIC_OR_PART, ERR_TOPIC_AUTHORIZATION_FAILED, ...
   */
  deleteTopics(topics: readonly string[], options: WaitOptions = {}): Promise<void> {
    return this.#run('deleteTopics', (request) => ofTopics.deleteTopics(request, topics, options));
  }

  /**
   * The names of all topics that the client may see, Kafka's own among them, in order. (rd_kafka_metadata)
   *
   * @throws KafkaError ERR__TIMED_OUT, ERR__TRANSPORT where no broker answers
   */
  listTopics(options: WaitOptions = {}): Promise<string[]> {
    return this.#run('listTopics', (request) => ofTopics.listTopics(request, options));
  }

  /**
   * The partitions of topics, and where they are. (rd_kafka_DescribeTopics)
   *
   * @param options `includeAuthorizedOperations`: what this client may do with each; `timeoutMs`; `signal`
   * @throws KafkaError ERR_UNKNOWN_TOPIC_OR_PART, ERR_TOPIC_AUTHORIZATION_FAILED, ...
   */
  describeTopics(topics: readonly string[], options: DescribeOptions = {}): Promise<ofTopics.TopicDescription[]> {
    return this.#run('describeTopics', (request) => ofTopics.describeTopics(request, topics, options));
  }

  /**
   * Raises the number of partitions of topics to `total`. Keys go to other partitions from then on.
   * (rd_kafka_CreatePartitions)
   *
   * @param options `validateOnly`: Kafka says whether it would; `timeoutMs`; `signal`
   * @throws KafkaError ERR_INVALID_PARTITIONS where there are as many already, ...
   */
  createPartitions(topics: readonly ofTopics.NewPartitions[], options: ofTopics.ValidateOptions = {}): Promise<void> {
    return this.#run('createPartitions', (request) => ofTopics.createPartitions(request, topics, options));
  }

  /**
   * Deletes what lies before each offset: the log starts there afterwards. Leaders are looked for as by listOffsets().
   * (rd_kafka_DeleteRecords)
   *
   * @throws KafkaError ERR_OFFSET_OUT_OF_RANGE, ERR_UNKNOWN_TOPIC_OR_PART, ERR_TOPIC_AUTHORIZATION_FAILED, ...
   */
  deleteRecords(offsets: readonly TopicPartitionOffset[], options: WaitOptions = {}): Promise<void> {
    return this.#run('deleteRecords', (request) => ofTopics.deleteRecords(request, offsets, options));
  }

  /**
   * Offsets of the logs of partitions. Where a leader does not answer, or for 15 s there is none, its successor is asked.
   * (rd_kafka_ListOffsets)
   *
   * @param options `isolationLevel`, default `read_uncommitted`; `timeoutMs`; `signal`
   * @throws KafkaError ERR_UNKNOWN_TOPIC_OR_PART, ERR_TOPIC_AUTHORIZATION_FAILED, ...
   */
  listOffsets(
    query: readonly ofOffsets.ListOffsetsQuery[],
    options: ofOffsets.ListOffsetsOptions = {},
  ): Promise<ofOffsets.ListedOffset[]> {
    return this.#run('listOffsets', (request) => ofOffsets.listOffsets(request, query, options));
  }

  /**
   * How topics, brokers and groups are configured. Each broker is asked by a request of its own. (rd_kafka_DescribeConfigs)
   *
   * @throws KafkaError ERR_UNKNOWN_TOPIC_OR_PART, ERR_TOPIC_AUTHORIZATION_FAILED, ERR_CLUSTER_AUTHORIZATION_FAILED, ...;
   *   ERR__TIMED_OUT for a broker that does not exist
   */
  describeConfigs(
    resources: readonly ofConfigs.DescribeConfigsQuery[],
    options: WaitOptions = {},
  ): Promise<ofConfigs.ConfigDescription[]> {
    return this.#run('describeConfigs', (request) => ofConfigs.describeConfigs(request, resources, options));
  }

  /**
   * Changes single settings of topics, brokers and groups; all others stay as they are. Of one resource all changes are made,
   * or none. (rd_kafka_IncrementalAlterConfigs)
   *
   * @param options `validateOnly`: Kafka says whether it would; `timeoutMs`; `signal`
   * @throws KafkaError ERR_INVALID_CONFIG, ERR_UNKNOWN_TOPIC_OR_PART, ERR_TOPIC_AUTHORIZATION_FAILED, ...
   */
  alterConfigs(changes: readonly ofConfigs.ConfigChanges[], options: ofTopics.ValidateOptions = {}): Promise<void> {
    return this.#run('alterConfigs', (request) => ofConfigs.alterConfigs(request, changes, options));
  }

  /**
   * The groups of consumers that the client may see, in the order of their names. All brokers are asked.
   * (rd_kafka_ListConsumerGroups)
   *
   * @param options `states`, `types`: only these; `timeoutMs`; `signal`
   * @throws KafkaError of the first broker that does not answer
   */
  listGroups(options: ofGroups.ListGroupsOptions = {}): Promise<ofGroups.GroupListing[]> {
    return this.#run('listGroups', (request) => ofGroups.listGroups(request, options));
  }

  /**
   * Groups of consumers, of the classic protocol and of KIP-848: their members, and what each has.
   * (rd_kafka_DescribeConsumerGroups)
   *
   * @param options `includeAuthorizedOperations`: what this client may do with each; `timeoutMs`; `signal`
   * @throws KafkaError ERR_GROUP_ID_NOT_FOUND, ERR_GROUP_AUTHORIZATION_FAILED, ...
   */
  describeGroups(groups: readonly string[], options: DescribeOptions = {}): Promise<ofGroups.GroupDescription[]> {
    return this.#run('describeGroups', (request) => ofGroups.describeGroups(request, groups, options));
  }

  /**
   * Deletes groups that have no members, with the offsets that they have committed. (rd_kafka_DeleteGroups)
   *
   * @throws KafkaError ERR_NON_EMPTY_GROUP, ERR_GROUP_ID_NOT_FOUND, ERR_GROUP_AUTHORIZATION_FAILED, ...
   */
  deleteGroups(groups: readonly string[], options: WaitOptions = {}): Promise<void> {
    return this.#run('deleteGroups', (request) => ofGroups.deleteGroups(request, groups, options));
  }

  /**
   * What a group has committed. (rd_kafka_ListConsumerGroupOffsets)
   *
   * @param partitions left out: all of which there is a committed offset, in the order of topics and partitions. Named ones
   *   come in the order given; the offset is -1 where none is committed
   * @param options `requireStable`: waits for open transactions; `timeoutMs`; `signal`
   * @throws KafkaError ERR_GROUP_AUTHORIZATION_FAILED, ... A group that does not exist has committed nothing.
   */
  listGroupOffsets(
    group: string,
    partitions?: readonly TopicPartition[],
    options: ofOffsets.ListGroupOffsetsOptions = {},
  ): Promise<ofOffsets.GroupOffset[]> {
    return this.#run('listGroupOffsets', (request) => ofOffsets.listGroupOffsets(request, group, partitions, options));
  }

  /**
   * Commits offsets in the place of a group, which must have no members. A group that does not exist is made by it.
   * (rd_kafka_AlterConsumerGroupOffsets)
   *
   * @throws KafkaError ERR_UNKNOWN_MEMBER_ID where the group has members, ERR_UNKNOWN_TOPIC_OR_PART,
   *   ERR_GROUP_AUTHORIZATION_FAILED, ...
   */
  alterGroupOffsets(
    group: string,
    offsets: readonly ofOffsets.GroupOffset[],
    options: WaitOptions = {},
  ): Promise<void> {
    return this.#run('alterGroupOffsets', (request) => ofOffsets.alterGroupOffsets(request, group, offsets, options));
  }

  /**
   * Forgets what a group has committed of these partitions. (rd_kafka_DeleteConsumerGroupOffsets)
   *
   * @throws KafkaError ERR_GROUP_SUBSCRIBED_TO_TOPIC where a member reads the topic, ERR_GROUP_ID_NOT_FOUND, ...
   */
  deleteGroupOffsets(group: string, partitions: readonly TopicPartition[], options: WaitOptions = {}): Promise<void> {
    return this.#run('deleteGroupOffsets', (request) =>
      ofOffsets.deleteGroupOffsets(request, group, partitions, options),
    );
  }

  /**
   * The brokers of the cluster, and which of them is the controller. (rd_kafka_DescribeCluster)
   *
   * @param options `includeAuthorizedOperations`: what this client may do with the cluster; `timeoutMs`; `signal`
   */
  describeCluster(options: DescribeOptions = {}): Promise<ofCluster.ClusterDescription> {
    return this.#run('describeCluster', (request) => ofCluster.describeCluster(request, options));
  }

  /**
   * Has the leaders of partitions elected. (rd_kafka_ElectLeaders)
   *
   * @param partitions left out: all of the cluster; those are told of that needed it
   * @param options `type`: `preferred` (the default) or `unclean`; `timeoutMs`; `signal`
   * @returns for each partition whether there was an election; that it was not needed is no error
   * @throws KafkaError ERR_PREFERRED_LEADER_NOT_AVAILABLE, ERR_CLUSTER_AUTHORIZATION_FAILED, ...
   */
  electLeaders(
    partitions?: readonly TopicPartition[],
    options: ofCluster.ElectLeadersOptions = {},
  ): Promise<ofCluster.Election[]> {
    return this.#run('electLeaders', (request) => ofCluster.electLeaders(request, partitions, options));
  }

  /**
   * Gives or denies rights. One that is there already is no error. (rd_kafka_CreateAcls)
   *
   * @throws KafkaError ERR_SECURITY_DISABLED without an authorizer, ERR_CLUSTER_AUTHORIZATION_FAILED, ...
   */
  createAcls(acls: readonly ofAcls.NewAcl[], options: WaitOptions = {}): Promise<void> {
    return this.#run('createAcls', (request) => ofAcls.createAcls(request, acls, options));
  }

  /**
   * The rights that a filter matches. (rd_kafka_DescribeAcls)
   *
   * @param filter left out: all
   */
  describeAcls(filter: ofAcls.AclFilter = {}, options: WaitOptions = {}): Promise<ofAcls.AclBinding[]> {
    return this.#run('describeAcls', (request) => ofAcls.describeAcls(request, filter, options));
  }

  /**
   * Takes the rights away that filters match. `{}` matches all. (rd_kafka_DeleteAcls)
   *
   * @returns for each filter what was deleted
   */
  deleteAcls(filters: readonly ofAcls.AclFilter[], options: WaitOptions = {}): Promise<ofAcls.AclBinding[][]> {
    return this.#run('deleteAcls', (request) => ofAcls.deleteAcls(request, filters, options));
  }

  /**
   * Which users have SCRAM credentials. (rd_kafka_DescribeUserScramCredentials)
   *
   * @param users left out: all, in the order of their names
   * @throws KafkaError ERR_RESOURCE_NOT_FOUND for a user who has none, ERR_CLUSTER_AUTHORIZATION_FAILED, ...
   */
  describeScramUsers(users?: readonly string[], options: WaitOptions = {}): Promise<ofScram.ScramUser[]> {
    return this.#run('describeScramUsers', (request) => ofScram.describeScramUsers(request, users, options));
  }

  /**
   * Sets and deletes SCRAM credentials, one of each user. A password is told in no error and no log, and only its salted hash
   * is sent. (rd_kafka_AlterUserScramCredentials)
   *
   * @throws KafkaError ERR_UNACCEPTABLE_CREDENTIAL, ERR_RESOURCE_NOT_FOUND, ERR_CLUSTER_AUTHORIZATION_FAILED, ...
   */
  alterScramUsers(alterations: readonly ofScram.ScramAlteration[], options: WaitOptions = {}): Promise<void> {
    return this.#run('alterScramUsers', (request) => ofScram.alterScramUsers(request, alterations, options));
  }

  /**
   * How this client is, at once and without asking a broker: for a probe. After close() it is `closed`.
   * (rd_kafka_brokers_up, of up-brokers.patch)
   */
  health(): Health {
    return this.#core.health();
  }

  /**
   * Ends what waits, and lets go of everything. The second call waits for the first. Never rejects.
   *
   * @param options `timeoutMs`, default 30,000
   */
  close(options: TimeoutOptions = {}): Promise<void> {
    return call(async () => {
      const { timeoutMs = CLOSE_TIMEOUT_MS } = timeoutOptions(options);
      await this.#core.shutDown(timeoutMs);
    });
  }

  #run<T>(operation: string, work: (request: Request) => Promise<T>): Promise<T> {
    const { link, over } = this.#core;
    const request: Request = {
      operation,
      timeoutMs: this.#timeoutMs,
      ask: ({ timeoutMs = this.#timeoutMs, signal }, send) => {
        const nativeMs = Math.min(Math.ceil(timeoutMs) + LATER_MS, LONGEST_MS);
        const asked = link.ask(operation, (id) => send(link.handle, id, nativeMs), { timeoutMs, signal });
        return over.race(operation, asked);
      },
      pause: (milliseconds, signal) => {
        link.waitBegins(); // as long as it is waited for, and no longer, it keeps the process alive
        const rung = delay(milliseconds, { ref: false });
        return over.race(operation, rung, { signal }).finally(() => link.waitEnds());
      },
    };
    return this.#core.run(operation, () =>
      traced(
        requests,
        () => ({ ...this.#core.about, operation }),
        () => work(request),
      ),
    );
  }
}
