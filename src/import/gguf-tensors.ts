/** Tensors of a GGUF file with their sizes, checked against the size of the file. */

import { EngineError } from '../engine/errors.ts';
import { FILE_TYPES, GGML_TYPES, type FileType, type GgmlType } from '../engine/ggml-types.ts';
import type { GgufHeader } from './gguf.ts';

/** ggml's numbers of tensor types; those that llama-quantize makes no files of come with weights in a block and its bytes. */
const TYPES = new Map<number, GgmlType | readonly [size: number, bytes: number]>([
  [0, 'f32'],
  [1, 'f16'],
  [2, 'q4_0'],
  [3, 'q4_1'],
  [6, 'q5_0'],
  [7, 'q5_1'],
  [8, 'q8_0'],
  [9, [32, 36]],
  [10, 'q2_K'],
  [11, 'q3_K'],
  [12, 'q4_K'],
  [13, 'q5_K'],
  [14, 'q6_K'],
  [15, [256, 292]],
  [16, 'iq2_xxs'],
  [17, 'iq2_xs'],
  [18, 'iq3_xxs'],
  [19, 'iq1_s'],
  [20, 'iq4_nl'],
  [21, 'iq3_s'],
  [22, 'iq2_s'],
  [23, 'iq4_xs'],
  [24, [1, 1]],
  [25, [1, 2]],
  [26, [1, 4]],
  [27, [1, 8]],
  [28, [1, 8]],
  [29, 'iq1_m'],
  [30, 'bf16'],
  [34, 'tq1_0'],
  [35, 'tq2_0'],
  [39, 'mxfp4'],
  [40, [64, 36]],
]);

/** llama.cpp's numbers of file types. */
const FILE_TYPE_NUMBERS: Readonly<Record<FileType, number>> = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q8_0: 7,
  Q5_0: 8,
  Q5_1: 9,
  Q2_K: 10,
  Q3_K_S: 11,
  Q3_K_M: 12,
  Q3_K_L: 13,
  Q4_K_S: 14,
  Q4_K_M: 15,
  Q5_K_S: 16,
  Q5_K_M: 17,
  Q6_K: 18,
  IQ2_XXS: 19,
  IQ2_XS: 20,
  Q2_K_S: 21,
  IQ3_XS: 22,
  IQ3_XXS: 23,
  IQ1_S: 24,
  IQ4_NL: 25,
  IQ3_S: 26,
  IQ3_M: 27,
  IQ2_S: 28,
  IQ2_M: 29,
  IQ4_XS: 30,
  IQ1_M: 31,
  BF16: 32,
  TQ1_0: 36,
  TQ2_0: 37,
  MXFP4_MOE: 38,
};

export interface SizedTensor {
  /** Without ".weight", as the engine names them: "blk.0.attn_q", "blk.0.attn_q.bias". */
  readonly name: string;
  /** The name without the layer: "attn_q". */
  readonly kind: string;
  readonly layer: number | null;
  readonly dimensions: readonly number[];
  /** Null where llama-quantize makes no files of it. */
  readonly type: GgmlType | null;
  readonly elements: number;
  readonly bytes: number;
}

function sized({ name: fullName, dimensions, typeId }: GgufHeader['tensors'][number]): SizedTensor {
  const known = TYPES.get(typeId);
  if (known === undefined) {
    throw new EngineError(
      'unknown-tensor-type',
      `This GGUF file keeps the tensor ${fullName} as type ${String(typeId)}, which llama.cpp does not have; it was made by a fork. Take a file with one of llama.cpp’s quantizations.`,
    );
  }
  const type = typeof known === 'string' ? known : null;
  const [size, bytes] = typeof known === 'string' ? [GGML_TYPES[known].size, GGML_TYPES[known].bytes] : known;
  const [row = 1] = dimensions;
  const elements = dimensions.reduce((product, dimension) => product * dimension, 1);
  if (row % size !== 0) {
    throw new EngineError(
      'broken-gguf',
      `This GGUF file is broken: rows of ${fullName} have ${String(row)} values, no multiple of the ${String(size)} of its type. Download it again.`,
    );
  }
  const name = fullName.replace(/\.weight$/, '');
  const block = /^blk\.(\d{1,6})\.(.+)$/.exec(name);
  return {
    name,
    kind: block?.[2] ?? name,
    layer: block?.[1] === undefined ? null : Number(block[1]),
    dimensions,
    type,
    elements,
    bytes: (elements / size) * bytes,
  };
}

/**
 * All tensors of a file.
 *
 * @throws {EngineError} `broken-gguf` when a tensor ends behind the file's end, `unknown-tensor-type`
 */
export function sizedTensors({ tensors, dataOffset, fileBytes }: GgufHeader): readonly SizedTensor[] {
  let end = 0;
  const list = tensors.map((tensor) => {
    const one = sized(tensor);
    end = Math.max(end, tensor.offset + one.bytes);
    return one;
  });
  if (fileBytes !== null && dataOffset + end > fileBytes) {
    throw new EngineError(
      'broken-gguf',
      `This GGUF file is cut off: its tensors need ${String(dataOffset + end)} bytes, and it has ${String(fileBytes)}. Download it again and compare its size.`,
    );
  }
  return list;
}

/** The file type that a file names; null when it names none that is known. */
export function fileTypeNumbered(number: number | null): FileType | null {
  const entry = Object.entries(FILE_TYPE_NUMBERS).find(([, known]) => known === number);
  return entry === undefined ? null : (entry[0] as FileType);
}

/** The file type whose weights are mostly of the type that takes the most bytes here. */
export function likelyFileType(tensors: readonly SizedTensor[]): FileType {
  const bytes = new Map<GgmlType | null, number>();
  for (const { type, bytes: more } of tensors) bytes.set(type, (bytes.get(type) ?? 0) + more);
  const [main] = [...bytes].sort(([, one], [, other]) => other - one)[0] ?? [null];
  const entry = Object.entries(FILE_TYPES).find(([, type]) => type === main);
  return entry === undefined ? 'F16' : (entry[0] as FileType);
}
