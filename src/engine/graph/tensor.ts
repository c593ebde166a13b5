/**
 * A computation graph as far as memory goes: which tensor is computed when, from which others, and how large it is.
 *
 * As in ggml, tensors are described first and come into the graph in the order of a depth-first walk over their sources.
 * Weights and caches have memory of their own and stay out, but for the device that they lie on.
 */

/** A tensor, or part of one. */
export interface Tensor {
  readonly bytes: number;
  /** From the first to the last byte: with the gaps of a view. */
  readonly extent: number;
  /** What a view is a part of; null for a tensor with memory of its own. */
  readonly base: Tensor | null;
  /** Without gaps. */
  readonly dense: boolean;
  /** May take the place of a source that nobody else needs. */
  readonly inPlace: boolean;
  /** Memory outside the graph: a cache, or a tensor written into one. */
  readonly outside: boolean;
  readonly sources: Tensor[];
  /** The device that the weights or the cache dictate, −1 where neither does. */
  readonly home: number;
  placed: boolean;
  /** Never given up. */
  kept: boolean;
  device: number;
  consumers: number;
  views: number;
  offset: number;
  held: boolean;
}

export const FLOAT = 4;
/** In place of a device: the one that computes what is made of a tensor. */
export const WHERE_USED = -2;

interface Options {
  readonly base?: Tensor | null;
  readonly dense?: boolean;
  readonly inPlace?: boolean;
  readonly outside?: boolean;
  readonly home?: number;
  readonly extent?: number;
}

function tensor(
  bytes: number,
  sources: Tensor[],
  { base = null, dense = true, inPlace = false, outside = false, home = -1, extent = bytes }: Options,
): Tensor {
  return {
    bytes,
    extent,
    base,
    dense,
    inPlace,
    outside,
    sources,
    home,
    placed: false,
    kept: false,
    device: home,
    consumers: 0,
    views: 0,
    offset: 0,
    held: false,
  };
}

export class Graph {
  readonly nodes: Tensor[] = [];
  readonly inputs: Tensor[] = [];
  /** Device of the weights of the layer that is being described, and of its experts. */
  home = 0;
  expertHome = 0;
  /** Whether the layer lies on another device than the one before it. */
  crossing = false;
  /** Tokens that the layer computes; only those whose output counts at the end. */
  tokens: number;

  constructor(tokens = 0) {
    this.tokens = tokens;
  }

  /** @param bytes size of something set before the graph is computed */
  input(bytes: number): Tensor {
    return tensor(bytes, [], {});
  }

  /** Room for what is computed later, on the device that computes it, but held from the start. */
  scratch(bytes: number): Tensor {
    return tensor(bytes, [], { home: WHERE_USED });
  }

  /** Memory outside the graph on a device. */
  outside(bytes: number, device: number): Tensor {
    return tensor(bytes, [], { outside: true, home: device });
  }

  /** A fresh tensor. @param floats its size in elements */
  fresh(floats: number, sources: Tensor[], home = -1): Tensor {
    return tensor(FLOAT * floats, sources, { home });
  }

  /** The product with a weight matrix. @param width rows of the matrix, values per token */
  matrix(width: number, source: Tensor): Tensor {
    return this.fresh(width * this.tokens, [source], this.home);
  }

  /** Elementwise, of the size of the first source, whose place it takes if nobody else needs it. */
  map(sources: Tensor[], home = -1): Tensor {
    return tensor(sources[0]?.bytes ?? 0, sources, { inPlace: true, home });
  }

  /** Elementwise of the same size, but never in place. */
  copy(...sources: Tensor[]): Tensor {
    return tensor(sources[0]?.bytes ?? 0, sources, {});
  }

  /** The whole of a tensor, seen in another way. */
  view(source: Tensor): Tensor {
    return tensor(source.bytes, [source], { base: source.base ?? source, dense: source.dense, extent: source.extent });
  }

  /** Some of each token's values. */
  part(source: Tensor, floats: number): Tensor {
    const bytes = FLOAT * floats;
    const extent = source.bytes - (source.bytes - bytes) / this.tokens;
    return tensor(bytes, [source], { base: source.base ?? source, dense: false, extent });
  }

  /** A stretch of a tensor. */
  slice(source: Tensor, floats: number): Tensor {
    return tensor(FLOAT * floats, [source], { base: source.base ?? source, dense: false });
  }

  /** Writes into memory that is there already. */
  write(sources: Tensor[], device = -1): Tensor {
    return tensor(0, sources, { outside: true, home: device });
  }

  /** Writes into memory outside the graph, at once. */
  store(sources: Tensor[], device: number): void {
    this.place(this.write(sources, device));
  }

  /** Puts a tensor and all that it needs into the graph, unless they are there. */
  place(node: Tensor): Tensor {
    if (node.placed) return node;
    node.placed = true;
    for (const source of node.sources) this.place(source);
    if (node.base !== null) return node;
    if (node.sources.length > 0) this.nodes.push(node);
    else if (!node.outside) this.inputs.push(node);
    return node;
  }
}
