import { z } from 'astro/zod';
import { day } from './common.ts';

/** The sidebar's sections, in reading order; named as the first draft of the FAQ named them. */
export const GROUPS = [
  'Start here',
  'The very high-level stuff',
  'Basic terminology',
  'Hardware for hosting a local LLM',
  'Software for hosting a local LLM',
  'Medium advanced terminology',
  'Advanced terminology and other magic',
  'How do I…',
  "It doesn't work",
  'Evidence',
  'Resources and pointers',
  'About',
] as const;

/** What Starlight's own front matter does not know. */
export const page = z.object({
  /** The short answer: 1 to 3 sentences that stand alone; shown at the top, in indexes, previews, tooltips and llms.txt. */
  description: z.string().min(40).max(300),
  /** The sidebar's section. */
  group: z.enum(GROUPS),
  /** Place in the reading order, site-wide; leave gaps of ten. */
  order: z.int().min(0),
  /** A shorter name for the sidebar, where the title is a long question. */
  short: z.string().min(2).max(48).optional(),
  /** What people type to find this page, error messages included. An alias belongs to one page. */
  aliases: z.array(z.string().min(1)).min(2),
  /** The day the facts were last checked. */
  checked: day,
  /** Paths of pages that belong with this one. */
  related: z.array(z.string()).default([]),
});

export type Page = z.infer<typeof page>;
