import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '../../src/engine/errors.ts';
import { FILE_TYPES, isFileType, tensorBytes, type FileType } from '../../src/engine/ggml-types.ts';
import { fileTypeNamed } from '../../src/engine/mixing.ts';
import { ARCHITECTURES, type ModelShape } from '../../src/engine/model.ts';
import { parameterCounts, quantizedTensors, repackedBytes, summarizeWeights, weightsBytes } from '../../src/engine/weights.ts';

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

/** What llama.cpp makes of a file of each architecture: its weights, its tensors, the bytes of all tensors in files of some kinds. */
interface ArchitectureRow {
  readonly model: string;
  readonly shape: ModelShape;
  readonly parameters: number;
  readonly tensors: number;
  readonly files: Readonly<Partial<Record<FileType, number>>>;
}

const architectures = readFileSync('tests/fixtures/llama-cpp/architectures.jsonl', 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as ArchitectureRow);

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
      assert.equal(parameterCounts(shapeOf(model)).total, row.parameters);
    }
  });
}

for (const { model, shape, parameters, tensors: count, files } of architectures) {
  test(`${shape.architecture}: ${model} has llama.cpp’s tensors, and its bytes in files of every kind`, () => {
    assert.equal(parameterCounts(shape).total, parameters);
    for (const [quant, bytes] of Object.entries(files)) {
      const tensors = quantizedTensors(shape, fileTypeNamed(quant));
      assert.equal(weightsBytes(tensors), bytes, quant);
      assert.equal(tensors.length, count, quant);
    }
  });
}

test('every architecture that the engine names is compared with llama.cpp', () => {
  const compared = new Set([...Object.values(shapes), ...architectures.map(({ shape }) => shape)].map(({ architecture }) => architecture));
  assert.deepEqual(
    ARCHITECTURES.filter((architecture) => !compared.has(architecture)),
    [],
  );
});

/** Total and active weights in billions as makers and files state them, text part only. */
const STATED = [
  ['Qwen3.5-4B', 4.206, 4.206],
  ['Qwen1.5-MoE-A2.7B', 14.3, 2.7],
  ['Gemma-3n-E4B', 6.87, 4],
  ['Gemma-3n-E2B', 4.46, 1.91],
  ['Gemma-4-26B-A4B', 25.2, 3.8],
  ['Gemma-4-31B', 30.7, 30.7],
  ['Llama-4-Scout', 108, 17.2],
  ['GLM-4.7-Flash', 29.94, 3.9],
  ['Kimi-K2', 1026, 32.9],
  ['Nemotron-3-Nano-30B-A3B', 31.6, 3.6],
] as const;

test('parameters are those that makers state, active ones too', () => {
  for (const [model, total, active] of STATED) {
    const row = architectures.find((candidate) => candidate.model === model);
    assert.ok(row, model);
    const counted = parameterCounts(row.shape);
    for (const [count, stated] of [
      [counted.total, total],
      [counted.active, active],
    ] as const) {
      assert.ok(Math.abs(count / 1e9 / stated - 1) < 0.01, `${model}: ${String(count)} counted, ${String(stated)} billion stated`);
    }
  }
});

test('of tables with a row for each token, a token reads one row', () => {
  const row = architectures.find(({ model }) => model === 'Gemma-4-E4B');
  assert.ok(row);
  const weights = summarizeWeights(row.shape, 'Q8_0');
  const table = quantizedTensors(row.shape, 'Q8_0').find(({ kind }) => kind === 'per_layer_token_embd');
  assert.ok(table);
  assert.equal(weights.bytesPerToken, weights.bytes - table.bytes + table.bytes / row.shape.vocabularySize);
});

const anyShape = fc.constantFrom(...Object.values(shapes), ...architectures.map(({ shape }) => shape));
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
  for (const [name, shape] of [...Object.entries(shapes), ...architectures.map((row) => [row.model, row.shape] as const)]) {
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

/** What llama.cpp lays out anew on a processor, models in Q4_0. */
const REPACK_ROWS: readonly (readonly [model: string, bytes: number])[] = [
  ['Llama-3.2-1B', 547_356_672],
  ['Llama-3.2-3B', 1_585_446_912],
  ['Llama-3.1-8B', 3_925_868_544],
  ['Llama-2-7B', 3_642_753_024],
  ['Qwen2.5-0.5B', 201_277_440],
  ['Qwen3-0.6B', 247_726_080],
  ['Qwen3-4B', 2_043_740_160],
  ['Qwen3-8B', 3_906_994_176],
  ['Gemma-3-1B', 392_491_008],
  ['Gemma-3-4B', 1_804_861_440],
  ['Gemma-2-2B', 1_138_655_232],
  ['Phi-3-mini-4k', 2_038_431_744],
  ['Qwen3-30B-A3B', 16_817_061_888],
  ['OLMoE-1B-7B', 3_774_873_600],
  ['gpt-oss-20b', 11_107_860_480],
  ['DeepSeek-V2-Lite', 8_565_129_216],
  ['DeepSeek-V2-Lite-legacy', 8_596_979_712],
  ['Qwen3-0.6B-untied', 247_726_080],
  ['Qwen3-Next-80B-A3B', 44_437_635_072],
  ['LFM2-1.2B', 582_746_112],
];

test('what is laid out anew for a processor is what llama.cpp lays out anew', () => {
  for (const [model, bytes] of REPACK_ROWS) {
    const shape = shapes[model];
    assert.ok(shape !== undefined, model);
    assert.equal(repackedBytes(shape, 'Q4_0', shape.layers), bytes, model);
    // Nothing without layers of its own, and nothing of types that stay as they are.
    assert.equal(repackedBytes(shape, 'Q4_0', 0), 0, model);
    assert.equal(repackedBytes(shape, 'F16', shape.layers), 0, model);
  }
});
