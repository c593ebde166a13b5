/** Which models and machines a generated page names. */

import { bandwidthGBs } from '../../import/device.ts';
import type { Hardware } from '../../schemas/hardware.ts';
import { isCurrent, type ShapedModel } from './fits.ts';
import type { Model } from '../../schemas/model.ts';

/** Models that people ask about by name: they stand for others of the same shape, and in short answers. */
const WELL_KNOWN: readonly string[] = [
  'llama-3-2-1b',
  'llama-3-2-3b',
  'llama-3-1-8b',
  'llama-3-3-70b',
  'llama-4-scout',
  'qwen3-0-6b',
  'qwen3-1-7b',
  'qwen3-4b-instruct-2507',
  'qwen3-8b',
  'qwen3-14b',
  'qwen3-32b',
  'qwen3-30b-a3b-instruct-2507',
  'qwen3-235b-a22b-instruct-2507',
  'qwen3-coder-480b-a35b',
  'qwen3-5-2b',
  'qwen3-5-4b',
  'qwen3-5-9b',
  'qwen3-6-35b-a3b',
  'qwen3-8-27b',
  'qwen3-5-122b-a10b',
  'qwen3-5-397b-a17b',
  'gemma-3-1b',
  'gemma-3-27b',
  'gemma-4-e2b',
  'gemma-4-e4b',
  'gemma-4-12b',
  'gemma-4-26b-a4b',
  'gemma-4-31b',
  'gpt-oss-20b',
  'gpt-oss-120b',
  'mistral-small-3-2-24b',
  'ministral-3-8b',
  'phi-4',
  'glm-4-5-air',
  'glm-4-7',
  'glm-4-7-flash',
  'glm-5-2',
  'minimax-m2-7',
  'deepseek-r1-0528',
  'deepseek-v3-2',
  'deepseek-v4-flash-0731',
  'kimi-k2-6',
];

/** Those that stand for others of their shape, and are not what anybody would name first. */
const STAND_INS: readonly string[] = ['qwen2-5-coder-32b', 'qwen2-5-14b', 'qwen2-5-7b', 'mistral-nemo-12b', 'gemma-3-4b', 'qwen2-5-vl-7b'];

export function isWellKnown({ id }: { readonly id: string }): boolean {
  return WELL_KNOWN.includes(id);
}

/** Which of two models of one shape stands for both: the well-known, then those for general use, then the newest. */
function rank(a: Model, b: Model): number {
  const fame = ({ id }: Model): number => (WELL_KNOWN.includes(id) ? 2 : STAND_INS.includes(id) ? 1 : 0);
  const known = fame(b) - fame(a);
  const general = Number(a.speciality !== undefined) - Number(b.speciality !== undefined);
  return known !== 0 ? known : general !== 0 ? general : b.release.localeCompare(a.release);
}

/** Models of one shape, which need and do the same to the byte. */
export interface Alike {
  /** The one that stands for all. */
  readonly model: ShapedModel;
  /** The others, the newest first. */
  readonly others: readonly ShapedModel[];
}

/** Current models by shape, the largest first. */
export function alikeModels(models: readonly Model[]): readonly Alike[] {
  const byShape = new Map<string, ShapedModel[]>();
  for (const model of models.filter(isCurrent)) {
    const key = JSON.stringify(model.shape);
    byShape.set(key, [...(byShape.get(key) ?? []), model]);
  }
  return [...byShape.values()]
    .flatMap((group) => {
      const [model, ...others] = [...group].sort(rank);
      return model === undefined ? [] : [{ model, others: others.sort((a, b) => b.release.localeCompare(a.release)) }];
    })
    .sort((a, b) => b.model.paramsTextB - a.model.paramsTextB || a.model.id.localeCompare(b.model.id));
}

/** What a machine is built into, where memory is as fitted, and the sizes people fit, GiB. */
const FITTED: Readonly<Record<string, readonly number[]>> = {
  desktop: [32, 64, 128],
  laptop: [16, 32, 64],
  server: [128, 256, 512],
  phone: [8, 12, 16],
  other: [16, 32],
};

/** The memory sizes a page shows, GiB, smallest first: those on offer, or those people fit. */
export function sizesOf({ memoryGiB, kind, form }: Hardware): readonly number[] {
  if (memoryGiB.length > 0) return memoryGiB;
  return FITTED[form ?? (kind === 'phone' ? 'phone' : 'other')] ?? [];
}

/** How unlike a machine of another kind counts, in natural logarithms: as much as a factor of e in memory or bandwidth. */
const OTHER_KIND = 1;

/** How unlike two machines are: the distance in log memory and log bandwidth, kinds first. Memory that is as fitted says nothing. */
export function distance(a: Hardware, b: Hardware): number {
  const ratio = (x: number | null | undefined, y: number | null | undefined): number => (x == null || y == null ? 0 : Math.log(x / y));
  const size = ratio(a.memoryGiB.at(-1), b.memoryGiB.at(-1));
  const speed = ratio(bandwidthGBs(a), bandwidthGBs(b));
  const kinds = (a.kind === b.kind ? 0 : OTHER_KIND) + (a.memory === b.memory ? 0 : OTHER_KIND) + (a.form === b.form ? 0 : OTHER_KIND / 2);
  return Math.hypot(size, speed) + kinds;
}

/** The machines most like one, nearest first. */
export function neighbours(machine: Hardware, all: readonly Hardware[], count: number): readonly Hardware[] {
  return all
    .filter(({ id }) => id !== machine.id)
    .map((other) => ({ other, away: distance(machine, other) }))
    .sort((a, b) => a.away - b.away || a.other.id.localeCompare(b.other.id))
    .slice(0, count)
    .map(({ other }) => other);
}

/** Models of the same family, nearest in size first, then others of nearly the same size. */
export function relatedModels(model: Model, all: readonly Model[], count: number): readonly Model[] {
  const away = (other: Model): number =>
    Math.abs(Math.log(other.paramsTextB / model.paramsTextB)) +
    (other.family === model.family ? 0 : 3) +
    (other.historical === model.historical ? 0 : 1) +
    ((other.kind === 'embedding') === (model.kind === 'embedding') ? 0 : 3);
  return all
    .filter(({ id }) => id !== model.id)
    .map((other) => ({ other, distance: away(other) }))
    .sort((a, b) => a.distance - b.distance || a.other.id.localeCompare(b.other.id))
    .slice(0, count)
    .map(({ other }) => other);
}
