import { expect } from 'chai';
import { Consumer, MockCluster } from 'seekafka';
import { eventually } from '../helpers/wait.js';

// `for await` before subscribe(), or on the wrong consumer, waits for ever. Nothing said so.

describe('a loop on a consumer that has neither subscribed nor been assigned anything', () => {
  it('is warned of once, after ten seconds; one that has subscribed is not', async () => {
    await using cluster = await MockCluster.start();
    cluster.createTopic('empty');
    const warnings: string[] = [];
    const note = (warning: Error & { code?: string }) => void warnings.push(`${warning.code}: ${warning.message}`);
    process.on('warning', note);
    const config = { 'bootstrap.servers': cluster.bootstrapServers, 'group.id': 'vain' };
    await using idle = new Consumer(config);
    await using other = new Consumer(config);
    await using busy = new Consumer(config);
    await busy.subscribe('empty');
    const ended = [idle, other, busy].map((consumer) => consumer[Symbol.asyncIterator]().next());
    const begun = performance.now();
    try {
      const ofThis = () => warnings.filter((text) => text.startsWith('SEEKAFKA_NOTHING_TO_READ'));
      await eventually(() => ofThis().length === 2, { timeoutMs: 20_000, what: 'two warnings' });
      expect(performance.now() - begun).to.be.greaterThan(9_000);
      expect(ofThis()[0]).to.match(/Consumer: .*subscribe\(\) nor assign\(\)/);
      await eventually(() => performance.now() - begun > 11_500);
      expect(ofThis()).to.have.lengthOf(2);
    } finally {
      process.off('warning', note);
      await Promise.all([idle.close(), other.close(), busy.close()]);
      await Promise.all(ended);
    }
  });
});
