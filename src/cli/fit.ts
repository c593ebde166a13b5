/**
 * Fits the speed model to the measurements of `src/data` and writes what it found where the engine reads it.
 *
 * Usage: npm run fit
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fileOf, readCollections } from '../schemas/collections.ts';
import { crossValidate, fitAll, residualsOf, timedRows, type What } from './fit/cross-validate.ts';
import { calibrate, HELD, type Ranges } from './fit/ranges.ts';
import { COMMON } from './fit/priors.ts';
import { speedRows, type SpeedRow } from './fit/rows.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const data = readCollections((name) => readFileSync(path(`../data/${fileOf(name)}`), 'utf8'));
const { rows, leftOut } = speedRows(data);

const round = (value: number, digits: number): number => Number(value.toPrecision(digits));

function roundedRanges({ regimes, widening }: Ranges): Ranges {
  return {
    regimes: Object.fromEntries(
      Object.entries(regimes).map(([name, { low, high }]) => [name, { low: round(low, 3), high: round(high, 3) }]),
    ),
    widening: Object.fromEntries(Object.entries(widening).map(([name, exponent]) => [name, round(exponent, 3)])),
  };
}

/** Rows and machines behind each class of machine. */
function evidence(used: readonly SpeedRow[]): Record<string, readonly [rows: number, machines: number]> {
  const byClass = Map.groupBy(used, ({ setUp }) => (setUp.gpus[0] ?? setUp.host)?.speedClass ?? 'unknown');
  const counts = [...byClass].map(([name, list]): [string, readonly [number, number]] => [
    name,
    [list.length, new Set(list.map(({ group }) => group)).size],
  ]);
  return Object.fromEntries(counts.sort(([a], [b]) => a.localeCompare(b)));
}

const factors: Record<string, number> = Object.fromEntries(Object.entries(COMMON).map(([name, { mean }]) => [name, mean]));
const ranges: Partial<Record<What, Ranges>> = {};
const evidences: Partial<Record<What, Record<string, readonly [number, number]>>> = {};
for (const what of ['decode', 'prefill'] as const) {
  const timed = timedRows(rows, what);
  // A box's own factor is of no use to others: where one chip is a class, boxes were told apart only for the fit.
  for (const [name, value] of fitAll(timed, what).factors) if (!name.includes('@')) factors[name] = round(value, 4);
  ranges[what] = roundedRanges(calibrate(residualsOf(crossValidate(timed, what)), HELD[what]));
  evidences[what] = evidence(timed.map(({ row }) => row));
}

const today = new Date().toISOString().slice(0, 10);
const sorted = Object.fromEntries(Object.entries(factors).sort(([a], [b]) => a.localeCompare(b)));
writeFileSync(
  path('../engine/speed-fit.json'),
  `${JSON.stringify({ fitted: today, factors: sorted, ranges, evidence: evidences }, null, 1)}\n`,
);
console.log(`${String(rows.length)} measurements of ${String(new Set(rows.map(({ group }) => group)).size)} machines fitted; left out:`);
for (const [reason, count] of leftOut) console.log(`  ${String(count)} ${reason}`);
console.log(`${String(Object.keys(sorted).length)} factors written to src/engine/speed-fit.json`);
