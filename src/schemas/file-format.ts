import { z } from 'astro/zod';
import { date, recordBase } from './common.ts';

/** A way to keep a model in files. */
export const fileFormat = z.strictObject({
  ...recordBase,
  name: z.string().min(2),
  /** How its files are called: ".gguf", "config.json + .safetensors". */
  files: z.string().min(2).max(100),
  /** In use, on its way out, or only met in old downloads. */
  status: z.enum(['current', 'fading', 'legacy']),
  since: date.nullable(),
  summary: z.string().min(20).max(200),
  /** What it does not do, or where it bites. */
  lacks: z.string().min(10).max(220),
  /** Whether the weights are quantized in it: never, always, or either. */
  quantized: z.enum(['no', 'yes', 'either']),
  /** Whether tokenizer and chat template are in the same file. */
  selfContained: z.boolean(),
  /** Whether loading it can run code that the file brings. */
  runsCode: z.enum(['no', 'yes', 'with-trust-remote-code']),
});

export type FileFormat = z.infer<typeof fileFormat>;
