import { spawnSync } from 'node:child_process';
import vm from 'node:vm';
import { expect } from 'chai';
import fc from 'fast-check';
import { topicPattern } from '../../lib/arguments/topic-pattern.js';

const names = [
  'orders',
  'orders.v1',
  'my-orders',
  'Orders_2',
  'a',
  'b',
  'ab',
  'aab',
  'abc',
  'a.b',
  'a-b',
  '_a',
  '1',
  '11',
  'a1',
  'x',
  'ba',
  '.',
  'c-1',
  'zz',
];
const hasGrep = spawnSync('grep', ['-E', 'a'], { input: 'a\n' }).status === 0;

/** Backtracking takes some patterns longer than anybody waits: nothing can be said of those. */
class TakesTooLong extends Error {}

const LONGEST_MS = 2000;
const limited = vm.createContext({ matching: (): string[] => [] });
const script = new vm.Script('matching()');

/** The names that JavaScript finds the expression in. */
function found(re: RegExp): string[] {
  limited.matching = () => names.filter((name) => re.test(name));
  try {
    return script.runInContext(limited, { timeout: LONGEST_MS }) as string[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new TakesTooLong(String(re));
    throw error;
  }
}

/** The names that POSIX finds the pattern in, as librdkafka asks in the classic protocol. */
function posix(pattern: string): string[] {
  const input = `${names.join('\n')}\n`;
  const { status, stdout, stderr, error } = spawnSync('grep', ['-E', '-e', pattern], {
    input,
    encoding: 'utf8',
    timeout: LONGEST_MS,
    env: { ...process.env, LC_ALL: 'C' },
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT') throw new TakesTooLong(pattern);
  expect(status, `${pattern}: ${stderr}`).to.be.lessThan(2);
  return stdout.split('\n').filter(Boolean);
}

/** The names that the pattern is the whole of, as the broker asks in the KIP-848 protocol. Its syntax is also JavaScript's. */
const whole = (pattern: string) => found(new RegExp(`^(?:${pattern})$`));

function agrees(re: RegExp) {
  const pattern = topicPattern(re);
  const expected = found(re);
  expect(pattern.startsWith('^'), pattern).to.equal(true);
  expect(whole(pattern), `${re} as ${pattern}`).to.deep.equal(expected);
  if (hasGrep) expect(posix(pattern), `${re} as ${pattern} in POSIX`).to.deep.equal(expected);
}

const atom = fc.constantFrom(
  ...'ab1.-_',
  'or',
  '\\.',
  '\\-',
  '\\d',
  '\\w',
  '\\s',
  '\\D',
  '\\W',
  '\\S',
  '\\x61',
  '\\u0062',
  '[ab]',
  '[^a]',
  '[a-c\\d]',
  '[^\\w]',
  '[.\\-]',
  '[\\]\\-1]',
  '[^]',
  '[]',
  '[-a]',
  '[$^|]',
  '^',
  '$',
  ':',
  '/',
  '{',
  '\\{',
  '\\$',
);
const { expression } = fc.letrec<{ expression: string; sequence: string; piece: string }>((tie) => ({
  expression: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((list) => list.join('|')),
  sequence: fc.array(tie('piece'), { minLength: 1, maxLength: 3 }).map((list) => list.join('')),
  piece: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    atom,
    fc
      .tuple(fc.constantFrom('(', '(?:'), tie('expression'), fc.constantFrom('', '*', '+', '?', '{2}', '{0,1}', '{1,}'))
      .map(([open, body, times]) => `${open}${body})${/^\{/.test(times) && /[$^]/.test(body) ? '' : times}`),
    fc
      .tuple(fc.constantFrom('a', 'b', '\\d', '[ab]', '[^b]', '.'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}'))
      .map(([one, times]) => one + times),
  ),
}));

describe('topic pattern', () => {
  it('keeps anchors and finds in the middle without them, as JavaScript does', () => {
    expect(topicPattern(/^orders$/)).to.equal('^.*(^orders$).*$');
    for (const re of [/orders/, /^orders/, /orders$/, /^orders$/, /^a|b$/, /^(a|b)$/, /.*/]) agrees(re);
  });

  it('is told apart where only the test takes too long: backtracking, of JavaScript or of POSIX', () => {
    expect(() => found(/^(a|a)*$|(\w*\w*)*[^\w]$/)).not.to.throw();
    names.push('a'.repeat(40));
    try {
      expect(() => found(/^(a|a)*b$/)).to.throw(TakesTooLong);
    } finally {
      names.pop();
    }
  });

  it('gives brokers no syntax that only JavaScript has', () => {
    expect(topicPattern(/^(?:a|b)-(?<n>\d+)\.\w/)).to.equal('^.*(^(a|b)-([0-9]+)\\.[_0-9A-Za-z]).*$');
    expect(topicPattern(/[\]\-.\\]/)).to.equal('^.*([.-]).*$');
    expect(topicPattern(/\p{Lu}\u{61}/u)).to.equal('^.*([A-Z]a).*$');
  });

  it('matches nothing, not anything, where a topic name cannot have the character', () => {
    for (const re of [/a b/, /\s/, /[^\w.-]/, /[]/, /é/, /😀/u, /a:b/]) agrees(re);
    expect(whole(topicPattern(/\s/))).to.deep.equal([]);
  });

  it('means in POSIX and on the broker what it means in JavaScript, whatever is written', function () {
    fc.assert(
      fc.property(expression, fc.constantFrom('', 'u'), (source, flags) => {
        let re: RegExp;
        try {
          re = new RegExp(source, flags);
        } catch {
          fc.pre(false);
        }
        try {
          agrees(re!);
        } catch (error) {
          fc.pre(!(error instanceof TakesTooLong) && !/smaller counted parts/.test((error as Error).message));
          throw error;
        }
      }),
      { numRuns: 300 },
    );
  });

  const refused: [RegExp | string, string][] = [
    [/a/i, "the flag 'i' in /a/i: spell both cases"],
    [/a/g, "the flag 'g'"],
    [/a/ms, "the flag 'ms'"],
    ['(?=a)b', 'lookaround'],
    ['(?!a)b', 'lookaround'],
    ['(?<=a)b', 'lookaround'],
    ['(?<!a)b', 'lookaround'],
    ['\\ba', 'a word boundary'],
    ['(a)\\1', 'a backreference'],
    ['(?<n>a)\\k<n>', 'a backreference'],
    ['a*?', 'a lazy quantifier'],
    ['a{2}?', 'a lazy quantifier'],
    ['(a$|b){2}', 'an anchor in a counted group'],
    ['((^a|b)c){1,}', 'an anchor in a counted group'],
    ['a|', 'an empty group or alternative'],
    ['(|a)', 'an empty group or alternative'],
    ['()', 'an empty group or alternative'],
    ['', 'an empty group or alternative'],
  ];
  for (const [source, construct] of refused) {
    it(`refuses ${source} rather than match something else`, () => {
      const re = typeof source === 'string' ? new RegExp(source) : source;
      expect(() => topicPattern(re)).to.throw(
        TypeError,
        `topics: expected a RegExp that brokers understand, got ${construct}`,
      );
    });
  }

  it('takes what only looks like a refused construct', () => {
    for (const re of [
      /[(?=]a/,
      /a\?/,
      /\\b/,
      /[*?]/,
      /\(\?=/,
      /a[?]?/,
      /(^|-)a{1,2}/,
      /((a*|(a|aa)?)+a|a){2}/,
      /(a$)?/,
      /(b|^a)+/,
    ])
      agrees(re);
  });
});
