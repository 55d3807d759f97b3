import fc from 'fast-check';
import type { Cluster } from './clusters.js';
import { Transactions } from './transactions.js';

/**
 * Plays histories by chance against one cluster, with transactions where the cluster has them. `CHANCE_RUNS` and `CHANCE_SEED`
 * take the place of the numbers here; the seed is printed, whatever comes out.
 */
export async function byChance<History>(
  context: Mocha.Context,
  cluster: Cluster,
  runs: { readonly mock: number; readonly kafka: number },
  history: fc.Arbitrary<History>,
  play: (cluster: Cluster, transactions: Transactions | null, played: History) => Promise<void>,
  summary: () => string,
): Promise<void> {
  const numRuns = Number(process.env['CHANCE_RUNS'] ?? runs[cluster.name]);
  context.timeout(60_000 + numRuns * 10_000);
  const seed = Number(process.env['CHANCE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const transactions = cluster.name === 'kafka' ? new Transactions(cluster) : null;
  try {
    await fc.assert(
      fc.asyncProperty(history, (played) => play(cluster, transactions, played)),
      { numRuns, seed, endOnFailure: true },
    );
  } finally {
    await transactions?.[Symbol.asyncDispose]();
    console.log(`    seed ${seed}: ${summary()}`);
  }
}
