import { z } from 'astro/zod';
import { id } from './common.ts';

/** A word of the trade and what it means in one sentence, until (and beside) the page that explains it. */
export const term = z.strictObject({
  id,
  term: z.string().min(1),
  definition: z.string().min(10).max(240),
  /** Path of the page that explains it, whether or not it is written yet. */
  page: z.string().regex(/^[a-z0-9-]+(\/[a-z0-9-]+)*$/),
});

export type TermRecord = z.infer<typeof term>;
