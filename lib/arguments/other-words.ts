// The words of other clients (kafkajs, node-rdkafka, @platformatic/kafka), and what says the same here: people who come from
// there write them out of habit.

const servers = "here it is 'bootstrap.servers', 'host:port,...'";
const retry = "here librdkafka tries again by itself: see 'retries', 'retry.backoff.ms', 'reconnect.backoff.max.ms'";
const tls = "here it is 'security.protocol': 'ssl' (with SASL 'sasl_ssl'), with 'ssl.ca.location' or 'ssl.ca.pem'";
const perProducer = 'here it is of the producer';

export const otherWords = {
  config: {
    brokers: servers,
    bootstrapBrokers: servers,
    bootstrapServers: servers,
    clientId: "here it is 'client.id'",
    ssl: tls,
    tls,
    sasl: "here it is 'security.protocol': 'sasl_ssl', with 'sasl.mechanism', 'sasl.username' and 'sasl.password'",
    groupId: "here it is 'group.id'",
    fromBeginning: "here it is 'auto.offset.reset': 'earliest', or seekToBeginning()",
    autoCommit: "here it is 'enable.auto.commit'",
    autocommit: "here it is 'enable.auto.commit'",
    autoCommitInterval: "here it is 'auto.commit.interval.ms'",
    sessionTimeout: "here it is 'session.timeout.ms'",
    heartbeatInterval: "here it is 'heartbeat.interval.ms'",
    rebalanceTimeout: "here it is 'max.poll.interval.ms'",
    partitionAssigners: "here it is 'partition.assignment.strategy'",
    groupProtocol: "here it is 'group.protocol'",
    groupInstanceId: "here it is 'group.instance.id'",
    maxWaitTimeInMs: "here it is 'fetch.wait.max.ms'",
    maxWaitTime: "here it is 'fetch.wait.max.ms'",
    minBytes: "here it is 'fetch.min.bytes'",
    maxBytes: "here it is 'fetch.max.bytes'",
    maxBytesPerPartition: "here it is 'fetch.message.max.bytes'",
    isolationLevel: "here it is 'isolation.level'",
    readUncommitted: "here it is 'isolation.level': 'read_uncommitted'",
    rackId: "here it is 'client.rack'",
    allowAutoTopicCreation: "here it is 'allow.auto.create.topics', of a consumer",
    autocreateTopics: "here it is 'allow.auto.create.topics', of a consumer",
    connectionTimeout: "here it is 'socket.connection.setup.timeout.ms'",
    connectTimeout: "here it is 'socket.connection.setup.timeout.ms'",
    requestTimeout: "here it is 'socket.timeout.ms'; single calls take timeoutMs",
    authenticationTimeout: "here it is 'socket.connection.setup.timeout.ms'",
    retry,
    metadataMaxAge: "here it is 'topic.metadata.refresh.interval.ms'",
    idempotent: "here it is 'enable.idempotence'",
    transactionalId: "here it is 'transactional.id'",
    transactionTimeout: "here it is 'transaction.timeout.ms'",
    maxInFlightRequests: "here it is 'max.in.flight.requests.per.connection'",
    createPartitioner: "here it is 'partitioner', or each message names its partition",
    compression: "here it is 'compression.type'",
    logLevel: "here it is 'log_level' (as of syslog) and 'debug'; listen to the event 'log'",
    logCreator: "here it is the event 'log'",
  },
  message: {
    messages: 'here send() takes a message with its topic, or an array of such messages',
    acks: `${perProducer}: 'acks' in its configuration`,
    compression: `${perProducer}: 'compression.type' in its configuration`,
    timeout: `${perProducer}: 'message.timeout.ms' in its configuration`,
    toppar: 'here it is topic and partition',
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

export const wordHere = (words: Readonly<Record<string, string>>, word: string): string | undefined =>
  Object.hasOwn(words, word) ? words[word] : undefined;
