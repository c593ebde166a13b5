import { z } from 'astro/zod';
import { ARCHITECTURES } from '../engine/model.ts';
import { date, recordBase } from './common.ts';

const count = z.int().positive();

/** What the engine needs to list every tensor; mirrors `ModelShape` in `src/engine/model.ts`. */
export const shape = z.strictObject({
  architecture: z.enum(ARCHITECTURES),
  layers: count,
  hiddenSize: count,
  vocabularySize: count,
  tiedEmbeddings: z.boolean(),
  heads: count,
  kvHeads: count,
  headDimK: count,
  headDimV: count,
  feedForwardSize: count.nullable(),
  experts: z
    .strictObject({
      count,
      used: count,
      feedForwardSize: count,
      sharedCount: z.int().min(0),
      sharedFeedForwardSize: z.int().min(0),
      denseFirstLayers: z.int().min(0),
    })
    .nullable(),
  slidingWindow: z.strictObject({ size: count, period: count }).nullable(),
  latentAttention: z
    .strictObject({
      qLoraRank: count.nullable(),
      kvLoraRank: count,
      ropeHeadDim: count,
      nopeHeadDim: count,
      valueHeadDim: count,
      legacyFile: z.boolean(),
    })
    .nullable(),
  recurrent: z
    .strictObject({
      fullAttentionInterval: count.nullable(),
      attentionLayers: z.array(z.int().min(0)).nullable(),
      convKernel: count,
      innerSize: count,
      stateSize: z.int().min(0),
      groupCount: z.int().min(0),
      timeStepRank: z.int().min(0),
    })
    .nullable(),
  ropeFrequencyTensor: z.boolean(),
});

/** One model, one record. Parameter counts are in billions (10^9). */
export const model = z.strictObject({
  ...recordBase,
  name: z.string().min(2),
  family: z.string().min(2),
  organisation: z.string().min(2),
  kind: z.enum(['base', 'instruct', 'thinking', 'hybrid-thinking']),
  /** The day the weights could be downloaded, not the paper's or the API's. */
  release: date,
  /** Parameters of the text model, unique weights (tied embeddings counted once), billions. */
  paramsTextB: z.number().positive(),
  /** Text parameters that a token passes through, billions; equal to `paramsTextB` for dense models. */
  paramsActiveB: z.number().positive(),
  /** Vision, audio or prediction layers on top, billions, where they are known. */
  paramsExtra: z.strictObject({ visionB: z.number().positive().optional(), mtpB: z.number().positive().optional() }).optional(),
  /** The size in the name: "8B", "30B-A3B". */
  marketedSize: z.string().min(2),
  /** Context the model was trained for, tokens. */
  contextNative: count,
  /** Longest context its makers say can be had (RoPE scaling), tokens; null when none is claimed. */
  contextExtended: count.nullable(),
  licence: z.strictObject({ name: z.string().min(2), url: z.url(), commercial: z.enum(['yes', 'limited', 'no']) }),
  /** Null when a figure is missing: then `missing` says which, and nothing is computed. */
  shape: shape.nullable(),
  missing: z.array(z.string()).optional(),
});

export type Model = z.infer<typeof model>;
