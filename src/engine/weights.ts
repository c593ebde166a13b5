/** The bytes of a model file: how many there are, and how many each token reads. */

import { tensorBytes, type FileType, type GgmlType } from './ggml-types.ts';
import { typesOf } from './mixing.ts';
import type { ModelShape } from './model.ts';
import { isEncoder, tensorsOf, type Tensor } from './tensors.ts';

export interface QuantizedTensor extends Tensor {
  readonly type: GgmlType;
  readonly elements: number;
  readonly bytes: number;
}

const product = (numbers: readonly number[]): number => numbers.reduce((result, number) => result * number, 1);

/** Every tensor of a file with its type and size in bytes. */
export function quantizedTensors(shape: ModelShape, fileType: FileType): readonly QuantizedTensor[] {
  const tensors = tensorsOf(shape);
  const types = typesOf(shape, tensors, fileType);
  return tensors.map((tensor, index) => {
    const type = types[index] ?? 'f32';
    return { ...tensor, type, elements: product(tensor.dimensions), bytes: tensorBytes(type, tensor.dimensions) };
  });
}

/** Bytes of all tensors together. */
export function weightsBytes(tensors: readonly Pick<QuantizedTensor, 'bytes'>[]): number {
  return tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
}

/** The share of a tensor's weights that one token uses: routed experts those it passes through, tables one row. */
function shareUsed(shape: ModelShape, { role, dimensions }: Pick<Tensor, 'role' | 'dimensions'>): number {
  switch (role) {
    case 'experts':
      return shape.experts === null ? 1 : shape.experts.used / shape.experts.count;
    case 'embedding':
      // A tied table is read whole for the output, where there is one.
      return shape.tiedEmbeddings && !isEncoder(shape.architecture) ? 1 : 1 / shape.vocabularySize;
    case 'lookup':
      return (shape.sequenceTable?.lookups ?? 1) / (dimensions[1] ?? 1);
    default:
      return 1;
  }
}

/**
 * Weights of the text model, each counted once: all of them, and those that a token passes through.
 *
 * Active weights are counted as makers do: routed experts only those used, token embeddings whole; but without any embeddings for
 * models that have one for each layer (the "E" of Gemma's E2B and E4B).
 */
export function parameterCounts(shape: ModelShape): { readonly total: number; readonly active: number } {
  let total = 0;
  let active = 0;
  for (const { role, dimensions } of tensorsOf(shape)) {
    const elements = product(dimensions);
    total += elements;
    if (role !== 'embedding') active += elements * shareUsed(shape, { role, dimensions });
    else active += shape.perLayerEmbeddingSize === undefined ? elements : shape.hiddenSize;
  }
  return { total, active: Math.round(active) };
}

/** What a model file holds, and what of it one token reads. All counts are whole bytes or whole weights. */
export interface WeightsSummary {
  readonly fileType: FileType;
  readonly bytes: number;
  readonly parameters: number;
  /** Bytes of routed experts, all of them. */
  readonly expertBytes: number;
  /** Weights in routed experts, all of them. */
  readonly expertParameters: number;
  /** Bytes read for one token: everything once, of untied embeddings and other tables one row, of routed experts those that are used. */
  readonly bytesPerToken: number;
  /** Weights multiplied for one token. */
  readonly parametersPerToken: number;
}

/** Sums up a model file. */
export function summarizeWeights(shape: ModelShape, fileType: FileType): WeightsSummary {
  const tensors = quantizedTensors(shape, fileType);
  let bytes = 0;
  let parameters = 0;
  let expertBytes = 0;
  let expertParameters = 0;
  let bytesPerToken = 0;
  let parametersPerToken = 0;
  for (const tensor of tensors) {
    bytes += tensor.bytes;
    parameters += tensor.elements;
    const share = shareUsed(shape, tensor);
    if (tensor.role === 'experts') {
      expertBytes += tensor.bytes;
      expertParameters += tensor.elements;
    }
    bytesPerToken += tensor.bytes * share;
    parametersPerToken += tensor.elements * share;
  }
  return {
    fileType,
    bytes,
    parameters,
    expertBytes,
    expertParameters,
    bytesPerToken: Math.round(bytesPerToken),
    parametersPerToken: Math.round(parametersPerToken),
  };
}

const REPACKED: readonly GgmlType[] = ['q4_0', 'q4_K'];

/**
 * Bytes that llama.cpp lays out anew for a processor's vector units. With mmap, its default, they are a second copy beside the
 * mapped file, whose pages the system can take back; with `--no-mmap` or `--no-repack` there is one copy.
 *
 * Source: `CPU_REPACK` buffers of llama.cpp 0.5.0 on x86 with AVX2: matrices in Q4_0 and Q4_K, experts too; not tables, and not
 * the stacks of small matrices of latent attention.
 *
 * @param hostLayers the first layers, which are the processor's; all of them: the output matrix is its too
 */
export function repackedBytes(shape: ModelShape, fileType: FileType, hostLayers: number): number {
  return weightsBytes(
    quantizedTensors(shape, fileType).filter(({ type, role, layer, dimensions }) => {
      const plain = dimensions.length === 2 || role === 'experts';
      const onHost = layer === null ? hostLayers >= shape.layers : layer < hostLayers;
      return REPACKED.includes(type) && role !== 'embedding' && role !== 'lookup' && plain && onHost;
    }),
  );
}
