import { expect } from 'chai';
import { type BrokersUp, Over } from '../../lib/client/waits.js';
import { errno, localError } from '../../lib/errors.js';

// Trouble from before a call is told again only every half minute, or less often. Whether it stands is known by who is connected.

describe('trouble from before a call', () => {
  const trouble = localError('client', errno.ssl, 'refused');
  const cases: Record<string, { brokersUp: BrokersUp; counts: boolean }> = {
    'counts where no broker was ever connected': { brokersUp: [0, -1], counts: true },
    'counts where none has been connected since': { brokersUp: [0, 60_000], counts: true },
    'counts where it is of one broker, and others were connected all the time': {
      brokersUp: [1, 60_000],
      counts: true,
    },
    'has passed where a broker was connected after it': { brokersUp: [1, 0], counts: false },
  };
  for (const [what, { brokersUp, counts }] of Object.entries(cases)) {
    it(what, () => {
      const over = new Over();
      over.noteTrouble(trouble, () => brokersUp);
      expect(over.troubleOf(Infinity)).to.equal(counts ? trouble : null);
      expect(over.troubleOf(0), 'of a call that had begun').to.equal(trouble);
    });
  }
});
