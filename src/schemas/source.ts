import { z } from 'astro/zod';
import { date, day, id } from './common.ts';

/** Something that was read: a datasheet, a paper, a file at a commit, a documentation page, a measurement. Recorded once. */
export const source = z.strictObject({
  id,
  title: z.string().min(3),
  publisher: z.string().min(2),
  url: z.url(),
  /** When it was published or last changed, as exactly as known. */
  date: date.nullable(),
  kind: z.enum(['datasheet', 'paper', 'repository', 'documentation', 'measurement', 'press', 'reference', 'article', 'forum']),
  /** What it is cited for, in a few words. */
  supports: z.string().min(5),
  /** The day it was read, and how: the page itself, or a copy of it. */
  read: z.strictObject({ day, as: z.enum(['page', 'stored-copy', 'repository-file', 'secondary']) }),
});

export type Source = z.infer<typeof source>;
