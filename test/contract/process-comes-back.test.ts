import { expect } from 'chai';
import { describeOnBoth } from '../helpers/clusters.js';
import { consumerOn, fill } from '../helpers/numbered.js';
import { eventually, inTime } from '../helpers/wait.js';

// Found by a storm: what process() knew of a partition that had gone without a message kept it from ever being taken again, and what was
// buffered of it kept all others out.

describeOnBoth('process, of a partition that comes and goes', (cluster) => {
  it('goes on in it also where nothing was delivered the last time', async () => {
    const topic = await cluster().createTopic(2);
    const [p0, p1] = [0, 1].map((partition) => ({ topic, partition }));
    await fill(cluster(), topic, { count: 1 });
    await using consumer = consumerOn(cluster());
    const seen: string[] = [];
    const stop = new AbortController();
    await consumer.assign([{ ...p0!, offset: 0 }]);
    const running = consumer.process(({ partition, offset }) => void seen.push(`${partition}:${offset}`), {
      signal: stop.signal,
    });
    await eventually(() => seen.includes('0:0'));
    await consumer.assign([p1!]);
    await consumer.assign([{ ...p0!, offset: 1 }]); // the end of the log: nothing comes
    await consumer.assign([p1!]);
    await consumer.assign([{ ...p0!, offset: 1 }]);
    await fill(cluster(), topic, { count: 1 });
    await eventually(() => seen.includes('0:1'));
    stop.abort();
    await inTime(running);
    expect(seen).to.deep.equal(['0:0', '0:1']);
  });
});
