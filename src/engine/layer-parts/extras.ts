/** Tensors that only one family of models has. */

import type { Layer } from '../layers.ts';
import type { Architecture, ModelShape } from '../model.ts';
import type { Part } from './part.ts';

type Maker<Input extends readonly unknown[]> = (shape: ModelShape, ...rest: Input) => Part[];

/** Gemma 3n: parallel streams of the hidden state, and the rank of a learned shortcut. The same in both sizes. */
const ALTUP_STREAMS = 4;
const LAUREL_RANK = 64;

/** An embedding of its own that each layer adds (Gemma 3n and 4). */
function layerEmbeddingParts({ hiddenSize, perLayerEmbeddingSize: width }: ModelShape): Part[] {
  if (width === undefined) return [];
  return [
    ['inp_gate', 'other', [hiddenSize, width]],
    ['proj', 'other', [width, hiddenSize]],
    ['post_norm', 'norm', [hiddenSize]],
  ];
}

/** Several copies of the hidden state, mixed before and behind each half of a layer (DeepSeek-V4). */
function hyperConnectionParts({ hiddenSize, compressedAttention }: ModelShape): Part[] {
  const streams = compressedAttention?.hyperConnections ?? 0;
  const mixes = (2 + streams) * streams;
  return ['hc_attn', 'hc_ffn'].flatMap((kind): Part[] => [
    [`${kind}_fn`, 'other', [streams * hiddenSize, mixes]],
    [`${kind}_base`, 'other', [mixes]],
    [`${kind}_scale`, 'other', [3]],
  ]);
}

/** The same in Qwen3.8-Flash-Next, through a lower rank; and in one layer what is made of the table of sequences. */
function lowRankMixer(kind: string, { hiddenSize, sequenceTable }: ModelShape): Part[] {
  const width = hiddenSize * (sequenceTable?.hyperConnections ?? 0);
  const rank = sequenceTable?.hyperConnectionRank ?? 0;
  return [
    [`${kind}_norm`, 'norm', [width]],
    [`${kind}_down`, 'other', [width, rank]],
    [`${kind}_up`, 'other', [rank, width]],
  ];
}

function sequenceParts(shape: ModelShape, { index }: Layer): Part[] {
  const { hiddenSize, sequenceTable } = shape;
  if (sequenceTable === undefined) return [];
  const { hyperConnections, layer, convKernel } = sequenceTable;
  const width = hiddenSize * hyperConnections;
  const parts = ['hc_attn', 'hc_ffn'].flatMap((kind): Part[] => [
    ...lowRankMixer(kind, shape),
    [`${kind}_inject`, 'other', [width, hyperConnections]],
  ]);
  if (index !== layer) return parts;
  return [
    ...parts,
    ['ple_key', 'other', [hiddenSize, width]],
    ['ple_value', 'other', [hiddenSize, hiddenSize]],
    ...['key', 'query', 'conv'].map((which): Part => [`ple_norm_${which}`, 'norm', [width]]),
    ['ple_conv1d', 'other', [convKernel, width]],
  ];
}

const IN_LAYERS: Partial<Readonly<Record<Architecture, Maker<[Layer]>>>> = {
  gemma3n: (shape) => [
    ...layerEmbeddingParts(shape),
    ['altup_correct_coef', 'other', [ALTUP_STREAMS, ALTUP_STREAMS]],
    ['altup_correct_scale', 'other', [shape.hiddenSize]],
    ['altup_predict_coef', 'other', [ALTUP_STREAMS, ALTUP_STREAMS ** 2]],
    ['altup_router', 'other', [shape.hiddenSize, ALTUP_STREAMS]],
    ['altup_router_norm', 'norm', [shape.hiddenSize]],
    ['laurel_l', 'other', [shape.hiddenSize, LAUREL_RANK]],
    ['laurel_r', 'other', [LAUREL_RANK, shape.hiddenSize]],
    ['laurel_post_norm', 'norm', [shape.hiddenSize]],
  ],
  gemma4: (shape, { mixture }) => [
    ...layerEmbeddingParts(shape),
    ['layer_output_scale', 'other', [1]],
    ...(mixture ? ['pre_ffw_norm_2', 'post_ffw_norm_1', 'post_ffw_norm_2'] : []).map((kind): Part => [kind, 'norm', [shape.hiddenSize]]),
  ],
  deepseek4: hyperConnectionParts,
  qwen4exp: sequenceParts,
  'kimi-k3': ({ hiddenSize }) => [
    ['attn_res_score', 'other', [hiddenSize]],
    ['ffn_res_score', 'other', [hiddenSize]],
  ],
};

const OUTSIDE: Partial<Readonly<Record<Architecture, Maker<[]>>>> = {
  gemma3n: ({ hiddenSize }) => [
    ['altup_proj', 'other', [hiddenSize, hiddenSize, ALTUP_STREAMS - 1]],
    ['altup_unembd_proj', 'other', [hiddenSize, hiddenSize, ALTUP_STREAMS - 1]],
  ],
  deepseek4: ({ hiddenSize, compressedAttention }) => {
    const streams = compressedAttention?.hyperConnections ?? 0;
    return [
      ['output_hc_fn', 'other', [streams * hiddenSize, streams]],
      ['output_hc_base', 'other', [streams]],
      ['output_hc_scale', 'other', [1]],
    ];
  },
  'kimi-k3': ({ hiddenSize }) => [['output_res_score', 'other', [hiddenSize]]],
  qwen4exp: (shape) => [
    ...lowRankMixer('output_hc', shape),
    ['per_layer_token_embd', 'lookup', [shape.sequenceTable?.rowWidth ?? 0, shape.sequenceTable?.rows ?? 0]],
  ],
};

/** What a family has in each layer beyond attention and feed-forward. */
export function extraLayerParts(shape: ModelShape, layer: Layer): Part[] {
  return IN_LAYERS[shape.architecture]?.(shape, layer) ?? [];
}

/** Rotary factors: one tensor, or Phi-3's two for short and long texts. */
function rotaryParts({ architecture, headDimK, rotaryDim, ropeFrequencyTensor, latentAttention }: ModelShape): Part[] {
  if (!ropeFrequencyTensor) return [];
  const kinds = ['phi3', 'phimoe', 'minicpm3'].includes(architecture) ? ['rope_factors_long', 'rope_factors_short'] : ['rope_freqs'];
  return kinds.map((kind) => [kind, 'rotary', [(rotaryDim ?? latentAttention?.ropeHeadDim ?? headDimK) / 2]]);
}

/** What lies outside the layers, besides token embeddings, output and their norms. */
export function outerParts(shape: ModelShape): Part[] {
  const { architecture, hiddenSize, vocabularySize, layers, perLayerEmbeddingSize, tokenTypes, learnedPositions } = shape;
  const parts = rotaryParts(shape);
  if (perLayerEmbeddingSize !== undefined) {
    parts.push(
      ['per_layer_token_embd', 'lookup', [perLayerEmbeddingSize * layers, vocabularySize]],
      ['per_layer_model_proj', 'other', [hiddenSize, perLayerEmbeddingSize * layers]],
      ['per_layer_proj_norm', 'norm', [perLayerEmbeddingSize]],
    );
  }
  if (tokenTypes !== undefined) parts.push(['token_types', 'lookup', [hiddenSize, tokenTypes]]);
  if (learnedPositions !== undefined) parts.push(['position_embd', 'lookup', [hiddenSize, learnedPositions]]);
  return [...parts, ...(OUTSIDE[architecture]?.(shape) ?? [])];
}
