/** Graphs of feed-forward networks and mixtures of experts. */

import { TRAITS } from '../layer-parts/traits.ts';
import type { Layer } from '../layers.ts';
import type { Experts, ModelShape } from '../model.ts';
import type { Context } from './context.ts';
import type { Tensor } from './tensor.ts';

/** Whether a correction is added to the router's scores. */
function scoreBias({ architecture, experts, latentAttention }: ModelShape): boolean {
  return experts?.scoreBias ?? TRAITS[architecture].scoreBias ?? (architecture === 'deepseek2' && latentAttention?.qLoraRank != null);
}

/** One network: gate and up side by side, as one tensor, or up alone. */
function network({ graph, traits, shape }: Context, width: number, source: Tensor): Tensor {
  const kind = traits.feedForward;
  if (kind === 'plain') return graph.matrix(shape.hiddenSize, graph.matrix(width, source));
  if (kind === 'fused') return graph.matrix(shape.hiddenSize, graph.fresh(width * graph.tokens, [graph.matrix(2 * width, source)]));
  const gate = graph.matrix(width, source);
  return graph.matrix(shape.hiddenSize, graph.copy(gate, graph.matrix(width, source)));
}

/** What each chosen expert's result is multiplied with. */
function expertWeights({ graph, shape, course }: Context, used: number, scores: Tensor, chosen: Tensor): Tensor {
  const weights = graph.fresh(used * graph.tokens, [scores, chosen]);
  if (course.weights === 'softmax') return graph.map([graph.view(weights)]);
  if (course.weights === 'plain' || (shape.architecture === 'deepseek2' && !scoreBias(shape))) return weights;
  const all = graph.view(weights);
  return graph.map([all, graph.fresh(graph.tokens, [all])]);
}

/** Routed experts: chosen for each token, computed, weighed and added up. */
function routed(c: Context, { count, used, feedForwardSize, latentSize }: Experts, router: Tensor, source: Tensor): Tensor {
  const { graph, traits, shape, course } = c;
  const { tokens } = graph;
  const width = latentSize ?? shape.hiddenSize;
  const logits = graph.matrix(count, router);
  const scores = course.weighsInput === true ? graph.map([logits]) : logits;
  const ranked = scoreBias(shape) ? graph.map([scores], graph.home) : logits;
  const chosen = graph.slice(graph.copy(ranked), (tokens - 1) * count + used);
  const weights = graph.place(expertWeights(c, used, graph.view(scores), chosen));
  const weight = graph.view(weights);
  const each = (rows: number, from: Tensor): Tensor => graph.fresh(rows * used * tokens, [from, chosen], graph.expertHome);
  const input =
    course.weighsInput === true ? graph.map([graph.fresh(width * used * tokens, [graph.view(source)]), weight]) : graph.view(source);
  const inner = (): Tensor => each(feedForwardSize, input);
  let middle: Tensor;
  if (traits.fusedExperts === true) {
    const both = each(2 * feedForwardSize, input);
    const half = (): Tensor => graph.part(both, feedForwardSize * used * tokens);
    middle = graph.copy(half(), half());
  } else middle = traits.feedForward === 'plain' ? inner() : graph.copy(inner(), inner());
  const down = each(width, middle);
  const out = graph.place(course.weighsInput === true ? down : graph.map([down, weight]));
  const part = (): Tensor => graph.part(out, width * tokens);
  let sum = part();
  for (let i = 1; i < used; i += 1) sum = graph.place(graph.map([sum, part()]));
  return used === 1 ? graph.copy(sum) : sum;
}

/** Experts, and the one that all tokens pass through. */
function mixture(c: Context, experts: Experts, source: Tensor): Tensor {
  const { graph, traits, shape } = c;
  const { latentSize, sharedFeedForwardSize } = experts;
  const narrow = latentSize === undefined ? source : graph.matrix(latentSize, source);
  const sum = routed(c, experts, source, narrow);
  const out = latentSize === undefined ? sum : graph.matrix(shape.hiddenSize, sum);
  if (sharedFeedForwardSize === 0) return out;
  const shared = network(c, sharedFeedForwardSize, source);
  return graph.map([out, traits.sharedExpertGate === true ? graph.map([shared, graph.matrix(1, source)]) : shared]);
}

/** @param stream what comes in before the norm, for Gemma 4's router */
export function feedForward(c: Context, layer: Layer, source: Tensor, stream: Tensor): Tensor {
  const { graph, shape } = c;
  const { experts } = shape;
  if (!layer.mixture || experts === null) return network(c, layer.denseWidth, source);
  if (shape.architecture !== 'gemma4') return mixture(c, experts, source);
  // Gemma 4 computes the dense network and the experts, each with norms of its own.
  const dense = c.norm(network(c, layer.denseWidth, source));
  return graph.map([dense, c.norm(routed(c, experts, graph.map([stream], graph.home), c.norm(stream)))]);
}
