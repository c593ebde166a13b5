/** Sparse attention: an indexer scores all positions, and attention sees only the best. */

import { rowBytes } from '../ggml-types.ts';
import type { Layer } from '../layers.ts';
import type { Indexer } from '../model.ts';
import type { Context } from './context.ts';
import { FLOAT, type Tensor } from './tensor.ts';

/** Numbers of the positions that a layer's indexer picks. @param narrow the queries before they are spread over heads */
export function picked(c: Context, { heads, headDim, topK }: Indexer, layer: Layer, source: Tensor, narrow: Tensor): Tensor {
  const { graph, request, cells } = c;
  const { tokens } = graph;
  const query = graph.copy(c.rope(graph.view(graph.matrix(heads * headDim, narrow))), c.indexer.rotation);
  const key = graph.copy(c.rope(graph.view(graph.copy(graph.matrix(headDim, source)))), c.indexer.rotation);
  const bytes = rowBytes(request.cacheTypeK, headDim) * cells.full * cells.streams;
  const memory = graph.outside(bytes, c.devices.cache(layer.index));
  graph.store([key, c.indexer.rows, memory], memory.home);
  const weights = graph.map([graph.view(graph.matrix(heads, source))]);
  const scores = graph.fresh(cells.full * tokens, [query, memory, weights, c.indexer.mask]);
  return graph.copy(graph.fresh(Math.min(topK, cells.full) * tokens, [scores]));
}

/** A mask that lets through what the indexer picked. */
export function sparseMask(c: Context, { topK }: Indexer, positions: Tensor): Tensor {
  const { graph, cells, full } = c;
  const closed = graph.map([full.mask]);
  const zeros = graph.map([graph.scratch(FLOAT * Math.min(topK, cells.full) * graph.tokens)]);
  const opened = graph.write([zeros, positions, graph.view(closed)]);
  return graph.map([opened, graph.view(closed), full.mask]);
}
