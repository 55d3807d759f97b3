import { expect } from 'chai';
import { type KafkaError, Producer } from 'seekafka';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';

// A limit that has passed is told as the caller gave it, and not what was left of it: '(99.9974 ms)'.

describe('the error of initTransactions() that took too long', () => {
  for (const timeoutMs of [20, 100]) {
    it(`tells the limit as it was given: ${timeoutMs} ms`, async () => {
      await using producer = new Producer({ 'bootstrap.servers': '127.0.0.1:1', 'transactional.id': uniqueGroup() });
      producer.on('error', () => undefined);
      for (const call of [1, 2]) {
        const error = (await rejection(producer.initTransactions({ timeoutMs }))) as KafkaError;
        expect(error.code, `call ${call}`).to.equal('ERR__TIMED_OUT');
        expect(error.message).to.match(new RegExp(`\\(${timeoutMs} ms\\)$`));
      }
    });
  }
});
