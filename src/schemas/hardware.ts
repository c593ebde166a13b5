import { z } from 'astro/zod';
import { date, recordBase } from './common.ts';

const positive = z.number().positive();

/**
 * One machine, chip, memory platform, drive or link.
 *
 * Memory sizes are GiB (2^30 bytes), bandwidths GB/s (10^9 bytes per second), compute rates TFLOPS (10^12 per second).
 */
export const hardware = z.strictObject({
  ...recordBase,
  /** The name people use, without the vendor where it is obvious: "RTX 3090", "Apple M4 Max (40-core GPU)". */
  name: z.string().min(2),
  vendor: z.enum(['nvidia', 'amd', 'intel', 'apple', 'qualcomm', 'raspberry-pi', 'arm-board', 'ampere', 'risc-v', 'generic']),
  kind: z.enum(['gpu', 'laptop-gpu', 'workstation-gpu', 'accelerator', 'soc', 'board', 'phone', 'cpu-platform', 'storage', 'link']),
  /** What a CPU platform is built into; servers include workstations with four channels and more. */
  form: z.enum(['desktop', 'laptop', 'server']).optional(),
  /** Processors in it, where there is more than one; memory width and bandwidth are those of all together. */
  sockets: z.int().min(2).optional(),
  /** Where the model's bytes live; `none` for storage and links. */
  memory: z.enum(['discrete', 'unified', 'system', 'none']),
  /** Sizes on offer in GiB, smallest first; empty where the buyer chooses the modules. */
  memoryGiB: z.array(positive),
  memoryType: z.string().min(3).nullable(),
  busWidthBits: z.int().positive().nullable(),
  /** Transfers per pin, MT/s (21 Gbps per pin is 21,000). */
  dataRateMTs: positive.nullable(),
  /** Width × rate, GB/s; null when either is unknown. */
  bandwidthComputedGBs: positive.nullable(),
  /** The maker's own figure, GB/s; null when not seen. */
  bandwidthMarketedGBs: positive.nullable(),
  /** Dense FP16 on matrix units (tensor cores and the like), TFLOPS; what it accumulates in decides the rate. */
  fp16MatrixDense: z.strictObject({ tflops: positive, accumulate: z.enum(['fp16', 'fp32', 'unknown']) }).nullable(),
  fp16VectorTflops: positive.nullable(),
  fp32VectorTflops: positive.nullable(),
  int8DenseTops: positive.nullable(),
  /** Chip generation as the speed model names it: "ampere", "ada", "rdna3", "m4", "strix-halo", "gb10", "zen5"…; null when it has none. */
  generation: z.string().min(2).nullable(),
  pcie: z.strictObject({ generation: z.int().min(1).max(7), lanes: z.int().min(1).max(16) }).nullable(),
  /** Board or chip power as rated by the maker, W. */
  watts: positive.nullable(),
  release: date.nullable(),
  status: z.enum(['released', 'announced']),
  /** What drivers and toolkits still support, dated. */
  support: z.array(z.strictObject({ text: z.string().min(5), asOf: date, source: z.string() })).optional(),
});

export type Hardware = z.infer<typeof hardware>;
