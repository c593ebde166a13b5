/** Where the bytes go: weights, cache and working memory on each card and on the host. */

import { splitComputeBuffers, type ComputeRequest } from './compute-buffer.ts';
import { cacheBytesByLayer } from './kv-cache.ts';
import { place, type Placement, type SplitRequest } from './placement.ts';
import { between, type Workload } from './workload.ts';

export interface MemoryRequest extends ComputeRequest, SplitRequest {
  readonly work: Workload;
  /** How the cards share the layers where no split is asked for; as many as there are cards, none for a CPU alone. */
  readonly shares: readonly number[];
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
  readonly placement: Placement;
  /** What lies on each card, in order. */
  readonly gpus: readonly MemoryPart[];
  /** What lies in the host's memory. */
  readonly host: MemoryPart;
}

function part(weights: number, kvCache: number, compute: number): MemoryPart {
  // A file made to measure has fractions of bytes in its layers.
  weights = Math.round(weights);
  return { weightsBytes: weights, kvCacheBytes: kvCache, computeBytes: compute, totalBytes: weights + kvCache + compute };
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Everything that the answer depends on besides the model. */
function keyOf(request: MemoryRequest): string {
  const { context, cacheTypeK, cacheTypeV, flashAttention, ubatch, batch, parallel, unifiedKv, swaFull, program } = request;
  const { gpuLayers, cpuMoeLayers, kvOffload, tensorSplit, shares } = request;
  // A single card has everything, whatever its share.
  const split = shares.length === 1 ? '1' : `${(tensorSplit ?? shares).join(':')} of ${String(shares.length)}`;
  const numbers = `${String(context)},${String(ubatch)},${String(batch)},${String(parallel)},${String(gpuLayers)},${String(cpuMoeLayers)}`;
  const switches = (flashAttention ? 8 : 0) + (unifiedKv ? 4 : 0) + (swaFull ? 2 : 0) + (kvOffload ? 1 : 0);
  return `${numbers},${String(switches)},${cacheTypeK},${cacheTypeV},${program},${split}`;
}

const known = new WeakMap<Workload, Map<string, MemoryBreakdown>>();
const REMEMBERED = 64;

/**
 * Memory of a model that is spread over cards and the host. The last answers are remembered: the same model is mostly asked about
 * for many devices.
 *
 * The table of token embeddings always stays with the host, where a row is looked up for each token. A model whose output
 * matrix is that same table therefore has it twice when a card computes the output. Source: per-device allocations of
 * llama.cpp 0.5.0.
 *
 * @throws {EngineError} for combinations that llama.cpp refuses
 */
export function memoryOf(request: MemoryRequest): MemoryBreakdown {
  let ofWork = known.get(request.work);
  if (ofWork === undefined) known.set(request.work, (ofWork = new Map<string, MemoryBreakdown>()));
  const key = keyOf(request);
  let memory = ofWork.get(key);
  if (memory === undefined) {
    memory = breakdown(request);
    if (ofWork.size >= REMEMBERED) ofWork.clear();
    ofWork.set(key, memory);
  }
  return memory;
}

function breakdown(request: MemoryRequest): MemoryBreakdown {
  const { work, shares } = request;
  const placement = place(work.layers, request, request.tensorSplit ?? shares);
  const { firstGpuLayer, bounds, outputGpu, hostExpertLayers, cacheOnHost } = placement;
  const cache = cacheBytesByLayer(work.shape, request);
  const onGpu = outputGpu !== null;
  const compute = splitComputeBuffers(work.shape, request, placement);
  const gpus = shares.map((_, gpu) => {
    const from = bounds[gpu] ?? work.layers;
    const to = bounds[gpu + 1] ?? from;
    const withOutput = outputGpu === gpu;
    const weights =
      between(work.denseBytes, from, to) +
      between(work.expertBytes, Math.max(from, Math.min(to, hostExpertLayers)), to) +
      (withOutput ? work.output.bytes : 0) +
      (from < to ? work.copied.bytes : 0);
    const kvCache = cacheOnHost ? 0 : sumOf(cache.slice(from, to));
    return part(weights, kvCache, compute.gpus[gpu] ?? 0);
  });
  const hostWeights =
    between(work.denseBytes, 0, firstGpuLayer) +
    between(work.expertBytes, 0, Math.max(firstGpuLayer, hostExpertLayers)) +
    (onGpu
      ? work.tables.bytes + (firstGpuLayer > 0 ? work.copied.bytes : 0)
      : work.bytes - between(work.denseBytes, 0, work.layers) - between(work.expertBytes, 0, work.layers));
  const hostCache = cacheOnHost ? sumOf(cache) : sumOf(cache.slice(0, firstGpuLayer));
  const host = part(hostWeights, hostCache, compute.host);
  const all = [...gpus, host];
  return {
    ...part(
      sumOf(all.map(({ weightsBytes }) => weightsBytes)),
      sumOf(all.map(({ kvCacheBytes }) => kvCacheBytes)),
      sumOf(all.map(({ computeBytes }) => computeBytes)),
    ),
    tensorBytes: work.bytes,
    placement,
    gpus,
    host,
  };
}
