import { z } from 'astro/zod';

/** An id that will never change: small letters, digits and hyphens; no dots, no bundles. */
export const id = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'an id has small letters, digits and single hyphens only (no dots)');

/** A whole day, YYYY-MM-DD, quoted. */
export const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'a day is written YYYY-MM-DD');

/** A date as exactly as it is known: YYYY, YYYY-MM or YYYY-MM-DD. */
export const date = z.string().regex(/^\d{4}(-\d{2}(-\d{2})?)?$/, 'a date is written YYYY, YYYY-MM or YYYY-MM-DD');

/** Where a record's figures come from: an id in `src/data/sources.jsonl`, and what was seen there. */
export const provenance = z.strictObject({
  source: id,
  /** The fields this source supports; all of the record's when left out. */
  fields: z.array(z.string()).min(1).optional(),
  /** The figures as the source shows them, in a few words. */
  seen: z.string().min(1).optional(),
});

/** What every record carries. */
export const recordBase = {
  id,
  sources: z.array(provenance).min(1),
  /** The day the figures were last checked against the source. */
  checked: day,
  /** Only where the source repeats somebody else's figures. */
  confidence: z.literal('second-hand').optional(),
  /** Where sources disagree: what another one says, and why this record does not follow it. */
  conflicts: z
    .array(
      z.strictObject({
        field: z.string().min(1),
        /** The source that says otherwise. */
        source: id,
        says: z.string().min(1),
        resolution: z.string().min(10),
      }),
    )
    .min(1)
    .optional(),
  /** A remark that readers see. */
  note: z.string().min(1).optional(),
};
