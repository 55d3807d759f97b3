// @ts-expect-error The door is the package's name: its files are its own.
import 'seekafka/dist/lib/index.js';
// @ts-expect-error There is no default export.
import seekafka from 'seekafka';

console.log(seekafka);
