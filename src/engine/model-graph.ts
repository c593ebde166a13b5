/**
 * The graph that llama.cpp computes for a batch of tokens, architecture by architecture: only the sizes of what is computed and
 * the order of the steps. Steps that overwrite their own input (scaling, capping) need no memory and are left out.
 *
 * Source: the graphs of llama.cpp 0.5.0, checked against the buffers it allocates.
 */

import type { CacheType } from './ggml-types.ts';
import {
  bytesOfRow,
  concat,
  convert,
  each,
  elements,
  flashAttention,
  Graph,
  input,
  isPacked,
  multiply,
  multiplyExperts,
  pack,
  part,
  reshape,
  result,
  rope,
  rows,
  sorted,
  store,
  swapMiddle,
  transpose,
  weight,
  writeInto,
  type GraphTensor,
  type Place,
} from './graph.ts';
import { cacheCells, cacheRowWidths, isWindowedLayer, type CacheRequest } from './kv-cache.ts';
import type { Experts, LatentAttention, ModelShape, RecurrentLayers } from './model.ts';
import type { Placement } from './placement.ts';
import { isAttentionLayer } from './tensors.ts';

/** What is computed at once. */
export interface Batch {
  readonly tokens: number;
  readonly sequences: number;
  /** Tokens whose output over the vocabulary is wanted. */
  readonly outputs: number;
}

/** What attention layers of one kind share: those that see everything, or those with a window. */
interface CacheInputs {
  readonly cells: number;
  readonly keyNumbers: GraphTensor;
  readonly valueNumbers: GraphTensor;
  readonly mask: GraphTensor;
  /** Matrices that rotate keys and values before a quantized cache stores them. */
  readonly keyRotation: GraphTensor | null;
  readonly valueRotation: GraphTensor | null;
}

interface QueryKeyValue {
  readonly query: GraphTensor;
  readonly key: GraphTensor;
  readonly value: GraphTensor;
}

/** Where an architecture picks the tokens whose output is wanted. */
type PicksOutputs = 'in-last-layer' | 'before-last-norm' | 'after-last-norm';

const isQuantized = (type: CacheType): boolean => !['f32', 'f16', 'bf16'].includes(type);

/** Side of the matrix that rotates heads of this width: the largest power of two that divides it. */
function rotationSide(headDim: number): number {
  let side = 64;
  while (headDim % (2 * side) === 0) side *= 2;
  return side;
}

class ModelGraph {
  readonly graph = new Graph();
  readonly #shape: ModelShape;
  readonly #request: CacheRequest;
  readonly #batch: Batch;
  readonly #placement: Placement;
  readonly #positions: GraphTensor;
  readonly #streams: number;
  readonly #fullInputs: CacheInputs;
  readonly #windowedInputs: CacheInputs;
  /** Numbers of the states that the batch's sequences read, and of those that are only moved. */
  readonly #states: { readonly used: GraphTensor; readonly moved: GraphTensor };

  constructor(shape: ModelShape, request: CacheRequest, batch: Batch, placement: Placement) {
    this.#shape = shape;
    this.#request = request;
    this.#batch = batch;
    this.#placement = placement;
    this.#positions = input('i32', batch.tokens);
    const { streams, full, windowed } = cacheCells(shape, request);
    this.#streams = streams;
    this.#fullInputs = this.#cacheInputs(full);
    this.#windowedInputs = this.#cacheInputs(windowed);
    const numbers = input('i32', batch.sequences);
    this.#states = { used: part(numbers, [batch.sequences], []), moved: part(numbers, [0], []) };
  }

  #cacheInputs(cells: number): CacheInputs {
    const { cacheTypeK, cacheTypeV, flashAttention: flash } = this.#request;
    const { latentAttention: mla, kvHeads, headDimK, headDimV } = this.#shape;
    const { tokens } = this.#batch;
    const rotates = mla === null || mla.legacyFile;
    return {
      cells,
      keyNumbers: input('i64', tokens),
      // Without flash attention the values are stored transposed: one number for each value.
      valueNumbers: input('i64', flash ? tokens : tokens * kvHeads * headDimV),
      mask: input(flash ? 'f16' : 'f32', cells, tokens / this.#streams, 1, this.#streams),
      keyRotation:
        rotates && isQuantized(cacheTypeK) && headDimK % 64 === 0 ? input('f32', rotationSide(headDimK), rotationSide(headDimK)) : null,
      valueRotation: rotates && isQuantized(cacheTypeV) && headDimV % 64 === 0 ? input('f32', 64, 64) : null,
    };
  }

  /** Root-mean-square norm with weights; the norm itself runs where its layer is. */
  #norm(values: GraphTensor, place: Place, belongsToLayer = true): GraphTensor {
    const norm = each(values);
    if (belongsToLayer && (this.#placement.isWhole || this.#batch.tokens < 32)) norm.pin = place;
    return each(norm, weight(place, values.size[0]));
  }

  #linear(values: GraphTensor, width: number, place: Place, bias = false): GraphTensor {
    const product = multiply(weight(place, values.size[0], width), values);
    return bias ? each(product, weight(place, width)) : product;
  }

  #gated(values: GraphTensor, width: number, place: Place): GraphTensor {
    const { hiddenSize } = this.#shape;
    const up = this.#linear(values, width, place);
    const gate = this.#linear(values, width, place);
    return this.#linear(result([gate, up], ...gate.size), hiddenSize, place);
  }

  #feedForward(values: GraphTensor, layer: number): GraphTensor {
    const { architecture, hiddenSize, feedForwardSize, experts } = this.#shape;
    const place = this.#placement.layer(layer);
    const width = feedForwardSize ?? 0;
    if (experts === null || layer < experts.denseFirstLayers) {
      if (architecture !== 'phi3') return this.#gated(values, width, place);
      const both = this.#linear(values, 2 * width, place);
      return this.#linear(result([both], width, both.size[1]), hiddenSize, place);
    }
    const routed = this.#mixture(values, experts, layer);
    if (experts.sharedFeedForwardSize === 0) return routed;
    let shared = this.#gated(values, experts.sharedFeedForwardSize, place);
    if (architecture === 'qwen3next') shared = each(shared, each(this.#linear(values, 1, place)));
    return each(routed, shared);
  }

  /** Which experts a token goes to, and how much each of them counts. */
  #route(values: GraphTensor, { count, used }: Experts, place: Place): { chosen: GraphTensor; shares: GraphTensor } {
    const { architecture, latentAttention } = this.#shape;
    const tokens = values.size[1];
    const isGptOss = architecture === 'gpt-oss';
    const isDeepSeekV3 = architecture === 'deepseek2' && latentAttention?.qLoraRank != null;
    const hasScoreBias = isDeepSeekV3 || architecture === 'glm4moe';
    const normalizes = hasScoreBias || ['llama', 'qwen3moe', 'qwen3next'].includes(architecture);
    const scores = this.#linear(values, count, place, isGptOss);
    const probabilities = isGptOss ? scores : each(scores);
    const ranked = hasScoreBias ? each(probabilities, weight(place, count)) : probabilities;
    const order = sorted(ranked);
    const chosen = part(order, [used, tokens], [order.stride[1], order.stride[2], order.stride[3]]);
    let shares = rows(reshape(probabilities, 1, count, tokens), chosen);
    if (isGptOss) shares = reshape(each(reshape(shares, used, tokens)), 1, used, tokens);
    if (normalizes) {
      const flat = reshape(shares, used, tokens);
      shares = reshape(each(flat, each(result([flat], 1, tokens))), 1, used, tokens);
    }
    if (isDeepSeekV3) shares = each(shares);
    return { chosen, shares };
  }

  #mixture(values: GraphTensor, experts: Experts, layer: number): GraphTensor {
    const { hiddenSize, architecture } = this.#shape;
    const { count, used, feedForwardSize: width } = experts;
    const tokens = values.size[1];
    const place = this.#placement.experts(layer);
    const { chosen, shares } = this.#route(values, experts, this.#placement.layer(layer));
    this.graph.add(shares);
    const project = (of: GraphTensor, to: number): GraphTensor => {
      const product = multiplyExperts(weight(place, of.size[0], to, count), of, chosen);
      return architecture === 'gpt-oss' ? each(product, weight(place, to, count), chosen) : product;
    };
    const single = reshape(values, hiddenSize, 1, tokens);
    const up = project(single, width);
    const gate = project(single, width);
    const weighted = this.graph.add(each(project(result([gate, up], ...gate.size), hiddenSize), shares));
    const outputs = Array.from({ length: used }, () => this.graph.add(part(weighted, [hiddenSize, tokens], [weighted.stride[2]])));
    const sum = outputs.reduce((total, output) => this.graph.add(each(total, output)));
    return used === 1 ? pack(sum) : sum;
  }

  /** Attention over the cache, after storing the batch's keys and values in it. */
  #attend({ query, key, value }: QueryKeyValue, layer: number, more: { sinks?: GraphTensor; unpack?: GraphTensor } = {}): GraphTensor {
    const { graph } = this;
    const { cacheTypeK, cacheTypeV, flashAttention: flash } = this.#request;
    const { latentAttention: mla } = this.#shape;
    const home = this.#placement.cache(layer);
    const isWindowed = isWindowedLayer(this.#shape, layer);
    const inputs = isWindowed ? this.#windowedInputs : this.#fullInputs;
    const { cells, keyRotation, valueRotation } = inputs;
    const streams = this.#streams;
    const rotate = (values: GraphTensor, by: GraphTensor | null): GraphTensor => {
      if (by === null) return values;
      const flat = [by.size[0], elements(values) / by.size[0]];
      return reshape(multiply(by, isPacked(values) ? reshape(values, ...flat) : pack(values, flat)), ...values.size);
    };
    const q = rotate(query, keyRotation);
    const k = rotate(key, keyRotation);
    const v = rotate(value, valueRotation);
    // Models with windows store keys before values.
    for (const tensor of this.#shape.slidingWindow === null ? [q, v, k] : [q, k, v]) graph.add(tensor);

    const keep = (values: GraphTensor, type: CacheType, numbers: GraphTensor, transposed: boolean): GraphTensor => {
      const width = values.size[0] * values.size[1];
      const cache = store(home, type, width, cells, streams);
      const tokens = values.size[2];
      if (transposed) {
        const flat = values.stride[2] === bytesOfRow(values.type, width) ? reshape(values, width, tokens) : pack(values, [width, tokens]);
        const target = reshape(cache, 1, elements(cache));
        graph.add(writeInto(target, [reshape(flat, 1, elements(flat)), numbers, target]));
      } else {
        const target = streams > 1 ? reshape(cache, width, cells * streams) : cache;
        graph.add(writeInto(target, [part(values, [width, tokens], [values.stride[2]]), numbers, target]));
      }
      return cache;
    };
    const keyCache = keep(k, cacheTypeK, inputs.keyNumbers, false);
    const isLatent = mla !== null && !mla.legacyFile;
    const read = (cache: GraphTensor, headDim: number, heads: number): GraphTensor => {
      const row = bytesOfRow(cache.type, headDim * heads);
      return part(cache, [headDim, heads, cells, streams], [bytesOfRow(cache.type, headDim), row, row * cells]);
    };
    let keys = read(keyCache, k.size[0], k.size[1]);
    let values: GraphTensor;
    if (isLatent) {
      values = part(keys, [v.size[0], keys.size[1], keys.size[2], keys.size[3]], [keys.stride[1], keys.stride[2], keys.stride[3]]);
    } else {
      const valueCache = keep(v, cacheTypeV, inputs.valueNumbers, !flash);
      if (flash) {
        values = read(valueCache, v.size[0], v.size[1]);
      } else {
        const cellBytes = bytesOfRow(valueCache.type, cells);
        const heads = v.size[1];
        values = part(valueCache, [cells, heads, v.size[0], streams], [cellBytes * v.size[0], cellBytes, cellBytes * v.size[0] * heads]);
      }
    }
    const isTransposed = values.stride[1] > values.stride[2];

    const perStream = part(
      q,
      [q.size[0], q.size[1], q.size[2] / streams, streams],
      [q.stride[1], q.stride[2], q.stride[3] / streams],
    );
    const queries = swapMiddle(perStream);
    keys = swapMiddle(keys);
    values = swapMiddle(values);
    const sinks = more.sinks === undefined ? [] : [more.sinks];
    let attended: GraphTensor;
    if (flash) {
      if (keys.type === 'f32') keys = convert(keys, 'f16');
      if (values.type === 'f32') values = convert(values, 'f16');
      attended = flashAttention(queries, keys, values, [inputs.mask, ...sinks]);
      if (more.unpack !== undefined) attended = pack(swapMiddle(multiply(more.unpack, swapMiddle(attended))));
      attended = reshape(attended, attended.size[0] * attended.size[1], attended.size[2] * attended.size[3]);
    } else {
      const weights = each(multiply(keys, queries), inputs.mask, ...sinks);
      if (!isTransposed) values = pack(transpose(values));
      attended = multiply(values, weights);
      if (more.unpack !== undefined) attended = multiply(more.unpack, attended);
      attended = swapMiddle(attended);
      attended = pack(attended, [attended.size[0] * attended.size[1], attended.size[2] * attended.size[3]]);
      if (this.#request.kvOffload === false) attended.pin = 'host';
    }
    graph.add(attended);
    return rotate(attended, valueRotation);
  }

  #queryKeyValue(values: GraphTensor, layer: number): QueryKeyValue {
    const { architecture, heads, kvHeads, headDimK, headDimV } = this.#shape;
    const place = this.#placement.layer(layer);
    const tokens = values.size[1];
    if (architecture === 'phi3') {
      const all = this.#linear(values, heads * headDimK + kvHeads * (headDimK + headDimV), place);
      const view = (headDim: number, count: number): GraphTensor =>
        part(all, [headDim, count, tokens], [bytesOfRow(all.type, headDim), all.stride[1]]);
      return { query: view(headDimK, heads), key: view(headDimK, kvHeads), value: view(headDimV, kvHeads) };
    }
    const bias = ['qwen2', 'gpt-oss', 'glm4moe'].includes(architecture);
    const project = (width: number, count: number, norm: boolean): GraphTensor => {
      const product = this.#linear(values, width * count, place, bias);
      return reshape(norm ? this.#norm(product, place) : product, width, count, tokens);
    };
    // OLMoE norms queries and keys over all heads together.
    const wide = architecture === 'olmoe';
    const byHead = (tensor: GraphTensor): GraphTensor =>
      ['qwen3', 'qwen3moe', 'gemma3', 'lfm2'].includes(architecture) ? this.#norm(tensor, place) : tensor;
    return {
      query: byHead(project(headDimK, heads, wide)),
      key: byHead(project(headDimK, kvHeads, wide)),
      value: project(headDimV, kvHeads, false),
    };
  }

  #attention(values: GraphTensor, layer: number): GraphTensor {
    const { architecture, hiddenSize, latentAttention, heads, ropeFrequencyTensor, headDimK } = this.#shape;
    const place = this.#placement.layer(layer);
    if (latentAttention !== null) return this.#latentAttention(values, latentAttention, layer);
    if (architecture === 'qwen3next') return this.#gatedAttention(values, layer);
    const frequencies = ropeFrequencyTensor ? weight(place, headDimK / 2) : null;
    const { query, key, value } = this.#queryKeyValue(values, layer);
    const isGptOss = architecture === 'gpt-oss';
    const attended = this.#attend(
      { query: rope(query, this.#positions, frequencies), key: rope(key, this.#positions, frequencies), value },
      layer,
      isGptOss ? { sinks: weight(place, heads) } : {},
    );
    return this.#linear(attended, hiddenSize, place, isGptOss);
  }

  /** Attention whose result passes a gate that is computed along with the queries. */
  #gatedAttention(values: GraphTensor, layer: number): GraphTensor {
    const { hiddenSize, heads, kvHeads, headDimK, headDimV } = this.#shape;
    const place = this.#placement.layer(layer);
    const tokens = values.size[1];
    const both = reshape(this.#linear(values, 2 * headDimK * heads, place), 2 * headDimK, heads, tokens);
    const half = (): GraphTensor => part(both, [headDimK, heads, tokens], [both.stride[1], both.stride[2], both.stride[3]]);
    const key = reshape(this.#linear(values, headDimK * kvHeads, place), headDimK, kvHeads, tokens);
    const value = reshape(this.#linear(values, headDimV * kvHeads, place), headDimV, kvHeads, tokens);
    const attended = this.#attend(
      {
        query: rope(this.#norm(half(), place), this.#positions, null),
        key: rope(this.#norm(key, place), this.#positions, null),
        value,
      },
      layer,
    );
    return this.#linear(each(attended, each(pack(half(), [headDimK * heads, tokens]))), hiddenSize, place);
  }

  #latentAttention(values: GraphTensor, mla: LatentAttention, layer: number): GraphTensor {
    const { hiddenSize, heads } = this.#shape;
    const { qLoraRank, kvLoraRank, ropeHeadDim, nopeHeadDim, valueHeadDim } = mla;
    const place = this.#placement.layer(layer);
    const tokens = values.size[1];
    const headDim = nopeHeadDim + ropeHeadDim;
    const narrow = qLoraRank === null ? values : this.#norm(this.#linear(values, qLoraRank, place), place);
    const query = reshape(this.#linear(narrow, heads * headDim, place), headDim, heads, tokens);
    const packed = this.#linear(values, kvLoraRank + ropeHeadDim, place);
    const row = packed.stride[1];
    const keyPosition = rope(part(packed, [ropeHeadDim, 1, tokens], [row, row]), this.#positions, null);
    const latent = this.#norm(part(packed, [kvLoraRank, tokens], [row]), place);
    const ofQuery = (width: number): GraphTensor => part(query, [width, heads, tokens], [query.stride[1], query.stride[2]]);
    if (!mla.legacyFile) {
      const queryPosition = rope(ofQuery(ropeHeadDim), this.#positions, null);
      const absorbed = swapMiddle(multiply(weight(place, nopeHeadDim, kvLoraRank, heads), swapMiddle(ofQuery(nopeHeadDim))));
      const value = reshape(latent, kvLoraRank, 1, tokens);
      const attended = this.#attend({ query: concat(absorbed, queryPosition), key: concat(value, keyPosition), value }, layer, {
        unpack: weight(place, kvLoraRank, valueHeadDim, heads),
      });
      return this.#linear(attended, hiddenSize, place);
    }
    const both = this.#linear(latent, heads * (nopeHeadDim + valueHeadDim), place);
    const head = bytesOfRow(both.type, nopeHeadDim + valueHeadDim);
    const ofBoth = (width: number): GraphTensor => part(both, [width, heads, tokens], [head, head * heads]);
    const value = pack(ofBoth(valueHeadDim));
    const key = concat(ofBoth(nopeHeadDim), result([keyPosition], ropeHeadDim, heads, tokens));
    return this.#linear(this.#attend({ query: rope(query, this.#positions, null), key, value }, layer), hiddenSize, place);
  }

  /** Reads the sequences' states out of a store of one row for each. */
  #readStates(states: GraphTensor): GraphTensor {
    const { sequences } = this.#batch;
    const [width, count] = states.size;
    const flat = reshape(states, width, count);
    const first = part(flat, [width], []);
    this.graph.add(writeInto(first, [first]));
    const used = this.graph.add(rows(flat, this.#states.used));
    const moved = rows(flat, this.#states.moved);
    const target = part(states, [width, count - sequences], [states.stride[1]]);
    this.graph.add(writeInto(target, [moved, target]));
    return used;
  }

  /** Puts the last inputs of a convolution in front of the new ones, and keeps the last for the next batch. */
  #convolutionInput(values: GraphTensor, states: GraphTensor, kernel: number): GraphTensor {
    const { sequences } = this.#batch;
    const channels = values.size[1];
    const before = reshape(this.#readStates(states), kernel - 1, channels, sequences);
    const all = concat(before, values);
    const last = part(all, [kernel - 1, channels, sequences], [all.stride[1], all.stride[2]]);
    const target = part(states, [(kernel - 1) * channels, sequences], [states.stride[1]]);
    this.graph.add(writeInto(target, [last, target]));
    return all;
  }

  #shortConvolution(values: GraphTensor, { convKernel }: RecurrentLayers, layer: number): GraphTensor {
    const { hiddenSize } = this.#shape;
    const { sequences, tokens } = this.#batch;
    const place = this.#placement.layer(layer);
    const length = tokens / sequences;
    const three = this.#linear(reshape(values, hiddenSize, length, sequences), 3 * hiddenSize, place);
    const third = (): GraphTensor => part(three, [hiddenSize, length, sequences], [three.stride[1], three.stride[2]]);
    const out = third();
    const states = store(this.#placement.cache(layer), 'f32', (convKernel - 1) * hiddenSize, sequences);
    const all = this.#convolutionInput(transpose(each(third(), third())), states, convKernel);
    const convolved = result([all, weight(place, convKernel, hiddenSize)], hiddenSize, length, sequences);
    return reshape(this.#linear(each(out, convolved), hiddenSize, place), hiddenSize, tokens);
  }

  /** Linear attention with the gated delta rule. */
  #deltaNet(values: GraphTensor, recurrent: RecurrentLayers, layer: number): GraphTensor {
    const { hiddenSize } = this.#shape;
    const { sequences, tokens } = this.#batch;
    const { convKernel, innerSize, stateSize, groupCount: keyHeads, timeStepRank: valueHeads } = recurrent;
    const place = this.#placement.layer(layer);
    const home = this.#placement.cache(layer);
    const length = tokens / sequences;
    const valueDim = innerSize / valueHeads;
    const channels = innerSize + 2 * keyHeads * stateSize;
    const mixed = reshape(this.#linear(values, channels, place), channels, length, sequences);
    const outputGate = this.#linear(values, innerSize, place);
    const perKeyHead = valueHeads / keyHeads;
    const betaAlpha = reshape(this.#linear(values, 2 * valueHeads, place), 2 * perKeyHead, keyHeads, length, sequences);
    const halfOf = (): GraphTensor =>
      part(betaAlpha, [perKeyHead, keyHeads, length, sequences], [betaAlpha.stride[1], betaAlpha.stride[2], betaAlpha.stride[3]]);
    const beta = reshape(each(pack(halfOf())), 1, valueHeads, length, sequences);
    const alpha = each(each(pack(halfOf(), [valueHeads, length, sequences]), weight(place, valueHeads)));
    const decay = reshape(each(alpha, weight(place, valueHeads)), 1, valueHeads, length, sequences);

    const convolutionStates = store(home, 'f32', (convKernel - 1) * channels, sequences);
    const deltaStates = store(home, 'f32', stateSize * innerSize, sequences);
    const all = this.#convolutionInput(transpose(mixed), convolutionStates, convKernel);
    const state = reshape(this.#readStates(deltaStates), valueDim, valueDim, valueHeads, sequences);
    const convolved = each(result([all, weight(place, convKernel, channels)], channels, length, sequences));
    const heads = (width: number, count: number): GraphTensor =>
      part(convolved, [width, count, length, sequences], [4 * width, 4 * channels, 4 * channels * length]);
    const repeat = (tensor: GraphTensor): GraphTensor =>
      keyHeads === valueHeads
        ? tensor
        : reshape(
            result([reshape(tensor, stateSize, 1, keyHeads, tokens)], stateSize, perKeyHead, keyHeads, tokens),
            stateSize,
            valueHeads,
            length,
            sequences,
          );
    const q = repeat(each(heads(stateSize, keyHeads)));
    const k = repeat(each(heads(stateSize, keyHeads)));
    const v = heads(valueDim, valueHeads);
    const both = result([q, k, v, decay, beta, state], innerSize, tokens + valueDim * sequences);
    const row = 4 * valueDim;
    const output = part(both, [valueDim, valueHeads, length, sequences], [row, row * valueHeads, row * valueHeads * length]);
    const newState = part(both, [valueDim, valueDim, valueHeads, sequences], [row, row * valueDim, row * valueDim * valueHeads]);
    const target = part(deltaStates, [stateSize * innerSize, sequences], [deltaStates.stride[1]]);
    this.graph.add(writeInto(target, [newState, target]));
    const gate = each(reshape(outputGate, valueDim, valueHeads, length, sequences));
    const gated = each(this.#norm(output, place), gate);
    return reshape(this.#linear(reshape(gated, innerSize, length, sequences), hiddenSize, place), hiddenSize, tokens);
  }

  #mixer(values: GraphTensor, layer: number): GraphTensor {
    const { recurrent, architecture } = this.#shape;
    if (recurrent === null || isAttentionLayer(recurrent, layer)) return this.#attention(values, layer);
    return architecture === 'lfm2' ? this.#shortConvolution(values, recurrent, layer) : this.#deltaNet(values, recurrent, layer);
  }

  build(): Graph {
    const { graph } = this;
    const { architecture, layers, hiddenSize, vocabularySize } = this.#shape;
    const { tokens, outputs } = this.#batch;
    const hasPostNorms = architecture === 'gemma2' || architecture === 'gemma3';
    const picks: PicksOutputs =
      architecture === 'gpt-oss' ? 'before-last-norm' : architecture === 'qwen3next' ? 'after-last-norm' : 'in-last-layer';
    const wanted = input('i32', outputs);

    let stream = graph.add(rows(weight('host', hiddenSize, vocabularySize), input('i32', tokens)));
    // Memory for embeddings that come ready-made (pictures) is set aside even when there are none.
    graph.add(input('f32', hiddenSize, tokens));
    for (let layer = 0; layer < layers; layer += 1) {
      const place = this.#placement.layer(layer);
      const normed = this.#norm(stream, place);
      if (architecture === 'qwen3next') graph.add(normed);
      let mixed = this.#mixer(normed, layer);
      if (layer === layers - 1 && picks === 'in-last-layer') {
        mixed = rows(mixed, wanted);
        stream = rows(stream, wanted);
      }
      if (hasPostNorms) mixed = this.#norm(mixed, place);
      const between = architecture === 'lfm2' ? each(stream, mixed) : each(mixed, stream);
      let forwarded = this.#feedForward(this.#norm(between, place), layer);
      if (hasPostNorms) forwarded = this.#norm(forwarded, place, false);
      const swapped = architecture === 'lfm2' || architecture === 'phi3';
      stream = swapped ? each(between, forwarded) : each(forwarded, between);
    }
    const place = this.#placement.layer(layers);
    if (picks === 'before-last-norm') {
      stream.isOutput = true;
      stream = rows(stream, wanted);
    }
    let normed = this.#norm(stream, place, false);
    // The last hidden state stays readable, for embeddings and for draft heads.
    normed.isOutput = true;
    if (picks === 'after-last-norm') {
      normed = rows(normed, wanted);
      normed.isOutput = true;
    }
    const logits = this.#linear(normed, vocabularySize, place);
    logits.isOutput = true;
    graph.add(logits);
    return graph;
  }
}

/** The graph for a batch. */
export function modelGraph(shape: ModelShape, request: CacheRequest, batch: Batch, placement: Placement): Graph {
  return new ModelGraph(shape, request, batch, placement).build();
}
