/** How wide a prediction's range must be: from the errors on machines that the fit had not seen. */

/** An error on a row whose machine was left out. */
export interface Residual {
  /** ln(measured ÷ predicted), speeds. */
  readonly error: number;
  readonly group: string;
  readonly regime: string;
  readonly speedClass: string;
}

export interface RangeFactors {
  readonly low: number;
  readonly high: number;
}

export interface Ranges {
  /** By regime: factors on the prediction. */
  readonly regimes: Readonly<Record<string, RangeFactors>>;
  /** By class of machine: exponent on the factors where its rows scatter more, or are few. */
  readonly widening: Readonly<Record<string, number>>;
}

/**
 * Share of the calibrating rows that the factors hold. Ranges are called 80 %; with the widening of classes on top, machines that
 * were left out find themselves inside about that often. Prompts scatter by machine more than rows tell, so theirs are cut wider.
 */
export const HELD = { decode: 0.78, prefill: 0.9 } as const;
/** Processors scatter so too: with channels filled, threads and builds that reports do not name. */
const HELD_ON_CPU = 0.9;
/** As many machines as a class needs before its own scatter counts as much as everybody's. */
const SHRINKAGE = 3;
/** Classes with fewer machines than this are widened at least by `THIN_WIDENING`. */
const ENOUGH_MACHINES = 3;
const THIN_WIDENING = 1.2;
const WIDEST = 2;

/** Weighted quantile of values. */
export function weightedQuantile(values: readonly (readonly [value: number, weight: number])[], share: number): number {
  const sorted = values.toSorted(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, weight]) => sum + weight, 0);
  let running = 0;
  for (const [value, weight] of sorted) {
    running += weight;
    if (running >= share * total) return value;
  }
  return sorted.at(-1)?.[0] ?? Number.NaN;
}

/** Rows of a machine measured often count less each, so that no box speaks for all. */
export function machineWeights(groups: readonly string[]): readonly number[] {
  const counts = new Map<string, number>();
  for (const group of groups) counts.set(group, (counts.get(group) ?? 0) + 1);
  return groups.map((group) => (counts.get(group) ?? 1) ** -0.5);
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  return Map.groupBy(items, key);
}

/**
 * Factors for each regime, and what classes need on top.
 *
 * @param share of the rows that the factors hold
 */
export function calibrate(residuals: readonly Residual[], share: number): Ranges {
  const regimes: Record<string, RangeFactors> = {};
  const scaled: { z: number; item: Residual; weight: number }[] = [];
  for (const [regime, items] of groupBy(residuals, ({ regime: name }) => name)) {
    const tail = (1 - (regime.startsWith('cpu') ? Math.max(share, HELD_ON_CPU) : share)) / 2;
    const weights = machineWeights(items.map(({ group }) => group));
    const pairs = items.map(({ error }, index): [number, number] => [error, weights[index] ?? 1]);
    const low = Math.min(-0.05, weightedQuantile(pairs, tail));
    const high = Math.max(0.05, weightedQuantile(pairs, 1 - tail));
    regimes[regime] = { low: Math.exp(low), high: Math.exp(high) };
    items.forEach((item, index) =>
      scaled.push({ z: item.error < 0 ? item.error / low : item.error / high, item, weight: weights[index] ?? 1 }),
    );
  }
  const widening: Record<string, number> = {};
  for (const [speedClass, items] of groupBy(scaled, ({ item }) => item.speedClass)) {
    const machines = new Set(items.map(({ item }) => item.group)).size;
    const own = weightedQuantile(
      items.map(({ z, weight }): [number, number] => [z, weight]),
      share,
    );
    const shrunk = (machines * own + SHRINKAGE) / (machines + SHRINKAGE);
    const exponent = Math.min(WIDEST, Math.max(1, shrunk, machines < ENOUGH_MACHINES ? THIN_WIDENING : 1));
    if (exponent > 1.02) widening[speedClass] = exponent;
  }
  return { regimes, widening };
}

/** The range for one prediction. */
export function rangeFor({ regimes, widening }: Ranges, regime: string, speedClass: string): RangeFactors {
  const { low, high } = regimes[regime] ?? { low: 0.5, high: 2 };
  const exponent = widening[speedClass] ?? 1;
  return { low: low ** exponent, high: high ** exponent };
}

export interface Covered {
  readonly item: Residual;
  /** Whether the measured speed lies in the range. */
  readonly inside: boolean;
  /** Factors on the prediction. */
  readonly low: number;
  readonly high: number;
}

/** Coverage of ranges that were calibrated without the machine they are asked about. */
export function nestedCoverage(residuals: readonly Residual[], share: number): readonly Covered[] {
  const results: Covered[] = [];
  for (const [group, items] of groupBy(residuals, (item) => item.group)) {
    const ranges = calibrate(
      residuals.filter((item) => item.group !== group),
      share,
    );
    for (const item of items) {
      const { low, high } = rangeFor(ranges, item.regime, item.speedClass);
      const ratio = Math.exp(item.error);
      results.push({ item, inside: low <= ratio && ratio <= high, low, high });
    }
  }
  return results;
}
