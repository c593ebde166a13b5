/**
 * The working memory llama.cpp sets aside for one batch of tokens.
 *
 * llama.cpp describes the computation of a batch as a graph, splits it over the devices, and works out how much memory it takes if
 * tensors reuse what others no longer need. `graph/` does the same. Source: llama.cpp 0.5.0, whose own figures it reproduces.
 */

import { peaks } from './graph/allocator.ts';
import type { Devices, GraphRequest } from './graph/context.ts';
import { modelGraph } from './graph/model.ts';
import { pickLayers } from './graph/repeats.ts';
import { scheduled } from './graph/schedule.ts';
import { cacheCells, paddedContext, type CacheRequest } from './kv-cache.ts';
import type { Architecture, ModelShape } from './model.ts';
import type { Placement } from './placement.ts';

/** llama-server computes the output for one token a slot, llama-cli for every token of a batch. */
export type Program = 'llama-server' | 'llama-cli';

export interface ComputeRequest extends CacheRequest {
  /** Tokens taken in at once (`-b`). */
  readonly batch: number;
  readonly program: Program;
}

/** Bytes on each card and on the host. */
export interface SplitBuffers {
  readonly gpus: readonly number[];
  readonly host: number;
}

/**
 * Families whose graph is described only roughly: llama.cpp may take up to twice the bytes told.
 * Source: comparison with llama.cpp 0.5.0 on files with these shapes and empty weights.
 */
const ROUGH: readonly Architecture[] = ['deepseek4', 'kimi-k3', 'minimax-01', 'minimax-m3', 'qwen4exp', 'smallthinker'];

/** Whether a model's compute buffer is an approximation; all others are llama.cpp's to the byte. */
export function isRoughlyKnown({ architecture }: ModelShape): boolean {
  return ROUGH.includes(architecture);
}

/** Tokens computed together, as many for each sequence, and those whose output counts. */
function batchOf(shape: ModelShape, request: ComputeRequest): GraphRequest {
  const { context, batch, ubatch, parallel, program } = request;
  const taken = Math.min(batch, context);
  const tokens = Math.min(ubatch, taken, request.unifiedKv ? paddedContext(context) : cacheCells(shape, request).full * parallel);
  return {
    ...request,
    tokens: Math.ceil(tokens / parallel) * parallel,
    outputs: Math.min(tokens, program === 'llama-server' ? parallel : taken),
  };
}

function devicesOf({ firstGpuLayer, bounds, outputGpu, hostExpertLayers, cacheOnHost }: Placement): Devices {
  const host = Math.max(0, bounds.length - 1);
  const layer = (index: number): number => (index < firstGpuLayer ? host : bounds.findLastIndex((bound) => bound <= index));
  return {
    host,
    layer,
    experts: (index) => (index < hostExpertLayers ? host : layer(index)),
    cache: (index) => (cacheOnHost ? host : layer(index)),
    output: outputGpu ?? host,
  };
}

function computed(shape: ModelShape, request: ComputeRequest, placement: Placement): SplitBuffers {
  const devices = devicesOf(placement);
  const graph = modelGraph(shape, batchOf(shape, request), devices, pickLayers(shape, devices));
  const { firstGpuLayer, hostExpertLayers, cacheOnHost } = placement;
  // Only a model that is wholly on several cards works on batches that follow each other.
  const pipelined = devices.host > 1 && firstGpuLayer === 0 && hostExpertLayers === 0 && !cacheOnHost;
  const { inputs, nodes } = scheduled(graph, devices.host, pipelined);
  const bytes = peaks(inputs, nodes, devices.host + 1);
  return { gpus: bytes.slice(0, -1), host: bytes.at(-1) ?? 0 };
}

const known = new WeakMap<ModelShape, Map<string, SplitBuffers>>();
const REMEMBERED = 64;

/** Compute buffers of a model that is spread over cards and the host. */
export function splitComputeBuffers(shape: ModelShape, request: ComputeRequest, placement: Placement): SplitBuffers {
  const { context, cacheTypeK, cacheTypeV, flashAttention, ubatch, batch, parallel, unifiedKv, swaFull, program } = request;
  const key = JSON.stringify([
    context,
    cacheTypeK,
    cacheTypeV,
    flashAttention,
    ubatch,
    batch,
    parallel,
    unifiedKv,
    swaFull,
    program,
    placement,
  ]);
  const ofShape = known.get(shape) ?? new Map<string, SplitBuffers>();
  known.set(shape, ofShape);
  const before = ofShape.get(key);
  if (before !== undefined) return before;
  const result = computed(shape, request, placement);
  if (ofShape.size >= REMEMBERED) ofShape.clear();
  ofShape.set(key, result);
  return result;
}
