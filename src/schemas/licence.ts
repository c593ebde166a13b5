import { z } from 'astro/zod';
import { date, recordBase } from './common.ts';

const answer = z.enum(['yes', 'conditions', 'no', 'not-stated']);

/** A licence under which weights are published, and what it lets people do. */
export const licence = z.strictObject({
  ...recordBase,
  name: z.string().min(2),
  kind: z.enum(['open-source', 'open-weights', 'non-commercial']),
  /** The text itself. */
  url: z.url(),
  /** The day of this version of the text. */
  version: date.nullable(),
  commercial: answer,
  fineTune: answer,
  passOn: answer,
  /** Whether what the model writes may be used to train other models. */
  trainOthers: answer,
  /** What it asks or forbids, in plain words. */
  conditions: z.string().min(10).max(320),
  /** Models and families published under it, as people know them. */
  usedBy: z.array(z.string().min(2)).min(1),
});

export type Licence = z.infer<typeof licence>;
