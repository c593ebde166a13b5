/**
 * How much memory a graph needs when it is reused as llama.cpp reuses it: ggml's allocator hands out the smallest free block
 * that fits, and takes a tensor back once everything that reads it is computed.
 */

import type { Tensor } from './tensor.ts';

const ALIGNMENT = 32;

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** Free memory of a device, by address; the last block has no end. */
class Pool {
  peak = 0;
  private readonly starts = [0];
  private readonly ends = [Infinity];

  take(bytes: number): number {
    const { starts, ends } = this;
    const last = starts.length - 1;
    let best = last;
    let bestSize = Infinity;
    for (let i = 0; i < last; i += 1) {
      const size = (ends[i] ?? 0) - (starts[i] ?? 0);
      if (size >= bytes && size <= bestSize) {
        best = i;
        bestSize = size;
      }
    }
    const start = starts[best] ?? 0;
    if (bestSize === bytes) {
      starts.splice(best, 1);
      ends.splice(best, 1);
    } else starts[best] = start + bytes;
    this.peak = Math.max(this.peak, start + bytes);
    return start;
  }

  give(start: number, bytes: number): void {
    const { starts, ends } = this;
    const end = start + bytes;
    let i = 0;
    while ((starts[i] ?? Infinity) < start) i += 1;
    const joinsLeft = i > 0 && ends[i - 1] === start;
    if (starts[i] === end) {
      if (joinsLeft) {
        ends[i - 1] = ends[i] ?? Infinity;
        starts.splice(i, 1);
        ends.splice(i, 1);
      } else starts[i] = start;
    } else if (joinsLeft) ends[i - 1] = end;
    else {
      starts.splice(i, 0, start);
      ends.splice(i, 0, end);
    }
  }
}

/** Whether a tensor may take over a source's memory. Views never give theirs up, though ggml has code for it. */
function replaceable(node: Tensor, source: Tensor): boolean {
  return source.held && !source.kept && source.base === null && source.consumers === 1 && source.views === 0 && source.bytes === node.bytes;
}

function free(pools: readonly Pool[], owner: Tensor): void {
  if (owner.kept) return;
  pools[owner.device]?.give(owner.offset, aligned(owner.bytes));
  owner.held = false;
}

function hold(pools: readonly Pool[], node: Tensor): void {
  const owner = node.inPlace ? node.sources.find((source) => replaceable(node, source)) : undefined;
  node.held = true;
  if (owner === undefined) node.offset = pools[node.device]?.take(aligned(node.bytes)) ?? 0;
  else {
    owner.held = false;
    node.offset = owner.offset;
    node.device = owner.device;
  }
}

function release(pools: readonly Pool[], source: Tensor): void {
  source.consumers -= 1;
  if (source.consumers > 0 || source.views > 0) return;
  const owner = source.base ?? source;
  if (owner !== source) owner.views -= 1;
  if (owner.views === 0 && owner.consumers === 0 && owner.held) free(pools, owner);
}

/** Counts what reads each tensor: the tensor itself, and its views. */
function count(nodes: readonly Tensor[]): void {
  for (const { sources } of nodes) {
    for (const source of sources) {
      if (source.consumers === 0 && source.base !== null) source.base.views += 1;
      source.consumers += 1;
    }
  }
}

/**
 * Peak of each device, in bytes.
 *
 * @param inputs what is set beforehand, in the order in which it is allocated
 * @param nodes what is computed, in order, with its device
 */
export function peaks(inputs: readonly Tensor[], nodes: readonly Tensor[], devices: number): number[] {
  const pools = Array.from({ length: devices }, () => new Pool());
  count(nodes);
  for (const input of inputs) hold(pools, input);
  for (const node of nodes) {
    if (!node.outside) hold(pools, node);
    for (const source of node.sources) release(pools, source);
  }
  return pools.map(({ peak }) => peak);
}
