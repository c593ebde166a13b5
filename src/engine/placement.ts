/**
 * Which layer lies where when a model is split over graphics cards and the host.
 *
 * llama.cpp counts the layers from the end: `-ngl n` puts the output matrix and the last n − 1 layers on the cards, which share
 * them as one stretch each. Source: layer assignment of llama.cpp 0.5.0, and its per-device allocations.
 */

export interface SplitRequest {
  /** `-ngl`: layers on the cards, the output matrix counted as one; more than there are means all. */
  readonly gpuLayers: number;
  /** `-ncmoe`: the first layers, this many, keep their experts in the host's memory. */
  readonly cpuMoeLayers: number;
  /** False with `-nkvo`: the KV cache stays in the host's memory. */
  readonly kvOffload: boolean;
  /** `-ts`: how the cards share the layers; null: by their free memory. */
  readonly tensorSplit: readonly number[] | null;
}

export interface Placement {
  /** Layers before this one are the host's; equal to the number of layers when all are. */
  readonly firstGpuLayer: number;
  /** Card g has the layers from `bounds[g]` up to but not including `bounds[g + 1]`. */
  readonly bounds: readonly number[];
  /** The card with the output matrix; null when the host has it. */
  readonly outputGpu: number | null;
  /** Layers before this one keep their experts with the host. */
  readonly hostExpertLayers: number;
  readonly cacheOnHost: boolean;
}

/** All on the host. */
function onHost(layers: number): Placement {
  return { firstGpuLayer: layers, bounds: [], outputGpu: null, hostExpertLayers: 0, cacheOnHost: false };
}

/**
 * @param layers layers of the model
 * @param shares weight of each card in the split: what was asked for, or free memory; not all 0. No card: all on the host
 */
export function place(layers: number, split: SplitRequest, shares: readonly number[]): Placement {
  const { gpuLayers, cpuMoeLayers, kvOffload } = split;
  if (shares.length === 0 || gpuLayers <= 0) return onHost(layers);
  const onCards = Math.min(gpuLayers, layers + 1);
  const first = layers + 1 - onCards;
  const sum = shares.reduce((total, share) => total + share, 0);
  let running = 0;
  // Single precision, as llama.cpp compares.
  const ends = shares.map((share) => Math.fround((running += share) / sum));
  const gpuOf = (index: number): number => {
    const position = Math.fround((index - first) / onCards);
    const found = ends.findIndex((end) => end > position);
    return found === -1 ? shares.length - 1 : found;
  };
  const bounds = [first];
  for (let gpu = 0; gpu < shares.length; gpu += 1) {
    let end = bounds[gpu] ?? first;
    while (end < layers && gpuOf(end) <= gpu) end += 1;
    bounds.push(end);
  }
  return {
    firstGpuLayer: first,
    bounds,
    outputGpu: gpuOf(layers),
    hostExpertLayers: Math.max(0, Math.min(cpuMoeLayers, layers)),
    cacheOnHost: !kvOffload,
  };
}
