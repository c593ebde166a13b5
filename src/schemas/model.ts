import { z } from 'astro/zod';
import { ARCHITECTURES, RECURRENT_KINDS } from '../engine/model.ts';
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
      interval: count.optional(),
      latentSize: count.optional(),
      scoreBias: z.boolean().optional(),
    })
    .nullable(),
  slidingWindow: z
    .strictObject({
      size: count,
      period: count,
      fullFirst: z.boolean().optional(),
      fullLayers: z.array(z.int().min(0)).optional(),
      chunked: z.boolean().optional(),
      heads: count.optional(),
      kvHeads: count.optional(),
      headDimK: count.optional(),
      headDimV: count.optional(),
    })
    .nullable(),
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
      kind: z.enum(RECURRENT_KINDS),
      fullAttentionInterval: count.nullable(),
      attentionLayers: z.array(z.int().min(0)).nullable(),
      convKernel: count,
      innerSize: count,
      stateSize: z.int().min(0),
      groupCount: z.int().min(0),
      timeStepRank: z.int().min(0),
      norm: z.boolean().optional(),
    })
    .nullable(),
  ropeFrequencyTensor: z.boolean(),
  rotaryDim: count.optional(),
  qkvBias: z.boolean().optional(),
  qkNorm: z.boolean().optional(),
  attentionGate: z.enum(['head', 'element']).optional(),
  feedForwardByLayer: z.array(z.int().min(0)).optional(),
  kvHeadsByLayer: z.array(z.int().min(0)).optional(),
  headsByLayer: z.array(z.int().min(0)).optional(),
  hybridPattern: z
    .string()
    .regex(/^[M*E-]+$/, 'a hybrid pattern has one of the letters M, *, - and E for each layer')
    .optional(),
  sharedKvLayers: count.optional(),
  keysServeAsValues: z.boolean().optional(),
  perLayerEmbeddingSize: count.optional(),
  indexer: z.strictObject({ heads: count, headDim: count, topK: count, layers: z.array(z.int().min(0)).optional() }).optional(),
  compressedAttention: z
    .strictObject({
      ratioByLayer: z.array(z.int().min(0)),
      queryLoraRank: count,
      outputGroups: count,
      outputLoraRank: count,
      hyperConnections: count,
      hashLayers: z.int().min(0),
    })
    .optional(),
  sequenceTable: z
    .strictObject({
      hyperConnections: count,
      hyperConnectionRank: count,
      layer: z.int().min(0),
      rows: count,
      rowWidth: count,
      lookups: count,
      sequenceLength: count,
      convKernel: count,
    })
    .optional(),
  tokenTypes: count.optional(),
  learnedPositions: count.optional(),
});

/** One model, one record. Parameter counts are in billions (10^9). */
export const model = z.strictObject({
  ...recordBase,
  name: z.string().min(2),
  family: z.string().min(2),
  organisation: z.string().min(2),
  /** What it was made for; `hybrid-thinking` thinks on request. */
  kind: z.enum(['base', 'instruct', 'thinking', 'hybrid-thinking', 'embedding', 'speech']),
  /** What it was made better at than its family, where that is what people pick it for. */
  speciality: z.enum(['code', 'medicine', 'safety', 'translation']).optional(),
  /** Where its makers publish the weights: "Qwen/Qwen3-8B" on Hugging Face. */
  repository: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/, 'a repository is written owner/name')
    .nullable(),
  /** What it reads besides text; what it writes is text. */
  inputs: z.array(z.enum(['text', 'image', 'audio', 'video'])).min(1),
  /** Languages as its makers' card counts or names them; left out where the card says nothing. */
  languages: z.string().min(2).optional(),
  /** Kept for reference: superseded, or of interest to historians. Not offered in the calculator's first list. */
  historical: z.literal(true).optional(),
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
  licence: z.strictObject({
    name: z.string().min(2),
    url: z.url(),
    commercial: z.enum(['yes', 'limited', 'no']),
    /** What it forbids or asks beyond keeping the notice: user limits, naming, uses, regions. Required unless `commercial` is yes. */
    terms: z.string().min(5).optional(),
  }),
  /** Null when a figure is missing: then `missing` says which, and nothing is computed. */
  shape: shape.nullable(),
  missing: z.array(z.string()).optional(),
});

export type Model = z.infer<typeof model>;
