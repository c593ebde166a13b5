import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { crossCheck } from '../../src/schemas/cross-check.ts';
import { hardware, type Hardware } from '../../src/schemas/hardware.ts';
import { model } from '../../src/schemas/model.ts';
import { quant } from '../../src/schemas/quant.ts';
import { DataError, readRecords } from '../../src/schemas/records.ts';
import { source } from '../../src/schemas/source.ts';
import { term } from '../../src/schemas/term.ts';
import { FILE_TYPES } from '../../src/engine/ggml-types.ts';
import { parameterCount, summarizeWeights } from '../../src/engine/weights.ts';

const text = (file: string): string => readFileSync(`src/data/${file}`, 'utf8');
const data = {
  hardware: readRecords(text('hardware.jsonl'), 'hardware.jsonl', hardware),
  models: readRecords(text('models.jsonl'), 'models.jsonl', model),
  quants: readRecords(text('quants.jsonl'), 'quants.jsonl', quant),
  sources: readRecords(text('sources.jsonl'), 'sources.jsonl', source),
};

function problemsOf(run: () => unknown): DataError {
  try {
    run();
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
  throw new Error('no fault was found');
}

test('all data agrees with its schemas and with itself', () => {
  crossCheck(data);
  readRecords(text('terms.jsonl'), 'terms.jsonl', term);
});

test('there are at least 60 machines to run models on and 40 models, all computable', () => {
  assert.ok(data.hardware.filter(({ memory }) => memory !== 'none').length >= 60);
  assert.ok(data.models.filter(({ shape }) => shape !== null).length >= 40);
});

test('parameters recomputed from the shape are within 1 % of those stated', () => {
  for (const { id, shape, paramsTextB, paramsActiveB } of data.models) {
    if (shape === null) continue;
    const counted = parameterCount(shape);
    assert.ok(Math.abs(counted / 1e9 / paramsTextB - 1) < 0.01, `${id}: ${String(counted)} counted, ${String(paramsTextB)} billion stated`);
    const { expertParameters } = summarizeWeights(shape, 'F16');
    const active = counted - expertParameters * (1 - (shape.experts === null ? 1 : shape.experts.used / shape.experts.count));
    assert.ok(
      Math.abs(active / 1e9 / paramsActiveB - 1) < 0.01,
      `${id}: ${String(active)} active counted, ${String(paramsActiveB)} billion stated`,
    );
  }
});

test('every file type of the engine is described, and no other', () => {
  assert.deepEqual(data.quants.map(({ name }) => name).sort(), Object.keys(FILE_TYPES).sort());
});

const [good] = text('hardware.jsonl').split('\n');

test('every fault of a file is told at once, with file, line, id, field and reason', () => {
  const record = JSON.parse(good ?? '') as Hardware;
  const faulty = [
    good,
    '{"id": "cut off',
    good,
    JSON.stringify({ ...record, id: 'Bad.Id' }),
    JSON.stringify({ ...record, id: 'misspelt', wats: 5 }),
    JSON.stringify({ ...record, id: 'too-few', watts: -5, memoryGiB: 'lots' }),
  ].join('\n');
  const { problems, message } = problemsOf(() => readRecords(faulty, 'hardware.jsonl', hardware));
  const told = problems.map(({ line, id, field }) => `${String(line)} ${id ?? '-'} ${field ?? '-'}`);
  assert.deepEqual(told, ['2 - -', `3 ${record.id} id`, '4 Bad.Id id', '5 misspelt -', '6 too-few memoryGiB', '6 too-few watts']);
  assert.match(message, /^6 faults in the data:/);
  assert.match(message, /hardware\.jsonl:6 · id "too-few" · field "watts"/);
});

test('a missing and an empty file are faults', () => {
  assert.match(problemsOf(() => readRecords(undefined, 'x.jsonl', source)).message, /x\.jsonl:0 · the file is missing/);
  assert.match(problemsOf(() => readRecords('\n\n', 'x.jsonl', source)).message, /holds no record/);
});

test('a source that is not there and a bandwidth that does not add up are faults', () => {
  const [first, ...others] = data.hardware;
  assert.ok(first);
  const wrong: Hardware = { ...first, sources: [{ source: 'nobody' }], busWidthBits: 128, dataRateMTs: 5600, bandwidthComputedGBs: 100 };
  const { problems } = problemsOf(() => {
    crossCheck({ ...data, hardware: [wrong, ...others] });
  });
  assert.deepEqual(
    problems.map(({ field }) => field),
    ['sources', 'bandwidthComputedGBs'],
  );
});
