// Admin requests about the SCRAM credentials of users. Nothing here tells a password.

import { type NativeItem, type NativeScramUser, scramMechanisms } from '../../binding/native.js';
import { adminOptions } from '../arguments/admin.js';
import { scramAlterations, userNames } from '../arguments/admin-scram.js';
import { wordOf } from './nodes.js';
import { type Kind, type Request, inOrder, resultsOf } from './request.js';

/** The mechanisms for which brokers keep a password. */
export type ScramMechanism = keyof typeof scramMechanisms;

/** A user and what brokers keep of the passwords; the passwords themselves nobody can read. */
export interface ScramUser {
  user: string;
  credentials: { mechanism: ScramMechanism; iterations: number }[];
}

/** Sets the password of a user, who need not exist, for one mechanism; or takes that away. */
export type ScramAlteration =
  | {
      user: string;
      mechanism: ScramMechanism;
      /** Salted and hashed here: Kafka never gets to know it. */
      password: string | Uint8Array;
      /** Kafka takes 4,096 to 16,384. Default: 8,192. */
      iterations?: number | undefined;
      /** Default: 32 random bytes. */
      salt?: string | Uint8Array | undefined;
    }
  | { user: string; mechanism: ScramMechanism; delete: true };

const userKind: Kind<string, NativeItem & { user: string }> = {
  askedKey: (user) => user,
  answerKey: ({ user }) => user,
  name: (user) => `user ${user}`,
};

const userOf = ({ user, credentials }: NativeScramUser): ScramUser => ({
  user,
  // Kafka tells them in any order.
  credentials: [...credentials]
    .sort((a, b) => a.mechanism - b.mechanism)
    .map(({ mechanism, iterations }) => ({
      mechanism: wordOf(scramMechanisms, mechanism, 'SCRAM-SHA-256'),
      iterations,
    })),
});

export async function describeScramUsers(request: Request, users: unknown, options: unknown): Promise<ScramUser[]> {
  const asked = users === undefined ? [] : userNames(users);
  const { wait } = adminOptions(options);
  const reply = await request.ask(wait, (handle, id, timeoutMs) => handle.describeScramUsers(id, timeoutMs, asked));
  const answers = reply.items as NativeScramUser[];
  const names = asked.length > 0 ? asked : answers.map(({ user }) => user).sort();
  const outcomes = inOrder(request.operation, userKind, names, answers, (answer) => userOf(answer as NativeScramUser));
  return resultsOf(request.operation, outcomes);
}

export async function alterScramUsers(request: Request, alterations: unknown, options: unknown): Promise<void> {
  const wanted = scramAlterations(alterations);
  const { wait } = adminOptions(options);
  const reply = await request.ask(wait, (handle, id, timeoutMs) => handle.alterScramUsers(id, timeoutMs, wanted));
  const answers = reply.items as (NativeItem & { user: string })[];
  const users = wanted.map(({ user }) => user);
  resultsOf(
    request.operation,
    inOrder(request.operation, userKind, users, answers, () => undefined),
  );
}
