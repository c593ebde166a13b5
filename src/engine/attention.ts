/** What attention reads and computes at a given depth of context. */

import { rowBytes, type CacheType } from './ggml-types.ts';
import { cacheRowWidths, isWindowedLayer } from './kv-cache.ts';
import type { ModelShape } from './model.ts';
import { isAttentionLayer } from './tensors.ts';

/** Tokens that layers look back on, summed over the layers that attend; windowed layers see their window at most. */
function tokensSeen(shape: ModelShape, depth: number): number {
  let sum = 0;
  for (let layer = 0; layer < shape.layers; layer += 1) {
    if (!isAttentionLayer(shape.recurrent, layer)) continue;
    sum += isWindowedLayer(shape, layer) ? Math.min(depth, shape.slidingWindow?.size ?? depth) : depth;
  }
  return sum;
}

/** Bytes of KV cache read for one token after `depth` others. */
export function cacheBytesPerToken(shape: ModelShape, depth: number, cacheTypeK: CacheType, cacheTypeV: CacheType): number {
  const { keys, values } = cacheRowWidths(shape);
  return tokensSeen(shape, depth) * (rowBytes(cacheTypeK, keys) + (values === 0 ? 0 : rowBytes(cacheTypeV, values)));
}

/** Multiply-adds of attention for one token after `depth` others: scores and weighted sum, every query head. */
export function attentionMultiplyAdds(shape: ModelShape, depth: number): number {
  const mla = shape.latentAttention;
  // Latent attention works in the compressed space: scores over rank plus rotary part, sums over the rank.
  const perHead = mla !== null && !mla.legacyFile ? 2 * mla.kvLoraRank + mla.ropeHeadDim : shape.headDimK + shape.headDimV;
  return tokensSeen(shape, depth) * shape.heads * perHead;
}

/** Layers with experts, layers with a recurrent state. */
export function layerCounts(shape: ModelShape): { readonly moe: number; readonly recurrent: number } {
  let recurrent = 0;
  for (let layer = 0; layer < shape.layers; layer += 1) if (!isAttentionLayer(shape.recurrent, layer)) recurrent += 1;
  return { moe: shape.experts === null ? 0 : shape.layers - shape.experts.denseFirstLayers, recurrent };
}
