/**
 * The shape of a language model: everything the engine needs to list its tensors, and nothing else.
 *
 * Names follow the field's usual terms; all counts are plain integers (elements, not bytes).
 */

/** llama.cpp's `general.architecture` names for the architectures the engine can compute. */
export const ARCHITECTURES = [
  'llama',
  'qwen2',
  'qwen3',
  'qwen3moe',
  'qwen3next',
  'gemma2',
  'gemma3',
  'gpt-oss',
  'deepseek2',
  'glm4moe',
  'phi3',
  'olmoe',
  'lfm2',
] as const;

export type Architecture = (typeof ARCHITECTURES)[number];

/** Mixture-of-experts feed-forward layers. */
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
}

/** Sliding-window attention: layer i (from 0) is windowed when i % period < period − 1. */
export interface SlidingWindow {
  /** Window width in tokens. */
  readonly size: number;
  /** Length of the repeating pattern; its last layer attends to everything. */
  readonly period: number;
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

/** Layers that keep a fixed-size state instead of a KV cache. */
export interface RecurrentLayers {
  /** Every `fullAttentionInterval`-th layer attends; the rest are recurrent. Null when `attentionLayers` lists them. */
  readonly fullAttentionInterval: number | null;
  /** Layer numbers (from 0) that attend. Null when `fullAttentionInterval` says it. */
  readonly attentionLayers: readonly number[] | null;
  readonly convKernel: number;
  readonly innerSize: number;
  readonly stateSize: number;
  readonly groupCount: number;
  /** Time-step rank, or the number of value heads in gated delta networks. */
  readonly timeStepRank: number;
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
  /** Inner width of the dense feed-forward network; null when every layer is a mixture of experts. */
  readonly feedForwardSize: number | null;
  readonly experts: Experts | null;
  readonly slidingWindow: SlidingWindow | null;
  readonly latentAttention: LatentAttention | null;
  readonly recurrent: RecurrentLayers | null;
  /** True when the file carries a `rope_freqs` tensor (Llama 3.1 and later). */
  readonly ropeFrequencyTensor: boolean;
}
