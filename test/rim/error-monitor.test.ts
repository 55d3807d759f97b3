import { errorMonitor } from 'node:events';
import { expect } from 'chai';
import { Admin, Consumer, type KafkaError, Producer } from 'seekafka';
import { eventually } from '../helpers/wait.js';

// Who watches the errors of a client by events.errorMonitor, as tracing does, handles none: they are warned of as before, and
// watched also where nobody listens to 'error'.

describe('errors that are watched by events.errorMonitor', () => {
  const config = { 'bootstrap.servers': '127.0.0.1:1' };
  const makes: [string, () => Consumer | Producer | Admin][] = [
    ['Consumer', () => new Consumer(config)],
    ['Producer', () => new Producer(config)],
    ['Admin', () => new Admin(config)],
  ];
  for (const [name, make] of makes) {
    for (const handled of [false, true]) {
      it(`are told once each, ${handled ? 'beside a listener' : 'without a listener'} (${name})`, async () => {
        const warned: string[] = [];
        const onWarning = ({ message }: Error) => void (message.startsWith(`${name}: `) && warned.push(message));
        process.on('warning', onWarning);
        using _off = { [Symbol.dispose]: () => process.off('warning', onWarning) };
        await using client = make();
        const watched: KafkaError[] = [];
        const listened: KafkaError[] = [];
        client.on(errorMonitor as unknown as 'error', (error) => watched.push(error));
        if (handled) client.on('error', (error) => listened.push(error));
        await eventually(() => watched.some(({ code }) => code === 'ERR__TRANSPORT'), { what: 'an error is watched' });
        if (handled) expect(watched).to.deep.equal(listened);
        else await eventually(() => warned.length > 0, { what: 'it is warned of too' });
      });
    }
  }
});
