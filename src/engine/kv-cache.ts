/**
 * What llama.cpp's context takes: the KV cache of layers that attend and the state of layers that don't.
 *
 * Exact, in bytes. Source: allocations printed by llama.cpp 0.5.0.
 */

import { EngineError } from './errors.ts';
import { GGML_TYPES, rowBytes, type CacheType } from './ggml-types.ts';
import { layersOf, type Layer } from './layers.ts';
import type { CompressedAttention, ModelShape } from './model.ts';
import { isEncoder } from './tensors.ts';

export { isWindowedLayer } from './layers.ts';

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

/** Cells kept per sequence stream: by layers that see everything, and by windowed layers. */
export interface CacheCells {
  readonly streams: number;
  readonly full: number;
  readonly windowed: number;
}

/** Tokens that each kind of layer has room for. */
export function cacheCells(shape: ModelShape, request: CacheRequest): CacheCells {
  const { parallel, unifiedKv, ubatch } = request;
  // Compressed caches are kept for each sequence, even where the others share one; each then has room for the whole context.
  const oneForAll = unifiedKv && shape.compressedAttention === undefined;
  const context = paddedContext(request.context);
  const full = unifiedKv ? context : paddedContext(context / parallel);
  const window = shape.slidingWindow;
  // A windowed layer keeps its window for every sequence in it, and room for the tokens being computed.
  const windowed =
    window === null || request.swaFull ? full : paddedContext(Math.min(full, window.size * (oneForAll ? parallel : 1) + ubatch));
  return { streams: oneForAll ? 1 : parallel, full, windowed };
}

/** Values that a token leaves in a layer's cache. */
export interface CacheRow {
  readonly keys: number;
  /** 0 where keys hold both (latent attention, DeepSeek-V4). */
  readonly values: number;
}

/** What a token leaves in the cache of a layer that attends; of one that attends to everything when none is given. */
export function cacheRowWidths(shape: ModelShape, layer: Pick<Layer, 'kvHeads' | 'headDimK' | 'headDimV'> = shape): CacheRow {
  const mla = shape.latentAttention;
  if (mla !== null && !mla.legacyFile) return { keys: mla.kvLoraRank + mla.ropeHeadDim, values: 0 };
  const keys = layer.kvHeads * layer.headDimK;
  return { keys, values: shape.compressedAttention === undefined ? layer.kvHeads * layer.headDimV : 0 };
}

/** Whether a layer has a cache of its own, rather than none or an earlier layer's. */
function hasCache(shape: ModelShape, layer: Layer): boolean {
  // In models without recurrent layers those that don't attend have one too, of no width.
  const kind = layer.attends || shape.recurrent === null;
  return kind && !isEncoder(shape.architecture) && layer.index < shape.layers - (shape.sharedKvLayers ?? 0);
}

/** What a token leaves in the cache of a layer's indexer, for sparse attention. */
export function indexerRow({ indexer, architecture, headDimV }: ModelShape, layer: Layer): CacheRow {
  if (indexer === undefined || !(indexer.layers?.includes(layer.index) ?? true)) return { keys: 0, values: 0 };
  // MiniMax-M3's indexer has a cache of the usual make, whose values stay unused.
  if (architecture === 'minimax-m3') return layer.mixture ? { keys: indexer.headDim, values: headDimV } : { keys: 0, values: 0 };
  return { keys: indexer.headDim, values: 0 };
}

/** Widths of the heads that the cache holds: with latent attention one wide head. */
function headWidths(shape: ModelShape): readonly Pick<Layer, 'headDimK' | 'headDimV'>[] {
  const mla = shape.latentAttention;
  if (mla === null || mla.legacyFile) return layersOf(shape);
  return [{ headDimK: mla.kvLoraRank + mla.ropeHeadDim, headDimV: mla.kvLoraRank }];
}

function refuseUneven(which: 'K' | 'V', type: CacheType, width: number): void {
  const { size } = GGML_TYPES[type];
  if (width % size === 0) return;
  throw new EngineError(
    'head-not-divisible',
    `A ${which} cache of type ${type} needs attention heads of a multiple of ${String(size)} values; this model's have ${String(width)}. Use f16.`,
  );
}

function refuseImpossible(shape: ModelShape, request: CacheRequest): void {
  const { cacheTypeK, cacheTypeV, flashAttention } = request;
  const quantized = (type: CacheType): boolean => GGML_TYPES[type].size > 1;
  const usesLatentCache = (shape.latentAttention !== null && !shape.latentAttention.legacyFile) || shape.compressedAttention !== undefined;
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
  // Only flash attention works on heads one by one.
  if (!flashAttention) return;
  for (const { headDimK, headDimV } of headWidths(shape)) {
    refuseUneven('K', cacheTypeK, headDimK);
    refuseUneven('V', cacheTypeV, headDimV);
  }
}

/** State of a recurrent layer for one sequence, in bytes: always FP32, whatever the context. */
function recurrentStateBytes({ recurrent, hiddenSize, sequenceTable }: ModelShape, { index }: Layer): number {
  if (recurrent === null) return 0;
  const { kind, convKernel, innerSize, stateSize, groupCount } = recurrent;
  // A short convolution keeps its last inputs and nothing else; Kimi's convolves queries, keys and values.
  if (kind === 'short-conv') return 4 * (convKernel - 1) * hiddenSize;
  const convolved = kind === 'kda' ? 3 * innerSize : innerSize + 2 * groupCount * stateSize;
  const state = Math.max(0, convKernel - 1) * convolved + stateSize * innerSize;
  if (sequenceTable?.layer !== index) return 4 * state;
  const { convKernel: taps, sequenceLength, hyperConnections } = sequenceTable;
  return 4 * (state + (taps - 1) * sequenceLength * hyperConnections * hiddenSize);
}

/**
 * DeepSeek-V4 keeps distant tokens compressed, by layer four or 128 in one entry, and for the fine ones the indexer's keys too.
 * On top comes the state of the compressors, in FP32.
 */
function compressedBytes(shape: ModelShape, { ratioByLayer }: CompressedAttention, layer: Layer, request: CacheRequest): number {
  const ratio = ratioByLayer[layer.index] ?? 0;
  if (ratio === 0) return 0;
  const { streams, full } = cacheCells(shape, request);
  const cells = paddedContext(Math.ceil(full / ratio));
  const fine = ratio === 4;
  const widths = fine ? [shape.headDimK, shape.indexer?.headDim ?? 0] : [shape.headDimK];
  const entries = widths.reduce((sum, width) => sum + cells * rowBytes(request.cacheTypeK, width), 0);
  // Fine groups overlap: twice the width, twice the tokens. Contents and scores.
  const overlap = fine ? 4 : 1;
  const state = widths.reduce((sum, width) => sum + 2 * 4 * overlap * width * ratio, 0);
  return streams * (entries + state);
}

/** Bytes of a token's row. */
function rowSize({ keys, values }: CacheRow, { cacheTypeK, cacheTypeV }: CacheRequest): number {
  return (keys === 0 ? 0 : rowBytes(cacheTypeK, keys)) + (values === 0 ? 0 : rowBytes(cacheTypeV, values));
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
  const layers = layersOf(shape);
  const widest = Math.max(...layers.map((layer) => cacheRowWidths(shape, layer).values));
  const { compressedAttention } = shape;
  return layers.map((layer) => {
    let bytes = layer.recurrent ? recurrentStateBytes(shape, layer) * request.parallel : 0;
    if (!hasCache(shape, layer)) return bytes;
    const row = cacheRowWidths(shape, layer);
    // Without flash attention values lie transposed, which wants them equally wide in all layers.
    const kept = { keys: row.keys, values: request.flashAttention ? row.values : widest };
    bytes += cells.streams * (layer.windowed ? cells.windowed : cells.full) * rowSize(kept, request);
    if (compressedAttention !== undefined) return bytes + compressedBytes(shape, compressedAttention, layer, request);
    return bytes + cells.streams * cells.full * rowSize(indexerRow(shape, layer), request);
  });
}

/** Bytes of the whole cache. @throws as `cacheBytesByLayer` */
export function kvCacheBytes(shape: ModelShape, request: CacheRequest): number {
  return cacheBytesByLayer(shape, request).reduce((sum, bytes) => sum + bytes, 0);
}
