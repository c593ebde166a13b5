/** What sets the course of an architecture's graph apart from Llama's; what its tensors tell is in `layer-parts/traits.ts`. */

import type { Architecture } from '../model.ts';

export interface Course {
  /** Which tokens have an output is decided behind the last layer, not within it; what is kept for a drafting head meanwhile. */
  readonly late?: 'stream' | 'normed' | 'nothing';
  /** A sum names the residual stream first: both sums, or the one behind the feed-forward network. */
  readonly streamFirst?: 'both' | 'second';
  /** Norms subtract the mean, which ggml doesn't do in place. */
  readonly layerNorm?: boolean;
  /** Attention and network side by side, and the order of the sum: a(ttention), n(etwork), s(tream). */
  readonly parallel?: 'nsa' | 'ans' | 'nas';
  /** Which layers rotate queries and keys by position, if not all. */
  readonly rope?: 'windowed' | 'most' | 'none';
  /** Numbers of a token's position; left out: 1. */
  readonly positions?: number;
  /** The tokens with output are chosen behind the norm that follows attention. */
  readonly normFirst?: boolean;
  /** The norm in front of a layer is computed before anything else of it. */
  readonly placesNorm?: boolean;
  /** The last values are scaled before the output matrix, beside what is kept. */
  readonly scalesOutput?: boolean;
  /** Experts' weights are left as they are, or go through a softmax. */
  readonly weights?: 'plain' | 'softmax';
  /** Scores and weights are taken from the logits before a sigmoid, and weigh what goes into the experts. */
  readonly weighsInput?: boolean;
}

const NEXT: Course = { late: 'normed' };
const VISION: Course = { positions: 4 };
const LAYER_NORM: Course = { layerNorm: true };
const KEEPS_STREAM: Course = { late: 'stream' };

export const COURSES: Partial<Record<Architecture, Course>> = {
  afmoe: { rope: 'most', normFirst: true },
  bailingmoe3: NEXT,
  bert: { ...LAYER_NORM, rope: 'none' },
  cohere2: { layerNorm: true, parallel: 'nsa', rope: 'windowed' },
  cohere2moe: { parallel: 'nsa', rope: 'windowed' },
  'command-r': { layerNorm: true, parallel: 'nsa' },
  exaone4: { rope: 'windowed' },
  falcon: { layerNorm: true, parallel: 'nas' },
  gemma3n: { late: 'nothing' },
  gemma4: NEXT,
  'gpt-oss': { late: 'stream', weights: 'softmax' },
  gptneox: { layerNorm: true, parallel: 'nsa' },
  granitehybrid: { rope: 'none' },
  jamba: { streamFirst: 'both', rope: 'none', weights: 'plain' },
  'kimi-k3': { rope: 'none', placesNorm: true },
  'kimi-linear': { rope: 'none', placesNorm: true },
  lfm2: { streamFirst: 'both' },
  lfm2moe: { streamFirst: 'both' },
  llama4: { weighsInput: true, weights: 'plain' },
  'modern-bert': LAYER_NORM,
  minicpm3: { scalesOutput: true },
  'muse-glimmer': { rope: 'windowed', normFirst: true },
  nemotron: LAYER_NORM,
  nemotron_h: { ...NEXT, rope: 'none' },
  nemotron_h_moe: { ...NEXT, rope: 'none' },
  'nomic-bert': LAYER_NORM,
  'nomic-bert-moe': { ...LAYER_NORM, weights: 'plain' },
  olmo: LAYER_NORM,
  olmoe: { weights: 'plain' },
  phi2: { layerNorm: true, parallel: 'ans' },
  phi3: { streamFirst: 'second' },
  phimoe: { streamFirst: 'second' },
  qwen2moe: { weights: 'plain' },
  qwen2vl: VISION,
  qwen35: { ...NEXT, ...VISION },
  qwen35moe: { ...NEXT, ...VISION },
  qwen3next: NEXT,
  qwen3vl: VISION,
  qwen3vlmoe: VISION,
  smallthinker: { rope: 'windowed' },
  smollm3: { rope: 'most' },
  stablelm: LAYER_NORM,
  starcoder2: LAYER_NORM,
  step35: KEEPS_STREAM,
};
