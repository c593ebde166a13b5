/** What the page of a machine says, worked out from the data; the template only sets it. */

import { formatBytes } from '../../engine/format.ts';
import type { Hardware } from '../../schemas/hardware.ts';
import type { Measurement } from '../../schemas/measurement.ts';
import { machineFigure } from '../figure-texts.ts';
import { isWellKnown, sizesOf } from './choose.ts';
import { BEST_FIRST, contextOn, outcomeOn, placeOf, withHostOn, type Outcome, type Place, type ShapedModel } from './fits.ts';
import { agrees, gibText, shortAnswer, shortfallText, speedText, tokensText, withArticle } from './words.ts';

/** Rows of a page's tables, all memory sizes together; what people ask about by name comes on top. */
const LARGEST_ROWS = 26;
const LEAST_LARGEST_ROWS = 6;
/** Well-known models among the smaller ones, a size. */
const KNOWN_ROWS = 10;
const OUT_OF_REACH_ROWS = 4;

export interface RunRow extends Outcome {
  /** Longest context that fits, of those asked about, tokens. */
  readonly mostContext: number | null;
}

export interface OutOfReachRow extends Outcome {
  /** Bytes that a model may have on this machine. */
  readonly roomBytes: number | null;
  /** What a card does with an ordinary host's help. */
  readonly shared: ReturnType<typeof withHostOn>;
}

/** A machine with one size of memory. */
export interface SizeSection {
  readonly place: Place;
  /** What runs at a usable speed, the largest first. */
  readonly runs: readonly RunRow[];
  /** How many more run. */
  readonly further: number;
  readonly outOfReach: readonly OutOfReachRow[];
  /** The largest model that fits and is too slow to use; null when none is larger than what runs. */
  readonly slow: Outcome | null;
}

function sectionOf(place: Place, models: readonly ShapedModel[], sizes: number): SizeSection {
  const outcomes = models.map((model) => outcomeOn(model, place, BEST_FIRST));
  const runs = outcomes.filter(({ kind }) => kind === 'runs');
  const largest = runs.slice(0, Math.max(LEAST_LARGEST_ROWS, Math.floor(LARGEST_ROWS / sizes)));
  const known = runs.slice(largest.length).filter(({ model }) => isWellKnown(model));
  const shown = [...largest, ...known.slice(0, Math.ceil(KNOWN_ROWS / sizes))];
  const most = runs[0]?.model.paramsTextB ?? 0;
  const tooLarge = outcomes.filter(({ kind, model }) => kind === 'too-large' && model.paramsTextB > most).sort((a, b) => a.bytes - b.bytes);
  // The very next, and those that people ask about.
  const nearest = tooLarge.slice(0, OUT_OF_REACH_ROWS / 2);
  const asked = tooLarge.filter((outcome) => isWellKnown(outcome.model) && !nearest.includes(outcome));
  const slow = outcomes.find(({ kind, model }) => kind === 'slow' && model.paramsTextB > most) ?? null;
  return {
    place,
    runs: shown.map((outcome) => ({ ...outcome, mostContext: contextOn(outcome.model, outcome.quant, place) })),
    further: runs.length - shown.length,
    outOfReach: [...nearest, ...asked.slice(0, OUT_OF_REACH_ROWS / 2)].map((outcome) => ({
      ...outcome,
      roomBytes: place.room.comfortableBytes,
      shared: withHostOn(outcome, place),
    })),
    slow,
  };
}

export interface MachinePage {
  readonly machine: Hardware;
  readonly answer: string;
  readonly sections: readonly SizeSection[];
}

/** @param models those to tell of, the largest first (`alikeModels`) */
export function machinePage(machine: Hardware, models: readonly ShapedModel[]): MachinePage {
  const sizes = sizesOf(machine);
  const sections = sizes.map((size) => sectionOf(placeOf(machine, size), models, sizes.length));
  return { machine, sections, answer: machineAnswer(machine, sections) };
}

/** The largest model that runs on it in its largest size, of those people ask about; null when none does. */
export function largestWellKnown({ sections }: Pick<MachinePage, 'sections'>): ShapedModel | null {
  const runs = sections.at(-1)?.runs ?? [];
  return (runs.find(({ model }) => isWellKnown(model)) ?? runs[0])?.model ?? null;
}

function runsText(row: RunRow): string {
  return `${row.model.name} at ${row.quant} with ${tokensText(row.context)} of context at ${speedText(row.answer ?? never(row))}`;
}

function never({ model }: Outcome): never {
  throw new Error(`${model.id} runs without an answer`);
}

/** The short answer: what it is, the largest well-known model it runs, and what it does not. */
export function machineAnswer(machine: Hardware, sections: readonly SizeSection[]): string {
  const bandwidth = machineFigure(machine, 'bandwidth').text;
  const fitted = machine.memoryGiB.length === 0;
  const is = fitted
    ? `${withArticle(machine)} ${agrees(machine.name, 'reads', 'read')} memory at ${bandwidth}, however much is fitted.`
    : `${withArticle(machine)} ${agrees(machine.name, 'has', 'have')} ${machineFigure(machine, 'memory').text} at ${bandwidth}.`;
  const section = sections.at(-1);
  if (section === undefined) return shortAnswer([is]);
  const { place, runs, outOfReach } = section;
  const best = runs.find(({ model }) => isWellKnown(model)) ?? runs[0];
  const subject = sections.length > 1 ? `With ${gibText(place.memoryGiB ?? 0)} it runs` : agrees(machine.name, 'It runs', 'They run');
  const beyond = outOfReach.find(({ model }) => isWellKnown(model)) ?? outOfReach[0];
  return shortAnswer([
    is,
    best === undefined ? 'No current model in our data runs on it at reading speed.' : `${subject} ${runsText(best)}.`,
    beyond === undefined
      ? null
      : `${beyond.model.name} needs ${formatBytes(beyond.bytes)} at ${beyond.quant}, ${shortfallText(beyond.bytes, beyond.roomBytes)} more than there is room for.`,
  ]);
}

/** Measured runs a page shows at most. */
const MEASURED_ROWS = 20;

export interface Measured {
  readonly rows: readonly Measurement[];
  /** How many sound ones are not shown. */
  readonly further: number;
  /** Left out, with the reason. */
  readonly doubted: readonly Measurement[];
}

/** Published runs: one for each model, file type, engine and number of machines, the newest; doubtful ones apart. */
export function measuredRuns(all: readonly Measurement[], other: 'model' | 'machine'): Measured {
  const sound = all.filter(({ quality }) => quality === 'good' || quality === 'fair');
  const byKey = new Map<string, Measurement>();
  for (const row of sound) {
    const key = [row[other], row.quant, row.engine, row.machineCount, row.placement].join(' ');
    const known = byKey.get(key);
    if (known === undefined || isBetter(row, known)) byKey.set(key, row);
  }
  const rows = [...byKey.values()]
    .sort((a, b) => a.machineCount - b.machineCount || a[other].localeCompare(b[other]) || a.quant.localeCompare(b.quant))
    .slice(0, MEASURED_ROWS);
  return { rows, further: sound.length - rows.length, doubted: all.filter((row) => !sound.includes(row)) };
}

/** Both speeds before one, an empty context before a full one, the newer before the older. */
function isBetter(a: Measurement, b: Measurement): boolean {
  const speeds = ({ prefillTokensPerSecond: prompt, decodeTokensPerSecond: answer }: Measurement): number =>
    Number(prompt !== null) + 2 * Number(answer !== null);
  if (speeds(a) !== speeds(b)) return speeds(a) > speeds(b);
  if (a.depth !== b.depth) return a.depth < b.depth;
  return (a.measured ?? '') > (b.measured ?? '');
}
