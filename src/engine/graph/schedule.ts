/**
 * Which device computes what, when a graph is split over several, and the copies that travel between them.
 *
 * A device computes what it has the weights of; the rest goes to a graphics card next to it in the order of computation, and to
 * the host (the last device) only where no card is next.
 */

import { FLOAT, Graph, WHERE_USED, type Tensor } from './tensor.ts';

/** Hands devices on to neighbours without one; the host doesn't hand on while it is `skipped`. */
function spread(nodes: readonly Tensor[], skipped: number, backwards: boolean): void {
  let current = -1;
  for (let i = 0; i < nodes.length; i += 1) {
    const node = nodes[backwards ? nodes.length - 1 - i : i];
    if (node === undefined) continue;
    if (node.device === -1) node.device = current;
    else current = node.device === skipped ? -1 : node.device;
  }
}

/** A graph's nodes in order, each with its device, and what is held from the start. */
export interface Schedule {
  readonly inputs: readonly Tensor[];
  readonly nodes: readonly Tensor[];
}

/** Batches that are on their way through several cards at once, each with inputs of its own. */
const PIPELINED = 4;

class Scheduler {
  readonly nodes: Tensor[] = [];
  /** Held from the start and never given up, while batches follow each other. */
  readonly lasting: Tensor[] = [];
  private readonly graph = new Graph();
  private readonly copies = new Map<Tensor, Tensor[]>();
  private readonly pipelined: boolean;

  constructor(pipelined: boolean) {
    this.pipelined = pipelined;
  }

  private last(bytes: number, device: number, count: number): Tensor {
    const all = Array.from({ length: count }, () => this.graph.scratch(bytes));
    for (const tensor of all) {
      tensor.device = device;
      tensor.kept = true;
    }
    this.lasting.push(...all);
    return all[0] ?? this.graph.scratch(bytes);
  }

  /** A source, or its copy on a device that reads it from another. */
  reached(source: Tensor, device: number): Tensor {
    if (this.pipelined && source.sources.length === 0 && !source.outside && !source.kept && source.home === -1) {
      source.kept = true;
      this.last(source.bytes, source.device, PIPELINED - 1);
    }
    if ((source.base ?? source).device === device) return source;
    const made = this.copies.get(source) ?? [];
    this.copies.set(source, made);
    const before = made[device];
    if (before !== undefined) return before;
    const copy = this.pipelined ? this.last(source.extent, device, PIPELINED) : this.graph.fresh(source.extent / FLOAT, [source], device);
    this.nodes.push(this.pipelined ? this.graph.write([source], device) : copy);
    made[device] = copy;
    return copy;
  }
}

/**
 * Spreads a graph over devices, with copies where a stretch on one device reads from another.
 *
 * @param pipelined whether several cards work on batches that follow each other
 */
export function scheduled({ nodes, inputs }: Graph, host: number, pipelined: boolean): Schedule {
  for (const skipped of [host, -2]) for (const backwards of [false, true]) spread(nodes, skipped, backwards);
  for (const { sources, device } of nodes) {
    for (const source of sources) if (source.device === WHERE_USED) source.device = device;
  }
  for (const input of inputs) if (input.device < 0) input.device = host;
  if (host === 0) return { inputs, nodes };
  const scheduler = new Scheduler(pipelined);
  for (let start = 0, end = 0; start < nodes.length; start = end) {
    const device = nodes[start]?.device ?? host;
    while (nodes[end]?.device === device) end += 1;
    const stretch = nodes.slice(start, end);
    for (const { sources } of stretch) sources.forEach((source, i) => (sources[i] = scheduler.reached(source, device)));
    scheduler.nodes.push(...stretch);
  }
  return { inputs: [...scheduler.lasting, ...inputs], nodes: scheduler.nodes };
}
