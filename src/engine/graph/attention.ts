/** Graphs of attention. */

import { rowBytes } from '../ggml-types.ts';
import type { Layer } from '../layers.ts';
import type { LatentAttention } from '../model.ts';
import type { AttentionInputs, Context } from './context.ts';
import { picked, sparseMask } from './sparse.ts';
import type { Tensor } from './tensor.ts';

/** Turns heads so that a quantized cache loses less. */
function rotated({ graph }: Context, source: Tensor, rotation: Tensor | null): Tensor {
  return rotation === null ? source : graph.view(graph.copy(source.dense ? source : graph.copy(source), rotation));
}

/** Flash attention reads halves at most. */
function halves({ graph, request }: Context, cache: Tensor, which: 'cacheTypeK' | 'cacheTypeV'): Tensor {
  return request[which] === 'f32' ? graph.fresh(cache.bytes / 8, [cache]) : cache;
}

/** Queries against the cache: one tensor with flash attention, the whole matrix of scores without. */
function attend(c: Context, layer: Layer, inputs: AttentionInputs, query: Tensor, keys: Tensor, values: Tensor): Tensor {
  const { graph } = c;
  const size = layer.heads * layer.headDimV * graph.tokens;
  if (c.request.flashAttention) {
    return graph.view(graph.fresh(size, [query, halves(c, keys, 'cacheTypeK'), halves(c, values, 'cacheTypeV'), inputs.mask]));
  }
  const scores = graph.map([graph.fresh(layer.heads * inputs.cells * graph.tokens, [keys, query]), inputs.mask]);
  return graph.copy(graph.fresh(size, [values, scores]));
}

/** Writes keys and values to the cache, and attends. */
function cachedAttention(c: Context, layer: Layer, q: Tensor, k: Tensor | null, v: Tensor | null): Tensor {
  const { graph, request } = c;
  const inputs = c.inputsOf(layer);
  const query = rotated(c, q, inputs.keyRotation);
  const key = k && rotated(c, k, inputs.keyRotation);
  const value = v && rotated(c, v, inputs.valueRotation);
  for (const tensor of c.shape.slidingWindow === null ? [query, value, key] : [query, key, value]) if (tensor !== null) graph.place(tensor);
  const keys = c.cache(layer, 'keys');
  const values = c.cache(layer, 'values');
  if (key !== null) graph.store([key, inputs.keyRows, keys], keys.home);
  if (value !== null)
    graph.store([request.flashAttention || value.dense ? value : graph.copy(value), inputs.valueRows, values], values.home);
  return rotated(c, graph.place(attend(c, layer, inputs, query, keys, values)), inputs.valueRotation);
}

/** Attention within the batch, for models that read a whole text at once. */
function uncachedAttention(c: Context, layer: Layer, q: Tensor, k: Tensor, v: Tensor): Tensor {
  const { graph, request } = c;
  for (const tensor of [q, k, v]) graph.place(tensor);
  const { mask } = c.inputsOf(layer);
  if (request.flashAttention) {
    const half = (source: Tensor): Tensor => graph.fresh(source.bytes / 8, [source]);
    return graph.place(graph.view(graph.copy(q, half(k), half(v), mask)));
  }
  const values = graph.copy(v);
  const scores = graph.map([graph.fresh(layer.heads * graph.tokens ** 2, [k, q]), mask]);
  return graph.place(graph.copy(graph.fresh(layer.heads * layer.headDimV * graph.tokens, [values, scores])));
}

/** Whether a layer rotates queries and keys by position. */
function rotates({ course, shape }: Context, layer: Layer): boolean {
  if (course.rope === 'windowed') return layer.windowed || shape.slidingWindow === null || (shape.experts !== null && !layer.mixture);
  return course.rope === undefined || (course.rope === 'most' && layer.index % 4 !== 3);
}

/** The output matrix, with a gate before it where a model has one. */
function output(c: Context, layer: Layer, source: Tensor, attended: Tensor): Tensor {
  const { graph, shape, traits } = c;
  const gate = shape.attentionGate ?? traits.attentionGate;
  if (gate === undefined) return graph.matrix(shape.hiddenSize, attended);
  const perHead = gate === 'head';
  const factor = graph.matrix(perHead ? layer.heads : layer.heads * layer.headDimV, source);
  // Ling reshapes first, and makes a copy.
  if (shape.architecture === 'bailingmoe3') {
    return graph.matrix(shape.hiddenSize, graph.copy(graph.map([graph.view(attended), graph.map([graph.view(factor)])])));
  }
  const gated = perHead ? graph.map([graph.view(attended), graph.view(factor)]) : graph.map([attended, factor]);
  return graph.matrix(shape.hiddenSize, gated);
}

/** Attention as most models have it. */
export function plainAttention(c: Context, layer: Layer, source: Tensor): Tensor {
  const { graph, shape, traits } = c;
  const { heads, kvHeads, headDimK, headDimV } = layer;
  const sizes = [heads * headDimK, kvHeads * headDimK, kvHeads * headDimV] as const;
  const fused = traits.fusedQkv === true ? graph.matrix(sizes[0] + sizes[1] + sizes[2], source) : null;
  const part = (size: number): Tensor => (fused === null ? graph.view(graph.matrix(size, source)) : graph.part(fused, size * graph.tokens));
  const normed = (tensor: Tensor): Tensor =>
    traits.qkNorm !== 'all' && (shape.qkNorm ?? traits.qkNorm !== undefined) ? c.norm(tensor) : tensor;
  const turned = (tensor: Tensor): Tensor => (rotates(c, layer) ? c.rope(normed(tensor)) : normed(tensor));
  const both = traits.gatedQueries === true ? graph.matrix(2 * sizes[0], source) : null;
  const q = turned(both === null ? part(sizes[0]) : graph.part(both, sizes[0] * graph.tokens));
  if (traits.encoder === true) return output(c, layer, source, uncachedAttention(c, layer, q, turned(part(sizes[1])), part(sizes[2])));
  if (layer.index >= shape.layers - (shape.sharedKvLayers ?? 0)) return output(c, layer, source, cachedAttention(c, layer, q, null, null));
  const unturned = part(sizes[1]);
  // Gemma has a norm on values too.
  const v =
    shape.architecture === 'gemma4' || shape.architecture === 'gemma3n'
      ? graph.map([keysAsValues(c, layer) ? unturned : part(sizes[2])])
      : part(sizes[2]);
  const attended = cachedAttention(c, layer, q, turned(unturned), v);
  if (both === null) return output(c, layer, source, attended);
  return graph.matrix(shape.hiddenSize, graph.map([attended, graph.copy(graph.part(both, sizes[0] * graph.tokens))]));
}

function keysAsValues({ shape }: Context, layer: Layer): boolean {
  return shape.keysServeAsValues === true && !layer.windowed;
}

/** Multi-head latent attention: the cache keeps what keys and values are made from, and queries meet it there. */
export function latentAttention(c: Context, mla: LatentAttention, layer: Layer, source: Tensor): Tensor {
  const { graph, request } = c;
  const { tokens } = graph;
  const { heads } = layer;
  const { qLoraRank, kvLoraRank, ropeHeadDim, nopeHeadDim, valueHeadDim, legacyFile } = mla;
  const narrow = qLoraRank === null ? source : graph.matrix(qLoraRank, source);
  const { indexer } = c.shape;
  const positions =
    indexer === undefined ? null : (indexer.layers?.includes(layer.index) ?? true) ? picked(c, indexer, layer, source, narrow) : c.picked;
  c.picked = positions;
  const q = graph.matrix(heads * (nopeHeadDim + ropeHeadDim), narrow);
  const both = graph.matrix(kvLoraRank + ropeHeadDim, source);
  const turned = (tensor: Tensor): Tensor => (rotates(c, layer) ? c.rope(tensor) : tensor);
  const keyRope = turned(graph.part(both, ropeHeadDim * tokens));
  const compressed = graph.map([graph.part(both, kvLoraRank * tokens)], graph.home);
  if (legacyFile) {
    const kv = graph.matrix(heads * (nopeHeadDim + valueHeadDim), compressed);
    const v = graph.copy(graph.part(kv, heads * valueHeadDim * tokens));
    const k = graph.fresh(heads * (nopeHeadDim + ropeHeadDim) * tokens, [
      graph.part(kv, heads * nopeHeadDim * tokens),
      graph.fresh(heads * ropeHeadDim * tokens, [keyRope]),
    ]);
    return output(c, layer, source, cachedAttention(c, layer, c.rope(graph.view(q)), k, v));
  }
  const queryRope = turned(graph.part(q, heads * ropeHeadDim * tokens));
  const absorbed = graph.matrix(heads * kvLoraRank, graph.part(q, heads * nopeHeadDim * tokens));
  const query = graph.fresh(heads * (kvLoraRank + ropeHeadDim) * tokens, [graph.view(absorbed), queryRope]);
  const value = graph.view(compressed);
  const key = graph.fresh((kvLoraRank + ropeHeadDim) * tokens, [value, keyRope]);
  for (const tensor of [query, value, key]) graph.place(tensor);
  const inputs = c.inputsOf(layer);
  const keys = c.cache(layer, 'keys');
  // Values are the part of the keys without rotation.
  const values = graph.outside(keys.bytes - rowBytes(request.cacheTypeK, ropeHeadDim), keys.home);
  graph.store([key, inputs.keyRows, keys], keys.home);
  const mask = indexer === undefined || positions === null ? inputs.mask : sparseMask(c, indexer, positions);
  const size = heads * kvLoraRank * tokens;
  const decompressed = (seen: Tensor): Tensor => graph.copy(graph.matrix(heads * valueHeadDim, seen));
  if (request.flashAttention)
    return output(c, layer, source, graph.view(graph.place(decompressed(graph.fresh(size, [query, keys, values, mask])))));
  const scores = graph.map([graph.fresh(heads * inputs.cells * tokens, [keys, query]), mask]);
  const transposed = graph.fresh((rowBytes(request.cacheTypeK, kvLoraRank) * inputs.cells * c.cells.streams) / 4, [values]);
  return output(c, layer, source, graph.place(decompressed(graph.fresh(size, [transposed, scores]))));
}
