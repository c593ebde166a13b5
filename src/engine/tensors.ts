/**
 * The tensors of a model file, from its shape: names, dimensions and what each is for.
 *
 * One table of layer parts; an architecture is a choice among them. Source: tensor lists that llama.cpp itself prints for
 * files of each architecture (llama.cpp 0.5.0).
 */

import type { Architecture, ModelShape, RecurrentLayers } from './model.ts';

export type TensorRole =
  'embedding' | 'output' | 'attention' | 'feed-forward' | 'experts' | 'shared-expert' | 'router' | 'norm' | 'recurrent' | 'other';

export interface Tensor {
  /** llama.cpp's name without ".weight": "blk.0.attn_q", "token_embd", "blk.3.attn_q.bias". */
  readonly name: string;
  /** The name without the layer: "attn_q". */
  readonly kind: string;
  /** Layer number from 0; null for tensors outside the layers. */
  readonly layer: number | null;
  readonly role: TensorRole;
  /** Elements along each dimension, the row first. */
  readonly dimensions: readonly number[];
}

type Part = readonly [kind: string, role: TensorRole, dimensions: readonly number[]];

/** What sets an architecture apart from the plain transformer of Llama. */
interface Traits {
  /** Biases on queries, keys and values. */
  readonly qkvBias?: boolean;
  readonly outputBias?: boolean;
  /** Norms of queries and keys: per head, or over all heads together. */
  readonly qkNorm?: 'head' | 'all';
  /** Queries, keys and values in one tensor, gate and up in another. */
  readonly fused?: boolean;
  /** A norm behind attention and one behind the feed-forward part, on top of those before them. */
  readonly postNorms?: boolean;
  /** The norm before the feed-forward part carries the name post_attention_norm. */
  readonly ffnNormIsPostAttention?: boolean;
  readonly attentionSinks?: boolean;
  /** Biases on router and experts. */
  readonly expertBias?: boolean;
  /** A correction added to the router's scores. */
  readonly expertScoreBias?: boolean;
  /** A gate in front of the shared expert. */
  readonly sharedExpertGate?: boolean;
  /** Queries carry an output gate of the same width. */
  readonly gatedQueries?: boolean;
  /** The final norm is called token_embd_norm. */
  readonly normIsEmbeddingNorm?: boolean;
}

const TRAITS: Readonly<Record<Architecture, Traits>> = {
  llama: {},
  qwen2: { qkvBias: true },
  qwen3: { qkNorm: 'head' },
  qwen3moe: { qkNorm: 'head' },
  qwen3next: { qkNorm: 'head', ffnNormIsPostAttention: true, sharedExpertGate: true, gatedQueries: true },
  gemma2: { postNorms: true },
  gemma3: { qkNorm: 'head', postNorms: true },
  'gpt-oss': { qkvBias: true, outputBias: true, ffnNormIsPostAttention: true, attentionSinks: true, expertBias: true },
  deepseek2: {},
  glm4moe: { qkvBias: true, ffnNormIsPostAttention: true, expertScoreBias: true },
  phi3: { fused: true },
  olmoe: { qkNorm: 'all' },
  lfm2: { qkNorm: 'head', normIsEmbeddingNorm: true },
};

/** Whether a layer (from 0) attends; recurrent layers keep a state instead. */
export function isAttentionLayer(recurrent: RecurrentLayers | null, layer: number): boolean {
  if (recurrent === null) return true;
  if (recurrent.attentionLayers !== null) return recurrent.attentionLayers.includes(layer);
  const interval = recurrent.fullAttentionInterval ?? 1;
  return layer % interval === interval - 1;
}

function attentionParts(shape: ModelShape, traits: Traits): Part[] {
  const { hiddenSize, heads, kvHeads, headDimK, headDimV } = shape;
  const queryWidth = heads * headDimK;
  const keyWidth = kvHeads * headDimK;
  const valueWidth = kvHeads * headDimV;
  const parts: Part[] = [];
  if (traits.fused === true) {
    parts.push(['attn_qkv', 'attention', [hiddenSize, queryWidth + keyWidth + valueWidth]]);
  } else {
    parts.push(
      ['attn_q', 'attention', [hiddenSize, traits.gatedQueries === true ? 2 * queryWidth : queryWidth]],
      ['attn_k', 'attention', [hiddenSize, keyWidth]],
      ['attn_v', 'attention', [hiddenSize, valueWidth]],
    );
  }
  parts.push(['attn_output', 'attention', [heads * headDimV, hiddenSize]]);
  if (traits.qkvBias === true) {
    parts.push(
      ['attn_q.bias', 'attention', [queryWidth]],
      ['attn_k.bias', 'attention', [keyWidth]],
      ['attn_v.bias', 'attention', [valueWidth]],
    );
  }
  if (traits.outputBias === true) parts.push(['attn_output.bias', 'attention', [hiddenSize]]);
  if (traits.attentionSinks === true) parts.push(['attn_sinks', 'attention', [heads]]);
  if (traits.qkNorm !== undefined) {
    const all = traits.qkNorm === 'all';
    parts.push(['attn_q_norm', 'norm', [all ? queryWidth : headDimK]], ['attn_k_norm', 'norm', [all ? keyWidth : headDimK]]);
  }
  return parts;
}

/** Multi-head latent attention: keys and values pass through a narrow space that is what the cache keeps. */
function latentAttentionParts(shape: ModelShape): Part[] {
  const mla = shape.latentAttention;
  if (mla === null) return [];
  const { hiddenSize, heads } = shape;
  const queryWidth = heads * (mla.nopeHeadDim + mla.ropeHeadDim);
  const parts: Part[] = [];
  if (mla.qLoraRank === null) {
    parts.push(['attn_q', 'attention', [hiddenSize, queryWidth]]);
  } else {
    parts.push(
      ['attn_q_a', 'attention', [hiddenSize, mla.qLoraRank]],
      ['attn_q_a_norm', 'norm', [mla.qLoraRank]],
      ['attn_q_b', 'attention', [mla.qLoraRank, queryWidth]],
    );
  }
  parts.push(['attn_kv_a_mqa', 'attention', [hiddenSize, mla.kvLoraRank + mla.ropeHeadDim]], ['attn_kv_a_norm', 'norm', [mla.kvLoraRank]]);
  if (mla.legacyFile) {
    parts.push(['attn_kv_b', 'attention', [mla.kvLoraRank, heads * (mla.nopeHeadDim + mla.valueHeadDim)]]);
  } else {
    parts.push(
      ['attn_k_b', 'attention', [mla.nopeHeadDim, mla.kvLoraRank, heads]],
      ['attn_v_b', 'attention', [mla.kvLoraRank, mla.valueHeadDim, heads]],
    );
  }
  parts.push(['attn_output', 'attention', [heads * mla.valueHeadDim, hiddenSize]]);
  return parts;
}

/** Gated delta-rule layers (Qwen3-Next and its kin) or short convolutions (LFM2). */
function recurrentParts(shape: ModelShape, recurrent: RecurrentLayers): Part[] {
  const { hiddenSize } = shape;
  if (shape.architecture === 'lfm2') {
    return [
      ['shortconv.conv', 'recurrent', [recurrent.convKernel, hiddenSize]],
      ['shortconv.in_proj', 'recurrent', [hiddenSize, 3 * hiddenSize]],
      ['shortconv.out_proj', 'recurrent', [hiddenSize, hiddenSize]],
    ];
  }
  const keyWidth = recurrent.groupCount * recurrent.stateSize;
  const valueHeadWidth = recurrent.innerSize / recurrent.timeStepRank;
  return [
    ['attn_qkv', 'recurrent', [hiddenSize, 2 * keyWidth + recurrent.innerSize]],
    ['attn_gate', 'recurrent', [hiddenSize, recurrent.innerSize]],
    ['ssm_conv1d', 'recurrent', [recurrent.convKernel, 2 * keyWidth + recurrent.innerSize]],
    ['ssm_dt.bias', 'recurrent', [recurrent.timeStepRank]],
    ['ssm_a', 'recurrent', [recurrent.timeStepRank]],
    ['ssm_ba', 'recurrent', [hiddenSize, 2 * recurrent.timeStepRank]],
    ['ssm_norm', 'norm', [valueHeadWidth]],
    ['ssm_out', 'recurrent', [recurrent.innerSize, hiddenSize]],
  ];
}

function feedForwardParts(shape: ModelShape, traits: Traits, layer: number): Part[] {
  const { hiddenSize, feedForwardSize, experts } = shape;
  if (experts === null || layer < experts.denseFirstLayers) {
    const width = feedForwardSize ?? 0;
    if (traits.fused === true) {
      return [
        ['ffn_up', 'feed-forward', [hiddenSize, 2 * width]],
        ['ffn_down', 'feed-forward', [width, hiddenSize]],
      ];
    }
    return [
      ['ffn_gate', 'feed-forward', [hiddenSize, width]],
      ['ffn_up', 'feed-forward', [hiddenSize, width]],
      ['ffn_down', 'feed-forward', [width, hiddenSize]],
    ];
  }
  const { count, feedForwardSize: width, sharedFeedForwardSize: shared } = experts;
  const parts: Part[] = [
    ['ffn_gate_inp', 'router', [hiddenSize, count]],
    ['ffn_gate_exps', 'experts', [hiddenSize, width, count]],
    ['ffn_up_exps', 'experts', [hiddenSize, width, count]],
    ['ffn_down_exps', 'experts', [width, hiddenSize, count]],
  ];
  if (traits.expertScoreBias === true || (shape.architecture === 'deepseek2' && shape.latentAttention?.qLoraRank != null)) {
    parts.push(['exp_probs_b.bias', 'router', [count]]);
  }
  if (traits.expertBias === true) {
    parts.push(
      ['ffn_gate_inp.bias', 'router', [count]],
      ['ffn_gate_exps.bias', 'experts', [width, count]],
      ['ffn_up_exps.bias', 'experts', [width, count]],
      ['ffn_down_exps.bias', 'experts', [hiddenSize, count]],
    );
  }
  if (shared > 0) {
    if (traits.sharedExpertGate === true) parts.push(['ffn_gate_inp_shexp', 'router', [hiddenSize]]);
    parts.push(
      ['ffn_gate_shexp', 'shared-expert', [hiddenSize, shared]],
      ['ffn_up_shexp', 'shared-expert', [hiddenSize, shared]],
      ['ffn_down_shexp', 'shared-expert', [shared, hiddenSize]],
    );
  }
  return parts;
}

function layerParts(shape: ModelShape, traits: Traits, layer: number): Part[] {
  const { hiddenSize, recurrent } = shape;
  const parts: Part[] = [['attn_norm', 'norm', [hiddenSize]]];
  if (recurrent !== null && !isAttentionLayer(recurrent, layer)) parts.push(...recurrentParts(shape, recurrent));
  else if (shape.latentAttention !== null) parts.push(...latentAttentionParts(shape));
  else parts.push(...attentionParts(shape, traits));
  if (traits.postNorms === true) parts.push(['post_attention_norm', 'norm', [hiddenSize]]);
  parts.push([traits.ffnNormIsPostAttention === true ? 'post_attention_norm' : 'ffn_norm', 'norm', [hiddenSize]]);
  parts.push(...feedForwardParts(shape, traits, layer));
  if (traits.postNorms === true) parts.push(['post_ffw_norm', 'norm', [hiddenSize]]);
  return parts;
}

/** Every tensor of a model's text part, layer by layer. Pure and fast enough to be called on each change of a field. */
export function tensorsOf(shape: ModelShape): readonly Tensor[] {
  const traits = TRAITS[shape.architecture];
  const { hiddenSize, vocabularySize, headDimK } = shape;
  const tensors: Tensor[] = [];
  const outside = (kind: string, role: TensorRole, dimensions: readonly number[]): void => {
    tensors.push({ name: kind, kind, layer: null, role, dimensions });
  };
  outside('token_embd', 'embedding', [hiddenSize, vocabularySize]);
  outside(traits.normIsEmbeddingNorm === true ? 'token_embd_norm' : 'output_norm', 'norm', [hiddenSize]);
  if (!shape.tiedEmbeddings) outside('output', 'output', [hiddenSize, vocabularySize]);
  if (shape.ropeFrequencyTensor) outside('rope_freqs', 'other', [headDimK / 2]);
  for (let layer = 0; layer < shape.layers; layer += 1) {
    for (const [kind, role, dimensions] of layerParts(shape, traits, layer)) {
      tensors.push({ name: `blk.${String(layer)}.${kind}`, kind, layer, role, dimensions });
    }
  }
  return tensors;
}
