import { z } from 'astro/zod';
import { id } from './common.ts';

/** A word of the trade and what it means in one sentence. */
export const term = z.strictObject({
  id,
  term: z.string().min(1),
  /** Left out where the word has a page of its own, whose short answer then explains it. */
  definition: z.string().min(10).max(240).optional(),
  /** Path of the page that explains it, whether or not it is written yet. */
  page: z.string().regex(/^[a-z0-9-]+(\/[a-z0-9-]+)*$/),
});

export type TermRecord = z.infer<typeof term>;
