import './intervals.js'; // first: before the package takes its timers
import { stopKafkaOfThisRun } from './kafka.js';

// Mocha loads this file before the tests (.mocharc.json).

export async function mochaGlobalTeardown(): Promise<void> {
  await stopKafkaOfThisRun();
}
