/**
 * A model file as work: what one token reads, multiplies and looks back on, layer by layer, summed up so that any stretch of
 * layers is two look-ups. Made once for a model and file type; every prediction after that is a handful of subtractions.
 */

import { GGML_TYPES, type CacheType, type FileType } from './ggml-types.ts';
import { cacheRowWidths, indexerRow } from './kv-cache.ts';
import { layersOf, type Layer } from './layers.ts';
import type { ModelShape } from './model.ts';
import { isEncoder } from './tensors.ts';
import { quantizedTensors, type QuantizedTensor } from './weights.ts';

/** Running sums over layers: entry i is the sum of the layers before i. */
type Running = Float64Array;

/** What layers keep of each token, among those that look back equally far. All counts are values (not bytes) for one token. */
interface Reach {
  /** Tokens looked back on at most. */
  readonly limit: number;
  readonly keys: Running;
  readonly values: Running;
  /** Keys and values as often as query heads read them when each head reads for itself. */
  readonly keysByHead: Running;
  readonly valuesByHead: Running;
  /** Multiply-adds of scores and weighted sum. */
  readonly multiplyAdds: Running;
}

/** Stored and used by one token; bytes and weights. */
export interface Stored {
  readonly bytes: number;
  readonly weights: number;
}

export interface Workload {
  readonly shape: ModelShape;
  readonly fileType: FileType;
  readonly layers: number;
  /** Everything in the layers but routed experts. */
  readonly denseBytes: Running;
  readonly denseWeights: Running;
  /** Routed experts, all of them. */
  readonly expertBytes: Running;
  readonly expertWeights: Running;
  /** How many layers have routed experts, and how many keep a recurrent state. */
  readonly mixtures: Running;
  readonly recurrent: Running;
  readonly reaches: readonly Reach[];
  /** Share of the routed experts that a token passes through. */
  readonly usedShare: number;
  /** Output matrix and final norm: what the step after the last layer reads. A tied table counts here too. */
  readonly output: Stored;
  /** The table of token embeddings, of which a token reads one row, and other tables that are looked up. */
  readonly tables: Stored;
  /** Rotary factors, of which every device with layers has a copy. */
  readonly copied: Stored;
  /** Embeddings and output matrix are one tensor. */
  readonly tied: boolean;
  /** All tensors of the file. */
  readonly bytes: number;
  readonly weights: number;
}

function running(length: number): Running {
  return new Float64Array(length + 1);
}

function accumulate(sums: readonly Running[]): void {
  for (const sum of sums) for (let index = 1; index < sum.length; index += 1) sum[index] = (sum[index] ?? 0) + (sum[index - 1] ?? 0);
}

function add(sum: Running, layer: number, amount: number): void {
  sum[layer + 1] = (sum[layer + 1] ?? 0) + amount;
}

/** Sum over layers from `from` up to but not including `to`. */
export function between(sum: Running, from: number, to: number): number {
  return (sum[to] ?? 0) - (sum[from] ?? 0);
}

/** Multiply-adds for each token looked back on; latent attention works in its narrow space. */
function attentionMultiplyAdds({ latentAttention: mla }: ModelShape, { heads, headDimK, headDimV }: Layer): number {
  return heads * (mla !== null && !mla.legacyFile ? 2 * mla.kvLoraRank + mla.ropeHeadDim : headDimK + headDimV);
}

function reachesOf(shape: ModelShape): readonly Reach[] {
  const reaches = new Map<number, Reach>();
  const note = (layer: Layer, limit: number, keys: number, values: number, multiplyAdds: number): void => {
    let reach = reaches.get(limit);
    if (reach === undefined) {
      const fresh = (): Running => running(shape.layers);
      reach = { limit, keys: fresh(), values: fresh(), keysByHead: fresh(), valuesByHead: fresh(), multiplyAdds: fresh() };
      reaches.set(limit, reach);
    }
    const group = layer.heads / Math.max(1, layer.kvHeads);
    add(reach.keys, layer.index, keys);
    add(reach.values, layer.index, values);
    add(reach.keysByHead, layer.index, keys * group);
    add(reach.valuesByHead, layer.index, values * group);
    add(reach.multiplyAdds, layer.index, multiplyAdds);
  };
  for (const layer of layersOf(shape)) {
    if (!layer.attends || isEncoder(shape.architecture)) continue;
    const { keys, values } = cacheRowWidths(shape, layer);
    const work = attentionMultiplyAdds(shape, layer);
    const ratio = shape.compressedAttention?.ratioByLayer[layer.index] ?? 0;
    if (ratio > 0) note(layer, Infinity, keys / ratio, values / ratio, work / ratio);
    // Sparse attention reads the positions its indexer picks; the indexer reads them all, narrowly.
    const index = indexerRow(shape, layer);
    if (index.keys > 0) note(layer, Infinity, index.keys, 0, (shape.indexer?.heads ?? 0) * index.keys);
    const windowed = layer.windowed ? (shape.slidingWindow?.size ?? Infinity) : Infinity;
    note(layer, Math.min(windowed, shape.indexer?.topK ?? Infinity), keys, values, work);
  }
  const list = [...reaches.values()];
  for (const { keys, values, keysByHead, valuesByHead, multiplyAdds } of list)
    accumulate([keys, values, keysByHead, valuesByHead, multiplyAdds]);
  return list;
}

/** What a tensor adds to a file's work. */
export type WorkTensor = Pick<QuantizedTensor, 'layer' | 'role' | 'elements' | 'bytes'>;

/** Sums up the tensors of a model file, whatever their types. Takes about a millisecond. */
export function workloadFromTensors(shape: ModelShape, fileType: FileType, tensors: Iterable<WorkTensor>): Workload {
  const fresh = (): Running => running(shape.layers);
  const [denseBytes, denseWeights, expertBytes, expertWeights, mixtures, recurrent] = [
    fresh(),
    fresh(),
    fresh(),
    fresh(),
    fresh(),
    fresh(),
  ];
  let [outputBytes, outputWeights, tableBytes, tableWeights, bytes, weights] = [0, 0, 0, 0, 0, 0];
  let [copiedBytes, copiedWeights] = [0, 0];
  for (const tensor of tensors) {
    bytes += tensor.bytes;
    weights += tensor.elements;
    const { layer, role } = tensor;
    if (role === 'embedding' || role === 'lookup') {
      tableBytes += tensor.bytes;
      tableWeights += tensor.elements;
      if (role === 'embedding' && shape.tiedEmbeddings && !isEncoder(shape.architecture)) {
        outputBytes += tensor.bytes;
        outputWeights += tensor.elements;
      }
    } else if (role === 'rotary') {
      copiedBytes += tensor.bytes;
      copiedWeights += tensor.elements;
    } else if (layer === null) {
      outputBytes += tensor.bytes;
      outputWeights += tensor.elements;
    } else if (role === 'experts') {
      add(expertBytes, layer, tensor.bytes);
      add(expertWeights, layer, tensor.elements);
    } else {
      add(denseBytes, layer, tensor.bytes);
      add(denseWeights, layer, tensor.elements);
    }
  }
  for (const { index, mixture, recurrent: keepsState } of layersOf(shape)) {
    if (mixture) add(mixtures, index, 1);
    if (keepsState) add(recurrent, index, 1);
  }
  accumulate([denseBytes, denseWeights, expertBytes, expertWeights, mixtures, recurrent]);
  return {
    shape,
    fileType,
    layers: shape.layers,
    denseBytes,
    denseWeights,
    expertBytes,
    expertWeights,
    mixtures,
    recurrent,
    reaches: reachesOf(shape),
    usedShare: shape.experts === null ? 0 : shape.experts.used / shape.experts.count,
    output: { bytes: outputBytes, weights: outputWeights },
    tables: { bytes: tableBytes, weights: tableWeights },
    copied: { bytes: copiedBytes, weights: copiedWeights },
    tied: shape.tiedEmbeddings,
    bytes,
    weights,
  };
}

const kept = new WeakMap<ModelShape, Map<FileType, Workload>>();

/** A model file's work, worked out once for each shape object and file type. */
export function workloadOf(shape: ModelShape, fileType: FileType): Workload {
  let ofShape = kept.get(shape);
  if (ofShape === undefined) kept.set(shape, (ofShape = new Map<FileType, Workload>()));
  let workload = ofShape.get(fileType);
  if (workload === undefined) ofShape.set(fileType, (workload = workloadFromTensors(shape, fileType, quantizedTensors(shape, fileType))));
  return workload;
}

/** A mixture of two files: everything but routed experts of the first, routed experts of the second. */
export function composed(dense: Workload, experts: Workload): Workload {
  const { layers, expertBytes } = dense;
  return {
    ...dense,
    expertBytes: experts.expertBytes,
    bytes: dense.bytes - between(expertBytes, 0, layers) + between(experts.expertBytes, 0, layers),
  };
}

/**
 * The same model in a file of another size: mixtures that llama-quantize does not make by itself, or another engine's format.
 *
 * What is always read keeps its size; experts, or in a dense model the layers, take up the difference.
 *
 * @param fileBytes all tensors together
 */
export function resized(workload: Workload, fileBytes: number): Workload {
  const hasExperts = between(workload.expertBytes, 0, workload.layers) > 0;
  const elastic = hasExperts ? workload.expertBytes : workload.denseBytes;
  const elasticBytes = between(elastic, 0, workload.layers);
  const rest = workload.bytes - elasticBytes;
  // A file smaller than what is always read: then everything shrinks alike.
  const factor = fileBytes > 1.05 * rest ? (fileBytes - rest) / elasticBytes : fileBytes / workload.bytes;
  const all = fileBytes <= 1.05 * rest;
  const scale = (sum: Running): Running => sum.map((value) => value * factor);
  const scaled = ({ bytes, weights }: Stored): Stored => ({ bytes: bytes * factor, weights });
  return {
    ...workload,
    denseBytes: all || !hasExperts ? scale(workload.denseBytes) : workload.denseBytes,
    expertBytes: all || hasExperts ? scale(workload.expertBytes) : workload.expertBytes,
    output: all ? scaled(workload.output) : workload.output,
    tables: all ? scaled(workload.tables) : workload.tables,
    copied: all ? scaled(workload.copied) : workload.copied,
    bytes: fileBytes,
  };
}

/** Bytes of one value in a cache of this type. */
function bytesPerValue(type: CacheType): number {
  const { size, bytes } = GGML_TYPES[type];
  return bytes / size;
}

/** What attention of some layers reads and multiplies for one token after `depth` others. */
export interface AttentionWork {
  /** Bytes of cache, each read once. */
  readonly bytes: number;
  /** Bytes when each query head reads its keys and values for itself. */
  readonly bytesByHead: number;
  readonly multiplyAdds: number;
}

/** @param from first layer @param to the layer after the last */
export function attentionWork(
  { reaches }: Workload,
  depth: number,
  cacheTypeK: CacheType,
  cacheTypeV: CacheType,
  from: number,
  to: number,
): AttentionWork {
  const [keyBytes, valueBytes] = [bytesPerValue(cacheTypeK), bytesPerValue(cacheTypeV)];
  let [bytes, bytesByHead, multiplyAdds] = [0, 0, 0];
  for (const reach of reaches) {
    const tokens = Math.min(depth, reach.limit);
    bytes += tokens * (between(reach.keys, from, to) * keyBytes + between(reach.values, from, to) * valueBytes);
    bytesByHead += tokens * (between(reach.keysByHead, from, to) * keyBytes + between(reach.valuesByHead, from, to) * valueBytes);
    multiplyAdds += tokens * between(reach.multiplyAdds, from, to);
  }
  return { bytes, bytesByHead, multiplyAdds };
}
