/**
 * The speed model's parameters: fitted on 760 published measurements of llama.cpp and its kin, machine by machine, with the
 * physics fixed and only efficiencies and overheads free. In brackets the rows and machines that each rests on.
 *
 * Times are those of builds of 2026 where the fit knows the build's date.
 */

import type { Backend, SpeedClass } from './device.ts';
import type { FileType } from './ggml-types.ts';

/** Share of the peak bandwidth at which weights are read. */
export const WEIGHT_BANDWIDTH_SHARE: Readonly<Record<SpeedClass, number>> = {
  'nvidia-gddr': 0.931, // 125 / 26
  'nvidia-hbm': 0.644, // 14 / 3, all with kernels of May 2024: probably pessimistic
  gb10: 0.908, // 19 / 2
  'amd-rdna': 0.925, // 14 / 4
  'strix-halo': 0.911, // 147 / 3
  'integrated-gpu': 0.923, // 1 / 1
  apple: 0.929, // 57 / 9
  'apple-ultra': 0.912, // 48 / 3
  'cpu-desktop': 0.73, // 8 / 4
  'cpu-laptop': 0.46, // the CPU classes together 58 / 21
  'cpu-server': 0.41,
  'cpu-board': 0.55, // Raspberry Pi 5
};

/** Rows and machines of decode measurements that a class rests on. */
export const EVIDENCE: Readonly<Record<SpeedClass, readonly [rows: number, machines: number]>> = {
  'nvidia-gddr': [125, 26],
  'nvidia-hbm': [14, 3],
  gb10: [19, 2],
  'amd-rdna': [14, 4],
  'strix-halo': [147, 3],
  'integrated-gpu': [1, 1],
  apple: [57, 9],
  'apple-ultra': [48, 3],
  // The kinds of CPU share one calibration.
  'cpu-desktop': [58, 21],
  'cpu-laptop': [58, 21],
  'cpu-server': [58, 21],
  'cpu-board': [58, 21],
};

/** Floating-point operations per weight for unpacking and multiplying, by the family of the file type. */
export const FLOPS_PER_WEIGHT = {
  float: 1.7, // 46 / 11
  q8: 2.6, // 69 / 7
  legacy: 2.3, // 41 / 14
  kQuant: 2.7, // 156 / 43
  lowKQuant: 8.5, // 19 / 6
  iq4: 3.0, // 12 / 2
  lowIQuant: 8.5, // no measurement: those of Q2_K and Q3_K stand in
  mxfp4: 4.5, // 47 / 13
} as const;

export type QuantFamily = keyof typeof FLOPS_PER_WEIGHT;

/** Which family a file type's arithmetic belongs to. */
export function quantFamily(fileType: FileType): QuantFamily {
  if (/^(F32|F16|BF16)$/.test(fileType)) return 'float';
  if (fileType === 'Q8_0') return 'q8';
  if (/^Q[45]_[01]$/.test(fileType)) return 'legacy';
  if (/^Q[456]_K/.test(fileType)) return 'kQuant';
  if (/^Q[23]_K/.test(fileType)) return 'lowKQuant';
  if (fileType.startsWith('IQ4')) return 'iq4';
  return fileType === 'MXFP4_MOE' ? 'mxfp4' : 'lowIQuant';
}

/** Factor on the arithmetic per weight, by maker. */
export const VENDOR_FLOPS_FACTOR = { nvidia: 0.96, amd: 0.99, apple: 0.92 } as const;

/** Factor on the arithmetic per weight, by chip generation; 1 for generations that were not measured. */
export const GENERATION_FLOPS_FACTOR: Readonly<Record<string, number>> = {
  pascal: 5.2,
  turing: 0.9,
  ampere: 1.16,
  ada: 0.76,
  blackwell: 0.82,
  hbm: 0.64, // A100 and H100; stands for every card with memory of this kind
  m1: 1.14,
  m2: 0.76,
  m3: 1.03,
  m4: 0.95,
  m5: 0.98,
  rdna2: 1.11,
  rdna3: 1.11,
  rdna4: 1.11,
  'strix-halo': 0.9,
};

/**
 * FP32 operations per byte of peak bandwidth that a typical chip of a class has: stands in where the rate is not known.
 * Medians of the chips that the fit rests on.
 */
export const TYPICAL_FLOPS_PER_BYTE: Partial<Readonly<Record<SpeedClass, number>>> & { readonly other: number } = {
  'nvidia-gddr': 45,
  'nvidia-hbm': 16,
  gb10: 109,
  'amd-rdna': 35,
  'strix-halo': 58,
  'integrated-gpu': 45,
  other: 35, // Apple's chips lie between 26 and 41
};

/** Fixed time per layer and token, seconds: launching kernels and waiting for them. */
export const SECONDS_PER_LAYER: Readonly<Record<Backend, number>> = {
  cuda: 44.5e-6, // 114 / 31
  vulkan: 51e-6, // 88 / 7, AMD
  rocm: 54e-6, // 74 / 5
  metal: 88e-6, // 91 / 12
  mlx: 84e-6, // 14 / 2
  sycl: 54e-6, // no measurement: ROCm's stands in
  cpu: 0,
};

/** NVIDIA's cards under Vulkan. 13 / 6 */
export const SECONDS_PER_LAYER_NVIDIA_VULKAN = 44.7e-6;

export type Maker = keyof typeof VENDOR_FLOPS_FACTOR;

/** Extra seconds per layer without flash attention, per mixture-of-experts layer, per recurrent layer. */
export const SECONDS_WITHOUT_FLASH_ATTENTION: Readonly<Record<Maker, number>> = { nvidia: 22e-6, amd: 22e-6, apple: 21e-6 };
export const SECONDS_PER_MOE_LAYER: Readonly<Record<Maker, number>> = { nvidia: 32e-6, amd: 68e-6, apple: 83e-6 };
// NVIDIA's is no measurement but the fit's prior.
export const SECONDS_PER_RECURRENT_LAYER: Readonly<Record<Maker, number>> = { nvidia: 60e-6, amd: 96e-6, apple: 79e-6 };

/** Share of the peak bandwidth at which the KV cache is read: with flash attention, and without (where every query head reads again). */
export const CACHE_BANDWIDTH_SHARE: Readonly<Record<SpeedClass, { readonly on: number; readonly off: number }>> = {
  'nvidia-gddr': { on: 0.46, off: 1.42 },
  'nvidia-hbm': { on: 0.58, off: 0.88 },
  gb10: { on: 0.72, off: 0.83 },
  'amd-rdna': { on: 0.6, off: 0.83 },
  'strix-halo': { on: 0.62, off: 0.83 },
  'integrated-gpu': { on: 0.58, off: 0.83 },
  apple: { on: 0.6, off: 0.53 },
  'apple-ultra': { on: 0.58, off: 0.73 },
  'cpu-desktop': { on: 0.48, off: 0.48 },
  'cpu-laptop': { on: 0.48, off: 0.48 },
  'cpu-server': { on: 0.48, off: 0.48 },
  'cpu-board': { on: 0.48, off: 0.48 },
};

/** On a CPU a quantized cache is unpacked again for every query head, which costs far more than its bytes. */
export const CPU_QUANTIZED_CACHE_SHARE = 0.08;

/** Share of the FP32 vector rate at which latent attention runs; 0.13 where it was not measured. */
export const LATENT_ATTENTION_SHARE: Partial<Readonly<Record<SpeedClass, number>>> & { readonly other: number } = {
  'strix-halo': 0.2, // 8 / 1
  'apple-ultra': 0.08, // 4 / 1
  other: 0.13,
};

/** Exponent on the range's factors for latent attention in a long context: two machines, far apart. */
export const LATENT_ATTENTION_WIDENING = 2;

/**
 * The 80 % range around a prediction, as factors: calibrated by leaving whole machines out (the factors that held 84 % of
 * them are shipped as 80 %, because new reporters differ more than known ones).
 */
export const RANGE = {
  dense: { low: 0.78, high: 1.12 },
  experts: { low: 0.81, high: 1.47 },
  deep: { low: 0.75, high: 1.14 },
  cpu: { low: 0.58, high: 1.6 },
  prefill: { low: 0.62, high: 1.67 },
  prefillCpu: { low: 0.35, high: 2.6 },
} as const;

/** Exponent on the range's factors where a class scatters more. */
export const RANGE_WIDENING: Partial<Readonly<Record<SpeedClass, number>>> = {
  'amd-rdna': 1.6,
  'integrated-gpu': 1.6,
  apple: 1.3,
  'nvidia-hbm': 1.2,
};

/** Where a part of the formula (low i-quants, recurrent layers on NVIDIA) was never measured on an otherwise known class: a guess. */
export const UNMEASURED_PART_WIDENING = 1.5;

/** For devices of a kind that nobody's measurement covers: a guess, and said to be one. */
export const UNMEASURED_WIDENING = 2;

/** How a prompt uses a chip's arithmetic: share of the reference rate for quantized and for 16-bit files. */
export const PREFILL_SHARE: Readonly<Record<string, { readonly quantized: number; readonly float: number }>> = {
  pascal: { quantized: 0.61, float: 0.97 },
  turing: { quantized: 0.61, float: 0.97 },
  ampere: { quantized: 0.84, float: 1.34 },
  ada: { quantized: 0.73, float: 1.16 },
  blackwell: { quantized: 0.73, float: 1.16 },
  gb10: { quantized: 0.66, float: 1.06 },
  hbm: { quantized: 0.29, float: 0.47 },
  rdnaRocm: { quantized: 0.79, float: 1.07 },
  rdnaVulkan: { quantized: 0.62, float: 0.41 },
  strixRocm: { quantized: 0.47, float: 0.63 },
  strixVulkan: { quantized: 0.37, float: 0.24 },
  m1: { quantized: 0.57, float: 0.67 },
  m2: { quantized: 0.62, float: 0.72 },
  m3: { quantized: 0.66, float: 0.77 },
  m4: { quantized: 0.69, float: 0.82 },
  m5: { quantized: 0.69, float: 0.82 },
  ultra: { quantized: 0.8, float: 0.94 },
};

/** Further prefill figures: expert batches are smaller than the prompt, weights are read once a batch, attention has its own share. */
export const PREFILL = {
  expertShare: { nvidia: 0.59, amd: 0.69, apple: 0.9 },
  /** Tokens an expert must see before its matrix product runs at full rate. */
  expertTokens: 20,
  weightBandwidthShare: 0.72,
  secondsPerLayer: 170e-6,
  attentionShare: { nvidia: 0.65, hbm: 0.49, amdRocm: 0.32, amdVulkan: 0.23, strixRocm: 0.18, strixVulkan: 0.13, apple: 0.41, ultra: 0.47 },
} as const;

/** Dense FP16 matrix operations per byte of bandwidth of a card with high-bandwidth memory; stands in where the rate is not known. */
export const TYPICAL_MATRIX_FLOPS_PER_BYTE = 250;

/**
 * Prompt arithmetic of a CPU, operations per byte of its peak bandwidth. Rough: 12 machines from 3 to 24, which is why the
 * range is so wide. CPUs' vector rates are rarely known, and wide memory comes with many cores.
 */
export const CPU_PREFILL_FLOPS_PER_BYTE: Partial<Readonly<Record<SpeedClass, number>>> & { readonly other: number } = {
  'cpu-laptop': 7,
  'cpu-board': 4,
  other: 11,
};

/** Share of that rate for attention. */
export const CPU_PREFILL_ATTENTION_SHARE = 0.3;

/** Factor from the FP32 vector rate to the rate a prompt's arithmetic is measured against. */
export function prefillReferenceFactor(maker: Maker, generation: string | null): number {
  if (maker === 'nvidia') return generation === 'turing' || generation === 'pascal' ? 4 : 2;
  if (maker === 'amd') return generation === 'rdna4' ? 4 : 2;
  return 1;
}
