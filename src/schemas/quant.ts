import { z } from 'astro/zod';
import { recordBase } from './common.ts';

const named = {
  ...recordBase,
  /** The name people type. */
  name: z.string().min(2),
  family: z.enum(['float', 'legacy', 'k-quant', 'i-quant', 'mxfp', 'ternary', 'integer', 'trellis']),
  /** One plain sentence: who it suits, where it bites. */
  summary: z.string().min(10).max(200),
};

/** How a single tensor of llama.cpp is stored. The engine holds the same figures; a test compares them. */
export const ggmlType = z.strictObject({
  ...named,
  kind: z.literal('ggml-type'),
  /** Weights in a block. */
  blockSize: z.int().positive(),
  bytesPerBlock: z.int().positive(),
  bitsPerWeight: z.number().positive(),
  /** Whether it may hold the KV cache. */
  kvCache: z.boolean(),
});

/** A llama.cpp file type as people pick it ("Q4_K_M"): a mixture of tensor types. The engine holds its arithmetic. */
export const fileType = z.strictObject({
  ...named,
  kind: z.literal('file-type'),
  /** Whether llama-quantize refuses to make it without an importance matrix. */
  needsImatrix: z.boolean(),
  /** Which tensors get which type, in a sentence or two. */
  mixing: z.string().min(10).max(400),
  /** Bits per weight of a whole file of Llama 3.1 8B, as llama-quantize prints it. */
  bitsPerWeight: z.number().positive(),
  /** Position in menus, best first; lower comes first. */
  order: z.int(),
});

/** A format of another engine: MLX, EXL2, AWQ, NVFP4 … */
export const format = z.strictObject({
  ...named,
  kind: z.literal('format'),
  /** Programs that read it. */
  engines: z.array(z.string().min(2)).min(1),
  /** Bits per weight of the quantized matrices, scales and zero points included; two ends where it depends on settings. */
  bitsPerWeight: z.union([z.number().positive(), z.tuple([z.number().positive(), z.number().positive()])]),
  /** How the figure comes about: "4 + 16 ÷ 64 (scale) + 16 ÷ 64 (bias)". */
  arithmetic: z.string().min(5).max(240),
  /** What stays at higher precision. */
  kept: z.string().min(3).max(240).nullable(),
});

export const quant = z.discriminatedUnion('kind', [ggmlType, fileType, format]);

export type Quant = z.infer<typeof quant>;
export type FileType = z.infer<typeof fileType>;
