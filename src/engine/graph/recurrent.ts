/** Graphs of layers that keep a state instead of a cache. */

import type { Layer } from '../layers.ts';
import type { RecurrentKind, RecurrentLayers } from '../model.ts';
import type { Context } from './context.ts';
import { FLOAT, type Tensor } from './tensor.ts';

/** The states of all sequences, made ready to be read. */
function kept({ graph, devices, request }: Context, layer: Layer, floats: number): Tensor {
  const memory = graph.outside(FLOAT * floats * request.parallel, devices.cache(layer.index));
  graph.store([memory], memory.home);
  return memory;
}

/** Reads states, and puts those of idle sequences in their places. */
function read({ graph }: Context, memory: Tensor, result: Tensor): Tensor {
  graph.place(result);
  graph.store([memory], memory.home);
  return result;
}

/** Reads the states of all sequences. @param floats of one sequence */
function state(c: Context, layer: Layer, floats: number): Tensor {
  const { graph, states, request } = c;
  const memory = kept(c, layer, floats);
  return read(c, memory, graph.fresh(floats * request.parallel, [memory, states]));
}

/** Writes the end of a tensor back as the new state. */
function keepState({ graph, devices, request }: Context, layer: Layer, source: Tensor, floats: number): void {
  graph.store([graph.slice(source, floats * request.parallel)], devices.cache(layer.index));
}

/** New values behind the last ones of earlier batches, so that a convolution sees a few tokens back. */
function continued(c: Context, layer: Layer, past: Tensor, width: number, kernel: number, source: Tensor): Tensor {
  const { graph, request } = c;
  const values = graph.part(source, width * graph.tokens);
  const all = graph.fresh(width * (graph.tokens + (kernel - 1) * request.parallel), [past, values]);
  // The last columns lie scattered over the whole.
  keepState(c, layer, all, (all.bytes / FLOAT - graph.tokens / request.parallel) / request.parallel);
  return all;
}

function shortConvolution(c: Context, { convKernel }: RecurrentLayers, layer: Layer, source: Tensor): Tensor {
  const { graph, shape } = c;
  const { hiddenSize } = shape;
  const size = hiddenSize * graph.tokens;
  const three = graph.matrix(3 * hiddenSize, source);
  const product = graph.map([graph.part(three, size), graph.part(three, size)]);
  const past = graph.view(state(c, layer, (convKernel - 1) * hiddenSize));
  const all = continued(c, layer, past, hiddenSize, convKernel, product);
  return graph.view(graph.matrix(hiddenSize, graph.map([graph.part(three, size), graph.fresh(size, [all], graph.home)])));
}

/** The gated delta rule: reads and writes a matrix for each head. */
function deltaNet(c: Context, r: RecurrentLayers, layer: Layer, source: Tensor): Tensor {
  const { graph, shape } = c;
  const { tokens } = graph;
  const { innerSize, stateSize, groupCount, timeStepRank, convKernel } = r;
  const width = innerSize + 2 * groupCount * stateSize;
  const mixed = graph.matrix(width, source);
  const z = graph.matrix(innerSize, source);
  // Qwen3-Next has one matrix for step and decay, and repeats keys for each head of values.
  const next = shape.architecture === 'qwen3next';
  const both = next ? graph.matrix(2 * timeStepRank, source) : null;
  const half = (): Tensor => (both === null ? graph.matrix(timeStepRank, source) : graph.copy(graph.part(both, timeStepRank * tokens)));
  const beta = half();
  const decay = half();
  const past = graph.view(state(c, layer, (convKernel - 1) * width));
  const input = continued(c, layer, past, width, convKernel, mixed);
  const memory = state(c, layer, stateSize * innerSize);
  const out = graph.fresh(width * tokens, [input], graph.home);
  const heads = (): Tensor => {
    const one = graph.fresh(groupCount * stateSize * tokens, [graph.part(out, groupCount * stateSize * tokens)]);
    return next && groupCount !== timeStepRank ? graph.fresh(timeStepRank * stateSize * tokens, [graph.view(one)]) : one;
  };
  const values = graph.part(out, innerSize * tokens);
  const opened = both === null ? graph.map([graph.view(beta)]) : beta;
  const result = deltaRule(c, r, layer, [heads(), heads(), values, decay, opened, memory]);
  const normed = graph.map([graph.slice(result, innerSize * tokens)], graph.home);
  return graph.view(graph.matrix(shape.hiddenSize, graph.map([normed, graph.map([graph.view(z)])])));
}

/** @param sources queries, keys, values, decay, step and state */
function deltaRule(c: Context, { innerSize, stateSize }: RecurrentLayers, layer: Layer, sources: Tensor[]): Tensor {
  const { graph, request } = c;
  const result = graph.fresh(innerSize * (graph.tokens + stateSize * request.parallel), sources);
  keepState(c, layer, result, innerSize * stateSize);
  return result;
}

/** Kimi's delta attention: queries, keys and values each go through a convolution of their own. */
function kimiDelta(c: Context, r: RecurrentLayers, layer: Layer, source: Tensor): Tensor {
  const { graph, shape } = c;
  const { innerSize, stateSize, timeStepRank, convKernel } = r;
  const size = innerSize * graph.tokens;
  const lowRank = (): Tensor =>
    shape.architecture === 'bailingmoe3' ? graph.matrix(innerSize, source) : graph.matrix(innerSize, graph.matrix(stateSize, source));
  const past = state(c, layer, 3 * (convKernel - 1) * innerSize);
  const convolved = (): Tensor => {
    const values = graph.part(past, (convKernel - 1) * innerSize);
    const all = continued(c, layer, values, innerSize, convKernel, graph.matrix(innerSize, source));
    const out = graph.fresh(size, [all], graph.home);
    return graph.view(shape.architecture === 'bailingmoe3' ? graph.map([graph.view(out)]) : out);
  };
  const q = convolved();
  const k = convolved();
  const v = convolved();
  const decay = graph.map([graph.view(lowRank())], graph.home);
  const beta = graph.map([graph.view(graph.matrix(timeStepRank, source))]);
  const memory = state(c, layer, stateSize * innerSize);
  const result = deltaRule(c, r, layer, [graph.copy(q), graph.copy(k), v, graph.view(decay), beta, memory]);
  const out = graph.copy(graph.slice(result, size));
  const normed = graph.map([graph.view(out)], graph.home);
  const gated = graph.map([normed, graph.map([graph.view(lowRank())])]);
  return graph.matrix(shape.hiddenSize, graph.copy(gated));
}

/** Mamba 2: a scan over the state of each head. */
function mamba2(c: Context, r: RecurrentLayers, layer: Layer, source: Tensor): Tensor {
  const { graph, shape, request, states } = c;
  const { tokens } = graph;
  const { innerSize, stateSize, groupCount, timeStepRank, convKernel, norm } = r;
  const inputs = groupCount * stateSize;
  const width = innerSize + 2 * inputs;
  const past = graph.view(state(c, layer, (convKernel - 1) * width));
  const all = graph.matrix(innerSize + width + timeStepRank, source);
  const out = graph.fresh(width * tokens, [continued(c, layer, past, width, convKernel, all)], graph.home);
  const x = graph.part(out, innerSize * tokens);
  const step = graph.copy(graph.part(all, timeStepRank * tokens));
  const memory = kept(c, layer, innerSize * stateSize);
  const scan = graph.fresh(innerSize * (tokens + stateSize * request.parallel), [
    memory,
    x,
    step,
    graph.part(out, inputs * tokens),
    graph.part(out, inputs * tokens),
    states,
  ]);
  read(c, memory, scan);
  keepState(c, layer, scan, innerSize * stateSize);
  const y = graph.map([graph.slice(scan, innerSize * tokens), graph.map([x], graph.home)]);
  const gated = graph.copy(graph.copy(graph.part(all, innerSize * tokens)), y);
  return graph.matrix(shape.hiddenSize, graph.view(norm === false ? gated : graph.map([graph.view(gated)], graph.home)));
}

/** Mamba 1: the step comes from a narrower space. */
function mamba1(c: Context, r: RecurrentLayers, layer: Layer, source: Tensor): Tensor {
  const { graph, shape, request, states } = c;
  const { tokens } = graph;
  const { innerSize, stateSize, timeStepRank, convKernel } = r;
  const past = graph.view(state(c, layer, (convKernel - 1) * innerSize));
  const both = graph.matrix(2 * innerSize, source);
  const x = graph.fresh(innerSize * tokens, [continued(c, layer, past, innerSize, convKernel, both)], graph.home);
  const parts = graph.matrix(timeStepRank + 2 * stateSize, x);
  const normed = (width: number): Tensor => graph.map([graph.part(parts, width * tokens)], graph.home);
  const step = graph.matrix(innerSize, normed(timeStepRank));
  const inputs = [graph.view(x), step, normed(stateSize), normed(stateSize)];
  const memory = kept(c, layer, innerSize * stateSize);
  const scan = read(c, memory, graph.fresh(innerSize * (tokens + stateSize * request.parallel), [memory, ...inputs, states]));
  keepState(c, layer, scan, innerSize * stateSize);
  const y = graph.map([graph.slice(scan, innerSize * tokens), graph.map([x], graph.home)]);
  const gated = graph.copy(graph.copy(graph.part(both, innerSize * tokens)), y);
  return graph.view(graph.matrix(shape.hiddenSize, gated));
}

type Builder = (c: Context, r: RecurrentLayers, layer: Layer, source: Tensor) => Tensor;

const KINDS: Readonly<Record<RecurrentKind, Builder>> = {
  'delta-net': deltaNet,
  'short-conv': shortConvolution,
  'mamba-1': mamba1,
  'mamba-2': mamba2,
  kda: kimiDelta,
  // Not described: taken for the nearest.
  lightning: deltaNet,
};

export function recurrent(c: Context, r: RecurrentLayers, layer: Layer, source: Tensor): Tensor {
  return KINDS[r.kind](c, r, layer, source);
}
