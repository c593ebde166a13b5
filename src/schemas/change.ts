import { z } from 'astro/zod';
import { day, id } from './common.ts';

/** Something that changed in the guide and that a reader who knew the old state would want to know. */
export const change = z.strictObject({
  id,
  date: day,
  /** A new page or fact, a mistake put right, or facts looked at again and found to stand. */
  kind: z.enum(['new', 'corrected', 'rechecked']),
  /** Paths of the pages concerned. */
  pages: z.array(z.string().regex(/^[a-z0-9-]+(\/[a-z0-9-]+)*$/)).min(1),
  /** What changed; for a correction, what it said before too. */
  what: z.string().min(20).max(400),
});

export type Change = z.infer<typeof change>;
