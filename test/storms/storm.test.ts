import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { Admin, Consumer } from 'seekafka';
import { skipWithoutKafka } from '../helpers/kafka.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';
import { summary } from './checker.js';
import { Harbour, sail } from './voyage.js';
import { again } from './witness.js';

// Three real brokers: what one alone cannot show, and a storm over them. STORM_SEED and STORM_SECONDS ask for another one; `npm run storms`
// for more of them.

const seed = Number(process.env['STORM_SEED'] ?? 12);
const seconds = Number(process.env['STORM_SECONDS'] ?? 240);
const folder = path.join('build', 'storms');

/** A node that hangs is taken out of the cluster after four seconds. An admin client asks anew every four. */
const FOUND_MS = 40_000;

describe('storms', () => {
  let harbour: Harbour | undefined;

  before('three brokers', async function () {
    this.timeout(300_000);
    skipWithoutKafka(this);
    harbour = await Harbour.open();
  });

  after('end of the brokers', () => harbour?.[Symbol.asyncDispose]());

  it('S19: an admin client does not wait for a leader and coordinator that hangs', async function () {
    this.timeout(180_000);
    const { plain } = await harbour!.createTopics();
    const group = uniqueGroup();
    const config = { 'bootstrap.servers': harbour!.brokers('CLIENT') };
    await using admin = new Admin(config);
    admin.on('error', () => undefined);
    const at = [0, 1, 2, 3].map((partition) => ({ topic: plain, partition, offset: 0 }));
    {
      await using consumer = new Consumer({ ...config, 'group.id': group });
      await again(() => consumer.commit(at));
    }
    const latest = at.map((row) => ({ topic: row.topic, partition: row.partition, spec: 'latest' as const }));
    const committed = await admin.listGroupOffsets(group, at);
    const ends = await admin.listOffsets(latest);
    const [description] = await admin.describeGroups([group]);
    const node = harbour!.cluster.nodes.find(({ id }) => id === description!.coordinator!.id)!;
    node.freeze();
    try {
      const began = performance.now();
      const asked = [admin.listGroupOffsets(group, at), admin.listOffsets(latest)].map(async (answer) => {
        await inTime<unknown>(answer, 'the answer', FOUND_MS);
        return Math.round(performance.now() - began);
      });
      const took = await Promise.all(asked);
      console.log(`    listGroupOffsets ${took[0]} ms, listOffsets ${took[1]} ms after the node was frozen`);
      // A coordinator that has just taken over may not know for a moment what was committed last.
      await eventually(async () => (await admin.listGroupOffsets(group, at)).every(({ offset }) => offset === 0));
      expect(await admin.listGroupOffsets(group, at)).to.deep.equal(committed);
      expect(await admin.listOffsets(latest)).to.deep.equal(ends);
    } finally {
      node.thaw();
      await node.up();
    }
  });

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
