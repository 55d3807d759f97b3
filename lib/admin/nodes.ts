// Brokers, and rights of the client, as descriptions of topics, groups and the cluster tell them.

import { type NativeNode, aclOperations } from '../../binding/native.js';
import { adminOptions, flag, wordsOf } from '../arguments/admin.js';
import type { WaitOptions } from '../arguments/options.js';

/** A broker. */
export interface BrokerNode {
  /** The number of the broker. */
  id: number;
  host: string;
  port: number;
  /** `broker.rack`; null where there is none, or the request does not tell it. */
  rack: string | null;
}

/** What may be done with a resource. `all` and `any` stand in access control lists only. */
export type AclOperation = Exclude<keyof typeof aclOperations, 'any'>;

export interface DescribeOptions extends WaitOptions {
  /** Asks what this client may do with each, which `authorizedOperations` tells then. Default: false. */
  includeAuthorizedOperations?: boolean | undefined;
}

export const describeOptions = (options: unknown): { wait: WaitOptions; rights: boolean } => {
  const { fields, wait } = adminOptions(options, ['includeAuthorizedOperations']);
  return { wait, rights: flag(fields.includeAuthorizedOperations, 'options.includeAuthorizedOperations') };
};

export const nodeOf = ({ id, host, port, rack }: NativeNode): BrokerNode => ({ id, host, port, rack });

/** The word for a number of librdkafka's; `otherwise` for one that has none. */
export function wordOf<W extends string>(table: Readonly<Record<W, number>>, number: number, otherwise: W): W {
  return wordsOf(table).find((word) => table[word] === number) ?? otherwise;
}

export const operationsOf = (numbers: readonly number[]): AclOperation[] =>
  wordsOf(aclOperations).filter(
    (word): word is AclOperation => word !== 'any' && numbers.includes(aclOperations[word]),
  );
