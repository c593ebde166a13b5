/**
 * What llama.cpp's context takes: the KV cache of layers that attend and the state of layers that don't.
 *
 * Exact, in bytes. Source: allocations printed by llama.cpp 0.5.0.
 */

import { EngineError } from './errors.ts';
import { GGML_TYPES, rowBytes, type CacheType } from './ggml-types.ts';
import type { ModelShape } from './model.ts';
import { isAttentionLayer } from './tensors.ts';

export interface CacheRequest {
  /** Tokens asked for, all slots together (`-c`). */
  readonly context: number;
  readonly cacheTypeK: CacheType;
  readonly cacheTypeV: CacheType;
  readonly flashAttention: boolean;
  /** Tokens of a prompt that are computed at once (`-ub`). */
  readonly ubatch: number;
  /** Sequences held at the same time (`-np`). */
  readonly parallel: number;
  /** One cache shared by all sequences (`--kv-unified`). */
  readonly unifiedKv: boolean;
  /** Keep windowed layers at full length (`--swa-full`). */
  readonly swaFull: boolean;
}

const PADDING = 256;

/** Context sizes are rounded up to a multiple of 256. */
export function paddedContext(tokens: number): number {
  return Math.ceil(tokens / PADDING) * PADDING;
}

/** Whether a layer (from 0) sees only a window of the context. */
export function isWindowedLayer(shape: ModelShape, layer: number): boolean {
  const window = shape.slidingWindow;
  return window !== null && layer % window.period < window.period - 1;
}

/** Cells kept per sequence stream: by layers that see everything, and by windowed layers. */
export interface CacheCells {
  readonly streams: number;
  readonly full: number;
  readonly windowed: number;
}

/** Tokens that each kind of layer has room for. */
export function cacheCells(shape: ModelShape, request: CacheRequest): CacheCells {
  const { parallel, unifiedKv, ubatch } = request;
  const context = paddedContext(request.context);
  const full = unifiedKv ? context : paddedContext(context / parallel);
  const window = shape.slidingWindow;
  // A windowed layer keeps its window for every sequence in it, and room for the tokens being computed.
  const windowed =
    window === null || request.swaFull ? full : paddedContext(Math.min(full, window.size * (unifiedKv ? parallel : 1) + ubatch));
  return { streams: unifiedKv ? 1 : parallel, full, windowed };
}

/** Values that a token leaves in one layer's cache: keys, and values (none with latent attention, whose keys hold both). */
export function cacheRowWidths(shape: ModelShape): { readonly keys: number; readonly values: number } {
  const mla = shape.latentAttention;
  if (mla !== null && !mla.legacyFile) return { keys: mla.kvLoraRank + mla.ropeHeadDim, values: 0 };
  return { keys: shape.kvHeads * shape.headDimK, values: shape.kvHeads * shape.headDimV };
}

function refuseImpossible(shape: ModelShape, request: CacheRequest): void {
  const { cacheTypeK, cacheTypeV, flashAttention } = request;
  const quantized = (type: CacheType): boolean => GGML_TYPES[type].size > 1;
  const usesLatentCache = shape.latentAttention !== null && !shape.latentAttention.legacyFile;
  if (quantized(cacheTypeV) && !flashAttention) {
    throw new EngineError(
      'quantized-v-needs-flash-attention',
      `A V cache of type ${cacheTypeV} needs flash attention: switch flash attention on, or use f16 for the V cache.`,
    );
  }
  if (usesLatentCache && cacheTypeK !== cacheTypeV) {
    throw new EngineError(
      'latent-attention-needs-one-type',
      `This model keeps keys and values together, so both caches need the same type: use ${cacheTypeK} or ${cacheTypeV} for both.`,
    );
  }
  for (const [type, width, which] of [
    [cacheTypeK, shape.headDimK, 'K'],
    [cacheTypeV, shape.headDimV, 'V'],
  ] as const) {
    const { size } = GGML_TYPES[type];
    if (width % size !== 0) {
      throw new EngineError(
        'head-not-divisible',
        `A ${which} cache of type ${type} needs attention heads of a multiple of ${String(size)} values; this model's have ${String(width)}. Use f16.`,
      );
    }
  }
}

/** State of a recurrent layer for one sequence, in bytes: always FP32, whatever the context. */
function recurrentStateBytes(shape: ModelShape): number {
  const { recurrent, hiddenSize } = shape;
  if (recurrent === null) return 0;
  const { convKernel, innerSize, stateSize, groupCount } = recurrent;
  // A short convolution keeps its last inputs and nothing else.
  const convolution = (convKernel - 1) * (stateSize === 0 ? hiddenSize : innerSize + 2 * groupCount * stateSize);
  return 4 * (convolution + stateSize * innerSize);
}

/**
 * Bytes that each layer's cache or state takes, in layer order.
 *
 * @throws {EngineError} for the combinations that llama.cpp refuses: `quantized-v-needs-flash-attention`,
 *   `latent-attention-needs-one-type`, `head-not-divisible`
 */
export function cacheBytesByLayer(shape: ModelShape, request: CacheRequest): readonly number[] {
  refuseImpossible(shape, request);
  const cells = cacheCells(shape, request);
  const widths = cacheRowWidths(shape);
  const perToken = rowBytes(request.cacheTypeK, widths.keys) + (widths.values === 0 ? 0 : rowBytes(request.cacheTypeV, widths.values));
  return Array.from({ length: shape.layers }, (_, layer) => {
    if (!isAttentionLayer(shape.recurrent, layer)) return recurrentStateBytes(shape) * request.parallel;
    return cells.streams * (isWindowedLayer(shape, layer) ? cells.windowed : cells.full) * perToken;
  });
}

/** Bytes of the whole cache. @throws as `cacheBytesByLayer` */
export function kvCacheBytes(shape: ModelShape, request: CacheRequest): number {
  return cacheBytesByLayer(shape, request).reduce((sum, bytes) => sum + bytes, 0);
}
