import { expect } from 'chai';
import { type AnomalyKind, check } from '../storms/checker.js';
import type { Line, Row } from '../storms/history.js';

// What the checker of the storms sees in histories that are made by hand. (That it sees bugs of the package itself, `npm run storms --
// --planted` shows.)

type NewLine = Line extends infer L ? (L extends { t: number } ? Omit<L, 't'> : L) : never;

/** A log of ten messages in plain/0, all acknowledged, and one aborted message at tx/0:1 between two others. */
function history(...more: readonly NewLine[]): Line[] {
  const values = Array.from({ length: 10 }, (_, o): [string, string] => ['plain/0', `w.${o}`]);
  const acked = values.map((_, o): Row => ['plain/0', o]);
  const lines: NewLine[] = [
    {
      k: 'meta',
      seed: 1,
      topics: { plain: { partitions: 1, transactional: false }, tx: { partitions: 1, transactional: true } },
    },
    { k: 'actor', a: 'a', group: 'g', reads: 'messages', seeks: false },
    { k: 'actor', a: 'b', group: 'seeking', reads: 'messages', seeks: true },
    { k: 'actor', a: 'c', group: 'seeking', reads: 'process', seeks: true },
    { k: 'call', id: 900, a: 'w', f: 'send', x: { values } },
    { k: 'end', id: 900, rows: acked },
    ...transaction('t.tx0', [
      ['tx/0', 't.0'],
      ['tx/0', 't.2'],
    ]),
    ...transaction('t.tx1', [['tx/0', 't.1']], true),
    ...more,
    { k: 'log', p: 'plain/0', rows: values.map(([, v], o) => [o, v, 1000 + o]), end: 10 },
    {
      k: 'log',
      p: 'tx/0',
      rows: [
        [0, 't.0', 1000],
        [2, 't.2', 1002],
      ],
      end: 4,
    },
  ];
  return lines.map((line, t) => ({ t, ...line }) as Line);
}

let nextId = 1000;

function transaction(tx: string, values: [string, string][], givesUp = false): NewLine[] {
  const [id, send] = [nextId++, nextId++];
  return [
    { k: 'call', id, a: 't', f: 'transaction', x: { tx, ...(givesUp ? { gives: 'up' } : {}) } },
    { k: 'call', id: send, a: 't', f: 'send', x: { tx, values } },
    { k: 'end', id: send, rows: values.map(([p, v]): Row => [p, Number(v.split('.')[1])]) },
    { k: 'end', id, ...(givesUp ? { e: { code: 'Error', text: 'given up' } } : {}) },
  ];
}

const came = (a: string): NewLine => ({ k: 'ev', a, f: 'assigned', ps: ['plain/0'] });
const went = (a: string): NewLine => ({ k: 'ev', a, f: 'revoked', ps: ['plain/0'] });
const message = (a: string, o: number, n = 1): NewLine => ({ k: 'm', a, p: 'plain/0', o, v: `w.${o}`, n });
const messages = (a: string, ...offsets: number[]): NewLine[] => offsets.map((o) => message(a, o));
const done = (a: string): NewLine => ({ k: 'd', a });

function call(a: string, f: string, x: object, rows: Row[]): NewLine[] {
  const id = nextId++;
  return [
    { k: 'call', id, a, f, x },
    { k: 'end', id, rows },
  ];
}

const seek = (a: string, offset: number, to = offset): NewLine[] =>
  call(a, 'seek', { rows: [['plain/0', offset]] }, [['plain/0', to]]);

const committed = (offset: number): NewLine => ({ k: 'seen', t0: 0, g: 'g', rows: [['plain/0', offset]] });

const cases: readonly [fear: string, found: AnomalyKind | null, lines: NewLine[]][] = [
  ['nothing is wrong', null, [came('a'), ...messages('a', 0, 1, 2), done('a'), committed(3)]],
  ['a message is left out', 'skipped', [came('a'), ...messages('a', 0, 2)]],
  ['a message comes twice', 'doubled', [came('a'), ...messages('a', 0, 0)]],
  ['two messages change places', 'reordered', [came('a'), ...messages('a', 0, 2, 1)]],
  ['an aborted message is delivered', 'aborted-read', [{ k: 'm', a: 'a', p: 'tx/0', o: 1, v: 't.1' }]],
  [
    'what is never shown is no gap',
    null,
    [
      { k: 'ev', a: 'a', f: 'assigned', ps: ['tx/0'] },
      { k: 'm', a: 'a', p: 'tx/0', o: 0, v: 't.0' },
      { k: 'm', a: 'a', p: 'tx/0', o: 2, v: 't.2' },
    ],
  ],
  [
    'another value than was sent is delivered',
    'wrong-message',
    [came('a'), { k: 'm', a: 'a', p: 'plain/0', o: 0, v: 'w.7' }],
  ],
  [
    'a message after a seek is from before it',
    'stale',
    [came('b'), ...messages('b', 0, 1), ...seek('b', 5), message('b', 2)],
  ],
  [
    'the message that was in hand comes after a seek',
    'stale',
    [came('b'), ...messages('b', 0, 1, 2), ...seek('b', 0), message('b', 2)],
  ],
  ['a seek holds', null, [came('b'), ...messages('b', 0, 1), ...seek('b', 5), ...messages('b', 5, 6)]],
  [
    'a seek did not hold',
    'seek-forgotten',
    [came('b'), ...messages('b', 0, 1), ...seek('b', 5), ...messages('b', 2, 3)],
  ],
  ['a seek lands one later', 'seek-wrong', [came('b'), message('b', 0), ...seek('b', 5, 6)]],
  [
    'the first message after a seek is left out',
    'skipped',
    [came('b'), message('b', 0), ...seek('b', 5), message('b', 6)],
  ],
  [
    'position() contradicts a seek',
    'seek-forgotten',
    [came('b'), message('b', 0), ...seek('b', 5), ...call('b', 'position', {}, [['plain/0', 1]])],
  ],
  [
    'the end is before what was acknowledged',
    'early-end',
    [came('b'), ...call('b', 'seekToEnd', {}, [['plain/0', 9]])],
  ],
  [
    'a seek to the last ones is too early',
    'seek-wrong',
    [came('b'), ...call('b', 'seekToLast', { number: 3 }, [['plain/0', 6]])],
  ],
  [
    'a seek to a time is too late',
    'seek-wrong',
    [came('b'), ...call('b', 'seekToTimestamp', { number: 1004 }, [['plain/0', 5]])],
  ],
  [
    'a relative seek goes elsewhere',
    'seek-wrong',
    [came('b'), ...messages('b', 0, 1, 2), ...call('b', 'seekBy', { number: -2 }, [['plain/0', 2]])],
  ],
  [
    'a read up to the end ends before',
    'early-end',
    [
      ...call('b', 'assign', { rows: [['plain/0', 0]] }, []),
      { k: 'call', id: 1, a: 'b', f: 'read', x: { until: 'end' } },
      ...messages('b', 0, 1, 2),
      { k: 'end', id: 1 },
    ],
  ],
  ['a commit is beyond what is done', 'commit-beyond', [came('a'), ...messages('a', 0, 1), committed(2)]],
  ['a commit is beyond the log', 'commit-beyond', [committed(11)]],
  [
    'a commit leaves something out',
    'commit-beyond',
    [{ k: 'd', a: 'a', p: 'plain/0', o: 0 }, { k: 'd', a: 'a', p: 'plain/0', o: 2 }, committed(3)],
  ],
  ['a partition that comes starts too late', 'start-wrong', [came('a'), message('a', 4)]],
  [
    'a partition that comes goes on where another member was',
    null,
    [
      came('a'),
      ...messages('a', 0, 1),
      done('a'),
      went('a'),
      came('b'),
      { k: 'd', a: 'c', p: 'plain/0', o: 3 },
      message('b', 4),
    ],
  ],
  [
    'a handler has a stale message once more',
    'stale',
    [came('c'), message('c', 3 - 3), ...seek('c', 5), message('c', 0, 2)],
  ],
  [
    'a group never had a message',
    'unseen',
    [came('a'), ...messages('a', 0, 1), done('a'), ...call('g', 'drain', { places: ['plain'] }, [])],
  ],
  [
    'a group does not come to the end',
    'stuck',
    [
      { k: 'call', id: 1, a: 'g', f: 'drain' },
      { k: 'end', id: 1, e: { code: 'Error', text: 'not at the end' } },
    ],
  ],
  ['a call does not end', 'unsettled', [{ k: 'call', id: 1, a: 'b', f: 'commit' }]],
  ['a loop ends that nobody has ended', 'loop-ended', [{ k: 'note', a: 'b', f: 'trouble', text: 'ended' }]],
  ['an offset of the log counts as outside', 'offset-reset', [{ k: 'note', a: 'b', f: 'offsetReset', text: '{}' }]],
  [
    'an acknowledged message is not in the log',
    'lost-write',
    [...call('v', 'send', { values: [['plain/0', 'v.0']] }, [['plain/0', 3]])],
  ],
  ['a message is in the log twice', 'duplicate', [{ k: 'log', p: 'plain/1', rows: [[0, 'w.0', 1]], end: 1 }]],
  [
    'a message that nobody has sent is in the log',
    'phantom-write',
    [{ k: 'log', p: 'plain/1', rows: [[0, 'u.0', 1]], end: 1 }],
  ],
  [
    'messages are in the log in another order',
    'reordered-write',
    [
      {
        k: 'log',
        p: 'plain/1',
        rows: [
          [0, 'u.1', 1],
          [1, 'u.0', 1],
        ],
        end: 2,
      },
    ],
  ],
  [
    'a message is elsewhere than acknowledged',
    'inconsistent-offset',
    [
      ...call('v', 'send', { values: [['plain/1', 'v.0']] }, [['plain/1', 3]]),
      { k: 'log', p: 'plain/1', rows: [[0, 'v.0', 1]], end: 1 },
    ],
  ],
  [
    'an aborted transaction is in the log',
    'torn-transaction',
    [...transaction('u.tx0', [['tx/1', 'u.0']], true), { k: 'log', p: 'tx/1', rows: [[0, 'u.0', 1]], end: 1 }],
  ],
  [
    'a pipeline makes something twice',
    'doubled-output',
    [
      {
        k: 'log',
        p: 'out/0',
        rows: [
          [0, 'plain/0@1', 1],
          [1, 'plain/0@1', 1],
        ],
        end: 2,
      },
    ],
  ],
  ['a pipeline leaves something out', 'lost-output', call('pipeline-x', 'drain', { places: ['plain'] }, [])],
];

describe('the checker of histories', () => {
  for (const [fear, found, lines] of cases) {
    it(found === null ? `finds nothing where ${fear}` : `finds '${found}' where ${fear}`, () => {
      const kinds = check(history(...lines)).anomalies.map(({ kind }) => kind);
      if (found === null) expect(kinds).to.deep.equal([]);
      else expect(kinds).to.include(found);
    });
  }

  it('blames no client for an old end of the log while leaders move', () => {
    const end = call('b', 'seekToEnd', {}, [['plain/0', 9]]);
    const { anomalies, excused } = check(history({ k: 'storm', f: 'freeze', x: 'node 1' }, came('b'), ...end));
    expect(anomalies).to.deep.equal([]);
    expect(excused.map(({ kind }) => kind)).to.deep.equal(['early-end']);
  });
});
