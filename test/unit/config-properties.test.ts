import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { configProperties } from '../../lib/config/properties.js';
import {
  type AdminConfig,
  type ConsumerConfig,
  type ProducerConfig,
  normalizeConfig,
  ownedProperties,
  seekafkaDefaults,
} from '../../lib/config/config.js';
import { skip } from '../helpers/groups.js';

describe('config: the table of properties', () => {
  it('does not drift from what the librdkafka that is built documents', function () {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/generate-config.mjs', '--check'], {
      cwd: new URL('../..', import.meta.url),
      encoding: 'utf8',
    });
    if (status === 3) skip(this, 'librdkafka is not built here');
    expect(stderr).to.equal('');
    expect(status).to.equal(0);
  });

  it('lost no property to a change of format', () => {
    expect(configProperties.size).to.be.greaterThan(190);
    for (const [name, { type, min, max, values, aliasOf, default: value }] of configProperties) {
      if (type === 'integer' || type === 'float') {
        expect(min, name).to.be.a('number');
        expect(max, name).to.be.a('number');
        expect(value, name).to.be.within(min!, max!);
      }
      if (type === 'boolean') expect(value, name).to.be.a('boolean');
      if (type === 'enum') expect(values, name).to.include(value);
      if (aliasOf !== undefined) expect(configProperties.get(aliasOf)?.type, name).to.equal(type);
    }
  });

  it('reads ranges, flags, aliases and words from the document, not from imagination', () => {
    expect(configProperties.get('linger.ms')).to.include({
      type: 'float',
      max: 900000,
      aliasOf: 'queue.buffering.max.ms',
    });
    expect(configProperties.get('acks')).to.deep.include({ scope: 'P', min: -1, max: 1000, values: ['all'] });
    expect(configProperties.get('debug')?.values).to.include('cgrp');
    // In both tables, and rd_kafka_conf_set() takes the global one.
    expect(configProperties.get('auto.commit.interval.ms')).to.include({ min: 0, default: 5000 });
    expect(configProperties.get('sasl.kerberos.kinit.cmd')?.default).to.include('} || kinit');
  });

  it('names only properties that exist in what seekafka owns or sets otherwise', () => {
    for (const key of Object.keys(ownedProperties)) expect(configProperties.has(key), key).to.equal(true);
    for (const [kind, defaults] of Object.entries(seekafkaDefaults)) {
      for (const [key, { value }] of Object.entries(defaults)) {
        // That a user may set it so proves that the key is of this kind, and the value in range.
        const config = { 'bootstrap.servers': 'a:1', [key]: value };
        expect(() => normalizeConfig(kind as 'consumer', config), key).not.to.throw();
      }
    }
  });

  it('has a type for each kind of client that takes its keys and no others', () => {
    const consumer: ConsumerConfig = {
      'bootstrap.servers': 'a:1',
      'group.id': 'g',
      'fetch.wait.max.ms': 10,
      'auto.offset.reset': 'earliest',
      'client.rack': process.env.NO_SUCH_VARIABLE,
    };
    const producer: ProducerConfig = { 'bootstrap.servers': 'a:1', acks: 'all', 'linger.ms': 0.5 };
    const admin: AdminConfig = {
      'bootstrap.servers': 'a:1',
      'security.protocol': 'sasl_ssl',
      'sasl.mechanism': 'PLAIN',
    };
    // @ts-expect-error a producer's key
    const wrongKind: ConsumerConfig = { acks: 1 };
    // @ts-expect-error not a value of it
    const wrongValue: ConsumerConfig = { 'auto.offset.reset': 'by_duration:PT1H' };
    // @ts-expect-error seekafka's own
    const owned: ConsumerConfig = { 'enable.auto.offset.store': true };
    // @ts-expect-error does nothing any more
    const unused: ProducerConfig = { 'produce.offset.report': true };
    // @ts-expect-error a callback
    const callback: ProducerConfig = { dr_msg_cb: 'x' };

    for (const wrong of [wrongKind, wrongValue, owned]) expect(() => normalizeConfig('consumer', wrong)).to.throw();
    for (const wrong of [unused, callback]) expect(() => normalizeConfig('producer', wrong)).to.throw();
    normalizeConfig('consumer', consumer);
    normalizeConfig('producer', producer);
    normalizeConfig('admin', admin);
  });
});
