/** Where the bytes go: weights, cache and working memory on a GPU and on the host. */

import { computeBuffers, type ComputeRequest } from './compute-buffer.ts';
import type { FileType } from './ggml-types.ts';
import { kvCacheBytes } from './kv-cache.ts';
import type { ModelShape } from './model.ts';
import { quantizedTensors, weightsBytes } from './weights.ts';

export interface MemoryRequest extends ComputeRequest {
  readonly shape: ModelShape;
  readonly fileType: FileType;
  /** True when the model runs on a GPU (its own memory or a unified one), false on the CPU. */
  readonly onGpu: boolean;
}

/** Whole bytes. */
export interface MemoryPart {
  readonly weightsBytes: number;
  readonly kvCacheBytes: number;
  readonly computeBytes: number;
  readonly totalBytes: number;
}

export interface MemoryBreakdown extends MemoryPart {
  /** The file's tensors; a file on disk is larger by its header and tokenizer. */
  readonly tensorBytes: number;
  /** What lies on the GPU; null when the model runs on the CPU. */
  readonly gpu: MemoryPart | null;
  /** What lies in the host's memory. */
  readonly host: MemoryPart;
}

function part(weights: number, kvCache: number, compute: number): MemoryPart {
  return { weightsBytes: weights, kvCacheBytes: kvCache, computeBytes: compute, totalBytes: weights + kvCache + compute };
}

/**
 * Memory of a model that is wholly on one device.
 *
 * The table of token embeddings always stays with the host, where a row is looked up for each token. A model whose output
 * matrix is that same table therefore has it twice when it runs on a GPU. Source: per-device allocations of llama.cpp 0.5.0.
 *
 * @throws {EngineError} for combinations that llama.cpp refuses
 */
export function memoryOf(request: MemoryRequest): MemoryBreakdown {
  const { shape, fileType, onGpu } = request;
  const tensors = quantizedTensors(shape, fileType);
  const all = weightsBytes(tensors);
  const embedding = weightsBytes(tensors.filter((tensor) => tensor.role === 'embedding'));
  const cache = kvCacheBytes(shape, request);
  const compute = computeBuffers(shape, request, onGpu);
  const gpu = onGpu ? part(shape.tiedEmbeddings ? all : all - embedding, cache, compute.gpu) : null;
  const host = onGpu ? part(embedding, 0, compute.host) : part(all, cache, compute.host);
  return {
    ...part((gpu?.weightsBytes ?? 0) + host.weightsBytes, cache, (gpu?.computeBytes ?? 0) + host.computeBytes),
    tensorBytes: all,
    gpu,
    host,
  };
}
