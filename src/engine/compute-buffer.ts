/**
 * The working memory llama.cpp sets aside for one batch of tokens.
 *
 * It is found as llama.cpp finds it: the graph of the model is drawn up for the largest batch, and its results are put into
 * the buffer one after the other. Closed forms come close for plain models only, since the buffer's size depends on how freed
 * memory fits what comes next. Source: llama.cpp 0.5.0 and the buffers it allocates.
 *
 * Not in it, because no program prints it: what a GPU's driver and its matrix library take, and weights that some backends
 * copy to the GPU for long prompts when experts stay with the host.
 */

import { allocateGraph } from './graph-allocation.ts';
import { cacheCells, tokensAtOnce, type CacheRequest } from './kv-cache.ts';
import { modelGraph } from './model-graph.ts';
import type { ModelShape } from './model.ts';
import { placementOf, type Offload } from './placement.ts';

/** llama-server computes the output for one token a slot, llama-cli for every token of a batch. */
export type Program = 'llama-server' | 'llama-cli';

export interface ComputeRequest extends CacheRequest {
  readonly program: Program;
}

/** Compute buffers in bytes: on the GPU (0 without one) and on the host. */
export interface ComputeBuffers {
  readonly gpu: number;
  readonly host: number;
}

/** Compute buffers of a model on a CPU, on a GPU, or split between them. @throws as `cacheBytesByLayer` */
export function computeBuffers(shape: ModelShape, request: ComputeRequest, offload: Offload): ComputeBuffers {
  const { parallel, batch, context, program } = request;
  const tokens = tokensAtOnce(request);
  const outputs = Math.min(tokens, program === 'llama-server' ? parallel : Math.min(batch, context));
  // A batch is made of equally long sequences, one for each slot.
  const wholeTokens = Math.ceil(tokens / parallel) * parallel;
  return allocateGraph(modelGraph(shape, request, { tokens: wholeTokens, sequences: parallel, outputs }, placementOf(shape, offload)));
}
