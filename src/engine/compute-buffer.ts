/**
 * The working memory llama.cpp sets aside for one batch of tokens.
 *
 * The allocator reuses memory between steps, so the buffer is as large as the hungriest step: the feed-forward part,
 * attention without flash attention, or the output over the vocabulary. Closed forms fitted on the allocations that
 * llama.cpp 0.5.0 prints; the median error is far below 0.1 %, single cases are off by an extra copy of a tensor.
 */

import { cacheCells, type CacheRequest } from './kv-cache.ts';
import type { ModelShape } from './model.ts';

/** llama-server computes the output for one token a slot, llama-cli for every token of a batch. */
export type Program = 'llama-server' | 'llama-cli';

export interface ComputeRequest extends CacheRequest {
  /** Tokens taken in at once (`-b`). */
  readonly batch: number;
  readonly program: Program;
}

const FLOAT = 4;

/** Bytes for each step; the largest counts. */
interface Steps {
  readonly feedForward: number;
  readonly attention: number;
  readonly output: number;
}

/** Tokens computed together. */
function tokensAtOnce(request: ComputeRequest): number {
  return Math.min(request.ubatch, request.batch, request.context);
}

/** Bytes of the attention masks a token needs: half floats with flash attention, floats without. */
function maskBytes(shape: ModelShape, request: ComputeRequest): number {
  const cells = cacheCells(shape, request);
  return (request.flashAttention ? 2 : 4) * (cells.full + (shape.slidingWindow === null ? 0 : cells.windowed));
}

/** Width of the feed-forward step's intermediate values, in floats per token. */
function feedForwardWidth({ experts, feedForwardSize, hiddenSize }: ModelShape): number {
  const dense = 3 * (feedForwardSize ?? 0);
  if (experts === null) return dense;
  const { used, feedForwardSize: width } = experts;
  return Math.max(dense, 3 * used * width + (hiddenSize > 2 * width ? used * hiddenSize : 0));
}

function steps(shape: ModelShape, request: ComputeRequest): Steps {
  const { hiddenSize, heads, kvHeads, headDimK, vocabularySize, architecture } = shape;
  const tokens = tokensAtOnce(request);
  const cells = cacheCells(shape, request);
  const mask = maskBytes(shape, request);
  const caches = shape.slidingWindow === null ? 1 : 2;
  const queryWidth = heads * headDimK;
  // Positions and cache indices of a token; without flash attention the values are stored transposed, one index each.
  const indices = 2 + caches * (2 + (request.flashAttention ? 2 : 2 * kvHeads * headDimK));
  const fused = architecture === 'phi3';
  const outputs = request.program === 'llama-server' ? Math.min(tokens, request.parallel) : tokens;
  return {
    feedForward: tokens * (mask + FLOAT * (indices + feedForwardWidth(shape) + 3 * hiddenSize + (fused ? 0 : queryWidth))),
    attention: request.flashAttention ? 0 : tokens * (mask + FLOAT * (indices + 3 * hiddenSize + 2 * queryWidth + heads * cells.full)),
    output: FLOAT * outputs * (vocabularySize + 2 * hiddenSize + 1),
  };
}

/** Compute buffers in bytes: on the GPU (0 without one) and on the host. */
export interface ComputeBuffers {
  readonly gpu: number;
  readonly host: number;
}

/**
 * Compute buffers of a model that is wholly on one device.
 *
 * @param onGpu true when all layers are on a GPU; the host then keeps only inputs and masks
 */
export function computeBuffers(shape: ModelShape, request: ComputeRequest, onGpu: boolean): ComputeBuffers {
  const { feedForward, attention, output } = steps(shape, request);
  const largest = Math.max(feedForward, attention, output);
  if (!onGpu) return { gpu: 0, host: largest };
  const tokens = tokensAtOnce(request);
  const caches = shape.slidingWindow === null ? 1 : 2;
  const { hiddenSize, kvHeads, headDimK } = shape;
  const indices = request.flashAttention ? 0 : 2 * FLOAT * kvHeads * headDimK * caches;
  return {
    gpu: largest - FLOAT * hiddenSize * tokens,
    host: tokens * (2 * FLOAT * hiddenSize + maskBytes(shape, request) + indices + 24),
  };
}
