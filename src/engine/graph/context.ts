/** What the parts of a graph share: sizes, inputs, caches and devices. */

import { GGML_TYPES, rowBytes, type CacheType } from '../ggml-types.ts';
import { cacheCells, cacheRowWidths, type CacheCells, type CacheRequest } from '../kv-cache.ts';
import { TRAITS, type Traits } from '../layer-parts/traits.ts';
import type { Layer } from '../layers.ts';
import type { ModelShape } from '../model.ts';
import { COURSES, type Course } from './course.ts';
import { FLOAT, Graph, type Tensor } from './tensor.ts';

/** Which device has what; the host is the last device. */
export interface Devices {
  readonly host: number;
  readonly layer: (index: number) => number;
  readonly experts: (index: number) => number;
  readonly cache: (index: number) => number;
  readonly output: number;
}

export interface GraphRequest extends CacheRequest {
  /** Tokens computed at once. */
  readonly tokens: number;
  /** Those of them whose output is computed. */
  readonly outputs: number;
}

/** What attention reads beside the cache: where to write, which positions to see, rotations of a quantized cache. */
export interface AttentionInputs {
  readonly cells: number;
  readonly keyRows: Tensor;
  readonly valueRows: Tensor;
  readonly mask: Tensor;
  readonly keyRotation: Tensor | null;
  readonly valueRotation: Tensor | null;
}

const INDEX = 8;

/** The largest power of two that divides a head, from 64 on. */
function rotationSize(width: number): number {
  let size = 64;
  while (width % (2 * size) === 0) size *= 2;
  return size;
}

export class Context {
  readonly graph: Graph;
  readonly shape: ModelShape;
  readonly request: GraphRequest;
  readonly devices: Devices;
  readonly traits: Traits;
  readonly course: Course;
  readonly cells: CacheCells;
  readonly full: AttentionInputs;
  readonly windowed: AttentionInputs;
  readonly positions: Tensor;
  /** What an indexer reads beside its cache. */
  readonly indexer: Readonly<Record<'rows' | 'mask' | 'rotation', Tensor>>;
  /** What an earlier layer's indexer picked. */
  picked: Tensor | null = null;
  /** Which tokens have an output. */
  readonly rows: Tensor;
  /** The recurrent states to read, one number for each sequence. */
  readonly states: Tensor;

  /** @param valueWidth the widest row of values in the cache */
  constructor(shape: ModelShape, request: GraphRequest, devices: Devices, valueWidth: number) {
    this.shape = shape;
    this.request = request;
    this.devices = devices;
    this.traits = TRAITS[shape.architecture];
    this.course = COURSES[shape.architecture] ?? {};
    this.cells = cacheCells(shape, request);
    this.graph = new Graph(request.tokens);
    const { headDimK, headDimV, slidingWindow } = shape;
    this.full = this.attentionInputs(this.cells.full, valueWidth, headDimK, headDimV);
    this.windowed =
      slidingWindow === null
        ? this.full
        : this.attentionInputs(this.cells.windowed, valueWidth, slidingWindow.headDimK ?? headDimK, slidingWindow.headDimV ?? headDimV);
    this.positions = this.graph.input(FLOAT * request.tokens * (this.course.positions ?? 1));
    this.indexer = {
      rows: this.graph.input(INDEX * request.tokens),
      mask: this.graph.input(2 * request.tokens * this.cells.full),
      rotation: this.graph.input(FLOAT * rotationSize(shape.indexer?.headDim ?? 64) ** 2),
    };
    this.rows = this.graph.input(FLOAT * request.outputs);
    this.states = this.graph.view(this.graph.input(FLOAT * request.parallel));
  }

  private attentionInputs(cells: number, valueWidth: number, keyWidth: number, width: number): AttentionInputs {
    const { graph, traits } = this;
    const { flashAttention, cacheTypeK, cacheTypeV, tokens } = this.request;
    const rotation = (type: CacheType, head: number, size: number): Tensor | null =>
      GGML_TYPES[type].size > 1 && head % 64 === 0 ? graph.input(FLOAT * size ** 2) : null;
    return {
      cells,
      keyRows: graph.input(INDEX * tokens),
      valueRows: graph.input(INDEX * tokens * (flashAttention ? 1 : valueWidth)),
      mask: graph.input((flashAttention ? 2 : 4) * tokens * (traits.encoder === true ? tokens : cells)),
      keyRotation: rotation(cacheTypeK, keyWidth, rotationSize(keyWidth)),
      valueRotation: rotation(cacheTypeV, width, 64),
    };
  }

  inputsOf(layer: Layer): AttentionInputs {
    return layer.windowed ? this.windowed : this.full;
  }

  /** The cache of a layer's keys (or values), as attention reads it. */
  cache(layer: Layer, which: 'keys' | 'values'): Tensor {
    const { request, devices, cells, graph } = this;
    const width = cacheRowWidths(this.shape, layer)[which];
    const bytes = rowBytes(which === 'keys' ? request.cacheTypeK : request.cacheTypeV, width);
    // Layers without a cache of their own read that of the last one of their kind.
    const own = this.shape.layers - (this.shape.sharedKvLayers ?? 0);
    const index = layer.index < own ? layer.index : own - (layer.windowed ? 2 : 1);
    return graph.outside(bytes * cells.streams * this.inputsOf(layer).cells, devices.cache(index));
  }

  /** A norm with a weight. */
  norm(source: Tensor): Tensor {
    const { graph, course } = this;
    const { crossing, home } = graph;
    if (course.layerNorm !== true && !crossing) return graph.map([source], home);
    const normed = course.layerNorm === true ? graph.copy(source) : graph.map([source]);
    // At a border between devices the norm itself is still computed before it, its weight behind it.
    graph.crossing = false;
    return crossing ? graph.map([normed], home) : normed;
  }

  /** Rotates by position. */
  rope(source: Tensor): Tensor {
    return this.graph.map([source, this.positions]);
  }

  /** The tokens whose output counts. */
  chosen(source: Tensor): Tensor {
    return this.graph.fresh(this.shape.hiddenSize * this.request.outputs, [source, this.rows]);
  }
}
