/** Which layers of a model need describing: a pattern that repeats needs no more memory the third time. */

import { layersOf, type Layer } from '../layers.ts';
import type { ModelShape } from '../model.ts';
import type { Devices } from './context.ts';
import { COURSES } from './course.ts';

/** Layers of the longest pattern looked for. */
const LONGEST = 8;

interface Kinds {
  readonly layers: readonly Layer[];
  /** A number for each layer, the same for equal ones. */
  readonly kinds: readonly number[];
}

const known = new WeakMap<ModelShape, Kinds>();

/** A model's layers, and which of them are alike. */
export function kindsOf(shape: ModelShape): Kinds {
  const before = known.get(shape);
  if (before !== undefined) return before;
  const layers = layersOf(shape);
  const rope = COURSES[shape.architecture]?.rope;
  const numbers = new Map<string, number>();
  const kinds = layers.map(({ index, ...layer }) => {
    // In some models each fourth layer doesn't rotate, and the last ones share a cache.
    const text = JSON.stringify([
      layer,
      rope === 'most' && index % 4 === 3,
      index < layers.length - (shape.sharedKvLayers ?? 0),
      shape.indexer?.layers?.includes(index),
    ]);
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  });
  const result = { layers, kinds };
  known.set(shape, result);
  return result;
}

/** How often the `length` numbers from `start` on come in a row. */
function repetitions(kinds: readonly number[], start: number, length: number): number {
  let end = start + length;
  while (end < kinds.length && kinds[end] === kinds[end - length]) end += 1;
  return Math.floor((end - start) / length);
}

/** Layers of a pattern that stay, at least: by then the places of tensors in memory repeat as well. */
const ENOUGH = 6;

/** Repetitions to leave out: an even number, since memory may change places with each. */
function surplus(times: number, length: number): number {
  const kept = Math.max(2, Math.ceil(ENOUGH / length));
  return Math.max(0, times - kept - ((times - kept) % 2));
}

/** The layers to describe, in order. */
export function pickLayers(shape: ModelShape, devices: Devices): readonly Layer[] {
  const { layers, kinds } = kindsOf(shape);
  // Each layer with sparse attention has room of its own, held from the start; layers' own embeddings travel to their devices at once.
  if (shape.indexer !== undefined || (shape.perLayerEmbeddingSize !== undefined && devices.host > 0)) return layers;
  const placed = kinds.map((kind, i) => kind * 32768 + (devices.layer(i) * 32 + devices.experts(i)) * 32 + devices.cache(i));
  const result: Layer[] = [];
  for (let i = 0; i < layers.length;) {
    let best = { left: 0, kept: 1 };
    for (let length = 1; length <= LONGEST; length += 1) {
      const times = repetitions(placed, i, length);
      const left = surplus(times, length) * length;
      if (left > best.left) best = { left, kept: times * length - left };
    }
    result.push(...layers.slice(i, i + best.kept));
    i += best.kept + best.left;
  }
  return result;
}
