/**
 * What comes on top of a model that answers one reader: pictures, drafts, training, many users.
 *
 * Small formulas, each with its source. Bytes are bytes, times are seconds.
 */

import type { CacheType } from './ggml-types.ts';
import { attentionWork, between, type Workload } from './workload.ts';

/** How a vision model cuts pictures up. */
export interface ImageGrid {
  /** Pixels along a side of a patch. */
  readonly patchPixels: number;
  /** Patches along a side that become one token. */
  readonly merge: number;
  /** Tokens of a picture at most and at least. */
  readonly mostTokens: number;
  readonly leastTokens: number;
}

/**
 * Tokens that a picture takes of the context: one for each merged patch, within the model's bounds.
 *
 * Source: llama.cpp's multimodal tool, which scales pictures to a whole number of merged patches.
 *
 * @param width pixels @param height pixels
 */
export function imageTokens(width: number, height: number, { patchPixels, merge, mostTokens, leastTokens }: ImageGrid): number {
  const side = patchPixels * merge;
  const tokens = Math.ceil(width / side) * Math.ceil(height / side);
  return Math.min(mostTokens, Math.max(leastTokens, tokens));
}

/** Bytes of a projector file (mmproj): its weights at 16 bits unless told otherwise. */
export function projectorBytes(parameters: number, bytesPerWeight = 2): number {
  return parameters * bytesPerWeight;
}

/** Speculative decoding: a small model drafts, the large one checks several tokens at once. */
export interface Speculation {
  /** Tokens for each pass of the large model, on average. */
  readonly tokensPerPass: number;
  readonly secondsPerToken: number;
  /** Times as fast as without. */
  readonly speedup: number;
}

/**
 * Expected gain of drafting.
 *
 * Source: Leviathan et al. 2022 (arXiv 2211.17192), equation 1: with acceptance α and γ drafted tokens a pass yields
 * (1 − α^(γ+1)) ÷ (1 − α) tokens, and costs γ draft steps and one check.
 *
 * @param secondsPerToken of the large model alone
 * @param draftSecondsPerToken of the small one
 * @param draftTokens γ
 * @param acceptance α, from 0 to 1
 * @param checkCost time of checking γ + 1 tokens ÷ time of one token; 1 when reading the weights is all that counts
 */
export function speculate(
  secondsPerToken: number,
  draftSecondsPerToken: number,
  draftTokens: number,
  acceptance: number,
  checkCost = 1,
): Speculation {
  const tokensPerPass = acceptance >= 1 ? draftTokens + 1 : (1 - acceptance ** (draftTokens + 1)) / (1 - acceptance);
  const passSeconds = draftTokens * draftSecondsPerToken + checkCost * secondsPerToken;
  return { tokensPerPass, secondsPerToken: passSeconds / tokensPerPass, speedup: (tokensPerPass * secondsPerToken) / passSeconds };
}

export type Training = 'full' | 'lora' | 'qlora';

/** What training takes, by part. */
export interface TrainingMemory {
  readonly weightsBytes: number;
  readonly gradientBytes: number;
  readonly optimizerBytes: number;
  readonly activationBytes: number;
  readonly totalBytes: number;
}

/**
 * Bytes for each trained weight: 2 for the weight, 2 for its gradient, 12 for Adam's two moments and a master copy in FP32.
 * Source: Rajbhandari et al. 2019, ZeRO (arXiv 1910.02054), section 3.1.
 */
const ADAM = { gradient: 2, optimizer: 12 } as const;
/** Bytes of a frozen weight: 16 bits, or NF4 with double quantization (Dettmers et al. 2023, arXiv 2305.14314). */
const FROZEN = { lora: 2, qlora: 4.127 / 8 } as const;
/**
 * Bytes of activations for each token, hidden value and layer: 34 when all are kept, 2 when each layer's are recomputed from its
 * input. Source: Korthikanti et al. 2022 (arXiv 2205.05198), equations 1 and 2; attention's own part is left out, as flash
 * attention recomputes it.
 */
const ACTIVATIONS = { kept: 34, recomputed: 2 } as const;

export interface TrainingSettings {
  readonly training: Training;
  /** Rank of the adapters. */
  readonly rank: number;
  /** Tokens of a sequence, and sequences at once. */
  readonly sequenceTokens: number;
  readonly batch: number;
  /** Recompute activations instead of keeping them (gradient checkpointing). */
  readonly checkpointing: boolean;
}

/** Weights of adapters of a rank on every dense matrix of the layers: rank × (inputs + outputs), with matrices about as wide as the model. */
function adapterWeights({ shape }: Workload, rank: number): number {
  const { hiddenSize, heads, kvHeads, headDimK, feedForwardSize, layers } = shape;
  const width = heads * headDimK;
  const narrow = kvHeads * headDimK;
  const inner = feedForwardSize ?? shape.experts?.feedForwardSize ?? hiddenSize;
  const sides = 2 * (hiddenSize + width) + 2 * (hiddenSize + narrow) + 3 * (hiddenSize + inner);
  return layers * rank * sides;
}

/** Memory for fine-tuning a model with Adam in mixed precision. */
export function trainingMemory(work: Workload, { training, rank, sequenceTokens, batch, checkpointing }: TrainingSettings): TrainingMemory {
  const trained = training === 'full' ? work.weights : adapterWeights(work, rank);
  const frozen = training === 'full' ? 0 : work.weights * FROZEN[training];
  const perToken =
    (checkpointing ? ACTIVATIONS.recomputed * work.layers + ACTIVATIONS.kept : ACTIVATIONS.kept * work.layers) * work.shape.hiddenSize;
  const parts = {
    weightsBytes: frozen + 2 * trained,
    gradientBytes: ADAM.gradient * trained,
    optimizerBytes: ADAM.optimizer * trained,
    activationBytes: perToken * sequenceTokens * batch,
  };
  return { ...parts, totalBytes: parts.weightsBytes + parts.gradientBytes + parts.optimizerBytes + parts.activationBytes };
}

/** Tokens in a block of a paged cache. Source: vLLM's default; Kwon et al. 2023 (arXiv 2309.06180). */
export const PAGE_TOKENS = 16;

/**
 * Cache of a server that hands it out in pages, as vLLM does: each user's tokens rounded up to whole pages.
 *
 * @param tokensByUser tokens in each conversation
 */
export function pagedCacheBytes(work: Workload, tokensByUser: readonly number[], cacheTypeK: CacheType, cacheTypeV: CacheType): number {
  return tokensByUser.reduce((sum, tokens) => {
    const paged = Math.ceil(tokens / PAGE_TOKENS) * PAGE_TOKENS;
    return sum + attentionWork(work, paged, cacheTypeK, cacheTypeV, 0, work.layers).bytes;
  }, 0);
}

/**
 * Bytes of weights that one step reads for several users at once: everything once, and the experts that any of them needs.
 *
 * Each token picks its experts by itself, so a share 1 − (1 − used ÷ all)^users of them is touched.
 */
export function batchWeightBytes(work: Workload, users: number): number {
  const touched = work.usedShare === 0 ? 0 : 1 - (1 - work.usedShare) ** users;
  return between(work.denseBytes, 0, work.layers) + touched * between(work.expertBytes, 0, work.layers) + work.output.bytes;
}
