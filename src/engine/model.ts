/**
 * The shape of a language model: everything the engine needs to list its tensors, and nothing else.
 *
 * Names follow the field's usual terms; all counts are plain integers (elements, not bytes).
 */

/** llama.cpp's `general.architecture` names for the architectures the engine can compute. */
export const ARCHITECTURES = [
  'afmoe',
  'apertus',
  'arcee',
  'bailingmoe2',
  'bailingmoe3',
  'bert',
  'chatglm',
  'cohere2',
  'cohere2moe',
  'command-r',
  'deci',
  'deepseek2',
  'deepseek32',
  'deepseek4',
  'dots1',
  'ernie4_5',
  'ernie4_5-moe',
  'exaone',
  'exaone-moe',
  'exaone4',
  'falcon',
  'falcon-h1',
  'gemma',
  'gemma-embedding',
  'gemma2',
  'gemma3',
  'gemma3n',
  'gemma4',
  'glm-dsa',
  'glm4',
  'glm4moe',
  'gpt-oss',
  'gptneox',
  'granite',
  'granitehybrid',
  'granitemoe',
  'hunyuan-dense',
  'hunyuan-moe',
  'hy_v3',
  'internlm2',
  'jamba',
  'kimi-k3',
  'kimi-linear',
  'laguna',
  'lfm2',
  'lfm2moe',
  'llama',
  'llama4',
  'mellum',
  'mimo2',
  'minicpm',
  'minicpm3',
  'minimax-01',
  'minimax-m2',
  'minimax-m3',
  'mistral3',
  'mistral4',
  'modern-bert',
  'muse-glimmer',
  'nemotron',
  'nemotron_h',
  'nemotron_h_moe',
  'nomic-bert',
  'nomic-bert-moe',
  'olmo',
  'olmo2',
  'olmoe',
  'phi2',
  'phi3',
  'phimoe',
  'qwen2',
  'qwen2moe',
  'qwen2vl',
  'qwen3',
  'qwen35',
  'qwen35moe',
  'qwen3moe',
  'qwen3next',
  'qwen3vl',
  'qwen3vlmoe',
  'qwen4exp',
  'seed_oss',
  'smallthinker',
  'smollm3',
  'stablelm',
  'starcoder2',
  'step35',
] as const;

export type Architecture = (typeof ARCHITECTURES)[number];

/**
 * Mixture-of-experts feed-forward layers.
 *
 * Which layers are mixtures: those from `denseFirstLayers` on that `interval` lets through; in Gemma 4 each layer has the dense
 * network beside its experts.
 */
export interface Experts {
  /** Routed experts in each MoE layer. */
  readonly count: number;
  /** Routed experts that a token passes through. */
  readonly used: number;
  /** Inner width of one routed expert. */
  readonly feedForwardSize: number;
  /** Shared experts that every token passes through (0 when there are none). */
  readonly sharedCount: number;
  /** Inner width of all shared experts together (0 when there are none). */
  readonly sharedFeedForwardSize: number;
  /** Layers at the start that have a dense feed-forward network instead. */
  readonly denseFirstLayers: number;
  /** Every `interval`-th layer is a mixture (layer i from 0 when (i + 1) % interval is 0), the others dense; left out: every layer. */
  readonly interval?: number | undefined;
  /** Width of the space that the routed experts work in, where it is narrower than the hidden size (latent MoE). */
  readonly latentSize?: number | undefined;
  /**
   * A correction is added to the router's scores (`e_score_correction_bias`, `topk_method: noaux_tc`), where models of the
   * architecture differ. Left out, a `deepseek2` model has one if it has a query rank (right for DeepSeek V3, Kimi K2 and GLM-4.7-Flash;
   * DeepSeek V2 and Mistral Large 3 say false, Moonlight says true).
   */
  readonly scoreBias?: boolean | undefined;
}

/**
 * Sliding-window attention: layer i (from 0) is windowed when i % period < period − 1, unless `fullFirst` or `fullLayers` say otherwise.
 *
 * Only where llama.cpp follows it: Phi-3 and Mistral 7B v0.1 name a window in their configuration that it ignores (null here).
 */
export interface SlidingWindow {
  /** Window width in tokens. */
  readonly size: number;
  /** Length of the repeating pattern; its last layer attends to everything. */
  readonly period: number;
  /** The first layer of the pattern attends to everything instead of the last. */
  readonly fullFirst?: boolean | undefined;
  /** The layers (from 0) that attend to everything, where no pattern repeats: takes the place of `period`, and [] means none does. */
  readonly fullLayers?: readonly number[] | undefined;
  /** The window is a chunk with fixed borders (Llama 4). */
  readonly chunked?: boolean | undefined;
  /** Of the windowed layers, where they differ from the others; the shape's own numbers are then those of the full layers. */
  readonly heads?: number | undefined;
  readonly kvHeads?: number | undefined;
  readonly headDimK?: number | undefined;
  readonly headDimV?: number | undefined;
}

/** Multi-head latent attention (DeepSeek V2 and later). */
export interface LatentAttention {
  /** Rank of the query projection; null when queries are projected directly. */
  readonly qLoraRank: number | null;
  readonly kvLoraRank: number;
  /** Width per head of the part that carries the rotary position. */
  readonly ropeHeadDim: number;
  /** Width per head of the part that does not. */
  readonly nopeHeadDim: number;
  readonly valueHeadDim: number;
  /** True for files made before llama.cpp knew the compressed cache: one `attn_kv_b` tensor, and a full-size KV cache. */
  readonly legacyFile: boolean;
}

/**
 * How a layer without a KV cache keeps its state.
 *
 * - `delta-net`: gated delta rule (Qwen3-Next, Qwen3.5).
 * - `short-conv`: short convolutions (LFM2): only `convKernel` counts, the sizes are 0 (innerSize: the hidden size).
 * - `mamba-1`, `mamba-2`: state-space layers (Nemotron-H, Granite 4, Falcon-H1).
 * - `kda`: Kimi delta attention (Kimi Linear, Kimi K3, Ling 3).
 * - `lightning`: linear attention without a convolution, whose `convKernel` is 1 (MiniMax-Text-01, M1).
 */
export const RECURRENT_KINDS = ['delta-net', 'short-conv', 'mamba-1', 'mamba-2', 'kda', 'lightning'] as const;

export type RecurrentKind = (typeof RECURRENT_KINDS)[number];

/**
 * Layers that keep a fixed-size state instead of a KV cache.
 *
 * In Falcon-H1 each layer has both: `fullAttentionInterval` is 1 there. Where the shape has a `hybridPattern`, that says which
 * layers are recurrent, and interval and list are null.
 */
export interface RecurrentLayers {
  readonly kind: RecurrentKind;
  /** Every `fullAttentionInterval`-th layer attends; the rest are recurrent. Null when `attentionLayers` lists them. */
  readonly fullAttentionInterval: number | null;
  /** Layer numbers (from 0) that attend. Null when `fullAttentionInterval` says it. */
  readonly attentionLayers: readonly number[] | null;
  /** Taps of the convolution in front (`conv_L_cache`, `mamba_d_conv`, `linear_conv_kernel_dim`). */
  readonly convKernel: number;
  /** Width inside: value heads × their width (delta-net), heads × head width (mamba-2, kda, lightning). */
  readonly innerSize: number;
  /** State per inner value: width of a key head (delta-net), `ssm_state_size` (mamba), head width (kda, lightning). */
  readonly stateSize: number;
  /** Key heads (delta-net), `n_groups` (mamba-2), heads (kda, lightning). */
  readonly groupCount: number;
  /** Heads of values (delta-net) or of the state (mamba-2, kda, lightning); the time step's rank in mamba-1. */
  readonly timeStepRank: number;
  /** False where mamba-2 has no norm behind its scan (Falcon-H1 with `mamba_rms_norm: false`). */
  readonly norm?: boolean | undefined;
}

/** Sparse attention: a small indexer picks the positions that attention reads (DeepSeek V3.2 and later, GLM-5, MiniMax-M3, Qwen3.8-Flash-Next). */
export interface Indexer {
  readonly heads: number;
  readonly headDim: number;
  /** Positions that are read for each token; in MiniMax-M3 blocks of them. */
  readonly topK: number;
  /**
   * Layers (from 0) with an indexer of their own, where the others use an earlier one's choice (GLM-5.2). Left out: all layers
   * that attend sparsely, which is all that attend (DeepSeek V3.2, GLM-5, Qwen3.8-Flash-Next), those with experts (MiniMax-M3) or with ratio 4 (DeepSeek-V4).
   */
  readonly layers?: readonly number[] | undefined;
}

/** What only DeepSeek-V4 has. */
export interface CompressedAttention {
  /** Tokens that one cache entry stands for, by layer (as many as `layers`): 0 (none), 4 or 128. */
  readonly ratioByLayer: readonly number[];
  readonly queryLoraRank: number;
  readonly outputGroups: number;
  readonly outputLoraRank: number;
  readonly hyperConnections: number;
  /** Layers at the start whose experts are picked by a table instead of a router. */
  readonly hashLayers: number;
}

/**
 * What only Qwen3.8-Flash-Next has: several copies of the hidden state that are mixed before each half of a layer, and in one
 * layer a table with rows for sequences of tokens, which is looked up and not multiplied.
 */
export interface SequenceTable {
  /** Copies of the hidden state (`hc_count`), and the rank of their mixing (`hc_lowrank`). */
  readonly hyperConnections: number;
  readonly hyperConnectionRank: number;
  /** The layer (from 0) that looks the table up. */
  readonly layer: number;
  /** Rows, filling included: the sum of as many primes from `ngram_vocab_size_base` on as `lookups`, rounded up. */
  readonly rows: number;
  /** Values in a row. */
  readonly rowWidth: number;
  /** Rows looked up for a token: (`ngram_size` − 1) × `heads_per_ngram`. */
  readonly lookups: number;
  /** Tokens in the longest sequence (`ngram_size`). */
  readonly sequenceLength: number;
  readonly convKernel: number;
}

/** A model's text part. Vision, audio and multi-token-prediction extras are not in it. */
export interface ModelShape {
  readonly architecture: Architecture;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** True when the output matrix is the embedding table. */
  readonly tiedEmbeddings: boolean;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDimK: number;
  readonly headDimV: number;
  /** Inner width of the dense feed-forward network (of one of its halves where gate and up are one tensor); null when every layer is a mixture of experts. */
  readonly feedForwardSize: number | null;
  readonly experts: Experts | null;
  readonly slidingWindow: SlidingWindow | null;
  readonly latentAttention: LatentAttention | null;
  readonly recurrent: RecurrentLayers | null;
  /**
   * True when the file carries rotary factors: one `rope_freqs` tensor (Llama 3.1 and later, Gemma 4), or Phi-3's pair of
   * `rope_factors_long` and `rope_factors_short`.
   */
  readonly ropeFrequencyTensor: boolean;
  /** Values of a head that carry the rotary position, where not all do (Phi-4-mini: 96 of 128). */
  readonly rotaryDim?: number | undefined;
  /** Biases on queries, keys and values, where models of the architecture differ (StableLM 2 1.6B has them, 12B has not). */
  readonly qkvBias?: boolean | undefined;
  /** Norms on queries and keys, where models of the architecture differ (GLM-4.5 has them, GLM-4.5-Air not; StableLM 2 12B). */
  readonly qkNorm?: boolean | undefined;
  /** Width of the attention's output gate, where models of the architecture differ (Laguna XS: one value per head, M: per element). */
  readonly attentionGate?: 'head' | 'element' | undefined;
  /** Inner width of the dense feed-forward network of each layer, where the layers differ; 0 where a layer has none. */
  readonly feedForwardByLayer?: readonly number[] | undefined;
  /** KV heads of each layer, where the layers differ; 0 where a layer has no attention. */
  readonly kvHeadsByLayer?: readonly number[] | undefined;
  /** Query heads of each layer, where the layers differ; with heads but no KV heads a layer is one matrix (Deci's linear attention). */
  readonly headsByLayer?: readonly number[] | undefined;
  /**
   * What each layer is, where a layer is one thing only: M recurrent, * attention, - dense feed-forward, E experts.
   * One letter a layer, as Nemotron's `hybrid_override_pattern` writes it.
   */
  readonly hybridPattern?: string | undefined;
  /** Layers at the end that read the cache of an earlier layer and keep none of their own (Gemma 3n and 4). */
  readonly sharedKvLayers?: number | undefined;
  /** The layers that attend to everything have no value projection: keys serve as values, yet both are cached (Gemma 4). */
  readonly keysServeAsValues?: boolean | undefined;
  /** Width of the extra embedding that each layer has for each token (Gemma 3n and 4). */
  readonly perLayerEmbeddingSize?: number | undefined;
  readonly indexer?: Indexer | undefined;
  readonly compressedAttention?: CompressedAttention | undefined;
  readonly sequenceTable?: SequenceTable | undefined;
  /** Token types (segments) and learned positions of encoder models: rows of their tables, left out where there is none. */
  readonly tokenTypes?: number | undefined;
  readonly learnedPositions?: number | undefined;
}
