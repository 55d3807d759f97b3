// What a reader does beside reading: seeks in all forms, pauses, commits, questions.

import type { SeekOptions, TopicPartition } from 'seekafka';
import { type CallArguments, type Row, placeOf, rowsOf } from './history.js';
import type { Member } from './member.js';
import { pause } from './world.js';

const LIMIT_MS = 15_000;

/** One act by chance. @param among the partitions that may be named; default: the assignment */
export async function act(
  member: Member,
  among: readonly TopicPartition[] = member.consumer.assignment,
): Promise<void> {
  const { random, consumer, seeksNow } = member;
  if (seeksNow && random.chance(0.75)) return seek(member, among);
  switch (random.integer(0, 5)) {
    case 0: {
      if (!seeksNow) return;
      const some = among.filter(() => random.chance(0.5));
      try {
        consumer.pause(some);
        await pause(random.integer(50, 800));
      } finally {
        consumer.resume();
      }
      return;
    }
    case 1:
      return member.quietly('commit', () => consumer.commit(undefined, { timeoutMs: LIMIT_MS }));
    case 2:
      return ask(member, 'committed', () => consumer.committed(undefined, { timeoutMs: LIMIT_MS }));
    case 3:
      return ask(member, 'endOffsets', () => consumer.endOffsets(undefined, { timeoutMs: LIMIT_MS }));
    case 4:
      return ask(member, 'position', () => consumer.position(undefined, { timeoutMs: LIMIT_MS }));
    default:
      return member.quietly('lag', () => consumer.lag({ timeoutMs: LIMIT_MS }));
  }
}

type Rows = Awaited<ReturnType<Member['consumer']['position']>>;

async function ask(member: Member, f: string, call: () => Promise<Rows>): Promise<void> {
  await member.world.history.call(member.name, f, {}, call, rowsOf).catch(() => undefined);
}

async function seek(member: Member, among: readonly TopicPartition[]): Promise<void> {
  const { random, consumer } = member;
  const history = member.world.history;
  const whole = random.chance(0.4);
  const some = among.filter(() => random.chance(0.6));
  if (!whole && some.length === 0) return;
  const partitions = whole ? undefined : some;
  const options: SeekOptions = random.chance(0.1) ? { timeoutMs: random.integer(1, 300) } : { timeoutMs: LIMIT_MS };
  const places: CallArguments = partitions ? { places: partitions.map(placeOf) } : {};
  const called = (f: string, x: CallArguments, call: () => Promise<Rows>) =>
    history.call(member.name, f, x, call, rowsOf);
  let sought: Promise<Rows>;
  switch (random.integer(0, 7)) {
    case 0:
      sought = called('seekToBeginning', places, () => consumer.seekToBeginning(partitions, options));
      break;
    case 1:
      sought = called('seekToEnd', places, () => consumer.seekToEnd(partitions, options));
      break;
    case 2: {
      const time = Date.now() - random.integer(0, 20_000);
      sought = called('seekToTimestamp', { ...places, number: time }, () =>
        consumer.seekToTimestamp(time, partitions, options),
      );
      break;
    }
    case 3:
      sought = called('seekToCommitted', places, () => consumer.seekToCommitted(partitions, options));
      break;
    case 4: {
      const delta = random.integer(-200, 50);
      sought = called('seekBy', { ...places, number: delta }, () => consumer.seekBy(delta, partitions, options));
      break;
    }
    case 5: {
      const count = random.integer(0, 100);
      sought = called('seekToLast', { ...places, number: count }, () =>
        consumer.seekToLast(count, partitions, options),
      );
      break;
    }
    default: {
      // Absolute offsets: back from where it is, as far as that is known.
      if (some.length === 0) return;
      const at = await consumer.position(some, { timeoutMs: 2000 }).catch(() => []);
      const targets = at.map((row) => ({ ...row, offset: random.integer(0, row.offset) }));
      if (targets.length === 0) return;
      const rows = targets.map((row): Row => [placeOf(row), row.offset]);
      sought = called('seek', { rows }, () => consumer.seek(targets, options));
    }
  }
  const rows = await sought;
  if (rows.length && random.chance(0.3)) {
    const now = rows.map(({ topic, partition }) => ({ topic, partition }));
    await ask(member, 'position', () => consumer.position(now, { timeoutMs: LIMIT_MS }));
  }
}
