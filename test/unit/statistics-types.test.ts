import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import ts from 'typescript';
import { Consumer, Producer, type Statistics } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { skip } from '../helpers/groups.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

const root = new URL('../..', import.meta.url);

/** The members of the generated interfaces, by the name of the interface. */
function interfaces(): Map<string, Map<string, { type: string; optional: boolean }>> {
  const file = new URL('lib/client/statistics.ts', root);
  const source = ts.createSourceFile('statistics.ts', readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  return new Map(
    source.statements.filter(ts.isInterfaceDeclaration).map((one) => [
      one.name.text,
      new Map(
        one.members.filter(ts.isPropertySignature).map((member) => {
          const type = member.type!.getText(source);
          return [member.name.getText(source), { type, optional: member.questionToken !== undefined }];
        }),
      ),
    ]),
  );
}

const types = interfaces();

/** librdkafka has `committed_offset` a second time, under the name that it had before. */
const MISSPELT = 'commited_offset';

/** Compares what librdkafka says with what its document says, all the way down. */
function compare(value: unknown, type: string, path: string): void {
  const values = /^Record<string, (\w+)>$/.exec(type)?.[1];
  if (values) {
    for (const [key, one] of Object.entries(value as object)) compare(one, values, `${path}.${key}`);
  } else if (types.has(type)) {
    for (const [name, member] of types.get(type)!) {
      const one = (value as Record<string, unknown>)[name];
      if (one === undefined) expect(member.optional, `${path}.${name} is missing`).to.equal(true);
      else compare(one, member.type, `${path}.${name}`);
    }
    const unknown = Object.keys(value as object).filter((name) => !types.get(type)!.has(name) && name !== MISSPELT);
    expect(unknown, `${path} has members that its type lacks`).to.deep.equal([]);
  } else {
    expect(typeof value, path).to.equal(type);
  }
}

describe('the types of statistics', () => {
  it('do not drift from the document of the librdkafka that is built', function () {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/generate-statistics.mjs', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    if (status === 3) skip(this, 'librdkafka is not fetched here');
    expect(stderr).to.equal('');
    expect(status).to.equal(0);
  });

  it('say what comes, of a producer and of a consumer', async () => {
    const cluster = await mockCluster();
    const topic = await cluster.createTopic();
    const common = { 'bootstrap.servers': cluster.bootstrapServers, 'statistics.interval.ms': 20 };
    const producer = new Producer({ ...common, 'enable.idempotence': true });
    const consumer = new Consumer({ ...common, 'group.id': uniqueGroup(), 'auto.offset.reset': 'earliest' });
    await producer.send({ topic, value: 'v' });
    await consumer.subscribe(topic);
    await eventually(() => consumer.assignment.length === 1);
    for (const client of [producer, consumer]) {
      const [statistics, json] = await inTime(
        new Promise<[Statistics, string]>((resolve) => {
          client.on('statistics', (statistics: Statistics, json: string) => {
            if (Object.keys(statistics.topics).length > 0) resolve([statistics, json]);
          });
        }),
      );
      compare(statistics, 'Statistics', 'statistics');
      expect(JSON.parse(statistics as unknown as string)).to.deep.equal(statistics); // as text it is librdkafka's
      expect(JSON.parse(json)).to.deep.equal(statistics);
    }
    await producer.close();
    await consumer.close();
    await cluster.close();
  });
});
