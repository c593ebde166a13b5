import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerLine } from '../../src/cli/answer-line.ts';

/** What the command line answers, as whoever reads its output sees it. */
const ask = (question: unknown): Record<string, unknown> =>
  JSON.parse(JSON.stringify(answerLine(typeof question === 'string' ? question : JSON.stringify(question)))) as Record<string, unknown>;

test('any line at all gets one answer, an error with a code and a sentence where need be', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 80 }), fc.json()), (line) => {
      const answer = ask(line);
      if ('error' in answer) {
        const { code, message } = answer['error'] as Record<string, string>;
        assert.match(code ?? '', /^[a-z-]+$/);
        assert.ok((message ?? '').length > 10);
      }
    }),
  );
});

test('an unknown model is told by name, and the id of the question comes back', () => {
  const answer = ask({ id: 'q-7', model: { id: 'no-such-model' }, quant: 'Q4_K_M' });
  assert.equal(answer['id'], 'q-7');
  assert.match(JSON.stringify(answer['error']), /no-such-model/);
});
