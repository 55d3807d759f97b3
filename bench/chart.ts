// A chart of horizontal bars as SVG, readable on a light and on a dark page.

export interface Bar {
  label: string;
  value: number;
  least: number;
  most: number;
  text: string;
  ours: boolean;
}

const WIDTH = 760;
const LABEL = 190;
const ROW = 26;
const TOP = 34;

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export function barChart(title: string, bars: readonly Bar[]): string {
  const room = WIDTH - LABEL - 110;
  const scale = room / Math.max(...bars.map(({ most }) => most));
  const rows = bars.map(({ label, value, least, most, text, ours }, i) => {
    const y = TOP + i * ROW;
    const middle = y + ROW / 2 - 2;
    const x = (n: number) => (LABEL + n * scale).toFixed(1);
    return [
      `<text x="${LABEL - 8}" y="${middle + 4}" text-anchor="end">${escaped(label)}</text>`,
      `<rect x="${LABEL}" y="${y}" width="${(value * scale).toFixed(1)}" height="${ROW - 6}" fill="${ours ? '#1f77b4' : '#9a9a9a'}"/>`,
      `<path d="M${x(least)} ${middle}H${x(most)}" stroke="#d62728"/>`,
      `<text x="${(LABEL + most * scale + 6).toFixed(1)}" y="${middle + 4}">${text}</text>`,
    ].join('');
  });
  const height = TOP + bars.length * ROW + 4;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    '<style>text{font:13px sans-serif;fill:#333}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>',
    `<text x="${LABEL}" y="20" font-weight="bold">${escaped(title)}</text>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}
