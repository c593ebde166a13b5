import { z } from 'astro/zod';

const share = z.number();

/** Errors of one kind of set-up or class of machine. Errors are |predicted ÷ measured − 1|. */
const speedErrors = z.strictObject({
  what: z.enum(['decode', 'prefill']),
  name: z.string(),
  rows: z.int(),
  machines: z.int(),
  median: share,
  p90: share,
  /** Median of the machines' medians: no machine measured often speaks for all. */
  byMachine: share,
  /** Median of predicted ÷ measured − 1: above 0 predictions are too fast. */
  bias: share,
  /** Share of rows inside their range. */
  held: share,
  /** Median of high ÷ low. */
  width: z.number(),
  /** The same median for peak bandwidth ÷ bytes of the active weights. */
  naive: share.nullable(),
});

/** What `npm run accuracy` found: the calculator's own errors, for everybody to see. */
export const accuracy = z.strictObject({
  made: z.string(),
  /** Memory against llama.cpp's own allocations, by part. */
  memory: z.array(z.strictObject({ part: z.string(), rows: z.int(), exact: z.int(), median: share, p90: share, worst: share })),
  /** File sizes against published files of real models. */
  files: z.array(z.strictObject({ name: z.string(), rows: z.int(), models: z.int(), median: share, p90: share, worst: share })),
  speed: z.array(speedErrors),
  /** Measurements that were not compared, by reason. */
  leftOut: z.array(z.strictObject({ reason: z.string(), rows: z.int() })),
  /** How far apart reports of the same machine and model are: no prediction can be expected to do better. */
  noise: z.array(z.strictObject({ name: z.string(), pairs: z.int(), median: share, p90: share })),
  /** The predictions that were farthest off. */
  worst: z.array(
    z.strictObject({
      id: z.string(),
      machine: z.string(),
      model: z.string(),
      quant: z.string(),
      predicted: z.number(),
      measured: z.number(),
      depth: z.number(),
      url: z.string(),
      reason: z.string(),
    }),
  ),
});

export type Accuracy = z.infer<typeof accuracy>;

/** A measurement that the fit rests on, and what all other machines say about it; tokens per second. */
export const prediction = z.strictObject({
  /** Id in `measurements.jsonl`. */
  measurement: z.string(),
  what: z.enum(['decode', 'prefill']),
  measured: z.number(),
  predicted: z.number(),
  /** The range that should hold four times in five. */
  low: z.number(),
  high: z.number(),
});

export type Prediction = z.infer<typeof prediction>;
