/** What the fit found (`npm run fit`), as the speed model reads it. */

import type { Device } from './device.ts';
import fit from './speed-fit.json' with { type: 'json' };

interface RangeFactors {
  readonly low: number;
  readonly high: number;
}

interface Ranges {
  readonly regimes: Readonly<Record<string, RangeFactors>>;
  readonly widening: Readonly<Record<string, number>>;
}

type Evidence = Readonly<Record<string, readonly number[]>>;

const FACTORS: Readonly<Record<string, number>> = fit.factors;
const RANGES: Readonly<Record<'decode' | 'prefill', Ranges>> = fit.ranges;
const EVIDENCE: Readonly<Record<'decode' | 'prefill', Evidence>> = fit.evidence;

/** The day the factors were fitted. */
export const FITTED = fit.fitted;

const products = new WeakMap<readonly string[], number>();

/** Product of named factors; what was never measured adds nothing to what is common. Kept for each list of names. */
export function productOf(names: readonly string[]): number {
  let product = products.get(names);
  if (product === undefined) {
    product = names.reduce((value, name) => value * (FACTORS[name] ?? 1), 1);
    products.set(names, product);
  }
  return product;
}

const machines = { decode: new WeakMap<Device, number>(), prefill: new WeakMap<Device, number>() } as const;

/** What a machine that was itself measured adds: a partly pooled factor on its time. 1 for all others. */
export function machineFactor(device: Device, what: 'decode' | 'prefill'): number {
  if (device.id === null) return 1;
  let factor = machines[what].get(device);
  if (factor === undefined) {
    factor = FACTORS[`${what === 'decode' ? 'machine' : 'prompt-machine'}:${device.id}`] ?? 1;
    machines[what].set(device, factor);
  }
  return factor;
}

/** Measurements and machines that a class's factors rest on. */
export function evidenceOf(what: 'decode' | 'prefill', speedClass: string): { readonly rows: number; readonly machines: number } {
  const [rows = 0, machines = 0] = EVIDENCE[what][speedClass] ?? [];
  return { rows, machines };
}

/** For devices of a kind that no measurement covers: a guess, and said to be one. */
const UNMEASURED_WIDENING = 2;
/** Where one part of the formula was never measured on an otherwise known class: a guess. */
export const UNMEASURED_PART_WIDENING = 1.5;
/** Where a regime has no calibration: wide. */
const UNKNOWN_REGIME: RangeFactors = { low: 0.4, high: 2 };

/**
 * Factors on a prediction that hold four measurements in five.
 *
 * @param scatter further exponent, for this model or file
 */
export function rangeFactors(what: 'decode' | 'prefill', regime: string, device: Device, scatter = 1): RangeFactors {
  const { regimes, widening } = RANGES[what];
  const { low, high } = regimes[regime] ?? UNKNOWN_REGIME;
  const exponent = (widening[device.speedClass] ?? 1) * (device.classIsMeasured ? 1 : UNMEASURED_WIDENING) * scatter;
  return { low: low ** exponent, high: high ** exponent };
}
