/**
 * How large the compute buffers for a graph are: which device runs what, what is copied between them, and where in the buffer
 * each result is put.
 *
 * The buffer is a row of blocks. A result goes into the smallest free block that holds it, or at the end; it is free again
 * after its last use. The buffer's size is the furthest end that was ever reached, so it depends on the order of the steps
 * and on how free blocks are cut up, which no closed form tells. Source: ggml 0.25.1 (scheduler and graph allocator).
 */

import { bytesOf, copyOf, type Graph, type GraphTensor, type Place } from './graph.ts';

/** Every result begins at a multiple of this many bytes. */
const ALIGNMENT = 32;

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

interface Block {
  offset: number;
  bytes: number;
}

/** One device's buffer: free blocks in the order of their addresses; the last has no end. */
class Buffer {
  readonly #free: Block[] = [{ offset: 0, bytes: Infinity }];
  /** The furthest end so far. */
  bytes = 0;

  take(wanted: number): number {
    const bytes = aligned(wanted);
    let best = this.#free.length - 1;
    let least = Infinity;
    for (let index = 0; index < this.#free.length - 1; index += 1) {
      const size = this.#free[index]?.bytes ?? 0;
      if (size >= bytes && size <= least) {
        best = index;
        least = size;
      }
    }
    const block = this.#free[best];
    if (block === undefined) return 0;
    const { offset } = block;
    block.offset += bytes;
    block.bytes -= bytes;
    if (block.bytes === 0) this.#free.splice(best, 1);
    this.bytes = Math.max(this.bytes, offset + bytes);
    return offset;
  }

  give(offset: number, freed: number): void {
    const bytes = aligned(freed);
    for (const [index, block] of this.#free.entries()) {
      if (block.offset + block.bytes === offset) {
        block.bytes += bytes;
        const next = this.#free[index + 1];
        if (next !== undefined && block.offset + block.bytes === next.offset) {
          block.bytes += next.bytes;
          this.#free.splice(index + 1, 1);
        }
        return;
      }
      if (offset + bytes === block.offset) {
        block.offset = offset;
        block.bytes += bytes;
        const previous = this.#free[index - 1];
        if (previous !== undefined && previous.offset + previous.bytes === block.offset) {
          previous.bytes += block.bytes;
          this.#free.splice(index, 1);
        }
        return;
      }
    }
    const position = this.#free.findIndex((block) => block.offset >= offset);
    this.#free.splice(position === -1 ? this.#free.length : position, 0, { offset, bytes });
  }
}

/** A tensor in the order of running, and where. */
interface Step {
  readonly tensor: GraphTensor;
  readonly place: Place;
  /** Only keeps its source alive until here; shows nothing. */
  readonly isDependency: boolean;
}

type Places = Map<GraphTensor, Place>;

/** Where a tensor must be because of what it is; null when its neighbours decide. */
function givenPlace(tensor: GraphTensor): Place | null {
  const home = (tensor.base ?? tensor).home;
  if (home !== null) return home;
  if (tensor.isInput) return 'host';
  if (!tensor.followsWeights) return null;
  return tensor.sources.find(({ isWeight }) => isWeight)?.home ?? null;
}

/** Spreads places to neighbours in the order of running; from the GPU first, so that the host only gets what it must. */
function spread(order: readonly GraphTensor[], places: Places, onlyGpu: boolean): void {
  let current: Place | null = null;
  for (const tensor of order) {
    if (tensor.kind === 'view') continue;
    const own = places.get(tensor);
    if (own !== undefined) current = onlyGpu && own === 'host' ? null : own;
    else if (current !== null) places.set(tensor, current);
  }
}

function assignPlaces({ nodes, leaves }: Graph): Places {
  const places: Places = new Map();
  for (const tensor of [...leaves, ...nodes]) {
    const place = tensor.pin ?? givenPlace(tensor);
    if (place !== null) places.set(tensor, place);
  }
  const backwards = [...nodes].reverse();
  for (const onlyGpu of [true, false]) {
    spread(nodes, places, onlyGpu);
    spread(backwards, places, onlyGpu);
  }
  const fill = (tensor: GraphTensor, otherwise: Place): Place => {
    const known = places.get(tensor);
    if (known !== undefined) return known;
    const place = (tensor.base === null ? undefined : places.get(tensor.base)) ?? otherwise;
    places.set(tensor, place);
    return place;
  };
  for (const node of nodes) {
    const place = fill(node, 'host');
    for (const source of node.sources) fill(source, place);
  }
  return places;
}

/** The order of running, with a copy wherever a source lies on the other device. Changes the nodes' sources to those copies. */
function withCopies({ nodes }: Graph, places: Places): Step[] {
  const placeOf = (tensor: GraphTensor): Place => places.get(tensor) ?? 'host';
  const liesOn = (tensor: GraphTensor): Place => (tensor.base ?? tensor).home ?? placeOf(tensor);
  const copies = new Map<GraphTensor, GraphTensor>();
  const steps: Step[] = [];
  /** Steps of the run of nodes that one device computes without a break; its inputs come before all of them. */
  let inputs: Step[] = [];
  let run: Step[] = [];
  let current: Place | null = null;
  const close = (): void => {
    steps.push(...inputs, ...run);
    inputs = [];
    run = [];
  };
  for (const node of nodes) {
    const place = placeOf(node);
    if (node.kind === 'compute') {
      current ??= place;
      const needsForeignWeight = inputs.length > 0 && node.sources.some((source) => source.isWeight && source.home !== current);
      if (place !== current || needsForeignWeight) {
        close();
        current = place;
      }
      node.sources = node.sources.map((source) => {
        if (liesOn(source) === place) return source;
        const known = copies.get(source);
        if (known !== undefined) return known;
        const copy = copyOf(source);
        copies.set(source, copy);
        const keep: GraphTensor = { ...copy, base: source.base ?? source, sources: [source] };
        inputs.push({ tensor: keep, place: placeOf(source), isDependency: true }, { tensor: copy, place, isDependency: false });
        return copy;
      });
    }
    run.push({ tensor: node, place, isDependency: false });
  }
  close();
  return steps;
}

/** What the allocator knows of a tensor. */
interface State {
  /** Uses still to come. */
  uses: number;
  /** Views of it still to be used. */
  views: number;
  /** Set while the tensor owns memory in a buffer. */
  owns: boolean;
  place: Place;
  offset: number;
}

const sameLayout = (a: GraphTensor, b: GraphTensor): boolean =>
  a.type === b.type && a.size.every((size, index) => size === b.size[index] && a.stride[index] === b.stride[index]);

/** Bytes of the compute buffer on each device. */
export interface BufferBytes {
  readonly gpu: number;
  readonly host: number;
}

/** Runs a graph's allocations through. The graph can't be used again afterwards. */
export function allocateGraph(graph: Graph): BufferBytes {
  const places = assignPlaces(graph);
  const steps = withCopies(graph, places);
  const buffers = { gpu: new Buffer(), host: new Buffer() };
  const states = new Map<GraphTensor, State>();
  const stateOf = (tensor: GraphTensor): State => {
    let state = states.get(tensor);
    if (state === undefined) {
      state = { uses: 0, views: 0, owns: false, place: 'host', offset: 0 };
      states.set(tensor, state);
    }
    return state;
  };

  /** Takes over the memory of a source that has no other use, if there is one; what it is longer is free again. */
  const reuse = (tensor: GraphTensor, state: State): boolean => {
    for (const source of tensor.sources) {
      const other = stateOf(source);
      if (!other.owns || source.isOutput || other.uses !== 1 || other.views !== 0 || !sameLayout(tensor, source)) continue;
      state.place = other.place;
      state.offset = other.offset;
      other.owns = false;
      return true;
    }
    return false;
  };
  const allocated = new Set<GraphTensor>();
  const allocate = (tensor: GraphTensor, place: Place): void => {
    if (tensor.home !== null || tensor.base !== null || allocated.has(tensor)) return;
    allocated.add(tensor);
    const state = stateOf(tensor);
    state.owns = true;
    if (tensor.mayReuse && reuse(tensor, state)) return;
    state.place = place;
    state.offset = buffers[place].take(bytesOf(tensor));
  };
  const release = (tensor: GraphTensor, state: State): void => {
    if (!state.owns || tensor.isOutput) return;
    buffers[state.place].give(state.offset, bytesOf(tensor));
    state.owns = false;
  };

  // Inputs come first and all at once, so that nothing computed lands on one that is needed later.
  for (const leaf of graph.leaves) allocate(leaf, places.get(leaf) ?? 'host');
  for (const { tensor, isDependency } of steps) {
    if (tensor.base !== null && !isDependency) stateOf(tensor.base).views += 1;
    for (const source of tensor.sources) stateOf(source).uses += 1;
  }
  for (const { tensor, place } of steps) {
    for (const source of tensor.sources) allocate(source, place);
    allocate(tensor, place);
    for (const source of tensor.sources) {
      const state = stateOf(source);
      state.uses -= 1;
      if (state.uses !== 0 || state.views !== 0) continue;
      if (source.base === null) {
        release(source, state);
        continue;
      }
      const base = stateOf(source.base);
      base.views -= 1;
      if (base.views === 0 && base.uses === 0) release(source.base, base);
    }
  }
  return { gpu: buffers.gpu.bytes, host: buffers.host.bytes };
}
