import { z } from 'astro/zod';
import { date, id, recordBase } from './common.ts';

/** A line of models of one maker. Sizes, licences and dates of its models are in `models.jsonl`. */
export const family = z.strictObject({
  ...recordBase,
  name: z.string().min(2),
  organisation: z.string().min(2),
  /** Where the maker is at home. */
  country: z.string().min(2),
  first: date,
  /** Names of families in `models.jsonl` that belong to it. */
  members: z.array(z.string().min(2)).min(1),
  /** What the models came from: ids of other families; none for one trained from nothing of others. */
  builtOn: z.array(id),
  /** What it is known for, in one plain sentence. */
  summary: z.string().min(20).max(220),
  /** What it lacks, or where it bites. */
  lacks: z.string().min(10).max(220),
  /** Kinds its makers publish. */
  kinds: z.array(z.enum(['base', 'instruct', 'thinking', 'code', 'vision', 'audio', 'embedding', 'omni'])).min(1),
  /** Where its makers publish it. */
  url: z.url(),
});

export type Family = z.infer<typeof family>;
