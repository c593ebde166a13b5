/** What each layer of a model is: whether it attends, to how much, with how many heads, and what feeds forward behind it. */

import type { ModelShape, RecurrentLayers } from './model.ts';

export interface Layer {
  /** From 0. */
  readonly index: number;
  /** Reads earlier tokens through keys and values. */
  readonly attends: boolean;
  /** Keeps a state of fixed size. In Falcon-H1 a layer does both. */
  readonly recurrent: boolean;
  /** Attends to the last tokens only. */
  readonly windowed: boolean;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDimK: number;
  readonly headDimV: number;
  /** Inner width of the dense feed-forward network, 0 without one. */
  readonly denseWidth: number;
  /** Has routed experts. */
  readonly mixture: boolean;
}

/** Whether a layer (from 0) attends, by interval or list; where a shape has a `hybridPattern`, that says it (`layerAt`). */
export function isAttentionLayer(recurrent: RecurrentLayers | null, layer: number): boolean {
  if (recurrent === null) return true;
  if (recurrent.attentionLayers !== null) return recurrent.attentionLayers.includes(layer);
  const interval = recurrent.fullAttentionInterval ?? 1;
  return layer % interval === interval - 1;
}

/** Whether a layer (from 0) sees only a window of the context. */
export function isWindowedLayer({ slidingWindow }: ModelShape, layer: number): boolean {
  if (slidingWindow === null) return false;
  const { fullLayers, fullFirst, period } = slidingWindow;
  if (fullLayers !== undefined) return !fullLayers.includes(layer);
  return fullFirst === true ? layer % period !== 0 : layer % period < period - 1;
}

function isMixture({ experts, hybridPattern }: ModelShape, layer: number): boolean {
  if (experts === null) return false;
  if (hybridPattern !== undefined) return hybridPattern[layer] === 'E';
  return layer >= experts.denseFirstLayers && (layer + 1) % (experts.interval ?? 1) === 0;
}

/** A layer (from 0) of a model. */
export function layerAt(shape: ModelShape, index: number): Layer {
  const { architecture, hybridPattern, recurrent, feedForwardSize } = shape;
  const letter = hybridPattern?.[index];
  const windowed = isWindowedLayer(shape, index);
  const own = windowed ? shape.slidingWindow : null;
  const mixture = isMixture(shape, index);
  // Gemma 4 has the dense network beside the experts.
  const dense = letter === undefined ? !mixture || architecture === 'gemma4' : letter === '-';
  const kvHeads = shape.kvHeadsByLayer?.[index] ?? own?.kvHeads ?? shape.kvHeads;
  const attends = letter === undefined ? isAttentionLayer(recurrent, index) && kvHeads > 0 : letter === '*';
  return {
    index,
    attends,
    recurrent: recurrent !== null && (letter === undefined ? !attends || architecture === 'falcon-h1' : letter === 'M'),
    windowed,
    heads: shape.headsByLayer?.[index] ?? own?.heads ?? shape.heads,
    kvHeads,
    headDimK: own?.headDimK ?? shape.headDimK,
    headDimV: own?.headDimV ?? shape.headDimV,
    denseWidth: dense ? (shape.feedForwardByLayer?.[index] ?? feedForwardSize ?? 0) : 0,
    mixture,
  };
}

const known = new WeakMap<ModelShape, readonly Layer[]>();

/** All layers of a model, first to last; worked out once for each shape object. */
export function layersOf(shape: ModelShape): readonly Layer[] {
  let layers = known.get(shape);
  if (layers === undefined) known.set(shape, (layers = Array.from({ length: shape.layers }, (_, index) => layerAt(shape, index))));
  return layers;
}
