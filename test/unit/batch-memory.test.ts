import { expect } from 'chai';
import { viewBatch } from '../../binding/batch-layout.js';

describe('the memory of a batch', () => {
  /** Gives it away, as far as Node.js lets it go. */
  function isTransferred(external: boolean): boolean {
    const payload = new ArrayBuffer(8);
    viewBatch({ type: 'batch', tables: new ArrayBuffer(0), payload, external, count: 0, runs: 0 });
    try {
      structuredClone(payload, { transfer: [payload] });
    } catch (error) {
      expect(error).to.have.property('name', 'DataCloneError');
    }
    return payload.byteLength === 0;
  }

  it('does not go along with one value that is transferred', () => {
    expect(isTransferred(false)).to.equal(false);
  });

  it('is not marked where it is external: Node.js 24 and later would abort when the process ends', () => {
    expect(isTransferred(true)).to.equal(true);
  });
});
