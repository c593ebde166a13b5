/** What decode and prefill have in common: the request, the estimate, the range around it. */

import { isGpu, type Device } from './device.ts';
import { significant } from './format.ts';
import type { CacheType } from './ggml-types.ts';
import type { ModelShape } from './model.ts';
import { RANGE_WIDENING, TYPICAL_FLOPS_PER_BYTE, UNMEASURED_WIDENING, type Maker } from './speed-parameters.ts';
import type { Step } from './steps.ts';
import type { WeightsSummary } from './weights.ts';

export interface SpeedRequest {
  readonly shape: ModelShape;
  readonly weights: WeightsSummary;
  readonly device: Device;
  /** Tokens in the context already. */
  readonly depth: number;
  readonly cacheTypeK: CacheType;
  readonly cacheTypeV: CacheType;
  readonly flashAttention: boolean;
}

/** A speed with the range that should hold four times in five. */
export interface SpeedEstimate {
  readonly tokensPerSecond: number;
  readonly low: number;
  readonly high: number;
  /** Why the range is as wide as it is. */
  readonly basis: string;
  /** What stood in for something unknown, a sentence each. */
  readonly warnings: readonly string[];
  readonly steps: readonly Step[];
}

/** Whose overheads apply. Integrated and unmeasured GPUs borrow AMD's, which lie between the others. */
export function makerOf(device: Device): Maker {
  if (device.speedClass.startsWith('nvidia') || device.speedClass === 'gb10') return 'nvidia';
  return device.speedClass.startsWith('apple') ? 'apple' : 'amd';
}

/** FP32 vector rate, operations per second: the chip's own, or what a typical chip of its class has for its bandwidth. */
export function vectorFlops(device: Device): number {
  return device.fp32VectorFlops ?? device.bandwidth * (TYPICAL_FLOPS_PER_BYTE[device.speedClass] ?? TYPICAL_FLOPS_PER_BYTE.other);
}

/** A sentence about the stand-in for an unknown rate, if there is one. */
export function rateWarnings(device: Device): readonly string[] {
  if (!isGpu(device) || device.fp32VectorFlops !== null) return [];
  const rate = significant(vectorFlops(device) / 1e12);
  return [`The FP32 rate of ${device.name} is not known: ${rate}\u00a0TFLOPS, typical of such chips at this bandwidth, stands in.`];
}

/**
 * Low and high around a speed: the class's factors, widened where it scatters more or was never measured; never above the
 * ceiling.
 *
 * @param scatter further exponent on the factors, for this model or file
 */
export function rangeAround(
  tokensPerSecond: number,
  factors: { readonly low: number; readonly high: number },
  device: Device,
  ceiling: number,
  scatter = 1,
): { readonly low: number; readonly high: number } {
  const widening = (RANGE_WIDENING[device.speedClass] ?? 1) * (device.classIsMeasured ? 1 : UNMEASURED_WIDENING) * scatter;
  return {
    low: tokensPerSecond * factors.low ** widening,
    high: Math.min(ceiling, tokensPerSecond * factors.high ** widening),
  };
}
