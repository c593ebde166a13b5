import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '../../src/engine/errors.ts';
import { ARCHITECTURES, type ModelShape } from '../../src/engine/model.ts';
import { tensorsOf } from '../../src/engine/tensors.ts';
import { modelFromConfig } from '../../src/import/config.ts';
import { data } from '../support/data.ts';

type Json = Record<string, unknown>;

interface Fixture {
  /** The model in our data. */
  readonly id: string;
  /** Where the file was found; fields without a bearing are left out. */
  readonly source: string;
  readonly config: Json;
}

const FIXTURES = readFileSync('tests/fixtures/configs.jsonl', 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Fixture);

/** The same without one field. */
function without<Fields extends object>(fields: Fields, name: keyof Fields): Partial<Fields> {
  const copy: Partial<Fields> = { ...fields };
  Reflect.deleteProperty(copy, name);
  return copy;
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a file says against our record, and is right: llama.cpp writes these tensors for it. */
const RIGHT_IN_FILE: Readonly<Record<string, Partial<ModelShape>>> = {
  // Scout's file has rope_scaling of type llama3, Maverick's says null.
  'llama-4-maverick': { ropeFrequencyTensor: false },
  // Both have long and short factors.
  'phi-3-5-mini': { ropeFrequencyTensor: true },
  'phi-4-mini': { ropeFrequencyTensor: true, rotaryDim: 96 },
  // use_qkv_bias is true.
  'stablelm-2-1-6b': { qkvBias: true },
};

function recordOf(id: string): ModelShape {
  const shape = data.models.find((model) => model.id === id)?.shape;
  assert.ok(shape !== null && shape !== undefined, `no shape of ${id}`);
  // With latent attention a file has one head of keys and values, whatever num_key_value_heads says.
  const one = shape.latentAttention !== null && !shape.latentAttention.legacyFile ? { kvHeads: 1 } : {};
  // mamba_rms_norm is false.
  const recurrent = id === 'falcon-h1-0-5b' && shape.recurrent !== null ? { recurrent: { ...shape.recurrent, norm: false } } : {};
  return { ...shape, ...one, ...recurrent, ...RIGHT_IN_FILE[id] };
}

test('real files make the shapes of our data', () => {
  assert.ok(FIXTURES.length >= 45);
  const types = new Set<unknown>();
  for (const { id, config, source } of FIXTURES) {
    types.add((isObject(config['text_config']) ? config['text_config'] : config)['model_type']);
    const { shape, contextNative } = modelFromConfig(config);
    assert.deepEqual(shape, recordOf(id), `${id} from ${source}`);
    assert.ok(contextNative === null || contextNative >= 512, id);
  }
  assert.ok(types.size >= 30, String(types.size));
});

const LLAMA = {
  model_type: 'llama',
  hidden_size: 4096,
  intermediate_size: 14336,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  vocab_size: 128256,
};

function faultOf(config: unknown): EngineError {
  try {
    modelFromConfig(config);
  } catch (error) {
    assert.ok(error instanceof EngineError, String(error));
    return error;
  }
  throw new Error('no fault was found');
}

test('what is left out is what Transformers takes', () => {
  const { shape } = modelFromConfig(LLAMA);
  assert.equal(shape.headDimK, 128);
  assert.equal(shape.tiedEmbeddings, false);
  assert.equal(modelFromConfig(without(LLAMA, 'num_key_value_heads')).shape.kvHeads, 32);
  // Google's files of Gemma 3 name little.
  const gemma = modelFromConfig({
    architectures: ['Gemma3ForConditionalGeneration'],
    model_type: 'gemma3',
    text_config: { hidden_size: 2560, intermediate_size: 10240, model_type: 'gemma3_text', num_hidden_layers: 34, sliding_window: 1024 },
    vision_config: {},
  });
  assert.deepEqual(gemma.shape, recordOf('gemma-3-4b'));
  assert.equal(gemma.contextNative, 131072);
  assert.equal(gemma.notes.length, 1);
  assert.equal(modelFromConfig({ ...LLAMA, model_type: 'gemma', head_dim: 256 }).shape.tiedEmbeddings, true);
});

test('the class of the whole model decides, then the type of the language model', () => {
  const architecture = (config: Json): string => modelFromConfig({ ...LLAMA, ...config }).shape.architecture;
  assert.equal(architecture({ architectures: ['Qwen3ForCausalLM'], model_type: 'anything' }), 'qwen3');
  assert.equal(architecture({ model_type: 'mistral3', text_config: { model_type: 'ministral3' } }), 'mistral3');
  assert.equal(architecture({ model_type: 'mistral3', text_config: { model_type: 'mistral' } }), 'llama');
  assert.equal(architecture({ model_type: 'wrapper', llm_config: { ...LLAMA, model_type: 'qwen2' } }), 'qwen2');
  assert.equal(architecture({ model_type: 'granite' }), 'granite');
  assert.equal(architecture({ model_type: 'hunyuan_v1_dense', num_experts: 1 }), 'hunyuan-dense');
});

test('windows are followed where llama.cpp follows them', () => {
  const window = (config: Json): ModelShape['slidingWindow'] => modelFromConfig({ ...LLAMA, ...config }).shape.slidingWindow;
  const mistral = modelFromConfig({ ...LLAMA, model_type: 'mistral', sliding_window: 4096 });
  assert.equal(mistral.shape.slidingWindow, null);
  assert.match(mistral.notes.join(' '), /sliding_window names a window that llama[.]cpp ignores/);
  assert.deepEqual(window({ model_type: 'gemma2' }), { size: 4096, period: 2 });
  assert.deepEqual(window({ model_type: 'cohere2', sliding_window: 4096 }), { size: 4096, period: 4 });
  assert.deepEqual(window({ model_type: 'exaone4', sliding_window: 4096, sliding_window_pattern: 'LLLG' }), { size: 4096, period: 4 });
  assert.equal(window({ model_type: 'exaone4', sliding_window: null }), null);
  assert.deepEqual(window({ model_type: 'modernbert', local_attention: 128, global_attn_every_n_layers: 3 }), {
    size: 128,
    period: 3,
    fullFirst: true,
  });
});

test('Qwen3.8-Flash-Next’s table has a prime number of rows for each look-up', () => {
  // Figures of its file, as implementations of it quote them.
  const { shape } = modelFromConfig({
    model_type: 'qwen4_exp',
    tie_word_embeddings: false,
    text_config: {
      ...{ model_type: 'qwen4_exp_text', hidden_size: 2560, num_hidden_layers: 48, vocab_size: 248320, head_dim: 256 },
      ...{ num_attention_heads: 24, num_key_value_heads: 2, num_experts: 512, num_experts_per_tok: 10, moe_intermediate_size: 640 },
      ...{ shared_expert_intermediate_size: 640, linear_num_value_heads: 48, linear_num_key_heads: 16, linear_key_head_dim: 128 },
      ...{ linear_value_head_dim: 128, linear_conv_kernel_dim: 4, full_attention_interval: 4, hc_count: 4, hc_lowrank: 320 },
      ...{ ngram_size: 3, heads_per_ngram: 8, ple_embed_dim: 2560, ple_conv_kernel_size: 4, ngram_vocab_size_base: 20_000_000 },
      ...{ ple_layer_ids: [2], split_ngram_parts: 128, indexer_n_heads: 4, indexer_head_dim: 128, indexer_budget: 2048 },
    },
  });
  // Without rotary factors nothing hangs on how much of a head is rotary.
  assert.deepEqual(shape, without(recordOf('qwen3-8-flash-next'), 'rotaryDim'));
});

test('faults name the field and say what to do', () => {
  for (const value of [null, 7, 'text', [], [LLAMA], undefined, true]) assert.equal(faultOf(value).code, 'not-a-config');
  assert.match(faultOf({}).message, /field model_type is missing/);
  assert.match(faultOf({ ...LLAMA, model_type: 'mystery_9' }).message, /type “mystery_9” can’t be computed yet/);
  for (const name of ['__proto__', 'constructor', 'toString']) {
    assert.equal(faultOf({ ...LLAMA, model_type: name }).code, 'unknown-architecture');
  }
  const missing = faultOf({ model_type: 'llava', text_config: without(LLAMA, 'num_hidden_layers') });
  assert.equal(missing.code, 'config-missing-field');
  assert.match(missing.message, /text_config[.]num_hidden_layers is missing/);
  assert.match(faultOf({ ...LLAMA, num_hidden_layers: 1e9 }).message, /num_hidden_layers .* has to be 1024 at most/);
  assert.match(faultOf({ ...LLAMA, hidden_size: -1 }).message, /hidden_size .*, and is -1/);
  assert.match(faultOf({ ...LLAMA, vocab_size: '32000' }).message, /vocab_size .*, and is “32000”/);
  const contradictions: readonly (readonly [Json, RegExp])[] = [
    [{ num_key_value_heads: 5 }, /num_attention_heads is 32, and num_key_value_heads 5/],
    [{ num_attention_heads: 40, num_key_value_heads: 8 }, /hidden_size is 4096, and num_attention_heads 40/],
    [{ num_local_experts: 4, num_experts_per_tok: 8 }, /says that 8 experts are used, and there are 4/],
    [{ model_type: 'olmo3', sliding_window: 4096, layer_types: ['full_attention'] }, /is 32, and layer_types has 1 items/],
  ];
  for (const [change, message] of contradictions) {
    const fault = faultOf({ ...LLAMA, ...change });
    assert.equal(fault.code, 'config-contradiction');
    assert.match(fault.message, message);
  }
});

const CODES = ['not-a-config', 'unknown-architecture', 'config-missing-field', 'config-bad-value', 'config-contradiction'];
/** Generous, for a busy machine; what is meant is that nothing takes seconds or gigabytes. */
const MOST_MILLISECONDS = 500;

/** A shape that the engine can list, or a sentence, soon. */
function holds(config: unknown): void {
  const started = performance.now();
  try {
    const { shape } = modelFromConfig(config);
    assert.ok(ARCHITECTURES.includes(shape.architecture));
    assert.ok(shape.layers >= 1 && shape.layers <= 1024);
    for (const { name, dimensions } of tensorsOf(shape)) {
      assert.ok(
        dimensions.every((dimension) => Number.isFinite(dimension) && dimension >= 0),
        `${name} ${String(dimensions)}`,
      );
    }
  } catch (error) {
    assert.ok(error instanceof EngineError, error instanceof Error ? error.stack : String(error));
    assert.ok(CODES.includes(error.code), error.code);
    assert.match(error.message, /^(This|The|Models) [^]*[.]$/);
    assert.ok(error.message.length < 600);
  }
  assert.ok(performance.now() - started < MOST_MILLISECONDS);
}

const million = Array.from({ length: 1_000_000 }, () => 1);
let nested: unknown = 1;
for (let depth = 0; depth < 10_000; depth += 1) nested = { text_config: nested };

const anyValue = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    '',
    'x',
    0,
    -1,
    0.5,
    1e9,
    2 ** 31,
    2 ** 40,
    1e300,
    NaN,
    Infinity,
    -Infinity,
    [],
    {},
    [1, 2],
    [null],
  ),
  fc.constantFrom<unknown>(million, nested, 'M'.repeat(1_000_000), { rope_type: 7 }, [{}], [[[]]]),
  fc.integer({ min: -10, max: 2000 }),
  fc.jsonValue(),
);

/** The object whose fields are read: the wrapped one, mostly. */
function innermost(config: Json): Json {
  const inner = config['text_config'];
  return isObject(inner) ? inner : config;
}

const mutated = fc.constantFrom(...FIXTURES).chain(({ config }) => {
  const fields = Object.keys(innermost(config));
  const change = fc.tuple(fc.constantFrom(...fields), fc.oneof(fc.constant({ drop: true }), fc.record({ value: anyValue })));
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const copy = structuredClone(config);
    const target = innermost(copy);
    for (const [field, how] of changes) {
      if ('value' in how) target[field] = how.value;
      else Reflect.deleteProperty(target, field);
    }
    return copy;
  });
});

test('whatever is changed in a real file, a shape or a sentence comes out', () => {
  fc.assert(
    fc.property(mutated, (config) => {
      holds(config);
    }),
    { numRuns: 3000 },
  );
});

test('each field of each file, dropped or broken, gives a shape or a sentence', () => {
  for (const { config } of FIXTURES) {
    for (const field of Object.keys(innermost(config))) {
      for (const value of [undefined, 'x', -1, 1e12, NaN, {}, million]) {
        const copy = { ...config };
        if (isObject(copy['text_config'])) copy['text_config'] = { ...copy['text_config'] };
        innermost(copy)[field] = value;
        holds(copy);
      }
    }
  }
});

test('anything at all gives a shape or a sentence', () => {
  const anything = fc.oneof(anyValue, fc.dictionary(fc.string(), anyValue), fc.record({ model_type: fc.string(), text_config: anyValue }));
  fc.assert(
    fc.property(anything, (config) => {
      holds(config);
    }),
    { numRuns: 1000 },
  );
  holds(JSON.parse('{"__proto__":{"model_type":"llama"},"constructor":{"model_type":"llama"}}'));
  holds({ ...LLAMA, block_configs: million, model_type: 'nemotron-nas' });
});
