/**
 * From a Hugging Face `config.json` to the engine's model.
 *
 * A family is a row of a table: llama.cpp's architecture and what sets it apart from the plain transformer. Source: what
 * llama.cpp's converters make of each field, and what Transformers takes for fields that are not there.
 */

import { EngineError } from '../engine/errors.ts';
import type { Architecture, Experts, LatentAttention, ModelShape, RecurrentLayers, SlidingWindow } from '../engine/model.ts';
import { ConfigFields } from './config-fields.ts';
import { windowOf } from './window-pattern.ts';

export interface ConfigModel {
  readonly shape: ModelShape;
  /** Context that the model was made for, tokens; null when the file doesn't say. */
  readonly contextNative: number | null;
  /** Remarks for the reader: what was assumed, and what the model has that is not computed. */
  readonly notes: readonly string[];
}

const LAYERS = ['num_hidden_layers', 'n_layers', 'n_layer', 'num_layers'];
const HIDDEN = ['hidden_size', 'n_embd', 'd_model', 'dim'];
const HEADS = ['num_attention_heads', 'n_head', 'n_heads'];
const KV_HEADS = ['num_key_value_heads', 'n_kv_heads', 'num_attention_groups', 'multi_query_group_num', 'num_kv_heads'];
const HEAD_DIM = ['head_dim', 'attention_head_dim', 'kv_channels'];
const FEED_FORWARD = [
  'prefix_dense_intermediate_size',
  'dense_intermediate_size',
  'intermediate_size_mlp',
  'intermediate_size',
  'block_ff_dim',
  'n_inner',
  'ffn_hidden_size',
  'hidden_dim',
];
const VOCABULARY = ['vocab_size', 'padded_vocab_size'];
const CONTEXT = ['max_position_embeddings', 'n_positions', 'seq_length', 'max_sequence_length', 'model_max_length'];
const EXPERTS = ['num_local_experts', 'num_experts', 'n_routed_experts', 'moe_num_experts', 'moe_num_primary_experts'];
const EXPERTS_USED = [
  'num_experts_per_tok',
  'num_experts_per_token',
  'top_k_experts',
  'moe_topk',
  'moe_k',
  'moe_top_k',
  'moe_num_active_primary_experts',
];
const EXPERT_WIDTH = ['moe_intermediate_size', 'expert_intermediate_size', 'moe_ffn_hidden_size', 'expert_hidden_dim'];
const SHARED_EXPERTS = ['n_shared_experts', 'num_shared_experts', 'moe_num_shared_experts', 'num_shared_expert'];
const SHARED_WIDTH = [
  'shared_expert_intermediate_size',
  'moe_shared_expert_intermediate_size',
  'shared_intermediate_size',
  'share_expert_dim',
];
const DENSE_FIRST = ['first_k_dense_replace', 'num_dense_layers', 'moe_layer_start_index', 'first_last_k_dense_replace'];
const EXPERT_INTERVAL = [
  'interleave_moe_layer_step',
  'moe_layer_interval',
  'moe_every_n_layers',
  'expert_layer_period',
  'decoder_sparse_step',
];
const AHEAD = ['num_nextn_predict_layers', 'mtp_num_hidden_layers', 'num_mtp_modules'];
const LAYER_TYPES = ['layer_types', 'sliding_window_layout', 'hybrid_layer_pattern'];
const WINDOW = ['sliding_window', 'sliding_window_size', 'local_attention', 'attention_chunk_size'];
const WINDOW_PERIOD = ['sliding_window_pattern', 'global_attn_every_n_layers', '_sliding_window_pattern'];

/** Nemotron's newer files have a list of layers and no number of them. */
function layersOf(config: ConfigFields): number {
  return config.layers(LAYERS, 'layers_block_type');
}

/** What every model has, before its family's own. */
type Plain = Pick<ModelShape, 'architecture' | 'layers' | 'hiddenSize' | 'heads' | 'kvHeads' | 'headDimK' | 'headDimV'>;
type Part = Partial<ModelShape>;
type Reader = (config: ConfigFields, plain: Plain) => Part;

interface Family {
  readonly architecture: Architecture | ((config: ConfigFields) => Architecture);
  /** Embeddings and output are one matrix unless the file says otherwise. */
  readonly tied?: boolean;
  /** Layers may be mixtures of experts. */
  readonly mixture?: boolean;
  /** llama.cpp follows the sliding window; elsewhere it ignores one. */
  readonly window?: boolean;
  /** Rows of the vocabulary are filled up to a multiple. */
  readonly padVocabulary?: number;
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** What only this family has; it takes the place of what was read for all. */
  readonly own?: Reader;
}

const numbered = (layers: number): number[] => Array.from({ length: layers }, (_, index) => index);

/** Layers of a list for which something holds. */
function where(list: readonly unknown[], holds: (item: unknown) => boolean): number[] {
  return list.flatMap((item, index) => (holds(item) ? [index] : []));
}

const isFull = (item: unknown): boolean => item === 'full_attention' || item === 'attention' || item === 0;

function slidingWindow(config: ConfigFields, layers: number): SlidingWindow | null {
  const size = config.optional(WINDOW, 0);
  if (size === null || size === 0 || config.flag('use_sliding_window') === false) return null;
  const types = config.byLayer(LAYER_TYPES, layers);
  if (types !== null)
    return windowOf(
      size,
      types.map((type) => !isFull(type)),
    );
  const letters = config.text(WINDOW_PERIOD);
  if (letters !== null && letters !== '')
    return windowOf(
      size,
      numbered(layers).map((index) => letters[index % letters.length] === 'L'),
    );
  const period = config.count(WINDOW_PERIOD);
  return period === 1 ? null : { size, period };
}

function latentAttention(config: ConfigFields, legacyFile = false): LatentAttention | null {
  if (!config.has('kv_lora_rank')) return null;
  return {
    qLoraRank: config.optional('q_lora_rank'),
    kvLoraRank: config.count('kv_lora_rank'),
    ropeHeadDim: config.count('qk_rope_head_dim'),
    nopeHeadDim: config.count('qk_nope_head_dim'),
    valueHeadDim: config.count('v_head_dim'),
    legacyFile,
  };
}

/** Latent attention as llama.cpp keeps it: one head of keys and values for all. */
const latent: Reader = (config) => {
  const mla = latentAttention(config);
  if (mla === null) throw config.missing('kv_lora_rank');
  return { latentAttention: mla, kvHeads: 1, headDimK: mla.nopeHeadDim + mla.ropeHeadDim, headDimV: mla.valueHeadDim };
};

/** How many layers at the start are dense. */
function denseFirstLayers(config: ConfigFields, layers: number): number {
  const types = config.byLayer(['mlp_layer_types', 'moe_layer_freq', 'is_moe_layer'], layers);
  if (types !== null) {
    const first = types.findIndex((type) => type === 'sparse' || type === 1 || type === true);
    return first < 0 ? layers : first;
  }
  const enumerated = /^\s*(\d{1,4})\b/.exec(config.text('moe_layers_enum') ?? '');
  return enumerated?.[1] === undefined ? config.orZero(DENSE_FIRST) : Number(enumerated[1]);
}

function expertsOf(config: ConfigFields, layers: number): Experts | null {
  const count = config.orZero(EXPERTS);
  if (count < 2) return null;
  const used = config.count(EXPERTS_USED);
  if (used > count) {
    throw config.contradiction(`${config.pathOf(EXPERTS_USED)} says that ${String(used)} experts are used, and there are ${String(count)}`);
  }
  const feedForwardSize = config.count([...EXPERT_WIDTH, 'intermediate_size', 'n_inner']);
  const width = config.orZero(SHARED_WIDTH);
  const sharedCount = config.optional(SHARED_EXPERTS, 0) ?? (width > 0 ? 1 : 0);
  const interval = config.optional(EXPERT_INTERVAL) ?? 1;
  const dense = denseFirstLayers(config, layers);
  if (dense > layers) throw config.contradiction(`${String(dense)} of ${String(layers)} layers are to be dense`);
  return {
    count,
    used,
    feedForwardSize,
    sharedCount,
    sharedFeedForwardSize: sharedCount === 0 ? 0 : width > 0 ? width : sharedCount * feedForwardSize,
    denseFirstLayers: dense,
    ...(interval > 1 && { interval }),
  };
}

/** Whether the file carries rotary factors. */
function hasRotaryFactors(config: ConfigFields, architecture: Architecture): boolean {
  const rope = config.within(['rope_parameters', 'rope_scaling']);
  const full = rope?.within('full_attention') ?? rope;
  const type = full?.text(['rope_type', 'type'])?.toLowerCase();
  if (['phi3', 'phimoe', 'minicpm3'].includes(architecture)) return full?.has('long_factor') === true;
  return type === 'llama3' || type === 'proportional';
}

const KDA = (heads: number, headDim: number, convKernel: number, attentionLayers: readonly number[]): RecurrentLayers => ({
  kind: 'kda',
  fullAttentionInterval: null,
  attentionLayers,
  convKernel,
  innerSize: heads * headDim,
  stateSize: headDim,
  groupCount: heads,
  timeStepRank: heads,
});

const kimiLinear: Reader = (config, plain) => {
  const linear = config.within('linear_attn_config');
  if (linear === null) throw config.missing('linear_attn_config');
  // Counted from 1 in the file.
  const attends = (linear.numbers('full_attn_layers') ?? [])
    .map((layer) => layer - 1)
    .filter((layer) => layer >= 0 && layer < plain.layers);
  return {
    ...latent(config, plain),
    recurrent: KDA(linear.count('num_heads'), linear.count('head_dim'), linear.count('short_conv_kernel_size'), attends),
  };
};

const deltaNet: Reader = (config, { layers }) => {
  const full = where(config.byLayer('layer_types', layers) ?? [], isFull);
  const heads = config.count('linear_num_value_heads');
  return {
    recurrent: {
      kind: 'delta-net',
      fullAttentionInterval: config.optional('full_attention_interval') ?? (full[0] ?? 3) + 1,
      attentionLayers: null,
      convKernel: config.count('linear_conv_kernel_dim'),
      innerSize: heads * config.count('linear_value_head_dim'),
      stateSize: config.count('linear_key_head_dim'),
      groupCount: config.count('linear_num_key_heads'),
      timeStepRank: heads,
    },
  };
};

const lightning: Reader = (config, { layers, heads, headDimK }) => {
  const types = config.byLayer('attn_type_list', layers);
  return {
    recurrent: {
      kind: 'lightning',
      fullAttentionInterval: (types?.indexOf(1) ?? 7) + 1 || 8,
      attentionLayers: null,
      convKernel: 1,
      innerSize: heads * headDimK,
      stateSize: headDimK,
      groupCount: heads,
      timeStepRank: heads,
    },
  };
};

/** Sum of as many primes from a number on. */
function sumOfPrimes(from: number, count: number): number {
  let sum = 0;
  for (let number = Math.max(2, from), left = count; left > 0; number += 1) {
    let divisor = 2;
    while (divisor * divisor <= number && number % divisor !== 0) divisor += 1;
    if (divisor * divisor <= number) continue;
    sum += number;
    left -= 1;
  }
  return sum;
}

/** Heads that look up sequences of tokens: as many for each length. */
const MOST_LOOKUPS = 64;

/** Qwen3.8-Flash-Next: its table has a part for each look-up, of a prime number of rows. */
const sequenceTable: Reader = (config, plain) => {
  const [layer] = config.numbers('ple_layer_ids') ?? [];
  const sequenceLength = config.count('ngram_size');
  const lookups = (sequenceLength - 1) * config.count('heads_per_ngram');
  if (layer === undefined || layer === 0) throw config.missing('ple_layer_ids');
  if (lookups < 1 || lookups > MOST_LOOKUPS) {
    throw config.contradiction(`${config.pathOf('ngram_size')} and heads_per_ngram make ${String(lookups)} look-ups for a token`);
  }
  const multiple = config.optional(['make_ngram_vocab_size_divisible_by', 'split_ngram_parts']) ?? 128;
  return {
    ...deltaNet(config, plain),
    indexer: { heads: config.count('indexer_n_heads'), headDim: config.count('indexer_head_dim'), topK: config.count('indexer_budget') },
    sequenceTable: {
      hyperConnections: config.count('hc_count'),
      hyperConnectionRank: config.count('hc_lowrank'),
      layer: layer - 1,
      rows: Math.ceil(sumOfPrimes(config.count('ngram_vocab_size_base'), lookups) / multiple) * multiple,
      rowWidth: Math.max(1, Math.trunc(config.count('ple_embed_dim') / lookups)),
      lookups,
      sequenceLength,
      convKernel: config.optional('ple_conv_kernel_size') ?? 4,
    },
  };
};

/** Mamba-2; its fields carry a prefix in most families. */
function mamba2(config: ConfigFields, attentionLayers: readonly number[] | null): RecurrentLayers {
  const heads = config.count(['mamba_num_heads', 'mamba_n_heads']);
  return {
    kind: 'mamba-2',
    fullAttentionInterval: null,
    attentionLayers,
    convKernel: config.count(['conv_kernel', 'mamba_d_conv']),
    innerSize: config.optional('mamba_d_ssm') ?? heads * config.count(['mamba_head_dim', 'mamba_d_head']),
    stateSize: config.count(['ssm_state_size', 'mamba_d_state']),
    groupCount: config.count(['n_groups', 'mamba_n_groups']),
    timeStepRank: heads,
  };
}

const LETTERS: Readonly<Record<string, string>> = {
  mamba: 'M',
  linear_attention: 'M',
  attention: '*',
  full_attention: '*',
  moe: 'E',
  mlp: '-',
};

const nemotronH: Reader = (config, { layers }) => {
  const list = config.byLayer('layers_block_type', layers)?.map((type) => (typeof type === 'string' ? (LETTERS[type] ?? '?') : '?'));
  const hybridPattern = config.text('hybrid_override_pattern') ?? list?.join('');
  if (hybridPattern === undefined) throw config.missing('hybrid_override_pattern');
  if (hybridPattern.length !== layers || !/^[M*E-]+$/.test(hybridPattern)) {
    throw config.contradiction(
      `${config.pathOf('hybrid_override_pattern')} needs one of the letters M, *, - and E for each of ${config.pathOf('num_hidden_layers')} = ${String(layers)} layers`,
    );
  }
  const experts = hybridPattern.includes('E') ? expertsOf(config, layers) : null;
  const latentSize = config.optional('moe_latent_size');
  return {
    recurrent: mamba2(config, null),
    hybridPattern,
    experts: experts === null ? null : { ...experts, denseFirstLayers: 0, ...(latentSize !== null && { latentSize }) },
    feedForwardSize: hybridPattern.includes('-') ? config.count('intermediate_size') : null,
  };
};

/** Layers that attend, by a list of types, a list of numbers, or period and offset. */
function attentionLayers(config: ConfigFields, layers: number): readonly number[] {
  const types = config.byLayer('layer_types', layers);
  if (types !== null) return where(types, isFull);
  const listed = config.numbers(['attn_layer_indices', 'full_attn_idxs']);
  if (listed !== null) return listed.filter((layer) => layer < layers);
  const period = config.count('attn_layer_period');
  return numbered(layers).filter((layer) => layer % period === config.orZero('attn_layer_offset'));
}

const graniteHybrid: Reader = (config, { layers, architecture }) => {
  const own: Part = config.orZero(EXPERTS) > 1 ? {} : { feedForwardSize: config.count(['shared_intermediate_size', 'intermediate_size']) };
  return architecture === 'granitehybrid' ? { ...own, recurrent: mamba2(config, attentionLayers(config, layers)) } : own;
};

const shortConvolution: Reader = (config, { layers, hiddenSize }) => ({
  feedForwardSize: liquidWidth(config),
  recurrent: {
    kind: 'short-conv',
    fullAttentionInterval: null,
    attentionLayers: attentionLayers(config, layers),
    convKernel: config.count('conv_L_cache'),
    innerSize: hiddenSize,
    stateSize: 0,
    groupCount: 0,
    timeStepRank: 0,
  },
});

/** LFM2 names a width that is cut to two thirds and rounded up. */
function liquidWidth(config: ConfigFields): number {
  const width = config.count(['block_ff_dim', 'intermediate_size']);
  if (config.flag('block_auto_adjust_ff_dim') !== true) return width;
  const multiple = config.count('block_multiple_of');
  const adjusted = Math.trunc((config.factor('block_ffn_dim_multiplier') ?? 1) * Math.trunc((2 * width) / 3));
  return multiple * Math.max(1, Math.ceil(adjusted / multiple));
}

/** What windowed layers have of their own, left out where it is the same. */
function windowedHeads(
  config: ConfigFields,
  plain: Plain,
  own: { readonly heads?: number | null; readonly kvHeads?: number | null },
): Part {
  const window = slidingWindow(config, plain.layers);
  if (window === null) return { slidingWindow: null };
  const { heads, kvHeads } = own;
  return {
    slidingWindow: {
      ...window,
      ...(heads != null && heads !== plain.heads && { heads }),
      ...(kvHeads != null && kvHeads !== plain.kvHeads && { kvHeads }),
    },
  };
}

const gemma4: Reader = (config, plain) => {
  const { layers, kvHeads, headDimK } = plain;
  const sharedKvLayers = config.orZero('num_kv_shared_layers');
  const perLayer = config.orZero('hidden_size_per_layer_input');
  const width = config.count('intermediate_size');
  const full = config.optional('global_head_dim') ?? headDimK;
  const window = slidingWindow(config, layers);
  if (sharedKvLayers > layers) throw config.contradiction(`${config.pathOf('num_kv_shared_layers')} is more than there are layers`);
  return {
    kvHeads: config.optional('num_global_key_value_heads') ?? kvHeads,
    headDimK: full,
    headDimV: full,
    slidingWindow: window === null ? null : { ...window, kvHeads, headDimK, headDimV: headDimK },
    ...(sharedKvLayers > 0 && { sharedKvLayers }),
    ...(perLayer > 0 && { perLayerEmbeddingSize: perLayer }),
    ...(config.flag('attention_k_eq_v') === true && { keysServeAsValues: true }),
    ...(config.flag('use_double_wide_mlp') === true && {
      feedForwardByLayer: numbered(layers).map((layer) => (layer < layers - sharedKvLayers ? width : 2 * width)),
    }),
  };
};

const gemma3n: Reader = (config) => ({
  sharedKvLayers: config.count('num_kv_shared_layers'),
  perLayerEmbeddingSize: config.count('hidden_size_per_layer_input'),
});

/** Nemotron models cut from Llama: each layer has heads and a width of its own. */
const deci: Reader = (config, { layers, heads, hiddenSize }) => {
  if (config.byLayer('block_configs', layers) === null) return {};
  const path = config.pathOf('block_configs');
  const each = numbered(layers).map((index) => {
    const block = config.itemOf('block_configs', index);
    const attention = block.within('attention');
    const group = attention?.optional('n_heads_in_group') ?? null;
    const factor = block.within('ffn')?.factor('ffn_mult') ?? null;
    if (group !== null && heads % group !== 0)
      throw config.contradiction(`${path}[${String(index)}] has groups that don’t divide the heads`);
    const width = factor === null ? 0 : Math.ceil(Math.trunc((2 * factor * hiddenSize) / 3) / 256) * 256;
    return {
      heads: group !== null || attention?.flag('replace_with_linear') === true ? heads : 0,
      kvHeads: group === null ? 0 : heads / group,
      width,
    };
  });
  const widest = Math.max(...each.map(({ width }) => width));
  return {
    feedForwardSize: widest > 0 ? widest : null,
    kvHeads: Math.max(1, ...each.map(({ kvHeads }) => kvHeads)),
    feedForwardByLayer: each.map(({ width }) => width),
    kvHeadsByLayer: each.map(({ kvHeads }) => kvHeads),
    headsByLayer: each.map((block) => block.heads),
  };
};

/** Whether the router's scores are corrected, told only where it isn't what a query rank suggests. */
const deepseek2: Reader = (config, plain) => {
  const part = latent(config, plain);
  const experts = expertsOf(config, plain.layers);
  const method = config.text('topk_method');
  const scoreBias = method === 'noaux_tc';
  if (experts === null || method === null || scoreBias === (part.latentAttention?.qLoraRank !== null)) return { ...part, experts };
  return { ...part, experts: { ...experts, scoreBias } };
};

const indexed: Reader = (config, plain) => {
  const types = config.byLayer('indexer_types', plain.layers);
  return {
    ...latent(config, plain),
    indexer: {
      heads: config.count('index_n_heads'),
      headDim: config.count('index_head_dim'),
      topK: config.count('index_topk'),
      ...(types?.includes('shared') === true && { layers: where(types, (type) => type === 'full') }),
    },
  };
};

const deepseek4: Reader = (config, { layers }) => ({
  slidingWindow: { size: config.count('sliding_window'), period: 1, fullLayers: [] },
  indexer: { heads: config.count('index_n_heads'), headDim: config.count('index_head_dim'), topK: config.count('index_topk') },
  compressedAttention: {
    ratioByLayer: config.countsByLayer('compress_ratios', layers) ?? fail(config.missing('compress_ratios')),
    queryLoraRank: config.count('q_lora_rank'),
    outputGroups: config.count('o_groups'),
    outputLoraRank: config.count('o_lora_rank'),
    hyperConnections: config.count('hc_mult'),
    hashLayers: config.orZero('num_hash_layers'),
  },
});

function fail(error: EngineError): never {
  throw error;
}

const minimax3: Reader = (config) => {
  const sparse = config.within('sparse_attention_config');
  if (sparse === null) throw config.missing('sparse_attention_config');
  return {
    indexer: {
      heads: sparse.count('sparse_num_index_heads'),
      headDim: sparse.count('sparse_index_dim'),
      topK: sparse.count('sparse_topk_blocks'),
    },
  };
};

const laguna: Reader = (config, plain) => {
  const heads = config.countsByLayer('num_attention_heads_per_layer', plain.layers);
  const window = slidingWindow(config, plain.layers);
  const types = config.byLayer(LAYER_TYPES, plain.layers) ?? [];
  const full = heads?.[types.findIndex(isFull)] ?? plain.heads;
  const own = heads?.[types.findIndex((type) => !isFull(type))] ?? full;
  return {
    heads: full,
    slidingWindow: window === null ? null : { ...window, ...(own !== full && { heads: own }) },
    ...(config.text('gating')?.includes('element') === true && { attentionGate: 'element' as const }),
  };
};

const llama4: Reader = (config, { layers }) => {
  const size = config.count('attention_chunk_size');
  const types = config.byLayer('layer_types', layers);
  const experts = expertsOf(config, layers);
  const width = config.count('intermediate_size');
  return {
    slidingWindow: types?.every(isFull) === true ? null : { size, period: 4, chunked: true },
    experts: experts === null ? null : { ...experts, feedForwardSize: width, sharedCount: 1, sharedFeedForwardSize: width },
  };
};

const falcon: Reader = (config, { heads, hiddenSize }) => {
  const many = config.flag('new_decoder_architecture') === true;
  const kvHeads = many ? (config.optional(['num_kv_heads', 'n_head_kv']) ?? heads) : config.flag('multi_query') === false ? heads : 1;
  return { kvHeads, feedForwardSize: 4 * hiddenSize };
};

const jamba: Reader = (config, { layers, hiddenSize }) => ({
  recurrent: {
    kind: 'mamba-1',
    fullAttentionInterval: null,
    attentionLayers: attentionLayers(config, layers),
    convKernel: config.count('mamba_d_conv'),
    innerSize: config.count('mamba_expand') * hiddenSize,
    stateSize: config.count('mamba_d_state'),
    groupCount: 0,
    timeStepRank: config.optional('mamba_dt_rank') ?? Math.ceil(hiddenSize / 16),
  },
});

/** Learned positions; RoBERTa's begin after the padding token. */
const bert: Reader = (config) => {
  const offset =
    config.has('pad_token_id') && /roberta|camembert/.test(config.text('model_type') ?? '') ? config.orZero('pad_token_id') + 1 : 0;
  const positions = config.count('max_position_embeddings') - offset;
  if (positions < 1) throw config.contradiction(`${config.pathOf('max_position_embeddings')} leaves no position behind pad_token_id`);
  return { tokenTypes: config.optional('type_vocab_size') ?? 1, learnedPositions: positions };
};

/** Rotary values of a head where Phi-3 leaves some out, and its factors tell. */
const phi: Reader = (config, { headDimK, architecture }) => {
  const part = config.factor('partial_rotary_factor') ?? 1;
  return part < 1 && hasRotaryFactors(config, architecture) ? { rotaryDim: Math.max(2, Math.trunc(part * headDimK)) } : {};
};

const bailing3: Reader = (config, plain) => {
  const group = config.count('layer_group_size');
  const attends = numbered(plain.layers).filter((layer) => (layer + 1) % group === 0);
  return {
    ...latent(config, plain),
    recurrent: KDA(plain.heads, config.count('head_dim'), config.count('short_conv_kernel_size'), attends),
  };
};

const MIXTURE = { mixture: true } as const;
const TIED = { tied: true } as const;
const WINDOWED = { window: true } as const;
const LLAMA: Family = {
  architecture: 'llama',
  ...MIXTURE,
  own: (config) => (config.flag(['attention_bias', 'qkv_bias']) === true ? { qkvBias: true } : {}),
};
const GEMMA = { ...TIED, ...WINDOWED } as const;
const GLM4_MOE: Family = {
  architecture: 'glm4moe',
  ...MIXTURE,
  own: (config) => (config.flag('use_qk_norm') === true ? { qkNorm: true } : {}),
};
const STEP: Family = {
  architecture: 'step35',
  ...MIXTURE,
  ...WINDOWED,
  own: (config, plain) => {
    const other = config.within('attention_other_setting');
    return windowedHeads(config, plain, { heads: other?.optional(HEADS) ?? null, kvHeads: other?.optional(KV_HEADS) ?? null });
  },
};
const GRANITE: Family = {
  architecture: (config) => {
    const layers = layersOf(config);
    if (config.has(['layer_types', 'attn_layer_indices', 'attn_layer_period']) && attentionLayers(config, layers).length < layers)
      return 'granitehybrid';
    return config.orZero(EXPERTS) > 1 ? 'granitemoe' : 'granite';
  },
  ...MIXTURE,
  own: graniteHybrid,
};
const HUNYUAN: Family = { architecture: (config) => (config.orZero(EXPERTS) > 1 ? 'hunyuan-moe' : 'hunyuan-dense'), ...MIXTURE };
const MIMO2: Family = {
  architecture: 'mimo2',
  ...MIXTURE,
  ...WINDOWED,
  own: (config, plain) => windowedHeads(config, plain, { kvHeads: config.optional('swa_num_key_value_heads') }),
};
const ENCODER = { ...TIED, own: bert } as const;
const deepseek = (architecture: Architecture, own: Reader): Family => ({ architecture, ...MIXTURE, own });
const plainly = (architecture: Architecture, more: Omit<Family, 'architecture'> = {}): Family => ({ architecture, ...more });

/** Rows by model type or class name, in lower case and without separators ("Qwen3MoeForCausalLM" and "qwen3_moe": "qwen3moe"). */
const FAMILIES: Readonly<Record<string, Family>> = {
  afmoe: plainly('afmoe', { ...MIXTURE, ...WINDOWED }),
  apertus: plainly('apertus'),
  arcee: plainly('arcee'),
  bailingmoev2: plainly('bailingmoe2', MIXTURE),
  bailingmoe2: plainly('bailingmoe2', MIXTURE),
  bailingmoev3: deepseek('bailingmoe3', bailing3),
  bailinghybrid: deepseek('bailingmoe3', bailing3),
  bert: plainly('bert', ENCODER),
  roberta: plainly('bert', ENCODER),
  xlmroberta: plainly('bert', ENCODER),
  camembert: plainly('bert', ENCODER),
  chatglm: plainly('chatglm', {
    own: (config) => (config.flag('multi_query_attention') === false ? {} : { kvHeads: config.count(KV_HEADS) }),
  }),
  glm: plainly('chatglm'),
  cohere: plainly('command-r', TIED),
  cohere2: plainly('cohere2', { ...TIED, ...WINDOWED, defaults: { sliding_window: 4096, sliding_window_pattern: 4 } }),
  cohere2moe: plainly('cohere2moe', { ...TIED, ...WINDOWED, ...MIXTURE }),
  decilm: plainly('deci', { own: deci }),
  nemotronnas: plainly('deci', { own: deci }),
  deepseekv2: deepseek('deepseek2', deepseek2),
  deepseekv3: deepseek('deepseek2', deepseek2),
  kimik2: deepseek('deepseek2', deepseek2),
  glm4moelite: deepseek('deepseek2', deepseek2),
  deepseekv32: deepseek('deepseek32', indexed),
  deepseekv4: deepseek('deepseek4', deepseek4),
  dots1: plainly('dots1', MIXTURE),
  ernie45: plainly('ernie4_5', TIED),
  ernie45moe: plainly('ernie4_5-moe', { ...TIED, ...MIXTURE }),
  exaone: plainly('exaone'),
  exaone4: plainly('exaone4', WINDOWED),
  exaone45: plainly('exaone4', WINDOWED),
  exaonemoe: plainly('exaone-moe', { ...WINDOWED, ...MIXTURE }),
  falcon: plainly('falcon', { ...TIED, own: falcon }),
  falconh1: plainly('falcon-h1', {
    padVocabulary: 16,
    own: (config, { layers }) => ({
      recurrent: { ...mamba2(config, numbered(layers)), ...(config.flag('mamba_rms_norm') === false && { norm: false }) },
    }),
  }),
  gemma: plainly('gemma', TIED),
  gemma2: plainly('gemma2', { ...GEMMA, defaults: { sliding_window: 4096, sliding_window_pattern: 2 } }),
  gemma3: {
    architecture: (config) => (config.flag('use_bidirectional_attention') === true ? 'gemma-embedding' : 'gemma3'),
    ...GEMMA,
    defaults: {
      num_attention_heads: 8,
      num_key_value_heads: 4,
      head_dim: 256,
      vocab_size: 262208,
      max_position_embeddings: 131072,
      sliding_window_pattern: 6,
    },
    // Rows of the vocabulary that its tokenizer doesn't have are cut off.
    own: (config) => ({ vocabularySize: Math.min(config.count('vocab_size'), 262144) }),
  },
  gemma3n: plainly('gemma3n', { ...GEMMA, own: gemma3n }),
  gemma4: plainly('gemma4', { ...GEMMA, ...MIXTURE, own: gemma4 }),
  gemma4unified: plainly('gemma4', { ...GEMMA, ...MIXTURE, own: gemma4 }),
  glm4: plainly('glm4'),
  glm4v: plainly('glm4'),
  glm4moe: GLM4_MOE,
  glm4vmoe: GLM4_MOE,
  glmmoedsa: deepseek('glm-dsa', indexed),
  gptneox: plainly('gptneox'),
  gptoss: plainly('gpt-oss', { ...MIXTURE, ...WINDOWED, defaults: { sliding_window_pattern: 2 } }),
  granite: GRANITE,
  granitemoe: GRANITE,
  granitemoeshared: GRANITE,
  granitemoehybrid: { ...GRANITE, padVocabulary: 8 },
  hunyuan: HUNYUAN,
  hunyuanmoev1: HUNYUAN,
  hunyuanv1moe: HUNYUAN,
  hunyuandensev1: HUNYUAN,
  hunyuanv1dense: HUNYUAN,
  hyv3: plainly('hy_v3', MIXTURE),
  internlm2: plainly('internlm2'),
  internlm3: LLAMA,
  jamba: plainly('jamba', { ...MIXTURE, own: jamba }),
  kimik3: deepseek('kimi-k3', (config, plain) => {
    const experts = expertsOf(config, plain.layers);
    const latentSize = config.optional('routed_expert_hidden_size');
    return { ...kimiLinear(config, plain), experts: experts === null ? null : { ...experts, ...(latentSize !== null && { latentSize }) } };
  }),
  kimilinear: deepseek('kimi-linear', kimiLinear),
  laguna: plainly('laguna', { ...MIXTURE, ...WINDOWED, own: laguna }),
  lfm2: plainly('lfm2', { ...TIED, own: shortConvolution }),
  lfm2moe: plainly('lfm2moe', { ...TIED, ...MIXTURE, own: shortConvolution }),
  llama: LLAMA,
  mistral: LLAMA,
  mixtral: LLAMA,
  llama4: plainly('llama4', { ...MIXTURE, own: llama4, defaults: { attention_chunk_size: 8192 } }),
  mellum: plainly('mellum', { ...MIXTURE, ...WINDOWED }),
  mimo: plainly('qwen2'),
  mimov2: MIMO2,
  mimov2flash: MIMO2,
  minicpm: plainly('minicpm', TIED),
  minicpm3: plainly('minicpm3', {
    ...TIED,
    own: (config) => {
      const mla = latentAttention(config, true) ?? fail(config.missing('kv_lora_rank'));
      return { latentAttention: mla, headDimK: mla.nopeHeadDim + mla.ropeHeadDim, headDimV: mla.valueHeadDim };
    },
    defaults: { v_head_dim: 64 },
  }),
  minimaxtext01: plainly('minimax-01', { ...MIXTURE, own: lightning }),
  minimaxm1: plainly('minimax-01', { ...MIXTURE, own: lightning }),
  minimaxm2: plainly('minimax-m2', MIXTURE),
  minimaxm3: plainly('minimax-m3', { ...MIXTURE, own: minimax3 }),
  minimaxm3vl: plainly('minimax-m3', { ...MIXTURE, own: minimax3 }),
  minimaxm3sparse: plainly('minimax-m3', { ...MIXTURE, own: minimax3 }),
  ministral3: plainly('mistral3'),
  mistral4: deepseek('mistral4', latent),
  modernbert: plainly('modern-bert', {
    ...TIED,
    own: (config, { layers }) => ({
      slidingWindow: windowOf(
        config.count('local_attention'),
        numbered(layers).map((layer) => layer % config.count(WINDOW_PERIOD) !== 0),
      ),
    }),
  }),
  museglimmer: plainly('muse-glimmer', WINDOWED),
  nemotron: plainly('nemotron'),
  nemotronh: {
    architecture: (config) => (config.has(EXPERTS_USED) ? 'nemotron_h_moe' : 'nemotron_h'),
    padVocabulary: 8,
    own: nemotronH,
  },
  nomicbert: {
    architecture: (config) => (config.orZero('moe_every_n_layers') > 0 ? 'nomic-bert-moe' : 'nomic-bert'),
    ...TIED,
    ...MIXTURE,
    own: (config) => ({ tokenTypes: config.optional('type_vocab_size') ?? 1 }),
  },
  olmo: plainly('olmo'),
  olmo2: plainly('olmo2', WINDOWED),
  olmo3: plainly('olmo2', { ...WINDOWED, defaults: { sliding_window_pattern: 4 } }),
  olmoe: plainly('olmoe', MIXTURE),
  // Older files of Phi-2 leave the width out that is four times the hidden size.
  phi: plainly('phi2', { own: (config, { hiddenSize }) => ({ feedForwardSize: config.optional(FEED_FORWARD) ?? 4 * hiddenSize }) }),
  phi3: plainly('phi3', { own: phi }),
  phimoe: plainly('phimoe', { ...MIXTURE, own: phi }),
  qwen2: plainly('qwen2'),
  qwen2moe: plainly('qwen2moe', MIXTURE),
  qwen2vl: plainly('qwen2vl'),
  qwen25vl: plainly('qwen2vl'),
  qwen25omni: plainly('qwen2vl'),
  qwen3: plainly('qwen3'),
  qwen3moe: plainly('qwen3moe', MIXTURE),
  qwen3next: plainly('qwen3next', { ...MIXTURE, own: deltaNet }),
  qwen3vl: plainly('qwen3vl'),
  qwen3vlmoe: plainly('qwen3vlmoe', MIXTURE),
  qwen3omnimoe: plainly('qwen3vlmoe', MIXTURE),
  qwen35: plainly('qwen35', { own: deltaNet }),
  qwen4exp: plainly('qwen4exp', { ...MIXTURE, own: sequenceTable }),
  qwen35moe: plainly('qwen35moe', { ...MIXTURE, own: deltaNet }),
  seedoss: plainly('seed_oss'),
  smallthinker: plainly('smallthinker', { ...MIXTURE, ...WINDOWED }),
  smollm3: plainly('smollm3'),
  stablelm: plainly('stablelm', {
    own: (config) => ({
      ...(config.flag('use_qkv_bias') === true && { qkvBias: true }),
      ...(config.flag('qk_layernorm') === true && { qkNorm: true }),
    }),
  }),
  starcoder2: plainly('starcoder2', TIED),
  step3p5: STEP,
  step3p7: STEP,
};

/** "Qwen3MoeForCausalLM" and "qwen3_moe" are "qwen3moe". */
const plainName = (name: string): string =>
  name
    .replace(/(For[A-Z]\w*|Model)$/, '')
    .replace(/_text$|_?Text$/, '')
    .replace(/[^a-zA-Z0-9]/g, '')
    .toLowerCase();

function familyOf(config: ConfigFields): Family {
  // The class of the whole model knows best; then the type of the language model in it.
  const names = [...config.names('architectures').reverse(), ...config.names('model_type')];
  for (const name of names.map(plainName)) {
    const family = Object.hasOwn(FAMILIES, name) ? FAMILIES[name] : undefined;
    if (family !== undefined) return family;
  }
  if (names.length === 0) throw config.missing('model_type');
  throw new EngineError(
    'unknown-architecture',
    `Models of the type ${names.map((name) => `“${name}”`).join(', ')} can’t be computed yet. Pick a model of the list, or the file of the model in GGUF.`,
  );
}

function headsOf(config: ConfigFields, hiddenSize: number): Pick<Plain, 'heads' | 'kvHeads' | 'headDimK' | 'headDimV'> {
  const heads = config.count(HEADS);
  const kvHeads = config.optional(KV_HEADS) ?? heads;
  const headDim = config.optional(HEAD_DIM);
  if (heads % kvHeads !== 0) {
    throw config.contradiction(
      `${config.pathOf(HEADS)} is ${String(heads)}, and ${config.pathOf(KV_HEADS)} ${String(kvHeads)}, which doesn’t divide it`,
    );
  }
  if (headDim === null && hiddenSize % heads !== 0 && !config.has('kv_lora_rank')) {
    throw config.contradiction(
      `${config.pathOf(HIDDEN)} is ${String(hiddenSize)}, and ${config.pathOf(HEADS)} ${String(heads)}, which doesn’t divide it, and no head_dim is given`,
    );
  }
  const headDimK = headDim ?? Math.max(1, Math.trunc(hiddenSize / heads));
  return { heads, kvHeads, headDimK, headDimV: config.optional('v_head_dim') ?? headDimK };
}

/** Whether a layer has a dense network: those before the experts begin, and those between. */
function denseWidth(config: ConfigFields, architecture: Architecture, experts: Experts | null): number | null {
  const dense = experts === null || experts.denseFirstLayers > 0 || (experts.interval ?? 1) > 1 || architecture === 'gemma4';
  return dense ? (config.optional(FEED_FORWARD) ?? fail(config.missing('intermediate_size'))) : null;
}

function remark(config: ConfigFields, family: Family, shape: ModelShape): void {
  const ahead = config.orZero(AHEAD);
  if (ahead > 0) config.notes.push(`${String(ahead)} layer${ahead > 1 ? 's' : ''} for predicting further tokens are not counted.`);
  if (config.has(['vision_config', 'audio_config'])) config.notes.push('The part that reads images or sound is not counted.');
  if (
    family.window !== true &&
    config.orZero('sliding_window') > 0 &&
    shape.slidingWindow === null &&
    config.flag('use_sliding_window') !== false
  )
    config.notes.push(`${config.pathOf('sliding_window')} names a window that llama.cpp ignores for this architecture.`);
}

/**
 * A model from its Hugging Face configuration.
 *
 * @param json what the file holds, parsed
 * @throws {EngineError} `not-a-config`, `unknown-architecture`, `config-missing-field`, `config-bad-value`, `config-contradiction`;
 *   the message names the field and says what to do
 */
export function modelFromConfig(json: unknown): ConfigModel {
  const config = new ConfigFields(json);
  const family = familyOf(config);
  if (family.defaults !== undefined) config.addDefaults(family.defaults);
  const architecture = typeof family.architecture === 'string' ? family.architecture : family.architecture(config);
  const layers = layersOf(config);
  const hiddenSize = config.count(HIDDEN);
  const plain: Plain = { architecture, layers, hiddenSize, ...headsOf(config, hiddenSize) };
  const own = family.own?.(config, plain) ?? {};
  const multiple = family.padVocabulary ?? 1;
  const experts = own.experts !== undefined ? own.experts : family.mixture === true ? expertsOf(config, layers) : null;
  const shape: ModelShape = {
    ...plain,
    vocabularySize: Math.ceil(config.count(VOCABULARY) / multiple) * multiple,
    tiedEmbeddings: config.flag(['tie_word_embeddings', 'tie_embedding']) ?? family.tied === true,
    feedForwardSize: own.feedForwardSize !== undefined ? own.feedForwardSize : denseWidth(config, architecture, experts),
    slidingWindow: family.window === true && own.slidingWindow === undefined ? slidingWindow(config, layers) : null,
    latentAttention: null,
    recurrent: null,
    ropeFrequencyTensor: hasRotaryFactors(config, architecture),
    ...own,
    experts,
  };
  remark(config, family, shape);
  return { shape, contextNative: config.optional(CONTEXT), notes: config.notes };
}
