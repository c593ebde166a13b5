import { z } from 'astro/zod';
import { date, day, id } from './common.ts';

const positive = z.number().positive();
const tokens = z.int().min(0);

/** One published measurement: what ran on what, how fast, who says so. Speeds are tokens per second. */
export const measurement = z
  .strictObject({
    id,
    /** What did the work: a machine's id. Of a card in a computer, the card. */
    machine: id,
    /** How many of it worked together. */
    machineCount: z.int().positive(),
    /** The computer around the card, or what the layers ran on that were not on it: a machine's id; null when not said. */
    host: id.nullable(),
    model: id,
    /** The file type as llama.cpp names it, or the format of another engine: "Q4_K_M", "mlx-4bit", "exl2-4.0". */
    quant: z.string().min(1),
    /** Size of the weights as printed by the engine, GiB. */
    fileGiB: positive.nullable(),
    /** Where the layers were: all on the card or the chip's GPU, all on the CPU, or on both. */
    placement: z.enum(['gpu', 'cpu', 'split']),
    engine: z.enum(['llama.cpp', 'ik_llama.cpp', 'ollama', 'lm-studio', 'mlx', 'exllamav2', 'mlc-llm', 't-mac', 'vllm', 'ds4', 'other']),
    /** Build, version or commit as the source gives it. */
    engineVersion: z.string().min(1).nullable(),
    backend: z.enum(['cuda', 'rocm', 'vulkan', 'metal', 'sycl', 'opencl', 'cpu']).nullable(),
    settings: z.strictObject({
      gpuLayers: tokens.nullable(),
      cpuMoeLayers: tokens.optional(),
      /** Weights on the cards, MiB, where the source prints them. */
      gpuMiB: positive.optional(),
      flashAttention: z.boolean().nullable(),
      cacheTypeK: z.string().optional(),
      cacheTypeV: z.string().optional(),
      ubatch: tokens.optional(),
      threads: tokens.optional(),
      /** Anything else that moves the speed, in the source's own words, shortened. */
      other: z.string().min(2).max(160).optional(),
    }),
    /** Tokens of the prompt that `prefillTokensPerSecond` was measured on. */
    promptTokens: tokens.nullable(),
    /** Tokens written while `decodeTokensPerSecond` was measured. */
    generatedTokens: tokens.nullable(),
    /** Tokens in the context before the measurement began. */
    depth: tokens,
    prefillTokensPerSecond: positive.nullable(),
    decodeTokensPerSecond: positive.nullable(),
    measured: date.nullable(),
    source: id,
    /** Where in the source: a path, a line, an anchor. */
    locator: z.string().min(1).nullable(),
    /** The address that shows it. */
    url: z.url(),
    checked: day,
    /**
     * `good`: a benchmark tool's own output with its settings. `fair`: settings incomplete, or read off a summary.
     * `doubtful`: the source itself doubts it, or it disagrees with its neighbours. `impossible`: it breaks a physical law.
     */
    quality: z.enum(['good', 'fair', 'doubtful', 'impossible']),
    /** Why it is doubtful or impossible. */
    reason: z.string().min(10).optional(),
  })
  .refine((row) => row.prefillTokensPerSecond !== null || row.decodeTokensPerSecond !== null, 'a measurement needs at least one speed')
  .refine(
    (row) => row.reason !== undefined || row.quality === 'good' || row.quality === 'fair',
    'a doubtful or impossible measurement says why in "reason"',
  );

export type Measurement = z.infer<typeof measurement>;
