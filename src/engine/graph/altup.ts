/** Gemma 3n's alternating updates: four streams side by side, of which a layer computes one and corrects the rest. */

import type { Layer } from '../layers.ts';
import type { Context } from './context.ts';
import type { Tensor } from './tensor.ts';

const STREAMS = 4;
const LAUREL_RANK = 64;
/** Layers at the start whose networks keep only the largest values. */
const SPARSE_LAYERS = 10;

function streamSize({ graph, shape }: Context): number {
  return shape.hiddenSize * graph.tokens;
}

/** One of the streams, or those behind the first. */
function stream(c: Context, all: Tensor, count = 1): Tensor {
  return c.graph.slice(all, count * streamSize(c));
}

/** The root of the sum of squares. @param rows sums to work out */
function magnitude({ graph }: Context, source: Tensor, rows: number): Tensor {
  return graph.fresh(rows * graph.tokens, [graph.map([source])]);
}

/** Through a matrix, and back to the magnitude of the first stream. */
function rescaled(c: Context, source: Tensor, first: Tensor): Tensor {
  const { graph } = c;
  const rest = STREAMS - 1;
  const target = magnitude(c, first, 1);
  const projected = graph.fresh(rest * streamSize(c), [source], graph.home);
  return graph.map([graph.map([projected, target]), magnitude(c, projected, rest)]);
}

/** Streams out of one. */
export function spreadStreams(c: Context, one: Tensor): Tensor {
  const { graph } = c;
  const repeated = graph.fresh((STREAMS - 1) * streamSize(c), [one]);
  return graph.fresh(STREAMS * streamSize(c), [one, rescaled(c, repeated, one)]);
}

/** One stream again. */
export function joinStreams(c: Context, all: Tensor): Tensor {
  const { graph } = c;
  const others = rescaled(c, stream(c, all, STREAMS - 1), stream(c, all));
  let sum = stream(c, all);
  for (let i = 1; i < STREAMS; i += 1) sum = graph.map([sum, stream(c, others)]);
  return sum;
}

/** How much of each stream goes into each. */
function coefficients({ graph }: Context, source: Tensor, count: number): Tensor {
  return graph.matrix(count, graph.matrix(STREAMS, graph.map([source], graph.home)));
}

/** Only the values well above the mean stay. */
function sparse({ graph }: Context, source: Tensor): Tensor {
  const { tokens } = graph;
  const mean = graph.fresh(tokens, [source]);
  const deviation = graph.fresh(tokens, [graph.map([source, mean])]);
  return graph.map([source, graph.map([mean, deviation])]);
}

/** @param attend what mixes tokens @param extra the embeddings of all layers */
export function altupLayer(c: Context, layer: Layer, all: Tensor, extra: Tensor, attend: (input: Tensor) => Tensor): Tensor {
  const { graph, shape } = c;
  const size = streamSize(c);
  const weights = graph.view(coefficients(c, stream(c, all), STREAMS ** 2));
  const mixed = graph.fresh(STREAMS * size, [graph.copy(graph.view(all)), weights]);
  const predictions = graph.map([graph.copy(graph.view(mixed)), all]);
  const active = stream(c, predictions);
  const input = c.norm(active);
  const laurel = graph.map([graph.matrix(shape.hiddenSize, graph.matrix(LAUREL_RANK, input)), input]);
  const middle = graph.map([graph.map([attend(input), active]), laurel]);
  const source = c.norm(middle);
  const up = graph.matrix(layer.denseWidth, source);
  const gate = graph.matrix(layer.denseWidth, source);
  const kept = layer.index < SPARSE_LAYERS ? sparse(c, gate) : gate;
  const activated = graph.map([graph.matrix(shape.hiddenSize, graph.map([up, kept])), middle]);
  const innovation = graph.fresh(STREAMS * size, [graph.map([activated, active])]);
  const corrected = graph.map([graph.map([innovation, graph.copy(graph.view(coefficients(c, activated, STREAMS)))]), predictions]);
  const width = shape.perLayerEmbeddingSize ?? 0;
  const first = graph.matrix(width, graph.map([stream(c, corrected)], graph.home));
  const added = graph.matrix(shape.hiddenSize, graph.map([first, graph.slice(extra, width * graph.tokens)]));
  return graph.fresh(STREAMS * size, [stream(c, corrected), graph.map([stream(c, corrected, STREAMS - 1), added])]);
}
