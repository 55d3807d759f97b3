// A JavaScript RegExp as a topic pattern for librdkafka.
//
// Three engines read it: POSIX ERE of the C library (classic protocol, partial match), librdkafka's own little engine
// where there is none (Windows), and the broker's RE2J (KIP-848 protocol, whole match). So the pattern keeps to what
// they have in common, and begins with `^`, by which librdkafka knows a pattern from a name.
//
// What makes this exact is that a topic name has only 65 possible characters: anything that matches one character (a
// class, an escape, a literal) is asked about each of them here, by JavaScript itself, and written as that set.

import { clip } from './values.js';

const legalCharacters = [...'-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'];

/** Matches no topic name, because none contains a space; an empty class does not exist in POSIX. */
const matchesNothing = ' ';

/**
 * The largest count `{n}` or `{m,n}`, and product of nested ones: POSIX promises 255, RE2J refuses more than 1,000, and no name
 * of a topic is longer than 249 characters.
 */
const MOST_TIMES = 255;
/**
 * How many atoms counted parts may have when they are written out; one that may be left out or comes again counts for ten. The
 * C library writes them out, and takes seconds for a few thousand that may be left out, minutes for more.
 */
const MOST_ATOMS = 1000;
const VARIABLE = 10;

/** What a part of a pattern is, written out: how many atoms, what they weigh, and how often its innermost one stands there. */
interface Extent {
  atoms: number;
  weight: number;
  times: number;
}

const refusals: [construct: RegExp, name: string, wayOut: string][] = [
  [/^\(\?<?[=!]/, 'lookaround', 'subscribe to what matches by several patterns or names'],
  [/^\(\?[a-z-]+:/, 'inline flags', 'spell both cases, as in [Aa]'],
  [/^\\[bB]/, 'a word boundary', 'name the separator, as in (^|[.-])'],
  [/^\\k/, 'a backreference', 'spell the repetition out'],
  [/^\\[0-9]/, 'a backreference or octal escape', 'spell the repetition out'],
  [/^\\c/, 'a control character', 'no topic name contains one'],
];

/** One character's worth of source: an escape, a class or any character. */
function atomAt(source: string, at: number, unicode: boolean): string {
  const rest = source.slice(at);
  const escape = unicode
    ? /^\\(?:u\{[^}]*\}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[pP]\{[^}]*\}|[^])/u
    : /^\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[^])/;
  const found = escape.exec(rest) ?? /^\[(?:\\[^]|[^\]\\])*\]/.exec(rest) ?? (unicode ? /^[^]/u : /^[^]/).exec(rest);
  return found![0];
}

/** The topic name characters that an atom matches, in a form that means the same to all three engines. */
function characterSet(atom: string, flags: string): string {
  const matcher = new RegExp(`^${atom}$`, flags);
  const set = legalCharacters.filter((character) => matcher.test(character)).join('');
  if (set === '') return matchesNothing;
  if (set.length === legalCharacters.length) return '.';
  if (set.length === 1) return set === '.' ? '\\.' : set;
  // A hyphen is a range unless it comes last. Ranges only where they are whole, so that no locale can stretch them.
  const ranges = set
    .replace('0123456789', '0-9')
    .replace('ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'A-Z')
    .replace('abcdefghijklmnopqrstuvwxyz', 'a-z');
  return set.startsWith('-') ? `[${ranges.slice(1)}-]` : `[${ranges}]`;
}

/**
 * The librdkafka pattern that matches exactly the topic names that `re.test(name)` does.
 * @throws RangeError for counts beyond 255, nested ones multiplied, and for counted parts of too many atoms
 * @throws TypeError for flags other than `u`, lookaround, backreferences, `\b`, lazy quantifiers, and what else the three
 * engines do not have or do not agree on.
 */
export function topicPattern(re: RegExp, argument = 'topics'): string {
  const { source, flags } = re;
  const refuse = (what: string, wayOut: string): never => {
    throw new TypeError(`${argument}: expected a RegExp that brokers understand, got ${what} in ${re}: ${wayOut}`);
  };
  if (flags !== '' && flags !== 'u') {
    const wayOut = flags.includes('i') ? 'spell both cases, as in [Aa]' : 'leave it out';
    refuse(`the flag '${flags.replace('u', '')}'`, wayOut);
  }

  let pattern = '';
  let counted = 0;
  const extents: Extent[] = [{ atoms: 0, weight: 0, times: 1 }]; // of the pattern, and of each open group
  let last: Extent = { atoms: 0, weight: 0, times: 1 }; // the part that a quantifier is of
  const addPart = (part: Extent) => {
    const around = extents.at(-1)!;
    around.atoms += part.atoms;
    around.weight += part.weight;
    around.times = Math.max(around.times, part.times);
    last = part;
  };
  const repeatPart = (quantifier: string) => {
    const counts = quantifier.match(/\d+/g)?.map(Number);
    const times = Math.max(1, ...(counts ?? []));
    const { atoms, weight } = last;
    last.times *= times;
    last.atoms *= times;
    last.weight = counts ? weight * times : Math.max(weight, atoms * VARIABLE);
    if (times > 1) counted += last.weight;
    const around = extents.at(-1)!;
    around.atoms += last.atoms - atoms;
    around.weight += last.weight - weight;
    around.times = Math.max(around.times, last.times);
    const expected = (what: string, got: string) =>
      new RangeError(`${argument}: expected a RegExp with ${what}, got ${got} in ${clip(String(re))}`);
    if (last.times > MOST_TIMES) {
      throw expected(`counts of at most ${MOST_TIMES}, nested ones multiplied`, `${quantifier} (${last.times} times)`);
    }
    if (counted > MOST_ATOMS) throw expected('smaller counted parts', `${quantifier} of too many characters`);
  };
  const open: boolean[] = []; // of each open group: has it an anchor?
  let closedWithAnchor = false;
  const refuseEmpty = () => {
    if (!/(^|[(|])$/.test(pattern)) return;
    refuse('an empty group or alternative', 'make it optional by ?, or use .*');
  };
  for (let at = 0; at < source.length;) {
    const rest = source.slice(at);
    for (const [construct, name, wayOut] of refusals) if (construct.test(rest)) refuse(name, wayOut);

    const group = /^\((?:\?:|\?<[^>]+>)?/.exec(rest)?.[0];
    const quantifier = /^(?:[*+?]|\{\d+(?:,\d*)?\})/.exec(rest)?.[0];
    if (quantifier && rest[quantifier.length] === '?') refuse('a lazy quantifier', 'leave out its ?');
    if (rest[0] === ')' || rest[0] === '|') refuseEmpty();

    // glibc's regexec forgets the anchor there: it finds (a$|b){2} in 'ab'.
    if (quantifier?.startsWith('{') && closedWithAnchor) refuse('an anchor in a counted group', 'write the group out');
    closedWithAnchor = rest[0] === ')' && open.pop() === true;
    if (group) {
      open.push(false);
      extents.push({ atoms: 0, weight: 0, times: 1 });
    } else if (quantifier) repeatPart(quantifier);
    else if (rest[0] === ')') addPart(extents.pop()!);
    else if (!/^[|^$]/.test(rest)) addPart({ atoms: 1, weight: 1, times: 1 });
    if (rest[0] === '^' || rest[0] === '$' || closedWithAnchor) open.fill(true);

    const atom = group ?? quantifier ?? (/^[|)^$.]/.test(rest) ? rest[0]! : atomAt(source, at, flags === 'u'));
    at += atom.length;
    if (group) pattern += '(';
    else if (quantifier || /^[|)^$.]$/.test(atom)) pattern += atom;
    else pattern += characterSet(atom, flags);
  }
  refuseEmpty();
  return `^.*(${pattern}).*$`;
}
