/**
 * ggml's tensor types and llama.cpp's file types.
 *
 * A tensor type says how many bytes a block of weights takes; a file type ("Q4_K_M") is a mixture of tensor types, decided
 * tensor by tensor in `mixing.ts`. Source: ggml's type traits and llama-quantize, llama.cpp 0.5.0.
 */

import { EngineError } from './errors.ts';

/** Weights in a block, and the bytes it takes. */
interface Block {
  readonly size: number;
  readonly bytes: number;
}

export const GGML_TYPES = {
  f32: { size: 1, bytes: 4 },
  f16: { size: 1, bytes: 2 },
  bf16: { size: 1, bytes: 2 },
  q4_0: { size: 32, bytes: 18 },
  q4_1: { size: 32, bytes: 20 },
  q5_0: { size: 32, bytes: 22 },
  q5_1: { size: 32, bytes: 24 },
  q8_0: { size: 32, bytes: 34 },
  q2_K: { size: 256, bytes: 84 },
  q3_K: { size: 256, bytes: 110 },
  q4_K: { size: 256, bytes: 144 },
  q5_K: { size: 256, bytes: 176 },
  q6_K: { size: 256, bytes: 210 },
  iq1_s: { size: 256, bytes: 50 },
  iq1_m: { size: 256, bytes: 56 },
  iq2_xxs: { size: 256, bytes: 66 },
  iq2_xs: { size: 256, bytes: 74 },
  iq2_s: { size: 256, bytes: 82 },
  iq3_xxs: { size: 256, bytes: 98 },
  iq3_s: { size: 256, bytes: 110 },
  iq4_xs: { size: 256, bytes: 136 },
  iq4_nl: { size: 32, bytes: 18 },
  tq1_0: { size: 256, bytes: 54 },
  tq2_0: { size: 256, bytes: 66 },
  mxfp4: { size: 32, bytes: 17 },
} as const satisfies Readonly<Record<string, Block>>;

export type GgmlType = keyof typeof GGML_TYPES;

/** File types that llama-quantize makes, and the tensor type most of their weights get. */
export const FILE_TYPES = {
  F32: 'f32',
  F16: 'f16',
  BF16: 'bf16',
  Q8_0: 'q8_0',
  Q6_K: 'q6_K',
  Q5_K_M: 'q5_K',
  Q5_K_S: 'q5_K',
  Q5_1: 'q5_1',
  Q5_0: 'q5_0',
  Q4_K_M: 'q4_K',
  Q4_K_S: 'q4_K',
  Q4_1: 'q4_1',
  Q4_0: 'q4_0',
  IQ4_NL: 'iq4_nl',
  IQ4_XS: 'iq4_xs',
  MXFP4_MOE: 'mxfp4',
  Q3_K_L: 'q3_K',
  Q3_K_M: 'q3_K',
  Q3_K_S: 'q3_K',
  IQ3_M: 'iq3_s',
  IQ3_S: 'iq3_s',
  IQ3_XS: 'iq3_s',
  IQ3_XXS: 'iq3_xxs',
  Q2_K: 'q2_K',
  Q2_K_S: 'q2_K',
  IQ2_M: 'iq2_s',
  IQ2_S: 'iq2_xs',
  IQ2_XS: 'iq2_xs',
  IQ2_XXS: 'iq2_xxs',
  IQ1_M: 'iq1_m',
  IQ1_S: 'iq1_s',
  TQ2_0: 'tq2_0',
  TQ1_0: 'tq1_0',
} as const satisfies Readonly<Record<string, GgmlType>>;

export type FileType = keyof typeof FILE_TYPES;

/** Types that llama.cpp accepts for the KV cache. */
export const CACHE_TYPES = ['f32', 'f16', 'bf16', 'q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0', 'iq4_nl'] as const satisfies readonly GgmlType[];

export type CacheType = (typeof CACHE_TYPES)[number];

export function isFileType(name: string): name is FileType {
  return Object.hasOwn(FILE_TYPES, name);
}

export function isCacheType(name: string): name is CacheType {
  return CACHE_TYPES.some((type) => type === name);
}

/**
 * Bytes of a row of weights.
 *
 * @param elements weights in the row (the tensor's first dimension)
 * @returns whole bytes
 * @throws {EngineError} `row-not-divisible` when the row is no multiple of the type's block
 */
export function rowBytes(type: GgmlType, elements: number): number {
  const { size, bytes } = GGML_TYPES[type];
  if (elements % size !== 0) {
    throw new EngineError(
      'row-not-divisible',
      `A row of ${String(elements)} values can't be stored as ${type}, which needs a multiple of ${String(size)}.`,
    );
  }
  return (elements / size) * bytes;
}

/** Bytes of a tensor: rows of its first dimension, as many as its other dimensions multiply to. */
export function tensorBytes(type: GgmlType, dimensions: readonly number[]): number {
  const [row = 1, ...others] = dimensions;
  return others.reduce((product, dimension) => product * dimension, rowBytes(type, row));
}
