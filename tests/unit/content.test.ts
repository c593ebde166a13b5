/** What every page of the guide keeps to, read from its source: ESLint does not look into MDX. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import nspell from 'nspell';
import { COLLECTION_NAMES, readCollections } from '../../src/schemas/collections.ts';
import { citedSources } from '../../src/site/citations.ts';
import {
  bareFigure,
  faultsOf,
  hashOf,
  headingIds,
  runsOfNine,
  sentencesOf,
  wordsOf,
  type GuideText,
  type Known,
} from '../../src/site/guide-rules.ts';
import { knownOf, readGuide } from '../../src/site/guide-files.ts';

const guide = readGuide('src/content/docs');
const known = knownOf(guide.pages);
const data = readCollections((name) => readFileSync(`src/data/${name}.jsonl`, 'utf8'));

test('every page of the outline is there, and no other', () => {
  const outline = readFileSync('tests/fixtures/outline.txt', 'utf8').trim().split('\n');
  const id = (path: string): string => path.replace(/\/index$/, '');
  assert.deepEqual(guide.pages.map((page) => id(page.id)).sort(), outline.map(id).sort());
});

test('front matter is whole, and no alias belongs to two pages', () => {
  assert.deepEqual(guide.faults, []);
});

test('places in the reading order are taken once', () => {
  const orders = guide.pages.map(({ order }) => order);
  assert.deepEqual(
    orders.filter((order, at) => orders.indexOf(order) !== at),
    [],
  );
});

test('pages keep the rules of the guide: figures sourced, names known, links alive, words their own', () => {
  const faults = guide.pages.flatMap((page) => faultsOf(page, known).map(({ line, reason }) => `${page.file}:${String(line)} ${reason}`));
  assert.deepEqual(faults, []);
});

test('every source is used, by a page or by a record', () => {
  const used = new Set(guide.pages.flatMap(({ body }) => citedSources(body)));
  for (const name of COLLECTION_NAMES) {
    for (const record of data[name]) {
      if ('sources' in record) for (const { source } of record.sources) used.add(source);
      if ('source' in record) used.add(record.source);
      if ('conflicts' in record) for (const { source } of record.conflicts ?? []) used.add(source);
      if ('support' in record) for (const { source } of record.support ?? []) used.add(source);
    }
  }
  assert.deepEqual(
    data.sources.map(({ id }) => id).filter((id) => !used.has(id)),
    [],
  );
});

test('every source is recorded once', () => {
  const urls = data.sources.map(({ url }) => url);
  assert.deepEqual(
    urls.filter((url, at) => urls.indexOf(url) !== at),
    [],
  );
});

test('words are spelt as in Britain, with -ize, or stand in the project’s list', () => {
  const speller = nspell(readFileSync('node_modules/dictionary-en-gb/index.aff'), readFileSync('node_modules/dictionary-en-gb/index.dic'));
  const own = new Set(readFileSync('tests/fixtures/words.txt', 'utf8').split('\n'));
  const british = (word: string): string =>
    word.replace(/iz(e|ed|es|er|ers|ing|ation|ations|able)$/, 'is$1').replace(/iz(ational|ability)$/, 'is$1');
  const right = (word: string): boolean =>
    own.has(word) ||
    own.has(word.toLowerCase()) ||
    speller.correct(word) ||
    speller.correct(word.toLowerCase()) ||
    speller.correct(british(word.toLowerCase()));
  const wrong = new Map<string, string>();
  for (const { file, title, description, body } of guide.pages) {
    const text = [title, description, ...sentencesOf(body, 1).map((sentence) => sentence.text)].join('\n').replace(/https?:\S+/g, ' ');
    for (const [word] of text.matchAll(/(?<![\w./@#-])[A-Za-zÀ-ÿ]+(?:['’][a-z]+)?(?![\w/@]|\.\w)/g)) {
      const plain = word.replace(/’/g, "'").replace(/'s$/, '');
      // Acronyms and names with capitals inside are their makers' business.
      if (plain.length < 3 || /[A-Z].*[A-Z]/.test(plain) || /[a-z][A-Z]/.test(plain)) continue;
      if (!right(plain)) wrong.set(plain, file);
    }
  }
  assert.deepEqual(
    [...wrong].map(([word, file]) => `${word} (${file})`),
    [],
  );
});

test('the timeline has 140 entries or more, each with a source', () => {
  assert.ok(data.timeline.length >= 140, String(data.timeline.length));
});

/** A page with one thing wrong, so that the rules themselves are known to bite. */
function faultsOfText(body: string, more: Partial<GuideText> = {}): string[] {
  const everything: Known = {
    sources: new Set(['a-source']),
    terms: new Set(['token']),
    machines: new Set(['rtx-3090']),
    models: new Set(['llama-3-1-8b']),
    computable: new Set(['llama-3-1-8b']),
    quants: new Set(['Q4_K_M']),
    pages: new Map([['concepts/token', new Set(['what'])]]),
    draft: new Set(runsOfNine('one two three four five six seven eight nine').map(hashOf)),
  };
  const filler = Array<string>(160).fill('word').join(' ');
  const page: GuideText = {
    id: 'x/y',
    title: 'Y',
    description: 'D',
    aliases: [],
    related: [],
    firstLine: 1,
    body: `${body}\n\n${filler} <Cite id="a-source" />`,
    ...more,
  };
  return faultsOf(page, everything).map(({ reason }) => reason);
}

test('the rules find what they are for', () => {
  assert.deepEqual(faultsOfText('Nothing wrong here.'), []);
  const cases: [string, RegExp][] = [
    ['It has 24 GB of memory.', /"24 GB" has neither/],
    ['First, 24 GB.<Cite id="a-source" /> Then it reaches 900 GB/s.', /"900 GB\/s" has neither/],
    ['It is 3 × as large.', /has neither/],
    ['It was released in 2023.', /has neither/],
    ['It costs $300.', /has neither/],
    ['It has 8 billion parameters.', /has neither/],
    ['| a | 40 % |', /has neither/],
    ['We leverage it.', /cut list/],
    ['## No id', /needs an id/],
    ['See <Cite id="nowhere" />.', /no source "nowhere"/],
    ['A <Term id="tokn">token</Term>.', /no term "tokn"/],
    ['<Spec machine="rtx-3091" field="name" />', /no machine "rtx-3091"/],
    ['<Estimate model="llama-3-1-8b" quant="Q4_K_X" show="weights" />', /no file type/],
    ['[there](/concepts/tokens/)', /no page/],
    ['[there](/concepts/token/#where)', /no heading #where/],
    ['[there](/concepts/token)', /begins and ends with a slash/],
    ['one two three four five six seven eight nine', /first draft/],
    [
      '24 GB {/* uncited: the reason is long enough */} 1 GB {/* uncited: the reason is long enough */} 2 GB {/* uncited: the reason is long enough */}',
      /may have two/,
    ],
    ['24 GB {/* uncited: no */}', /says why/],
  ];
  for (const [body, reason] of cases)
    assert.ok(
      faultsOfText(body).some((fault) => reason.test(fault)),
      `${body} → ${faultsOfText(body).join('; ')}`,
    );
  for (const fine of [
    'A 24 GB card will do.',
    'It has 24 GB of memory.<Cite id="a-source" />',
    'So 24 GB {/* uncited: it is arithmetic */} it is.',
    'Put `-c 8192` and `24 GB` there.',
    '```sh\nfree -g # 24 GB\n```',
    '<Worked title="x">\n\n24 GB\n\n</Worked>',
    '[there](/concepts/token/#what) and [here](/machines/rtx-3090/)',
  ])
    assert.deepEqual(faultsOfText(fine), [], fine);
});

test('figures, sentences, words and headings are told apart', () => {
  assert.equal(bareFigure('It takes 40 % of it'), '40 %');
  assert.equal(bareFigure('Llama 3.1 8B at Q4_K_M'), null);
  assert.deepEqual(
    sentencesOf('One. Two\nthree.<Cite id="a" /> Four.\n\n- five\n- six', 10).map(({ text, line }) => [
      line,
      text.replace(/[^\w. -]/g, ''),
    ]),
    [
      [10, 'One.'],
      [10, 'Two three.'],
      [11, 'Four.'],
      [13, '- five'],
      [14, '- six'],
    ],
  );
  assert.deepEqual(headingIds('## A {#a}\n\n```md\n## B {#b}\n```\n### C {#c-d}'), ['a', 'c-d']);
  assert.equal(
    wordsOf({
      id: 'a',
      title: '',
      description: 'one two',
      aliases: [],
      related: [],
      firstLine: 1,
      body: '`x` three <Term id="token">four</Term>',
    }),
    5,
  );
});
