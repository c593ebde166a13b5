import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerLine } from '../../src/cli/answer-line.ts';

/** What the command line answers, as whoever reads its output sees it. */
const ask = async (question: unknown): Promise<Record<string, unknown>> =>
  JSON.parse(JSON.stringify(await answerLine(typeof question === 'string' ? question : JSON.stringify(question)))) as Record<
    string,
    unknown
  >;

test('any line at all gets one answer, an error with a code and a sentence where need be', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string({ maxLength: 80 }), fc.json()), async (line) => {
      const answer = await ask(line);
      if ('error' in answer) {
        const { code, message } = answer['error'] as Record<string, string>;
        assert.match(code ?? '', /^[a-z-]+$/);
        assert.ok((message ?? '').length > 10);
      }
    }),
  );
});

test('an unknown model is told by name, and the id of the question comes back', async () => {
  const answer = await ask({ id: 'q-7', model: { id: 'no-such-model' }, quant: 'Q4_K_M' });
  assert.equal(answer['id'], 'q-7');
  assert.match(JSON.stringify(answer['error']), /no-such-model/);
});
