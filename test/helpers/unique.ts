import { randomBytes } from 'node:crypto';

// The Kafka of a run, and one given by KAFKA_BROKERS, is shared: names that nobody else uses keep tests apart.

export function uniqueTopic(subject = 'topic'): string {
  return unique(subject);
}

export function uniqueGroup(subject = 'group'): string {
  return unique(subject);
}

export function unique(subject: string): string {
  return `${subject}-${randomBytes(6).toString('hex')}`;
}
