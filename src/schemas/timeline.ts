import { z } from 'astro/zod';
import { date, recordBase } from './common.ts';

/** Something that happened and that people who run models at home still feel. */
export const timelineEvent = z.strictObject({
  ...recordBase,
  date,
  /** What happened, in a few words. */
  what: z.string().min(5).max(140),
  organisation: z.string().min(2),
  /** Why it matters to readers. */
  why: z.string().min(10).max(260),
  kind: z.enum(['model', 'hardware', 'software', 'paper', 'event', 'security']),
});

export type TimelineEvent = z.infer<typeof timelineEvent>;
