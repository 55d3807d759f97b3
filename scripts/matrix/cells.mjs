// All cells of the matrix: { section, name, quick, run(context) }. `run` throws, or returns what to note in the table.

import { bundlers } from './bundlers.mjs';
import { debians } from './debian.mjs';
import { failures } from './failures.mjs';
import { installs } from './installs.mjs';
import { managers } from './managers.mjs';
import { modules } from './modules.mjs';
import { runtimes } from './runtimes.mjs';
import { source } from './source.mjs';
import { suites } from './suites.mjs';

export const cells = [
  ...runtimes,
  ...debians,
  ...managers,
  ...modules,
  ...bundlers,
  ...failures,
  ...source,
  ...installs,
  ...suites,
];
