// How the example speaks: headings, ticks, bars. Colours where a terminal shows them (NO_COLOR is respected).

import { styleText } from 'node:util';

const coloured = process.stdout.isTTY && process.stdout.hasColors();
const paint = (style: Parameters<typeof styleText>[0], text: string) => (coloured ? styleText(style, text) : text);
const BAR = 40;

export class Story {
  failures = 0;
  #ticks = 0;
  #chapters = 0;

  title(subtitle: string, lines: readonly string[]): void {
    console.log(`\n  ${paint('bold', 'seekafka')}  ${paint('dim', subtitle)}`);
    for (const line of lines) console.log(`  ${paint('dim', line)}`);
  }

  chapter(text: string): void {
    console.log(`\n  ${paint(['bold', 'cyan'], `${++this.#chapters}  ${text}`)}`);
  }

  aside(text: string): void {
    console.log(`     ${paint('dim', text)}`);
  }

  /** Something that was promised, and whether it is so; with `since`, how long it took. */
  check(holds: boolean, text: string, since?: number): void {
    const took = since === undefined ? '' : paint('dim', `  ${this.ms(performance.now() - since)}`);
    if (holds) this.#ticks++;
    else this.failures++;
    console.log(`   ${holds ? paint('green', '✓') : paint('red', '✗')} ${text}${took}`);
  }

  /** A bar for each partition. */
  bars(sizes: readonly number[], note: (partition: number) => string): void {
    const most = Math.max(...sizes, 1);
    const width = Math.max(...sizes.map((size) => this.number(size).length));
    sizes.forEach((size, partition) => {
      const bar = '█'.repeat(Math.round((size / most) * BAR)).padEnd(BAR);
      const count = this.number(size).padStart(width);
      console.log(`     partition ${partition}  ${paint('cyan', bar)}  ${count}  ${paint('dim', note(partition))}`);
    });
  }

  end(since: number): void {
    const took = this.ms(performance.now() - since);
    const verdict = this.failures
      ? paint('red', `${this.failures} of ${this.failures + this.#ticks} promises broken`)
      : paint('green', `All ${this.#ticks} promises kept`);
    console.log(`\n  ${verdict}, in ${took}.\n`);
  }

  number(n: number): string {
    return n.toLocaleString('en-US');
  }

  count(n: number, what: string): string {
    return `${this.number(n)} ${what}${n === 1 ? '' : 's'}`;
  }

  ms(milliseconds: number): string {
    if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`;
    return `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
  }
}
