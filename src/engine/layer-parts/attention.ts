/** Tensors of the layers that attend. */

import type { Layer } from '../layers.ts';
import type { Indexer, LatentAttention, ModelShape } from '../model.ts';
import type { Part } from './part.ts';
import type { Traits } from './traits.ts';

const weight = (kind: string, ...dimensions: readonly number[]): Part => [kind, 'attention', dimensions];
const norm = (kind: string, ...dimensions: readonly number[]): Part => [kind, 'norm', dimensions];

function gateParts(shape: ModelShape, traits: Traits, perHead: number, perElement: number): Part[] {
  const gate = shape.attentionGate ?? traits.attentionGate;
  return gate === undefined ? [] : [weight('attn_gate', shape.hiddenSize, gate === 'head' ? perHead : perElement)];
}

/** Which norms queries and keys have; Command R+ has them, the smaller Command R has not. */
function qkNormOf({ architecture, qkNorm, layers }: ModelShape, traits: Traits): Traits['qkNorm'] {
  if (architecture === 'command-r' && layers < 64) return undefined;
  if (qkNorm === undefined) return traits.qkNorm;
  return qkNorm ? (traits.qkNorm ?? (architecture === 'stablelm' ? 'each' : 'head')) : undefined;
}

function qkNormParts(shape: ModelShape, traits: Traits, { heads, kvHeads, headDimK }: Layer): Part[] {
  switch (qkNormOf(shape, traits)) {
    case 'head':
      return [norm('attn_q_norm', headDimK), norm('attn_k_norm', headDimK)];
    case 'all':
      return [norm('attn_q_norm', heads * headDimK), norm('attn_k_norm', kvHeads * headDimK)];
    case 'each':
      return [norm('attn_q_norm', headDimK, heads), norm('attn_k_norm', headDimK, kvHeads)];
    case undefined:
      return [];
  }
}

/**
 * Queries, keys and values from the hidden state, each with heads of its own.
 *
 * Layers that read an earlier one's cache (Gemma 3n and 4) have keys and values in the file all the same, which stay unused.
 */
export function attentionParts(shape: ModelShape, traits: Traits, layer: Layer): Part[] {
  const { hiddenSize } = shape;
  const { heads, kvHeads, headDimK, headDimV } = layer;
  const widths: (readonly [string, number])[] = [
    ['attn_q', heads * headDimK],
    ['attn_k', kvHeads * headDimK],
    ['attn_v', kvHeads * headDimV],
  ];
  const kept = widths.slice(0, shape.keysServeAsValues === true && !layer.windowed ? 2 : 3);
  const matrices = traits.fusedQkv === true ? [['attn_qkv', kept.reduce((sum, [, width]) => sum + width, 0)] as const] : kept;
  const parts = matrices.map(([kind, width]) =>
    weight(kind, hiddenSize, kind === 'attn_q' && traits.gatedQueries === true ? 2 * width : width),
  );
  parts.push(weight('attn_output', heads * headDimV, hiddenSize));
  if (shape.qkvBias ?? traits.qkvBias === true) parts.push(...matrices.map(([kind, width]) => weight(`${kind}.bias`, width)));
  if (traits.outputBias === true) parts.push(weight('attn_output.bias', hiddenSize));
  if (traits.sinks === 'all' || (traits.sinks === 'windowed' && layer.windowed)) parts.push(weight('attn_sinks', heads));
  parts.push(...qkNormParts(shape, traits, layer), ...gateParts(shape, traits, heads, heads * headDimV));
  // MiniMax-M3 attends to everything in its first, dense layers.
  if (shape.indexer !== undefined && traits.indexer === 'own' && layer.mixture) parts.push(...ownIndexerParts(shape, shape.indexer));
  return parts;
}

/** Queries through a narrow space where the model has one. */
function queryParts({ hiddenSize, heads }: ModelShape, { qLoraRank, nopeHeadDim, ropeHeadDim }: LatentAttention): Part[] {
  const width = heads * (nopeHeadDim + ropeHeadDim);
  return qLoraRank === null
    ? [weight('attn_q', hiddenSize, width)]
    : [weight('attn_q_a', hiddenSize, qLoraRank), norm('attn_q_a_norm', qLoraRank), weight('attn_q_b', qLoraRank, width)];
}

/** Multi-head latent attention: keys and values pass through a narrow space that is what the cache keeps. */
export function latentAttentionParts(shape: ModelShape, mla: LatentAttention, traits: Traits, layer: Layer): Part[] {
  const { hiddenSize, heads, indexer } = shape;
  const { kvLoraRank, ropeHeadDim, nopeHeadDim, valueHeadDim } = mla;
  const parts = queryParts(shape, mla);
  parts.push(weight('attn_kv_a_mqa', hiddenSize, kvLoraRank + ropeHeadDim), norm('attn_kv_a_norm', kvLoraRank));
  if (mla.legacyFile) parts.push(weight('attn_kv_b', kvLoraRank, heads * (nopeHeadDim + valueHeadDim)));
  else parts.push(weight('attn_k_b', nopeHeadDim, kvLoraRank, heads), weight('attn_v_b', kvLoraRank, valueHeadDim, heads));
  parts.push(weight('attn_output', heads * valueHeadDim, hiddenSize), ...gateParts(shape, traits, heads, heads * valueHeadDim));
  if (indexer !== undefined && (indexer.layers?.includes(layer.index) ?? true)) {
    parts.push(...latentIndexerParts(shape, indexer, mla.qLoraRank ?? hiddenSize));
  }
  return parts;
}

/** The indexer of DeepSeek V3.2 and GLM-5: its queries start from attention's narrow ones. */
function latentIndexerParts({ hiddenSize }: ModelShape, { heads, headDim }: Indexer, queryRank: number): Part[] {
  return [
    norm('indexer.k_norm', headDim),
    norm('indexer.k_norm.bias', headDim),
    weight('indexer.proj', hiddenSize, heads),
    weight('indexer.attn_k', hiddenSize, headDim),
    weight('indexer.attn_q_b', queryRank, heads * headDim),
  ];
}

/** The indexer of MiniMax-M3 and Qwen3.8-Flash-Next: small, and never quantized. */
function ownIndexerParts({ hiddenSize }: ModelShape, { heads, headDim }: Indexer): Part[] {
  return [
    weight('indexer.q_proj', hiddenSize, heads * headDim),
    weight('indexer.k_proj', hiddenSize, headDim),
    norm('indexer.q_norm', headDim),
    norm('indexer.k_norm', headDim),
  ];
}

/** DeepSeek-V4: one key that is also the value, a low-rank output in groups, and a compressor for distant tokens. */
export function compressedAttentionParts(shape: ModelShape, { index }: Layer): Part[] {
  const { compressedAttention, indexer, hiddenSize, heads, headDimK } = shape;
  if (compressedAttention === undefined) return [];
  const { ratioByLayer, queryLoraRank, outputGroups, outputLoraRank } = compressedAttention;
  const parts = [
    weight('attn_sinks', heads),
    weight('attn_q_a', hiddenSize, queryLoraRank),
    norm('attn_q_a_norm', queryLoraRank),
    weight('attn_q_b', queryLoraRank, heads * headDimK),
    weight('attn_kv', hiddenSize, headDimK),
    norm('attn_kv_a_norm', headDimK),
    weight('attn_output_a', (heads * headDimK) / outputGroups, outputLoraRank * outputGroups),
    weight('attn_output_b', outputGroups * outputLoraRank, hiddenSize),
  ];
  const ratio = ratioByLayer[index] ?? 0;
  if (ratio === 0) return parts;
  // The finer compressor looks at overlapping groups, so it is twice as wide.
  const compressor = (prefix: string, width: number, factor: number): Part[] => [
    weight(`${prefix}_kv`, hiddenSize, factor * width),
    weight(`${prefix}_gate`, hiddenSize, factor * width),
    weight(`${prefix}_ape`, factor * width, ratio),
    norm(`${prefix}_norm`, width),
  ];
  parts.push(...compressor('attn_compressor', headDimK, ratio === 4 ? 2 : 1));
  if (ratio === 4 && indexer !== undefined) {
    parts.push(
      weight('indexer.proj', hiddenSize, indexer.heads),
      weight('indexer.attn_q_b', queryLoraRank, indexer.heads * indexer.headDim),
      ...compressor('indexer_compressor', indexer.headDim, 2),
    );
  }
  return parts;
}
