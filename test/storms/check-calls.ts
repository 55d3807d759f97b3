import type { Findings } from './checker.js';
import type { Line } from './history.js';

/** Every call has ended, every loop was ended by its owner, and when the storm was over everything came to its end. */
export function checkCalls(lines: readonly Line[], findings: Findings): void {
  const open = new Map<number, Extract<Line, { k: 'call' }>>();
  for (const line of lines) {
    if (line.k === 'call') open.set(line.id, line);
    if (line.k === 'note' && line.f === 'trouble') findings.add('loop-ended', `${line.a} at ${line.t}: ${line.text}`);
    if (line.k === 'note' && line.f === 'offsetReset')
      findings.add('offset-reset', `${line.a} at ${line.t}: ${line.text}`);
    if (line.k !== 'end') continue;
    const call = open.get(line.id);
    open.delete(line.id);
    if (call?.f === 'drain' && line.e) findings.add('stuck', `${call.a}: ${line.e.text}`);
  }
  for (const { a, f, id, t } of open.values()) {
    findings.add('unsettled', `${f} of ${a} (call ${id}, at ${t}) has not ended`);
  }
}
