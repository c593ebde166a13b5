import { z } from 'astro/zod';
import { date, id, recordBase } from './common.ts';

/** How much one quantization changed one model, as somebody measured it. */
export const qualityLoss = z.strictObject({
  ...recordBase,
  model: id,
  /** The quantization measured: a record of `quants.jsonl`, by its name. */
  quant: z.string().min(2),
  metric: z.enum(['perplexity', 'kl-divergence-mean', 'kl-divergence-median', 'kl-divergence-99', 'same-top-token-percent']),
  value: z.number(),
  /** The same metric of the model before, and in which type; null where the metric compares by itself. */
  baseline: z.strictObject({ type: z.string().min(2), value: z.number() }).nullable(),
  /** The text it was measured on. */
  dataset: z.string().min(2),
  /** Context of the measurement, tokens. */
  context: z.int().positive().nullable(),
  measured: date.nullable(),
  /** Size of the file measured, GiB, or its bits per weight, where the source says. */
  fileGiB: z.number().positive().optional(),
  bitsPerWeight: z.number().positive().optional(),
  /** Whether an importance matrix was used. */
  imatrix: z.boolean().nullable(),
});

export type QualityLoss = z.infer<typeof qualityLoss>;
