import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

/**
 * Copies an addon without its debug information; as it is where there is no `strip`.
 * @returns {boolean} was it stripped?
 */
export function strip(from, to) {
  const options = process.platform === 'darwin' ? ['-x'] : ['--strip-unneeded'];
  const stripped =
    spawnSync('strip', [...options, '-o', to, from], { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  if (!stripped) fs.copyFileSync(from, to);
  return stripped;
}
