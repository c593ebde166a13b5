/** What decode and prefill have in common: the question, the estimate, whose overheads apply. */

import { isGpu, type Device, type SpeedClass } from './device.ts';
import { EngineError } from './errors.ts';
import { significant } from './format.ts';
import type { Step } from './steps.ts';

/** A speed with the range that should hold four times in five. */
export interface SpeedEstimate {
  readonly tokensPerSecond: number;
  readonly low: number;
  readonly high: number;
  readonly secondsPerToken: number;
  /** Why the range is as wide as it is. */
  readonly basis: string;
  /** What stood in for something unknown, a sentence each. */
  readonly warnings: readonly string[];
  /** The arithmetic, step by step; worked out when asked for. */
  readonly steps: () => readonly Step[];
}

export type Maker = 'nvidia' | 'amd' | 'apple';

/** Whose overheads apply. Integrated and unmeasured GPUs borrow AMD's, which lie between the others. */
export function makerOf(device: Device): Maker {
  if (device.speedClass.startsWith('nvidia') || device.speedClass === 'gb10') return 'nvidia';
  return device.speedClass.startsWith('apple') ? 'apple' : 'amd';
}

/**
 * FP32 operations per byte of peak bandwidth that a typical chip of a class has: stands in where the rate is not known.
 * Medians of the chips that the fit rests on.
 */
const TYPICAL_FLOPS_PER_BYTE: Partial<Readonly<Record<SpeedClass, number>>> = {
  'nvidia-gddr': 45,
  'nvidia-hbm': 16,
  gb10: 109,
  'strix-halo': 58,
  'integrated-gpu': 45,
};
/** AMD's cards; Apple's chips lie between 26 and 41. */
const OTHER_FLOPS_PER_BYTE = 35;

/** FP32 vector rate, operations per second: the chip's own, or what a typical chip of its class has for its bandwidth. */
export function vectorFlops(device: Device): number {
  return device.fp32VectorFlops ?? device.bandwidth * (TYPICAL_FLOPS_PER_BYTE[device.speedClass] ?? OTHER_FLOPS_PER_BYTE);
}

function lacksRate(device: Device): boolean {
  return isGpu(device) && device.fp32VectorFlops === null;
}

/** A sentence about the stand-in for each unknown rate. */
export function rateWarnings(devices: readonly Device[]): readonly string[] {
  return devices.some(lacksRate) ? [...new Set(devices.filter(lacksRate).map(rateWarning))] : [];
}

const rateSentences = new WeakMap<Device, string>();

function rateWarning(device: Device): string {
  let sentence = rateSentences.get(device);
  if (sentence === undefined) {
    const rate = significant(vectorFlops(device) / 1e12);
    sentence = `The FP32 rate of ${device.name} is not known: ${rate}\u00a0TFLOPS, typical of such chips at this bandwidth, stands in.`;
    rateSentences.set(device, sentence);
  }
  return sentence;
}

/** @throws {EngineError} `no-bandwidth` when a device's bandwidth is not a positive number */
export function requireBandwidth(device: Device): void {
  if (!(device.bandwidth > 0) || !Number.isFinite(device.bandwidth))
    throw new EngineError('no-bandwidth', `The memory bandwidth of ${device.name} must be a number above 0 GB/s.`);
}
