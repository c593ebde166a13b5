/** The speed model against what people measured, one row a measurement in tests/fixtures/measured-speeds.jsonl. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileTypeNamed } from '../../src/engine/mixing.ts';
import { DEFAULTS, predict } from '../../src/engine/predict.ts';
import { deviceOf } from '../../src/import/device.ts';
import { hardware } from '../../src/schemas/hardware.ts';
import { model } from '../../src/schemas/model.ts';
import { readRecords } from '../../src/schemas/records.ts';

interface Measurement {
  readonly id: string;
  /** Ids of src/data. */
  readonly machine: string;
  readonly model: string;
  readonly quant: string;
  readonly backend: string;
  readonly flashAttention: boolean;
  /** Tokens in the cache, on average over the run. */
  readonly depth: number;
  readonly decodeTokensPerSecond: number;
}

const rows = readFileSync('tests/fixtures/measured-speeds.jsonl', 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Measurement);
const machines = new Map(readRecords(readFileSync('src/data/hardware.jsonl', 'utf8'), 'hardware.jsonl', hardware).map((m) => [m.id, m]));
const models = new Map(readRecords(readFileSync('src/data/models.jsonl', 'utf8'), 'models.jsonl', model).map((m) => [m.id, m]));

const compared = rows.flatMap((row) => {
  const machine = machines.get(row.machine);
  const shape = models.get(row.model)?.shape ?? null;
  assert.ok(machine !== undefined && shape !== null, `${row.id}: unknown machine or model`);
  const device = deviceOf(machine);
  // The model knows one backend for each device; a measurement with another says nothing about it.
  if (device.backend !== row.backend) return [];
  const context = Math.max(DEFAULTS.context, row.depth + 256);
  const { decode } = predict(
    { ...DEFAULTS, shape, fileType: fileTypeNamed(row.quant), context, depth: row.depth, flashAttention: row.flashAttention },
    device,
  );
  const error = Math.abs(decode.tokensPerSecond / row.decodeTokensPerSecond - 1);
  const held = decode.low <= row.decodeTokensPerSecond && row.decodeTokensPerSecond <= decode.high;
  return [{ row, error, held, ceiling: decode.ceilingTokensPerSecond }];
});

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? Number.NaN;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

test('decode agrees with measured speeds, and the ranges hold what they promise', (context) => {
  for (const id of new Set(compared.map(({ row }) => row.machine))) {
    const errors = compared.filter(({ row }) => row.machine === id).map(({ error }) => error);
    context.diagnostic(
      `${id}: ${String(errors.length)} rows, median ${percent(quantile(errors, 0.5))}, worst ${percent(Math.max(...errors))}`,
    );
  }
  const errors = compared.map(({ error }) => error);
  const held = compared.filter((item) => item.held).length / compared.length;
  context.diagnostic(
    `all: ${String(errors.length)} rows, median ${percent(quantile(errors, 0.5))}, p90 ${percent(quantile(errors, 0.9))}, in the range ${percent(held)}`,
  );
  assert.ok(compared.length >= 70);
  assert.ok(quantile(errors, 0.5) <= 0.12, 'median error of decode');
  assert.ok(held >= 0.8, 'the ranges promise four rows in five');
});

test('no measured speed is above bandwidth divided by the bytes read', () => {
  const impossible = compared.filter(({ row, ceiling }) => row.decodeTokensPerSecond > ceiling).map(({ row }) => row.id);
  assert.deepEqual(impossible, []);
});
