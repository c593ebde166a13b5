/**
 * What sets each architecture apart from the plain transformer of Llama.
 *
 * Source: the tensors that llama.cpp 0.5.0 asks for when it loads a file of each architecture, and those its converters write.
 */

import type { Architecture } from '../model.ts';

export interface Traits {
  /** The layer's norms over the hidden size; left out: `attn_norm` and `ffn_norm`. */
  readonly norms?: readonly string[];
  /** Norms carry a bias too. */
  readonly normBias?: boolean;
  /** Norms outside the layers; left out: `output_norm`. */
  readonly outerNorms?: readonly string[];
  /** Queries, keys and values are one tensor. */
  readonly fusedQkv?: boolean;
  /** Biases on queries, keys and values, unless the shape says otherwise. */
  readonly qkvBias?: boolean;
  readonly outputBias?: boolean;
  /** Norms of queries and keys, unless the shape says otherwise: one for all heads, one across all of them, or one for each. */
  readonly qkNorm?: 'head' | 'all' | 'each';
  /** Queries carry an output gate of the same width. */
  readonly gatedQueries?: boolean;
  /** An output gate of its own, unless the shape says otherwise: one value for each head, or for each element. */
  readonly attentionGate?: 'head' | 'element';
  /** Attention sinks: in all layers or in those with a window. */
  readonly sinks?: 'all' | 'windowed';
  /** Gate and up are one tensor (of a dense network), or there is no gate at all (in experts too). */
  readonly feedForward?: 'fused' | 'plain';
  /** Gate and up of the experts are one tensor. */
  readonly fusedExperts?: boolean;
  /** Biases on a dense feed-forward network. */
  readonly feedForwardBias?: boolean;
  /** Biases on router and experts. */
  readonly expertBias?: boolean;
  /** A correction added to the router's scores, unless the shape says otherwise. */
  readonly scoreBias?: boolean;
  /** A gate in front of the shared expert. */
  readonly sharedExpertGate?: boolean;
  /** Names of the projections into and out of a narrower space for the experts. */
  readonly latentExperts?: readonly [down: string, up: string];
  /** An indexer picks what attention reads: from the narrow queries of latent attention, or with projections of its own. */
  readonly indexer?: 'latent' | 'own';
  /** A bias on the output matrix. */
  readonly outputMatrixBias?: boolean;
  /** Reads the whole text at once: no cache, no output over the vocabulary. */
  readonly encoder?: boolean;
}

const POST_NORMS = ['attn_norm', 'post_attention_norm', 'ffn_norm', 'post_ffw_norm'];
const POST_ONLY = ['post_attention_norm', 'post_ffw_norm'];
const SECOND_IS_POST = ['attn_norm', 'post_attention_norm'];
const ONE_NORM = ['attn_norm'];

const GEMMA: Traits = { qkNorm: 'head', norms: POST_NORMS };
const QWEN3: Traits = { qkNorm: 'head' };
const QWEN35: Traits = { qkNorm: 'head', norms: SECOND_IS_POST, sharedExpertGate: true, gatedQueries: true };
const SCORE_BIAS: Traits = { scoreBias: true };
const QKV_BIAS: Traits = { qkvBias: true };
const ALL_BIASES: Traits = { qkvBias: true, outputBias: true, normBias: true, feedForward: 'plain', feedForwardBias: true };
const BERT: Traits = { norms: ['attn_output_norm', 'layer_output_norm'], normBias: true, outerNorms: ['token_embd_norm'], encoder: true };
const NEMOTRON_H: Traits = { norms: ONE_NORM, feedForward: 'plain', scoreBias: true, latentExperts: ['ffn_latent_down', 'ffn_latent_up'] };

export const TRAITS: Readonly<Record<Architecture, Traits>> = {
  afmoe: { qkNorm: 'head', norms: POST_NORMS, attentionGate: 'element', scoreBias: true },
  apertus: { qkNorm: 'head', feedForward: 'plain' },
  arcee: { feedForward: 'plain' },
  bailingmoe2: { fusedQkv: true, qkNorm: 'head', scoreBias: true },
  bailingmoe3: { attentionGate: 'head', scoreBias: true },
  bert: { ...BERT, ...ALL_BIASES },
  chatglm: { fusedQkv: true, qkvBias: true, feedForward: 'fused' },
  cohere2: { norms: ONE_NORM },
  cohere2moe: { norms: ONE_NORM },
  'command-r': { norms: ONE_NORM, qkNorm: 'each' },
  deci: {},
  deepseek2: {},
  deepseek32: { scoreBias: true, indexer: 'latent' },
  deepseek4: SCORE_BIAS,
  dots1: { qkNorm: 'head', scoreBias: true },
  ernie4_5: {},
  'ernie4_5-moe': SCORE_BIAS,
  exaone: {},
  'exaone-moe': { qkNorm: 'head', scoreBias: true },
  exaone4: { qkNorm: 'head', norms: POST_ONLY },
  falcon: { fusedQkv: true, norms: ['attn_norm', 'attn_norm_2'], normBias: true, feedForward: 'plain' },
  'falcon-h1': {},
  gemma: {},
  'gemma-embedding': { ...GEMMA, encoder: true },
  gemma2: { norms: POST_NORMS },
  gemma3: GEMMA,
  gemma3n: GEMMA,
  gemma4: { ...GEMMA, fusedExperts: true },
  'glm-dsa': { scoreBias: true, indexer: 'latent' },
  glm4: { norms: POST_NORMS, feedForward: 'fused' },
  glm4moe: { qkvBias: true, norms: SECOND_IS_POST, scoreBias: true },
  'gpt-oss': { qkvBias: true, outputBias: true, norms: SECOND_IS_POST, sinks: 'all', expertBias: true },
  gptneox: { ...ALL_BIASES, fusedQkv: true },
  granite: {},
  granitehybrid: {},
  granitemoe: {},
  'hunyuan-dense': QWEN3,
  'hunyuan-moe': QWEN3,
  hy_v3: { qkNorm: 'head', scoreBias: true },
  internlm2: {},
  jamba: {},
  'kimi-k3': { attentionGate: 'element', scoreBias: true, latentExperts: ['ffn_routed_down', 'ffn_routed_up'] },
  'kimi-linear': SCORE_BIAS,
  laguna: { qkNorm: 'head', attentionGate: 'head', scoreBias: true },
  lfm2: { qkNorm: 'head', outerNorms: ['token_embd_norm'] },
  lfm2moe: { qkNorm: 'head', outerNorms: ['token_embd_norm'], scoreBias: true },
  llama: {},
  llama4: {},
  mellum: QWEN3,
  mimo2: { sinks: 'windowed', scoreBias: true },
  minicpm: {},
  minicpm3: {},
  'minimax-01': {},
  'minimax-m2': { qkNorm: 'all', scoreBias: true },
  'minimax-m3': { qkNorm: 'head', scoreBias: true, indexer: 'own' },
  mistral3: {},
  mistral4: { fusedExperts: true },
  'modern-bert': { fusedQkv: true, feedForward: 'fused', outerNorms: ['token_embd_norm', 'output_norm'], encoder: true },
  'muse-glimmer': { ...GEMMA, attentionGate: 'element' },
  nemotron: { normBias: true, feedForward: 'plain' },
  nemotron_h: NEMOTRON_H,
  nemotron_h_moe: NEMOTRON_H,
  'nomic-bert': { ...BERT, fusedQkv: true },
  'nomic-bert-moe': { ...BERT, ...ALL_BIASES, fusedQkv: true },
  olmo: { norms: [], outerNorms: [] },
  olmo2: { qkNorm: 'all', norms: POST_ONLY },
  olmoe: { qkNorm: 'all' },
  phi2: { ...ALL_BIASES, norms: ONE_NORM, outputMatrixBias: true },
  phi3: { fusedQkv: true, feedForward: 'fused' },
  phimoe: { qkvBias: true, outputBias: true, normBias: true, outputMatrixBias: true },
  qwen2: QKV_BIAS,
  qwen2moe: { qkvBias: true, sharedExpertGate: true },
  qwen2vl: QKV_BIAS,
  qwen3: QWEN3,
  qwen35: QWEN35,
  qwen35moe: QWEN35,
  qwen3moe: QWEN3,
  qwen3next: QWEN35,
  qwen3vl: QWEN3,
  qwen3vlmoe: QWEN3,
  qwen4exp: { ...QWEN35, norms: [], outerNorms: [], indexer: 'own' },
  seed_oss: { qkvBias: true, norms: SECOND_IS_POST },
  smallthinker: {},
  smollm3: {},
  stablelm: { normBias: true },
  starcoder2: ALL_BIASES,
  step35: { qkNorm: 'head', attentionGate: 'head', scoreBias: true },
};
