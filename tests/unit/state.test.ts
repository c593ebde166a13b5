import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CalculatorData } from '../../src/tools/calculator/data.ts';
import { DEFAULT_STATE, OFFERED_CACHE_TYPES, readContext, readState, writeState, type State } from '../../src/tools/calculator/state.ts';
import { calculatorData } from '../../src/site/calculator-data.ts';

const data = calculatorData() as CalculatorData;

const anyState: fc.Arbitrary<State> = fc
  .record({
    model: fc.constantFrom(...data.models),
    quant: fc.constantFrom(...data.quants),
    context: fc.integer({ min: 256, max: 2 ** 24 }),
    cache: fc.constantFrom(...OFFERED_CACHE_TYPES),
    machine: fc.constantFrom(...data.machines),
    which: fc.nat(),
  })
  .map(({ model, quant, context, cache, machine, which }) => {
    const sizes = machine.memoryGiB;
    const memoryGiB = sizes.length > 1 && which > 0 ? (sizes[which % sizes.length] ?? null) : null;
    return { model: model.id, quant: quant.name, context, cache, machine: machine.id, memoryGiB };
  });

test('an address gives back the state it was made from', () => {
  fc.assert(
    fc.property(anyState, (state) => {
      assert.deepEqual(readState(writeState(state), data), { state, problems: [] });
    }),
  );
});

test('any address at all is read without an exception, and what is wrong is told in short sentences', () => {
  const key = fc.constantFrom('model', 'quant', 'ctx', 'kv', 'machine', 'mem', 'x');
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('-5', '1e99', '<script>', '%', 'NaN', 'x'.repeat(9999)),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), { maxLength: 8 }), (parts) => {
      const { state, problems } = readState(`?${parts.map(([name, text]) => `${name}=${text}`).join('&')}`, data);
      assert.ok(data.models.some(({ id }) => id === state.model) && data.machines.some(({ id }) => id === state.machine));
      assert.ok(state.context >= 256 && state.context <= 2 ** 24);
      for (const problem of problems) assert.ok(problem.length < 200 && problem.endsWith('.'), problem);
    }),
  );
});

test('nothing asked is the default, and ids are found in any spelling', () => {
  assert.deepEqual(readState('', data), { state: DEFAULT_STATE, problems: [] });
  assert.equal(readState('?model=Llama-3.1-8B&machine=RTX%203090', data).state.machine, 'rtx-3090');
});

test('a context is read with the marks that people type', () => {
  for (const text of ['32768', '32,768', ' 32 768 ', '32_768']) assert.equal(readContext(text), 32768);
  for (const text of ['', '-5', '1e5', '32k', '255', '99999999999', '8192.5']) assert.equal(readContext(text), null, text);
});
