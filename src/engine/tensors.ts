/**
 * The tensors of a model file, from its shape: names, dimensions and what each is for.
 *
 * Parts of layers (`layer-parts/`) put together; an architecture is a choice among them (`layer-parts/traits.ts`). Source: the
 * tensors that llama.cpp 0.5.0 asks for when it loads a file of each architecture.
 */

import { attentionParts, compressedAttentionParts, latentAttentionParts } from './layer-parts/attention.ts';
import { extraLayerParts, outerParts } from './layer-parts/extras.ts';
import { feedForwardParts } from './layer-parts/feed-forward.ts';
import type { Part, TensorRole } from './layer-parts/part.ts';
import { recurrentParts } from './layer-parts/recurrent.ts';
import { TRAITS, type Traits } from './layer-parts/traits.ts';
import { layersOf, type Layer } from './layers.ts';
import type { Architecture, ModelShape } from './model.ts';

export type { TensorRole } from './layer-parts/part.ts';
export { isAttentionLayer } from './layers.ts';

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

/** Whether a model reads whole texts and predicts nothing: it has neither an output matrix nor a cache. */
export function isEncoder(architecture: Architecture): boolean {
  return TRAITS[architecture].encoder === true;
}

/** Norms over the hidden size, with a bias where the architecture has them. */
function normParts(kinds: readonly string[], hiddenSize: number, bias: boolean): Part[] {
  return kinds.flatMap((kind) => (bias ? [kind, `${kind}.bias`] : [kind]).map((name): Part => [name, 'norm', [hiddenSize]]));
}

/** Whether a layer has a norm that its architecture has; some models and layers do without. */
function hasNorm({ architecture, qkNorm }: ModelShape, layer: Layer, kind: string): boolean {
  switch (kind) {
    case 'attn_norm':
      return layer.heads > 0 && !(architecture === 'modern-bert' && layer.index === 0);
    // Falcon 7B has one norm for both halves, 40B and 180B have two.
    case 'attn_norm_2':
      return layer.kvHeads > 1;
    // StableLM 2 12B, the one with norms on queries and keys, computes both halves from one norm.
    case 'ffn_norm':
      return (layer.denseWidth > 0 || layer.mixture) && !(architecture === 'stablelm' && qkNorm === true);
    default:
      return true;
  }
}

function mixerParts(shape: ModelShape, traits: Traits, layer: Layer): Part[] {
  const { recurrent, latentAttention, architecture, hiddenSize } = shape;
  const parts = layer.recurrent && recurrent !== null ? recurrentParts(shape, recurrent) : [];
  // Deci's linear attention is a single matrix.
  if (!layer.attends) return architecture === 'deci' && layer.heads > 0 ? [['attn_output', 'attention', [hiddenSize, hiddenSize]]] : parts;
  if (shape.compressedAttention !== undefined) return compressedAttentionParts(shape, layer);
  if (latentAttention !== null) return latentAttentionParts(shape, latentAttention, traits, layer);
  return [...parts, ...attentionParts(shape, traits, layer)];
}

function layerParts(shape: ModelShape, traits: Traits, layer: Layer): Part[] {
  const norms = (traits.norms ?? ['attn_norm', 'ffn_norm']).filter((kind) => hasNorm(shape, layer, kind));
  return [
    ...normParts(norms, shape.hiddenSize, traits.normBias === true),
    ...mixerParts(shape, traits, layer),
    ...feedForwardParts(shape, traits, layer),
    ...extraLayerParts(shape, layer),
  ];
}

function globalParts(shape: ModelShape, traits: Traits): Part[] {
  const { hiddenSize, vocabularySize, tiedEmbeddings } = shape;
  const parts: Part[] = [
    ['token_embd', 'embedding', [hiddenSize, vocabularySize]],
    ...normParts(traits.outerNorms ?? ['output_norm'], hiddenSize, traits.normBias === true),
  ];
  if (!tiedEmbeddings) parts.push(['output', 'output', [hiddenSize, vocabularySize]]);
  if (traits.outputMatrixBias === true) parts.push(['output.bias', 'output', [vocabularySize]]);
  return [...parts, ...outerParts(shape)];
}

/** Every tensor of a model's text part, layer by layer. Pure and fast enough to be called on each change of a field. */
export function tensorsOf(shape: ModelShape): readonly Tensor[] {
  const traits = TRAITS[shape.architecture];
  const named = ([kind, role, dimensions]: Part, layer: number | null): Tensor => ({
    name: layer === null ? kind : `blk.${String(layer)}.${kind}`,
    kind,
    layer,
    role,
    dimensions,
  });
  return [
    ...globalParts(shape, traits).map((part) => named(part, null)),
    ...layersOf(shape).flatMap((layer) => layerParts(shape, traits, layer).map((part) => named(part, layer.index))),
  ];
}
