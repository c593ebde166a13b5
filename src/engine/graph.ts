/**
 * A small language for computation graphs: tensors with sizes and strides but no data, and the operations that llama.cpp's
 * models are made of. Enough to ask how much memory a graph needs, which `graph-allocation.ts` answers.
 *
 * Source: the rules of ggml 0.25.1 (llama.cpp 0.5.0) for shapes, strides, views and the order in which a graph is run.
 */

import { GGML_TYPES, type GgmlType } from './ggml-types.ts';

/** Where a tensor lies or an operation runs. */
export type Place = 'gpu' | 'host';

export type ElementType = GgmlType | 'i32' | 'i64';

/** Elements along each of the four dimensions, or bytes from one to the next. */
export type Four = readonly [number, number, number, number];

export interface GraphTensor {
  readonly type: ElementType;
  readonly size: Four;
  /** Bytes from one element (block, for quantized types) to the next along each dimension. */
  readonly stride: Four;
  /** The tensor whose memory this one shows; never itself a view. */
  readonly base: GraphTensor | null;
  /** "leaf" is given, "view" computes nothing, "compute" does. */
  readonly kind: 'leaf' | 'view' | 'compute';
  /** What it is computed from. The scheduler puts copies here where a source lies on another device. */
  sources: readonly GraphTensor[];
  /** Whether the result may take the memory of a source that nobody needs any more. */
  readonly mayReuse: boolean;
  /** Whether the operation runs where its weights are. */
  readonly followsWeights: boolean;
  /** Weights, caches and states have memory of their own, outside the compute buffer. */
  readonly home: Place | null;
  readonly isWeight: boolean;
  /** Set by the program before each run. */
  readonly isInput: boolean;
  /** Read by the program after each run, so never overwritten. */
  isOutput: boolean;
  /** Where it must run, whatever its neighbours do. */
  pin: Place | null;
}

const INTEGERS = { i32: { size: 1, bytes: 4 }, i64: { size: 1, bytes: 8 } } as const;

function block(type: ElementType): { readonly size: number; readonly bytes: number } {
  return type === 'i32' || type === 'i64' ? INTEGERS[type] : GGML_TYPES[type];
}

/** Bytes of `elements` values in a row. */
export function bytesOfRow(type: ElementType, elements: number): number {
  const { size, bytes } = block(type);
  return (elements / size) * bytes;
}

function packed(type: ElementType, [a, b, c]: Four): Four {
  const row = bytesOfRow(type, a);
  return [block(type).bytes, row, row * b, row * b * c];
}

export const elements = ({ size: [a, b, c, d] }: GraphTensor): number => a * b * c * d;

/** Bytes from a tensor's first to its last element. */
export function bytesOf({ type, size, stride }: GraphTensor): number {
  if (size.includes(0)) return 0;
  const { size: width, bytes } = block(type);
  const first = width === 1 ? bytes + (size[0] - 1) * stride[0] : (size[0] * stride[0]) / width;
  return first + (size[1] - 1) * stride[1] + (size[2] - 1) * stride[2] + (size[3] - 1) * stride[3];
}

export function isPacked({ type, size, stride }: GraphTensor): boolean {
  const full = packed(type, size);
  return stride.every((bytes, dimension) => bytes === full[dimension] || (dimension > 0 && size[dimension] === 1));
}

function four(sizes: readonly number[]): Four {
  const [a = 1, b = 1, c = 1, d = 1] = sizes;
  return [a, b, c, d];
}

const PLAIN = {
  base: null,
  sources: [],
  mayReuse: false,
  followsWeights: true,
  home: null,
  isWeight: false,
  isInput: false,
  isOutput: false,
  pin: null,
} as const satisfies Partial<GraphTensor>;

function leaf(type: ElementType, sizes: readonly number[], more: Partial<GraphTensor>): GraphTensor {
  const size = four(sizes);
  return { ...PLAIN, type, size, stride: packed(type, size), kind: 'leaf', ...more };
}

/** Something the program fills in before each run: token numbers, positions, masks. */
export const input = (type: ElementType, ...sizes: number[]): GraphTensor => leaf(type, sizes, { isInput: true });

/** A weight. Its type has no part in the size of what is computed with it. */
export const weight = (home: Place, ...sizes: number[]): GraphTensor => leaf('f32', sizes, { home, isWeight: true });

/** A cache or a state, kept from run to run. */
export const store = (home: Place, type: ElementType, ...sizes: number[]): GraphTensor => leaf(type, sizes, { home });

/** A tensor that copies another's layout on the device that needs it. */
export const copyOf = ({ type, size, stride }: GraphTensor): GraphTensor => ({ ...PLAIN, type, size, stride, kind: 'compute' });

type How = Partial<Pick<GraphTensor, 'mayReuse' | 'followsWeights'>>;

function compute(type: ElementType, sizes: readonly number[], sources: readonly GraphTensor[], how: How = {}): GraphTensor {
  const size = four(sizes);
  return { ...PLAIN, type, size, stride: packed(type, size), kind: 'compute', sources, ...how };
}

/** Element by element on the first source: a sum, a product, a norm, an activation. */
export const each = (...sources: [GraphTensor, ...GraphTensor[]]): GraphTensor =>
  compute(sources[0].type, sources[0].size, sources, { mayReuse: true });

/** Rotary position embedding. Its table of frequencies is too small to decide where it runs. */
export const rope = (values: GraphTensor, positions: GraphTensor, frequencies: GraphTensor | null): GraphTensor =>
  compute(values.type, values.size, frequencies === null ? [values, positions] : [values, positions, frequencies], {
    mayReuse: true,
    followsWeights: false,
  });

export const multiply = (matrix: GraphTensor, values: GraphTensor): GraphTensor =>
  compute('f32', [matrix.size[1], values.size[1], values.size[2], values.size[3]], [matrix, values]);

/** A matrix for each of the chosen experts. */
export const multiplyExperts = (experts: GraphTensor, values: GraphTensor, chosen: GraphTensor): GraphTensor =>
  compute('f32', [experts.size[1], chosen.size[0], values.size[2]], [experts, values, chosen]);

export const rows = (table: GraphTensor, numbers: GraphTensor): GraphTensor =>
  compute('f32', [table.size[0], numbers.size[0], numbers.size[1], numbers.size[2]], [table, numbers]);

/** Any operation with a result of its own. */
export const result = (sources: readonly GraphTensor[], ...sizes: number[]): GraphTensor => compute('f32', sizes, sources);

/** The numbers that sort each row. */
export const sorted = (values: GraphTensor): GraphTensor => compute('i32', values.size, [values]);

/** A packed copy in the same or another shape or type. */
export const pack = (values: GraphTensor, sizes: readonly number[] = values.size): GraphTensor => compute(values.type, sizes, [values]);

export function convert(values: GraphTensor, type: ElementType): GraphTensor {
  const converted = compute(type, values.size, [values]);
  // ggml names the result among its own sources.
  converted.sources = [values, converted];
  return converted;
}

/** Side by side along the first dimension. */
export const concat = (a: GraphTensor, b: GraphTensor): GraphTensor =>
  compute(a.type, [a.size[0] + b.size[0], a.size[1], a.size[2], a.size[3]], [a, b]);

/** Attention in one step, without the matrix of scores. */
export const flashAttention = (q: GraphTensor, k: GraphTensor, v: GraphTensor, others: readonly GraphTensor[]): GraphTensor =>
  compute('f32', [v.size[0], q.size[2], q.size[1], q.size[3]], [q, k, v, ...others], { followsWeights: false });

/** Writes into the memory of `target`. */
export const writeInto = (target: GraphTensor, sources: readonly GraphTensor[]): GraphTensor => ({
  ...PLAIN,
  type: target.type,
  size: target.size,
  stride: target.stride,
  base: target.base ?? target,
  kind: 'compute',
  sources,
});

function show(of: GraphTensor, size: Four, stride: Four): GraphTensor {
  return { ...PLAIN, type: of.type, size, stride, base: of.base ?? of, kind: 'view', sources: [of] };
}

/** A part of a tensor, with the bytes between its rows, planes and volumes. Where the part begins makes no difference. */
export function part(of: GraphTensor, sizes: readonly number[], strides: readonly number[]): GraphTensor {
  const size = four(sizes);
  const [second = of.stride[0] * size[0], third = second * size[1], fourth = third * size[2]] = strides;
  return show(of, size, [of.stride[0], second, third, fourth]);
}

export function reshape(of: GraphTensor, ...sizes: number[]): GraphTensor {
  const size = four(sizes);
  return show(of, size, packed(of.type, size));
}

/** The second and third dimension exchanged: heads and tokens. */
export const swapMiddle = (of: GraphTensor): GraphTensor =>
  show(of, [of.size[0], of.size[2], of.size[1], of.size[3]], [of.stride[0], of.stride[2], of.stride[1], of.stride[3]]);

export const transpose = (of: GraphTensor): GraphTensor =>
  show(of, [of.size[1], of.size[0], of.size[2], of.size[3]], [of.stride[1], of.stride[0], of.stride[2], of.stride[3]]);

/** The order of a graph: each tensor stands behind what it is computed from, first source first. */
export class Graph {
  readonly nodes: GraphTensor[] = [];
  readonly leaves: GraphTensor[] = [];
  readonly #seen = new Set<GraphTensor>();

  /** Adds a tensor and all it needs, and gives it back. */
  add(tensor: GraphTensor): GraphTensor {
    if (this.#seen.has(tensor)) return tensor;
    this.#seen.add(tensor);
    for (const source of tensor.sources) this.add(source);
    (tensor.kind === 'leaf' ? this.leaves : this.nodes).push(tensor);
    return tensor;
  }
}
