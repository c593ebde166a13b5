/** The graph of a whole model, from the embeddings to the output. */

import type { Layer } from '../layers.ts';
import type { ModelShape } from '../model.ts';
import { altupLayer, joinStreams, spreadStreams } from './altup.ts';
import { latentAttention, plainAttention } from './attention.ts';
import { Context, type Devices, type GraphRequest } from './context.ts';
import { feedForward } from './feed-forward.ts';
import { recurrent } from './recurrent.ts';
import { FLOAT, type Graph, type Tensor } from './tensor.ts';

/** What mixes tokens with earlier ones: attention, a state, or both side by side. */
function mixer(c: Context, layer: Layer, input: Tensor, stream: Tensor): Tensor {
  const { graph, shape } = c;
  const attention = (): Tensor =>
    shape.latentAttention === null ? plainAttention(c, layer, input) : latentAttention(c, shape.latentAttention, layer, input);
  // Deci's linear attention is one matrix.
  if (!layer.attends && !layer.recurrent) return graph.matrix(shape.hiddenSize, input);
  if (!layer.recurrent || shape.recurrent === null) return attention();
  if (!layer.attends) return recurrent(c, shape.recurrent, layer, input);
  const attended = attention();
  return graph.map([attended, recurrent(c, shape.recurrent, layer, c.norm(stream))]);
}

/** Gemma's embeddings for each layer: of all layers, computed beforehand. */
function layerEmbeddings(c: Context, embeddings: Tensor, tokens: Tensor): Tensor | null {
  const { graph, shape, devices } = c;
  const width = shape.perLayerEmbeddingSize ?? 0;
  if (width === 0) return null;
  const size = width * shape.layers * graph.tokens;
  const looked = graph.place(graph.map([graph.view(graph.fresh(size, [tokens], devices.host))]));
  const projected = graph.map([graph.view(graph.matrix(width * shape.layers, embeddings))], graph.home);
  return graph.copy(graph.map([projected, looked]));
}

/** Adds a layer's own embedding. */
function withLayerEmbedding(c: Context, all: Tensor | null, stream: Tensor): Tensor {
  const { graph, shape } = c;
  if (all === null) return stream;
  const width = shape.perLayerEmbeddingSize ?? 0;
  const gated = graph.map([graph.matrix(width, stream), graph.slice(all, width * graph.tokens)]);
  return graph.map([stream, graph.matrix(shape.hiddenSize, gated)]);
}

/** Whether a layer is normed before it mixes, after either half, and between the halves. */
function normsOf({ traits, shape }: Context, layer: Layer): Readonly<Record<'before' | 'after' | 'between' | 'sums', boolean>> {
  const norms = traits.norms ?? ['attn_norm', 'ffn_norm'];
  const none = norms.length === 0;
  const after = norms.includes('post_ffw_norm');
  return {
    before: (none || norms.includes('attn_norm')) && !(shape.architecture === 'modern-bert' && layer.index === 0),
    after,
    between: none || norms.includes('ffn_norm') || (!after && norms.includes('post_attention_norm')),
    // BERT has its norms behind the sums.
    sums: norms.includes('layer_output_norm'),
  };
}

/** A layer on its way: what comes in, and whether only the tokens with output leave it. */
interface Step {
  readonly layer: Layer;
  readonly stream: Tensor;
  readonly last: boolean;
}

/** Leaves only the tokens with output, in the last layer. */
function leaving(c: Context, { last }: Step, tensors: readonly Tensor[]): readonly Tensor[] {
  if (!last) return tensors;
  c.graph.tokens = c.request.outputs;
  return tensors.map((tensor) => c.chosen(tensor));
}

/** Attention and network side by side. */
function parallelLayer(c: Context, step: Step, order: string): Tensor {
  const { graph, shape, traits } = c;
  const input = c.norm(step.stream);
  const twoNorms = traits.norms?.includes('attn_norm_2') === true && step.layer.kvHeads > 1;
  const [mixed, stream, source] = leaving(c, step, [
    mixer(c, step.layer, twoNorms ? c.norm(step.stream) : input, step.stream),
    step.stream,
    input,
  ]) as [Tensor, Tensor, Tensor];
  const network = feedForward(c, step.layer, shape.architecture === 'gptneox' ? c.norm(stream) : source, stream);
  const [first, second, third] = Array.from(order, (part) => (part === 'a' ? mixed : part === 's' ? stream : network)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  return graph.map([graph.map([first, second]), third]);
}

/** Attention, then the network. */
function serialLayer(c: Context, step: Step): Tensor {
  const { graph, course, shape, traits } = c;
  const { layer } = step;
  const { before, after, between, sums } = normsOf(c, layer);
  const input = before && layer.heads > 0 ? c.norm(step.stream) : step.stream;
  if (traits.gatedQueries === true || course.placesNorm === true) graph.place(input);
  const both = layer.attends && layer.recurrent;
  let mixed = layer.heads > 0 ? mixer(c, layer, input, step.stream) : null;
  if (mixed !== null && course.normFirst === true) mixed = c.norm(mixed);
  // Deci: a layer without a network passes on what came in.
  if (layer.denseWidth === 0 && !layer.mixture) return step.stream;
  const entering = mixed === null ? [step.stream] : both ? [graph.map([mixed, step.stream])] : [mixed, step.stream];
  const shared = shape.architecture === 'stablelm' && shape.qkNorm === true;
  const [first, second, third] = leaving(c, step, shared ? [...entering, input] : entering);
  if (first === undefined) return step.stream;
  const out = (tensor: Tensor): Tensor => (after && course.normFirst !== true ? c.norm(tensor) : tensor);
  let middle = second === undefined ? first : graph.map(course.streamFirst === 'both' ? [second, out(first)] : [out(first), second]);
  if (sums) middle = c.norm(middle);
  const network = feedForward(c, layer, third ?? (between ? c.norm(middle) : middle), middle);
  const added = after ? c.norm(network) : network;
  const sum = graph.map(course.streamFirst === undefined ? [added, middle] : [middle, added]);
  return sums ? c.norm(sum) : sum;
}

/** A layer that is one thing only. */
function singleLayer(c: Context, { layer, stream }: Step): Tensor {
  const input = c.norm(stream);
  const part = layer.denseWidth > 0 || layer.mixture ? feedForward(c, layer, input, stream) : mixer(c, layer, input, stream);
  return c.graph.map([part, stream]);
}

/** Embeddings of a batch. */
function embeddings(c: Context): Tensor {
  const { graph, shape, traits, devices } = c;
  const { hiddenSize, learnedPositions } = shape;
  const looked = graph.place(graph.fresh(hiddenSize * graph.tokens, [graph.input(FLOAT * graph.tokens)], devices.host));
  graph.place(graph.input(FLOAT * hiddenSize * graph.tokens));
  const stream =
    learnedPositions === undefined ? looked : graph.map([graph.fresh(hiddenSize * graph.tokens, [c.positions], devices.host), looked]);
  return traits.encoder === true && traits.outerNorms !== undefined ? c.norm(stream) : stream;
}

/** The graph of a batch. @param layers those to describe; all, or as many as it takes to find the peak */
export function modelGraph(shape: ModelShape, request: GraphRequest, devices: Devices, layers: readonly Layer[]): Graph {
  const valueWidth = Math.max(...layers.map((layer) => layer.kvHeads * layer.headDimV));
  const c = new Context(shape, request, devices, valueWidth);
  const { graph, course } = c;
  graph.home = devices.layer(0);
  let stream = embeddings(c);
  const extra = layerEmbeddings(c, stream, graph.input(FLOAT * graph.tokens));
  const altup = shape.architecture === 'gemma3n' ? extra : null;
  if (altup !== null) stream = spreadStreams(c, stream);
  for (const layer of layers) {
    const home = devices.layer(layer.index);
    graph.crossing = home !== graph.home;
    graph.home = home;
    graph.expertHome = devices.experts(layer.index);
    const step = { layer, stream, last: layer === layers.at(-1) && course.late === undefined };
    if (altup !== null) stream = altupLayer(c, layer, stream, altup, (input) => c.norm(mixer(c, layer, input, input)));
    else if (shape.hybridPattern !== undefined) stream = singleLayer(c, step);
    else if (course.parallel !== undefined) stream = parallelLayer(c, step, course.parallel);
    else stream = withLayerEmbedding(c, extra, serialLayer(c, step));
  }
  graph.home = devices.output;
  return ending(c, altup === null ? stream : joinStreams(c, stream));
}

/** The last norm, and the output over the vocabulary. */
function ending(c: Context, stream: Tensor): Graph {
  const { graph, course, shape, request, traits } = c;
  const normless = traits.encoder === true && traits.outerNorms?.includes('output_norm') === false;
  const early = course.late === 'normed' ? c.norm(stream) : stream;
  if (course.late !== undefined) {
    early.kept = course.late !== 'nothing';
    graph.tokens = request.outputs;
  }
  const chosen = course.late === undefined ? early : c.chosen(early);
  const last = course.late === 'normed' || normless ? chosen : c.norm(chosen);
  last.kept = true;
  const output =
    traits.encoder === true ? last : graph.matrix(shape.vocabularySize, course.scalesOutput === true ? graph.map([last]) : last);
  output.kept = true;
  graph.place(output);
  return graph;
}
