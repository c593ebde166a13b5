import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '../../src/engine/errors.ts';
import { FILE_TYPES, isFileType, tensorBytes, type FileType } from '../../src/engine/ggml-types.ts';
import { fileTypeNamed } from '../../src/engine/mixing.ts';
import type { ModelShape } from '../../src/engine/model.ts';
import { parameterCount, quantizedTensors, summarizeWeights, weightsBytes } from '../../src/engine/weights.ts';

/** What llama-quantize says a file of this kind holds; `types` names each kind of tensor's types by layers ("0-3,6"). */
interface FileRow {
  readonly model: string;
  readonly quant: FileType;
  readonly tensorBytes: number;
  readonly tensors: number;
  readonly parameters: number;
  readonly types: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const shapes = JSON.parse(readFileSync('tests/fixtures/llama-cpp/shapes.json', 'utf8')) as Readonly<Record<string, ModelShape>>;
const rows = readFileSync('tests/fixtures/llama-cpp/file-sizes.jsonl', 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as FileRow);

function shapeOf(model: string): ModelShape {
  const shape = shapes[model];
  assert.ok(shape, `no shape for ${model}`);
  return shape;
}

/** "0-3,6" -> 0 1 2 3 6; "global" -> outside the layers. */
function layers(list: string): (number | null)[] {
  if (list === 'global') return [null];
  return list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

for (const model of Object.keys(shapes)) {
  test(`every file type of ${model} is what llama-quantize makes, tensor by tensor`, () => {
    const own = rows.filter((row) => row.model === model);
    assert.equal(own.length, Object.keys(FILE_TYPES).length);
    for (const row of own) {
      const tensors = quantizedTensors(shapeOf(model), row.quant);
      const types = new Map(tensors.map(({ name, type }) => [name, type]));
      const wrong: string[] = [];
      for (const [kind, byType] of Object.entries(row.types)) {
        for (const [type, list] of Object.entries(byType)) {
          for (const layer of layers(list)) {
            const name = layer === null ? kind : `blk.${String(layer)}.${kind}`;
            if (types.get(name) !== type) wrong.push(`${name} is ${type}, computed ${String(types.get(name))}`);
          }
        }
      }
      assert.deepEqual(wrong, [], row.quant);
      assert.equal(tensors.length, row.tensors, row.quant);
      assert.equal(weightsBytes(tensors), row.tensorBytes, row.quant);
      assert.equal(parameterCount(shapeOf(model)), row.parameters);
    }
  });
}

const anyShape = fc.constantFrom(...Object.values(shapes));
const anyType = fc.constantFrom(...Object.keys(FILE_TYPES)).filter(isFileType);

test('bytes are whole and positive, and a token never reads more than the file holds', () => {
  fc.assert(
    fc.property(anyShape, anyType, (shape, fileType) => {
      const weights = summarizeWeights(shape, fileType);
      for (const count of [weights.bytes, weights.parameters, weights.bytesPerToken, weights.parametersPerToken]) {
        assert.ok(Number.isSafeInteger(count) && count > 0);
      }
      assert.ok(weights.bytesPerToken <= weights.bytes);
      assert.ok(weights.expertBytes < weights.bytes);
    }),
  );
});

test('more bits never make a smaller file among the plain kinds', () => {
  const ladder: FileType[] = ['Q2_K', 'Q3_K_M', 'Q4_K_M', 'Q5_K_M', 'Q6_K', 'Q8_0', 'F16', 'F32'];
  for (const [name, shape] of Object.entries(shapes)) {
    const sizes = ladder.map((fileType) => summarizeWeights(shape, fileType).bytes);
    assert.deepEqual(
      sizes,
      [...sizes].sort((a, b) => a - b),
      name,
    );
  }
});

test('names of quantizations are found whatever their case, and an unknown one is refused with the known', () => {
  assert.equal(fileTypeNamed('q4_k_m'), 'Q4_K_M');
  assert.equal(fileTypeNamed('Q4-K-M'), 'Q4_K_M');
  assert.throws(
    () => fileTypeNamed('Q9_Z'),
    (error) => error instanceof EngineError && error.code === 'unknown-quant' && error.message.includes('Q4_K_M'),
  );
});

test('a row that is no multiple of the block is refused', () => {
  assert.throws(
    () => tensorBytes('q4_K', [100, 4]),
    (error) => error instanceof EngineError && error.code === 'row-not-divisible',
  );
  assert.equal(tensorBytes('q4_K', [512, 3]), 2 * 144 * 3);
});
