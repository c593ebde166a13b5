/** The speed model against what people measured: the rows of src/data/measurements.jsonl that it speaks about. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crossValidate, residualsOf, timedRows } from '../../src/cli/fit/cross-validate.ts';
import { HELD, nestedCoverage } from '../../src/cli/fit/ranges.ts';
import { speedRows } from '../../src/cli/fit/rows.ts';
import { decodeSpeed } from '../../src/engine/decode.ts';
import { data } from '../support/data.ts';

const { rows, leftOut } = speedRows(data);

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? Number.NaN;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

test('most measurements can be compared, and what is left out says why', (context) => {
  for (const [reason, count] of leftOut) context.diagnostic(`${String(count)} left out: ${reason}`);
  assert.ok(rows.length / data.measurements.length > 0.8);
});

/** A measured speed may be above bandwidth ÷ bytes by this much: clocks, rounding, and bytes that caches save. */
const LEEWAY = 1.05;

test('no sound measurement is above bandwidth divided by the bytes read', () => {
  const above = rows.filter(({ decode }) => decode !== null && decode.floor > decode.observed * LEEWAY);
  assert.deepEqual(
    above.map(({ measurement }) => measurement.id),
    // Four cards that worked on each layer together, in a study that does not say so.
    ['a10g-x4-codellama-34b-fp16-llama-cpp-decode-256-tokens-short-prompt-d0'],
  );
});

test('the engine’s own prediction is what the fit found', () => {
  const plain = rows.filter(
    ({ kind, decode, age, measurement }) => kind === 'one-gpu' && decode !== null && age === 0 && measurement.engine === 'llama.cpp',
  );
  const errors = plain.flatMap(({ work, placement, setUp, settings, decode }) => {
    if (decode === null) return [];
    return [Math.abs(decodeSpeed({ ...settings, work, placement, setUp }).secondsPerToken / decode.observed - 1)];
  });
  assert.ok(errors.length > 80);
  assert.ok(quantile(errors, 0.5) < 0.08, percent(quantile(errors, 0.5)));
});

test('machines left out one by one: errors and ranges hold what is promised', (context) => {
  const judged = crossValidate(timedRows(rows, 'decode'), 'decode');
  const coverage = nestedCoverage(residualsOf(judged), HELD.decode);
  const promises = { 'one-gpu': 0.09, 'several-gpus': 0.1, offload: 0.2, cpu: 0.4 } as const;
  for (const [kind, most] of Object.entries(promises)) {
    const errors = judged.filter(({ row }) => row.kind === kind).map(({ predicted, measured }) => Math.abs(predicted / measured - 1));
    context.diagnostic(
      `${kind}: ${String(errors.length)} rows, median ${percent(quantile(errors, 0.5))}, p90 ${percent(quantile(errors, 0.9))}`,
    );
    assert.ok(quantile(errors, 0.5) <= most, kind);
  }
  const held = coverage.filter(({ inside }) => inside).length / coverage.length;
  context.diagnostic(`ranges hold ${percent(held)} of ${String(coverage.length)} rows`);
  assert.ok(held >= 0.78 && held <= 0.9);
});
