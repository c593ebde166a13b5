/** What decode and prefill have in common: the request, the estimate, the range around it. */

import type { Device } from './device.ts';
import type { CacheType } from './ggml-types.ts';
import type { ModelShape } from './model.ts';
import { RANGE_WIDENING, UNMEASURED_WIDENING, type Maker } from './speed-parameters.ts';
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
  readonly steps: readonly Step[];
}

/** Whose overheads apply. Integrated and unmeasured GPUs borrow AMD's, which lie between the others. */
export function makerOf(device: Device): Maker {
  if (device.speedClass.startsWith('nvidia') || device.speedClass === 'gb10') return 'nvidia';
  return device.speedClass.startsWith('apple') ? 'apple' : 'amd';
}

/** Low and high around a speed: the class's factors, widened where it scatters more or was never measured; never above the ceiling. */
export function rangeAround(
  tokensPerSecond: number,
  factors: { readonly low: number; readonly high: number },
  device: Device,
  ceiling: number,
): { readonly low: number; readonly high: number } {
  const widening = (RANGE_WIDENING[device.speedClass] ?? 1) * (device.classIsMeasured ? 1 : UNMEASURED_WIDENING);
  return {
    low: tokensPerSecond * factors.low ** widening,
    high: Math.min(ceiling, tokensPerSecond * factors.high ** widening),
  };
}
