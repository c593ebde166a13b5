import { z } from 'astro/zod';
import { recordBase } from './common.ts';

/** A llama.cpp file type as people pick it ("Q4_K_M"): how it is called and what it is good for. The engine holds its arithmetic. */
export const quant = z.strictObject({
  ...recordBase,
  /** llama.cpp's name of the file type. */
  name: z.string().min(2),
  /** Legacy, K-quant, I-quant, float, microscaling or ternary. */
  family: z.enum(['float', 'legacy', 'k-quant', 'i-quant', 'mxfp', 'ternary']),
  /** Whether llama-quantize refuses to make it without an importance matrix. */
  needsImatrix: z.boolean(),
  /** One plain sentence: who it suits, where it bites. */
  summary: z.string().min(10).max(200),
  /** Position in menus, best first; lower comes first. */
  order: z.int(),
});

export type Quant = z.infer<typeof quant>;
