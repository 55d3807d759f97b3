import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { skipWithoutKafka } from '../helpers/kafka.js';
import { summary } from './checker.js';
import { Harbour, sail } from './voyage.js';

// A short storm over three real brokers. STORM_SEED and STORM_SECONDS ask for another one; `npm run storms` for more of them.

const seed = Number(process.env['STORM_SEED'] ?? 12);
const seconds = Number(process.env['STORM_SECONDS'] ?? 70);
const folder = path.join('build', 'storms');

describe('storms', () => {
  let harbour: Harbour | undefined;

  before('three brokers', async function () {
    this.timeout(300_000);
    skipWithoutKafka(this);
    harbour = await Harbour.open();
  });

  after('end of the brokers', () => harbour?.[Symbol.asyncDispose]());

  it('lose, double, reorder and skip nothing, and every seek holds', async function () {
    this.timeout((seconds + 1500) * 1000);
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, `history-${seed}.jsonl`);
    const { findings, counts, blows } = await sail(harbour!, { seed, seconds, file });
    const { sent, messages, calls, failed } = counts;
    console.log(
      `    seed ${seed}: ${sent} messages sent, ${messages} delivered, ${calls} calls (${failed} failed), ` +
        `blows ${JSON.stringify(blows)}${findings.excused.length ? `, excused: ${findings.excused.length}` : ''}`,
    );
    expect(summary(findings.anomalies), `anomalies (kept: ${file})`).to.equal('');
    expect(messages, 'messages').to.be.greaterThan(sent);
    rmSync(file);
  });
});
