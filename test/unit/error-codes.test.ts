import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { native } from '../../binding/native.js';
import { kafkaErrorCodes } from '../../lib/error-codes.js';
import { KafkaError, errno, localError } from '../../lib/errors.js';
import { skip } from '../helpers/groups.js';

const root = new URL('../..', import.meta.url);

describe('the list of error codes', () => {
  it('does not drift from the librdkafka that is built', function () {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/generate-errors.mjs', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    if (status === 3) skip(this, 'librdkafka is not built here');
    expect(stderr).to.equal('');
    expect(status).to.equal(0);
  });

  it('lacks no code that librdkafka knows by a name, and has no other', () => {
    const named = new Set<string>();
    for (let errno = -250; errno <= 250; errno++) {
      const code = native.errorCode(errno)?.code;
      if (code && !code.endsWith('?')) named.add(code);
    }
    expect([...named].sort()).to.deep.equal([...kafkaErrorCodes].sort());
  });

  it('is the union of what an error can have: the code of a newer broker is ERR_UNKNOWN, with its number', () => {
    const error = localError('send', 199, 'of a broker of the future');
    expect(error).to.be.instanceOf(KafkaError);
    expect(error).to.include({ code: 'ERR_UNKNOWN', errno: 199 });
  });

  it('takes for passing what ends a request when its broker leaves the cluster', () => {
    // A storm: an admin client was told so of a coordinator that hung, was taken out of the cluster, and had a successor.
    const error = localError('listGroupOffsets', errno.destroyBroker, 'Broker handle destroyed without termination');
    expect(error).to.include({ code: 'ERR__DESTROY_BROKER', retriable: true });
  });

  it('leaves no code without a place on the page about errors', () => {
    const page = readFileSync(new URL('docs/errors.md', root), 'utf8');
    for (const code of kafkaErrorCodes) expect(page).to.include(`<a id="${code.toLowerCase()}"></a>`);
  });
});
