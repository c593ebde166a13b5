/** Which layers lie on the GPU and which with the host. */

import type { Place } from './graph.ts';
import type { ModelShape } from './model.ts';

/** llama.cpp's settings for a model on one GPU and its host. */
export interface Offload {
  /** True when there is a GPU (its own memory or a unified one), false when the CPU does it all. */
  readonly onGpu: boolean;
  /**
   * Layers on the GPU (`-ngl`), counted from the end: the first counted is the output layer, then the last of the repeating
   * layers. Left out: all.
   */
  readonly gpuLayers?: number | undefined;
  /** Layers, counted from the beginning, whose routed experts stay with the host (`-ncmoe`). Left out: none. */
  readonly cpuMoeLayers?: number | undefined;
  /** Whether a layer's cache lies where the layer does; false keeps all of it with the host (`-nkvo`). Left out: true. */
  readonly kvOffload?: boolean | undefined;
}

export interface Placement {
  /** Layers from 0; the number of layers itself stands for the output layer. */
  readonly layer: (layer: number) => Place;
  readonly cache: (layer: number) => Place;
  readonly experts: (layer: number) => Place;
  /** True when not a single layer is left to the host. */
  readonly isWhole: boolean;
}

/** Where everything goes. The table of token embeddings is not among it: it always stays with the host. */
export function placementOf(shape: ModelShape, offload: Offload): Placement {
  const all = shape.layers + 1;
  const onGpu = offload.onGpu ? Math.min(offload.gpuLayers ?? all, all) : 0;
  const firstOnGpu = all - onGpu;
  const layer = (number: number): Place => (number >= firstOnGpu ? 'gpu' : 'host');
  return {
    layer,
    cache: (number) => (offload.kvOffload === false ? 'host' : layer(number)),
    experts: (number) => (number < (offload.cpuMoeLayers ?? 0) ? 'host' : layer(number)),
    isWhole: onGpu === all,
  };
}
