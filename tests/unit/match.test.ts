import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMatcher, resembles, typingSlips, wordsAsTyped, type PageTerms } from '../../src/components/client/match.ts';

const page = (path: string, title: string, ...aliases: string[]): PageTerms => ({ path, title, aliases, answer: `About ${title}.` });
const match = createMatcher([
  page('/gpu/', 'GPU', 'graphics card', 'which gpu'),
  page('/board/', 'Motherboard', 'pcie lanes', 'riser'),
  page('/unified/', 'Unified memory', 'mac studio'),
  page('/memory/', 'Memory', 'ram', 'how much ram do i need'),
]);
const first = (query: string): string | undefined => match(query)[0]?.page.path;

test('a name, an alias, a misspelling and a joined name find their page first', () => {
  assert.equal(first('gpu'), '/gpu/');
  assert.equal(first('Graphics Card'), '/gpu/');
  assert.equal(first('motherbaord'), '/board/');
  assert.equal(first('unifiedmemory'), '/unified/');
  assert.equal(first('how much RAM do I need?'), '/memory/');
});

test('what resembles nothing finds nothing', () => {
  assert.deepEqual(match('zzqxv wfgh'), []);
  assert.equal(resembles('zzqxv wfgh', ['zero', 'watt']), false);
  assert.equal(resembles('quantising', ['quantization']), true);
});

test('any text at all is answered, in the order of the scores', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (query) => {
      const scores = match(query).map(({ score }) => score);
      assert.ok(scores.every(Number.isFinite));
      assert.deepEqual(
        scores,
        scores.toSorted((a, b) => b - a),
      );
    }),
  );
});

test('slips are counted alike from both sides, none between equal words', () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      assert.equal(typingSlips(a, b, 3), typingSlips(b, a, 3));
      assert.equal(typingSlips(a, a, 3), 0);
    }),
  );
});

test('names are looked for as they were typed, without the words of a question', () => {
  assert.deepEqual(wordsAsTyped(' Qwen3.8 27B '), ['Qwen3.8', '27B']);
  assert.ok(!wordsAsTyped('the rtx-3090').includes('the'));
  assert.deepEqual(wordsAsTyped('the'), ['the']);
});
