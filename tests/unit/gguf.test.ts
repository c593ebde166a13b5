import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gguf } from '@huggingface/gguf';
import fc from 'fast-check';
import { EngineError } from '../../src/engine/errors.ts';
import type { FileType } from '../../src/engine/ggml-types.ts';
import { kvCacheBytes, type CacheRequest } from '../../src/engine/kv-cache.ts';
import { layersOf } from '../../src/engine/layers.ts';
import type { ModelShape } from '../../src/engine/model.ts';
import { quantizedTensors, weightsBytes } from '../../src/engine/weights.ts';
import { workloadOf } from '../../src/engine/workload.ts';
import { modelFromGguf } from '../../src/import/gguf-model.ts';
import { readGguf, type ByteSource, type GgufHeader, type GgufTensor, type GgufValue } from '../../src/import/gguf.ts';
import { data } from '../support/data.ts';

/** A source over bytes in memory that counts what is read of it. */
function sourceOf(bytes: Uint8Array, size: number | null = bytes.length): ByteSource & { readonly bytesRead: () => number } {
  let total = 0;
  return {
    size,
    read: (offset, length) => {
      const part = bytes.subarray(offset, offset + length);
      total += part.length;
      return Promise.resolve(part);
    },
    bytesRead: () => total,
  };
}

const fixturePath = (name: string): string => `tests/fixtures/gguf/${name}.gguf`;

const fixture = (name: string): Uint8Array => readFileSync(fixturePath(name));

const VALID = ['tiny-llama-dense-f16', 'tiny-qwen3moe-q8_0-q4_0', 'tiny-gemma3-swa-q4_0', 'tiny-deepseek2-mla-f16'];

async function faultOf(source: ByteSource): Promise<EngineError> {
  try {
    modelFromGguf(await readGguf(source));
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error('no fault was found');
}

for (const name of VALID) {
  test(`header of ${name}`, async () => {
    const header = await readGguf(sourceOf(fixture(name)));
    assert.equal(header.version, 3);
    assert.equal(typeof header.metadata.get('general.architecture'), 'string');
    assert.ok(header.tensors.length > 10);
    assert.ok(header.tensors.some((tensor) => tensor.name === 'token_embd.weight'));
    // However the bytes arrive, the header is the same.
    const trickle: ByteSource = {
      size: null,
      read: (offset, length) => Promise.resolve(fixture(name).subarray(offset, offset + length)),
    };
    const again: GgufHeader = await readGguf(trickle);
    assert.deepEqual(again, { ...header, fileBytes: null });
  });
}

/** What Hugging Face's reader adds to a file's own metadata, from the preamble. */
const PREAMBLE = ['version', 'tensor_count', 'kv_count'];

for (const name of VALID) {
  test(`metadata and tensors of ${name} are those that Hugging Face’s reader finds`, async () => {
    const header = await readGguf(sourceOf(fixture(name)));
    const theirs = await gguf(fixturePath(name), { allowLocalFile: true });
    const metadata = Object.entries(theirs.metadata).filter(([key]) => !PREAMBLE.includes(key));
    assert.deepEqual(
      [...header.metadata.keys()],
      metadata.map(([key]) => key),
    );
    // No list of the fixtures is so long that our reader passes over it, so values can be compared as well.
    assert.deepEqual([...header.metadata], metadata);
    assert.equal(header.version, theirs.metadata.version);
    assert.equal(BigInt(header.tensors.length), theirs.metadata.tensor_count);
    assert.equal(BigInt(header.dataOffset), theirs.tensorDataOffset);
    assert.deepEqual(
      header.tensors,
      theirs.tensorInfos.map((tensor): GgufTensor => ({
        name: tensor.name,
        dimensions: tensor.shape.map(Number),
        typeId: tensor.dtype,
        offset: Number(tensor.offset),
      })),
    );
  });
}

test('broken files are refused with a sentence, after little reading', async () => {
  const expected: Readonly<Record<string, RegExp>> = {
    'broken-wrong-magic': /no GGUF file/,
    'broken-absurd-tensor-count': /number of tensors/,
    'broken-absurd-string-length': /length of/,
    'broken-truncated-header': /header goes on|inside its header/,
    'broken-truncated-data': /is cut off: its tensors need \d+ bytes, and it has 244384/,
  };
  for (const [name, message] of Object.entries(expected)) {
    const source = sourceOf(fixture(name));
    const started = performance.now();
    const fault = await faultOf(source);
    assert.ok(performance.now() - started < 100, name);
    assert.match(fault.message, message, name);
    assert.match(fault.message, /^This .*[.]$/, name);
    assert.ok(source.bytesRead() <= 2e6, name);
  }
});

test('a header cut off anywhere is refused, with the size known or not', async () => {
  const whole = fixture('tiny-llama-dense-f16');
  const { dataOffset } = await readGguf(sourceOf(whole));
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: dataOffset - 33 }), fc.boolean(), async (length, sizeKnown) => {
      const cut = whole.subarray(0, length);
      const fault = await faultOf(sourceOf(cut, sizeKnown ? length : null));
      assert.match(fault.code, /gguf/);
    }),
  );
});

test('whatever the bytes say, the reader answers or refuses, and reads no more than there is', async () => {
  const whole = fixture('tiny-qwen3moe-q8_0-q4_0');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 4000 }), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 12 }),
      async (changes) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        const source = sourceOf(bytes);
        try {
          modelFromGguf(await readGguf(source));
        } catch (error) {
          assert.ok(error instanceof EngineError, String(error));
        }
        assert.ok(source.bytesRead() <= bytes.length * 2);
      },
    ),
  );
});

/** A header with a vocabulary of this many words, as large models have. */
function largeHeader(words: number): Uint8Array {
  // Written in place: a buffer for each word would take this test longer than the reader takes.
  const bytes = Buffer.alloc(20_000_000);
  let end = 0;
  const u32 = (value: number): void => void (end = bytes.writeUInt32LE(value, end));
  const u64 = (value: number): void => void (end = bytes.writeBigUInt64LE(BigInt(value), end));
  const text = (value: string): void => {
    u64(value.length);
    end += bytes.write(value, end, 'latin1');
  };
  end += bytes.write('GGUF', end, 'latin1');
  u32(3);
  u64(1);
  u64(3);
  text('general.architecture');
  u32(8);
  text('llama');
  text('tokenizer.ggml.tokens');
  u32(9);
  u32(8);
  u64(words);
  for (let index = 0; index < words; index += 1) text(`word-${String(index).padStart(49, '0')}`);
  text('tokenizer.ggml.scores');
  u32(9);
  u32(6);
  u64(words);
  end += 4 * words;
  text('token_embd.weight');
  u32(2);
  u64(4096);
  u64(words);
  u32(1);
  u64(0);
  return bytes.subarray(0, end);
}

test('a long vocabulary is passed over and counted', async () => {
  const bytes = largeHeader(262_144);
  assert.ok(bytes.length > 17e6);
  const source = sourceOf(bytes);
  const { metadata, tensors } = await readGguf(source);
  // Each byte is read once at most.
  assert.ok(source.bytesRead() <= bytes.length);
  assert.deepEqual(metadata.get('tokenizer.ggml.tokens'), { length: 262_144 });
  assert.deepEqual(metadata.get('tokenizer.ggml.scores'), { length: 262_144 });
  assert.deepEqual(tensors, [{ name: 'token_embd.weight', dimensions: [4096, 262_144], typeId: 1, offset: 0 }]);
});

interface ExpectedRow {
  readonly ctx: number;
  readonly cache_type_k: CacheRequest['cacheTypeK'];
  readonly cache_type_v: CacheRequest['cacheTypeV'];
  readonly flash_attn: number;
  readonly ubatch: number;
  readonly n_seq_max: number;
  readonly kv_unified: number;
  readonly swa_full: number;
  /** Left out, with `kv_bytes`, where llama.cpp refuses. */
  readonly model_bytes?: number;
  readonly kv_bytes?: number;
}

const lines = <Row>(path: string): Row[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);

for (const name of VALID) {
  test(`weights and cache of ${name} take the bytes that llama.cpp gives them`, async () => {
    const { shape, workload, tensorBytes, notes } = modelFromGguf(await readGguf(sourceOf(fixture(name))));
    assert.deepEqual(notes, []);
    const rows = lines<ExpectedRow>(`tests/fixtures/gguf/${name}.expected.jsonl`);
    assert.ok(rows.length > 0);
    for (const row of rows) {
      const request: CacheRequest = {
        context: row.ctx,
        cacheTypeK: row.cache_type_k,
        cacheTypeV: row.cache_type_v,
        flashAttention: row.flash_attn === 1,
        ubatch: row.ubatch,
        parallel: row.n_seq_max,
        unifiedKv: row.kv_unified === 1,
        swaFull: row.swa_full === 1,
      };
      if (row.kv_bytes === undefined) {
        assert.throws(() => kvCacheBytes(shape, request), EngineError);
        continue;
      }
      assert.equal(workload.bytes, row.model_bytes);
      assert.equal(tensorBytes, row.model_bytes);
      assert.equal(kvCacheBytes(shape, request), row.kv_bytes);
    }
  });
}

test('file types and tensors of the fixtures', async () => {
  const expected = { 'tiny-llama-dense-f16': 'F16', 'tiny-gemma3-swa-q4_0': 'Q4_0', 'tiny-deepseek2-mla-f16': 'F16' };
  for (const [name, fileType] of Object.entries(expected)) {
    assert.equal(modelFromGguf(await readGguf(sourceOf(fixture(name)))).fileType, fileType);
  }
  // Token embeddings in Q8_0 in a file that is mostly Q4_0: the tensors count, not the name.
  const { shape, fileType, workload } = modelFromGguf(await readGguf(sourceOf(fixture('tiny-qwen3moe-q8_0-q4_0'))));
  assert.ok(fileType !== null);
  assert.notEqual(workload.bytes, workloadOf(shape, fileType).bytes);
});

/** ggml's and llama.cpp's numbers, once more and from their own lists, so that a slip in the reader's shows. */
const TYPE_IDS: Readonly<Record<string, number>> = { f32: 0, f16: 1, q4_0: 2, q5_0: 6, q5_1: 7, q8_0: 8, q4_K: 12, q5_K: 13, q6_K: 14 };
const Q4_K_M = 15;

/** The metadata that llama.cpp's converters write for a model of this shape; files made so load in llama.cpp 0.5.0. */
function metadataOf(shape: ModelShape): Map<string, GgufValue> {
  const { architecture, latentAttention: mla, slidingWindow, experts, recurrent, indexer, compressedAttention, sequenceTable } = shape;
  const layers = layersOf(shape);
  const entries = new Map<string, GgufValue>([
    ['general.architecture', architecture],
    ['general.file_type', Q4_K_M],
  ]);
  const set = (key: string, value: GgufValue | null | undefined): void => {
    if (value !== null && value !== undefined) entries.set(`${architecture}.${key}`, value);
  };
  const list = (values: readonly number[]): GgufValue => (values.every((value) => value === values[0]) ? (values[0] ?? 0) : values);
  const legacy = mla === null || mla.legacyFile;
  set('block_count', shape.layers);
  set('embedding_length', shape.hiddenSize);
  set('attention.head_count', list(layers.map(({ heads }) => heads)));
  const byLayer = recurrent !== null && !['delta-net', 'lightning'].includes(recurrent.kind) && architecture !== 'falcon-h1';
  const kvHeads = layers.map((layer) => (byLayer && !layer.attends ? 0 : layer.kvHeads));
  set('attention.head_count_kv', byLayer ? kvHeads : list(kvHeads));
  set('attention.key_length', legacy ? shape.headDimK : mla.kvLoraRank + mla.ropeHeadDim);
  set('attention.value_length', legacy ? shape.headDimV : mla.kvLoraRank);
  set('rope.dimension_count', mla?.ropeHeadDim ?? shape.headDimK);
  set('attention.q_lora_rank', mla?.qLoraRank ?? compressedAttention?.queryLoraRank);
  set('attention.kv_lora_rank', mla?.kvLoraRank);
  if (!legacy) {
    set('attention.key_length_mla', mla.nopeHeadDim + mla.ropeHeadDim);
    set('attention.value_length_mla', mla.valueHeadDim);
  }
  set('attention.sliding_window', slidingWindow?.size);
  if (slidingWindow !== null)
    set(
      'attention.sliding_window_pattern',
      layers.map(({ windowed }) => windowed),
    );
  set('attention.key_length_swa', slidingWindow?.headDimK);
  set('attention.value_length_swa', slidingWindow?.headDimV);
  set('expert_count', experts?.count);
  set('expert_used_count', experts?.used);
  set('expert_shared_count', experts?.sharedCount);
  set('moe_latent_size', experts?.latentSize);
  set('ssm.conv_kernel', recurrent?.convKernel);
  set('shortconv.l_cache', recurrent?.convKernel);
  set('ssm.inner_size', recurrent?.innerSize);
  set('ssm.state_size', recurrent?.stateSize);
  set('kda.head_dim', recurrent?.stateSize);
  set('ssm.group_count', recurrent?.groupCount);
  set('ssm.time_step_rank', recurrent?.timeStepRank);
  set('full_attention_interval', recurrent?.fullAttentionInterval);
  set('embedding_length_per_layer_input', shape.perLayerEmbeddingSize ?? sequenceTable?.rowWidth);
  set('attention.shared_kv_layers', shape.sharedKvLayers);
  set('attention.indexer.head_count', indexer?.heads);
  set('attention.indexer.key_length', indexer?.headDim);
  set('attention.indexer.top_k', indexer?.topK);
  set('attention.compress_ratios', compressedAttention?.ratioByLayer);
  set('attention.output_group_count', compressedAttention?.outputGroups);
  set('attention.output_lora_rank', compressedAttention?.outputLoraRank);
  set('hyper_connection.count', compressedAttention?.hyperConnections ?? sequenceTable?.hyperConnections);
  set('hash_layer_count', compressedAttention?.hashLayers);
  set('hyper_connection.low_rank', sequenceTable?.hyperConnectionRank);
  set('ple.ngram_size', sequenceTable?.sequenceLength);
  set('ple.conv_kernel', sequenceTable?.convKernel);
  if (sequenceTable !== undefined) set('ple.heads_per_ngram', sequenceTable.lookups / (sequenceTable.sequenceLength - 1));
  return entries;
}

/** The header of a model's file. */
function headerOf(shape: ModelShape, fileType: FileType): GgufHeader {
  let offset = 0;
  const tensors = quantizedTensors(shape, fileType).map(({ name, kind, type, dimensions, bytes }): GgufTensor => {
    const bare = /\.(bias|scale)$/.test(kind) || ['exp_probs_b', 'ssm_a', 'ssm_d'].includes(kind);
    const tensor = { name: bare ? name : `${name}.weight`, dimensions, typeId: TYPE_IDS[type] ?? -1, offset };
    offset += Math.ceil(bytes / 32) * 32;
    return tensor;
  });
  return { version: 3, metadata: metadataOf(shape), tensors, dataOffset: 0, fileBytes: offset };
}

/** Latent attention has one head of keys and values in files; a record may count it otherwise. */
function asInFile({ shape }: { readonly shape: ModelShape }): ModelShape {
  const { latentAttention: mla, rotaryDim, ...rest } = shape;
  const one = mla !== null && !mla.legacyFile ? { kvHeads: 1 } : {};
  // Without rotary factors a file has nothing that tells.
  return { ...rest, latentAttention: mla, ...one, ...(shape.ropeFrequencyTensor && rotaryDim !== undefined && { rotaryDim }) };
}

test('every model of the data comes back from the header of its file', () => {
  const models = data.models.flatMap(({ id, shape }) => (shape === null ? [] : [{ id, shape: asInFile({ shape }) }]));
  assert.ok(new Set(models.map(({ shape }) => shape.architecture)).size > 60);
  for (const { id, shape } of models) {
    const model = modelFromGguf(headerOf(shape, 'Q4_K_M'));
    assert.deepEqual(model.shape, shape, id);
    assert.equal(model.fileType, 'Q4_K_M');
    assert.deepEqual(model.workload, workloadOf(shape, 'Q4_K_M'), id);
    assert.equal(model.tensorBytes, weightsBytes(quantizedTensors(shape, 'Q4_K_M')));
  }
});

const known = (id: string): ModelShape => {
  const shape = data.models.find((model) => model.id === id)?.shape;
  assert.ok(shape !== null && shape !== undefined);
  return shape;
};

test('what predicts further tokens and what sees is in the file, and not in the work of a token', () => {
  const shape = known('qwen3-8b');
  const plain = headerOf(shape, 'Q4_K_M');
  const metadata = new Map(plain.metadata).set('qwen3.block_count', shape.layers + 1).set('qwen3.nextn_predict_layers', 1);
  const offset = plain.fileBytes ?? 0;
  const more = [`blk.${String(shape.layers)}.attn_q.weight`, 'v.blk.0.attn_q.weight'];
  const extra = more.map((name, index): GgufTensor => ({ name, dimensions: [256, 256], typeId: 0, offset: offset + index * 262_144 }));
  const model = modelFromGguf({ ...plain, metadata, tensors: [...plain.tensors, ...extra], fileBytes: offset + 2 * 262_144 });
  assert.deepEqual(model.shape, shape);
  assert.equal(model.tensorBytes, model.workload.bytes + 2 * 262_144);
  assert.equal(model.workload.bytes, workloadOf(shape, 'Q4_K_M').bytes);
  assert.equal(model.notes.length, 1);
});

test('a file without a type is taken for what most of it is', () => {
  const header = headerOf(known('qwen3-8b'), 'Q8_0');
  const metadata = new Map(header.metadata);
  metadata.delete('general.file_type');
  const { fileType, workload } = modelFromGguf({ ...header, metadata });
  assert.equal(fileType, null);
  assert.equal(workload.fileType, 'Q8_0');
});

test('files that can not be computed are refused by name', () => {
  const header = headerOf(known('qwen3-8b'), 'Q8_0');
  const refused = (change: (metadata: Map<string, GgufValue>) => unknown, tensors = header.tensors): EngineError => {
    const metadata = new Map(header.metadata);
    change(metadata);
    try {
      modelFromGguf({ ...header, metadata, tensors });
    } catch (error) {
      assert.ok(error instanceof EngineError, String(error));
      return error;
    }
    throw new Error('was taken');
  };
  assert.match(refused((metadata) => metadata.set('general.architecture', 'rwkv7')).message, /architecture “rwkv7”/);
  assert.equal(refused((metadata) => metadata.delete('general.architecture')).code, 'unknown-architecture');
  assert.match(refused((metadata) => metadata.delete('qwen3.embedding_length')).message, /no entry qwen3[.]embedding_length/);
  assert.equal(refused((metadata) => metadata.set('qwen3.block_count', -1)).code, 'gguf-bad-value');
  assert.equal(refused((metadata) => metadata.set('qwen3.block_count', 1e9)).code, 'gguf-missing-entry');
  assert.equal(refused((metadata) => metadata.set('qwen3.attention.head_count', [])).code, 'gguf-missing-entry');
  assert.equal(refused((metadata) => metadata.set('split.count', 3)).code, 'split-gguf');
  assert.equal(refused(() => undefined, header.tensors.slice(1)).code, 'gguf-missing-entry');
  const [first] = header.tensors;
  assert.ok(first !== undefined);
  assert.equal(refused(() => undefined, [{ ...first, typeId: 139 }]).code, 'unknown-tensor-type');
});
