/** Fitting all rows, and each machine's rows from all others. */

import { regimeOf, type Regime } from '../../engine/regimes.ts';
import { priorOf } from './priors.ts';
import { machineWeights, type Residual } from './ranges.ts';
import type { SpeedRow, Timed } from './rows.ts';
import { fit, predicted, type Fitted, type FitRow, type FitTerm } from './solve.ts';

export type What = 'decode' | 'prefill';

/** Kinds of set-up whose rows shape the factors; others are only compared with them. */
const FITTED: Readonly<Record<What, readonly SpeedRow['kind'][]>> = {
  decode: ['one-gpu', 'several-gpus', 'offload', 'cpu'],
  // What moves weights to the cards for a prompt depends on the slot and the fork; too few rows say.
  prefill: ['one-gpu', 'several-gpus', 'cpu'],
};

export interface TimedRow {
  readonly row: SpeedRow;
  readonly timed: Timed;
}

/** Rows that have the speed asked for. */
export function timedRows(rows: readonly SpeedRow[], what: What): readonly TimedRow[] {
  return rows.flatMap((row) => {
    const timed = row[what];
    return timed === null ? [] : [{ row, timed }];
  });
}

function fitRows(rows: readonly TimedRow[], what: What): FitRow[] {
  const used = rows.filter(({ row }) => FITTED[what].includes(row.kind));
  const weights = machineWeights(used.map(({ row }) => row.group));
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  return used.map(({ timed }, index) => ({ terms: timed.terms, observed: timed.observed, weight: (weights[index] ?? 1) / mean }));
}

/** Factors from all rows. */
export function fitAll(rows: readonly TimedRow[], what: What): Fitted {
  return fit(fitRows(rows, what), priorOf);
}

/** A row predicted by a fit that had not seen its machine. */
export interface Judged {
  readonly row: SpeedRow;
  /** Tokens per second. */
  readonly predicted: number;
  readonly measured: number;
  readonly regime: Regime;
  /** Bandwidth ÷ bytes of the file (of active weights by their nominal share), tokens per second: what simple calculators say. */
  readonly naive: number | null;
}

const isMachineFactor = (name: string): boolean => name.startsWith('machine:') || name.startsWith('prompt-machine:');

const withoutMachines = (terms: readonly FitTerm[]): readonly FitTerm[] =>
  terms.map(({ quantity, factors }) => ({ quantity, factors: factors.filter(([name]) => !isMachineFactor(name)) }));

/** Peak bandwidth ÷ file bytes, experts by the share of parameters that is active: the formula most calculators use. */
function naiveSpeed({ work, setUp }: SpeedRow): number | null {
  const device = setUp.gpus[0] ?? setUp.host;
  if (device === null) return null;
  const always = (work.denseWeights[work.layers] ?? 0) + work.output.weights;
  const active = always + work.usedShare * (work.expertWeights[work.layers] ?? 0);
  return device.bandwidth / ((work.bytes * active) / work.weights);
}

function judge({ row, timed }: TimedRow, fitted: Fitted): Judged {
  const terms = withoutMachines(timed.terms);
  const seconds = Math.max(predicted(terms, fitted.factors, priorOf), timed.floor);
  const cache = timed.cacheTerms.map((index) => terms[index]).filter((term) => term !== undefined);
  const cacheShare = predicted(cache, fitted.factors, priorOf) / seconds;
  return {
    row,
    predicted: 1 / seconds,
    measured: 1 / timed.observed,
    regime: regimeOf({ ...row.settings, kind: row.kind, mixture: row.work.usedShare > 0, cacheShare }),
    naive: naiveSpeed(row),
  };
}

/** Each machine's rows predicted from all other machines. */
export function crossValidate(rows: readonly TimedRow[], what: What): readonly Judged[] {
  const results: Judged[] = [];
  for (const group of new Set(rows.map(({ row }) => row.group))) {
    const fitted = fitAll(
      rows.filter(({ row }) => row.group !== group && row.measurement.machine !== group && row.measurement.host !== group),
      what,
    );
    for (const item of rows) if (item.row.group === group) results.push(judge(item, fitted));
  }
  return results;
}

/** What ranges are calibrated on. */
export function residualsOf(judged: readonly Judged[]): readonly Residual[] {
  return judged.map(({ row, predicted: expected, measured, regime }) => ({
    error: Math.log(measured / expected),
    group: row.group,
    regime,
    speedClass: (row.setUp.gpus[0] ?? row.setUp.host)?.speedClass ?? 'unknown',
  }));
}
