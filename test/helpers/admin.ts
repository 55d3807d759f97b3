import type { KafkaError } from 'seekafka';
import { rejection } from './rejection.js';
import { inTime } from './wait.js';

/** What an admin request is rejected with; of each thing it was about its name, and the code of its error. */
export async function fails(
  promise: Promise<unknown>,
): Promise<{ error: KafkaError; items: [name: string, code: string | undefined][] }> {
  const error = (await inTime(rejection(promise), 'the refusal', 30_000)) as KafkaError;
  if (error.name !== 'KafkaError') throw error;
  return { error, items: (error.items ?? []).map((item) => [item.name, item.error?.code]) };
}
