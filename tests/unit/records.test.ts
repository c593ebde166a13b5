import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FILE_TYPES, GGML_TYPES, isCacheType } from '../../src/engine/ggml-types.ts';
import { fileTypeNamed } from '../../src/engine/mixing.ts';
import { quantizedTensors, weightsBytes } from '../../src/engine/weights.ts';
import { isComputable } from '../../src/import/device.ts';
import { readCollection, type Collections } from '../../src/schemas/collections.ts';
import { crossCheck } from '../../src/schemas/cross-check.ts';
import { hardware, type Hardware } from '../../src/schemas/hardware.ts';
import { checkLock, lockText } from '../../src/schemas/id-lock.ts';
import { DataError, readRecords } from '../../src/schemas/records.ts';
import { source } from '../../src/schemas/source.ts';
import { data, dataText } from '../support/data.ts';

function problemsOf(run: () => unknown): DataError {
  try {
    run();
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
  throw new Error('no fault was found');
}

/** The first record of a collection, changed. */
function changed<Name extends keyof Collections>(name: Name, change: Partial<Collections[Name][number]>): Collections {
  const [first, ...others] = data[name];
  return { ...data, [name]: [{ ...first, ...change }, ...others] };
}

/** Fields at fault when the data is changed like this. */
const faultsOf = (all: Collections): string[] =>
  problemsOf(() => {
    crossCheck(all);
  }).problems.map(({ file, field }) => `${file} ${field ?? ''}`);

test('all data agrees with its schemas and with itself', () => {
  crossCheck(data);
});

test('the data is as wide as promised, and computable', () => {
  assert.ok(data.hardware.filter(({ memory }) => memory !== 'none').length >= 260);
  assert.ok(data.models.length >= 160);
  const computable = data.models.filter(({ shape }) => shape !== null);
  assert.ok(computable.length / data.models.length >= 0.95);
  const measured = new Set(data.measurements.map(({ model }) => model));
  const notComputable = data.models.filter(({ id, shape }) => shape === null && measured.has(id));
  assert.deepEqual(
    notComputable.map(({ id }) => id),
    [],
  );
});

test('nothing that is only announced is computed', () => {
  const announced = data.hardware.filter(({ status }) => status === 'announced');
  assert.ok(announced.length > 0);
  assert.deepEqual(
    announced.filter(isComputable).map(({ id }) => id),
    [],
  );
});

test('every file type and tensor type of the engine is described, with the same figures, and no other', () => {
  const fileTypes = data.quants.filter(({ kind }) => kind === 'file-type');
  assert.deepEqual(fileTypes.map(({ name }) => name).sort(), Object.keys(FILE_TYPES).sort());
  const described = data.quants.flatMap((quant) => (quant.kind === 'ggml-type' ? [quant] : []));
  for (const { name, blockSize, bytesPerBlock, bitsPerWeight, kvCache } of described) {
    assert.equal((bytesPerBlock * 8) / blockSize, bitsPerWeight, name);
    assert.equal(isCacheType(name), kvCache, name);
    const known = Object.entries(GGML_TYPES).find(([type]) => type === name);
    if (known !== undefined)
      assert.deepEqual({ size: known[1].size, bytes: known[1].bytes }, { size: blockSize, bytes: bytesPerBlock }, name);
  }
  assert.deepEqual(
    Object.keys(GGML_TYPES).filter((type) => !described.some(({ name }) => name === type)),
    [],
  );
});

test('bits per weight of the file types are those of the engine for Llama 3.1 8B', () => {
  const shape = data.models.find(({ id }) => id === 'llama-3-1-8b')?.shape ?? null;
  assert.ok(shape !== null);
  for (const quant of data.quants) {
    if (quant.kind !== 'file-type') continue;
    const tensors = quantizedTensors(shape, fileTypeNamed(quant.name));
    const bits = (8 * weightsBytes(tensors)) / tensors.reduce((sum, { elements }) => sum + elements, 0);
    assert.ok(Math.abs(bits / quant.bitsPerWeight - 1) < 0.01, `${quant.name}: ${bits.toFixed(3)}`);
  }
});

interface PublishedFile {
  readonly model: string;
  readonly quant: string;
  readonly bytes: number;
  /** Why a file of this name is not what llama-quantize makes today. */
  readonly differs?: string;
}

test('file sizes recomputed are within 1 % of those published', (context) => {
  const published = readFileSync('tests/fixtures/published-files.jsonl', 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as PublishedFile);
  const all = published.map(({ model, quant, bytes, differs }) => {
    const shape = data.models.find(({ id }) => id === model)?.shape ?? null;
    assert.ok(shape !== null, model);
    return { model, quant, differs, error: weightsBytes(quantizedTensors(shape, fileTypeNamed(quant))) / bytes - 1 };
  });
  const errors = all.filter(({ differs }) => differs === undefined);
  const worst = errors.toSorted((a, b) => Math.abs(b.error) - Math.abs(a.error))[0];
  context.diagnostic(
    `${String(errors.length)} files of ${String(new Set(errors.map(({ model }) => model)).size)} models; worst ${worst?.model ?? ''} ${worst?.quant ?? ''} ${((worst?.error ?? 0) * 100).toFixed(2)} %`,
  );
  assert.deepEqual(
    errors
      .filter(({ error }) => Math.abs(error) > 0.01)
      .map(({ model, quant, error }) => `${model} ${quant} ${(error * 100).toFixed(2)} %`),
    [],
  );
  assert.ok(errors.length >= 60);
});

test('the examples in CONTRIBUTING.md are records as the schemas want them', () => {
  const blocks = [...readFileSync('CONTRIBUTING.md', 'utf8').matchAll(/^```json\n([^]*?)^```/gm)].map(([, text = '']) => text.trim());
  const examples = blocks.map((text) => `${JSON.stringify(JSON.parse(text))}\n`);
  const names = ['sources', 'hardware', 'models', 'measurements'] as const;
  assert.equal(examples.length, names.length);
  for (const [index, name] of names.entries()) assert.equal(readCollection(name, examples[index]).length, 1);
});

test('the lock holds every id, tells one that is gone and one that is new', () => {
  const lock = lockText(data, '');
  checkLock(data, lock);
  assert.equal(lockText(data, lock), lock);
  const [first, ...others] = data.hardware;
  assert.ok(first);
  const gone = problemsOf(() => {
    checkLock({ ...data, hardware: others }, lock);
  });
  assert.match(gone.message, new RegExp(`hardware\\.jsonl.*${first.id}.*published`));
  const renamed = problemsOf(() => {
    checkLock({ ...data, hardware: [{ ...first, id: 'a-new-name' }, ...others] }, lock);
  });
  assert.deepEqual(
    renamed.problems.map(({ id }) => id),
    [first.id, 'a-new-name'],
  );
  // What the lock once held stays in it.
  assert.equal(lockText({ ...data, hardware: others }, lock), lock);
});

const [good] = dataText('hardware').split('\n');

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

test('what is named but not there, and figures that do not add up, are faults', () => {
  const model = data.models.find(({ shape }) => shape !== null);
  assert.ok(model);
  assert.deepEqual(faultsOf(changed('hardware', { sources: [{ source: 'nobody' }] })), ['hardware.jsonl sources']);
  assert.deepEqual(faultsOf(changed('hardware', { checked: '2999-01-01' })), ['hardware.jsonl checked']);
  assert.deepEqual(faultsOf(changed('hardware', { memoryGiB: [16, 8] })), ['hardware.jsonl memoryGiB']);
  const figures: Partial<Hardware> = { busWidthBits: 128, dataRateMTs: 5600, bandwidthMarketedGBs: 89.6 };
  assert.deepEqual(faultsOf(changed('hardware', { ...figures, bandwidthComputedGBs: 100 })), ['hardware.jsonl bandwidthComputedGBs']);
  assert.deepEqual(faultsOf(changed('hardware', { ...figures, bandwidthComputedGBs: null })), ['hardware.jsonl bandwidthComputedGBs']);
  const others = data.models.filter(({ id }) => id !== model.id);
  const withModel = (change: Partial<typeof model>): Collections => ({ ...data, models: [{ ...model, ...change }, ...others] });
  assert.deepEqual(faultsOf(withModel({ paramsTextB: model.paramsTextB * 1.02 })), ['models.jsonl paramsTextB']);
  assert.deepEqual(faultsOf(withModel({ shape: null })), ['models.jsonl missing']);
  assert.deepEqual(faultsOf(withModel({ licence: { ...model.licence, commercial: 'no', terms: undefined } })), [
    'models.jsonl licence.terms',
  ]);
  assert.deepEqual(faultsOf(changed('measurements', { machine: 'toaster' })), ['measurements.jsonl machine']);
  assert.deepEqual(faultsOf(changed('measurements', { model: 'parrot' })), ['measurements.jsonl model']);
  assert.deepEqual(faultsOf(changed('quality', { quant: 'Q9_Z' })), ['quality.jsonl quant']);
});
