/** All records of the data at once, for pages and files that are made from them; read once in a build. */

import { getCollection } from 'astro:content';
import { isComputable } from '../import/device.ts';
import type { Hardware } from '../schemas/hardware.ts';
import type { Measurement } from '../schemas/measurement.ts';
import type { Model } from '../schemas/model.ts';
import type { QualityLoss } from '../schemas/quality.ts';
import type { Source } from '../schemas/source.ts';
import { alikeModels } from './generated/choose.ts';
import { machinePage, type MachinePage } from './generated/machine-page.ts';
import { ladder } from './generated/model-page.ts';
import type { Place, ShapedModel } from './generated/fits.ts';

export interface SiteRecords {
  /** Those that a model can run on; each has a page. */
  readonly machines: readonly Hardware[];
  readonly machineById: ReadonlyMap<string, Hardware>;
  readonly models: readonly Model[];
  readonly modelById: ReadonlyMap<string, Model>;
  readonly sources: ReadonlyMap<string, Source>;
  readonly measurementsByMachine: ReadonlyMap<string, readonly Measurement[]>;
  readonly measurementsByModel: ReadonlyMap<string, readonly Measurement[]>;
  readonly qualityByModel: ReadonlyMap<string, readonly QualityLoss[]>;
  /** Current models, one for each shape, the largest first. */
  readonly representatives: readonly ShapedModel[];
  /** Others of the same shape, by the model that stands for them. */
  readonly likewise: ReadonlyMap<string, readonly ShapedModel[]>;
  /** The machines that every model is measured by. */
  readonly ladder: readonly Place[];
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

async function load(): Promise<SiteRecords> {
  const hardware = (await getCollection('hardware')).map(({ data }) => data);
  const models = (await getCollection('models')).map(({ data }) => data);
  const measurements = (await getCollection('measurements')).map(({ data }) => data);
  const quality = (await getCollection('quality')).map(({ data }) => data);
  const sources = (await getCollection('sources')).map(({ data }) => data);
  const alike = alikeModels(models);
  return {
    machines: hardware.filter(isComputable),
    machineById: new Map(hardware.map((machine) => [machine.id, machine])),
    models,
    modelById: new Map(models.map((model) => [model.id, model])),
    sources: new Map(sources.map((source) => [source.id, source])),
    measurementsByMachine: grouped(measurements, ({ machine }) => machine),
    measurementsByModel: grouped(measurements, ({ model }) => model),
    qualityByModel: grouped(quality, ({ model }) => model),
    representatives: alike.map(({ model }) => model),
    likewise: new Map(alike.map(({ model, others }) => [model.id, others])),
    ladder: ladder(hardware),
  };
}

let cached: Promise<SiteRecords> | undefined;

export function siteRecords(): Promise<SiteRecords> {
  if (import.meta.env.DEV) return load();
  cached ??= load();
  return cached;
}

const machinePages = new Map<string, MachinePage>();

/** What the page of a machine says, worked out once in a build. @throws when a model can't run on it */
export async function machinePageOf(id: string): Promise<MachinePage> {
  const { machineById, representatives } = await siteRecords();
  const known = machinePages.get(id);
  if (known !== undefined && !import.meta.env.DEV) return known;
  const machine = machineById.get(id);
  if (machine === undefined) throw new Error(`There is no machine "${id}" in src/data/hardware.jsonl`);
  const page = machinePage(machine, representatives);
  machinePages.set(id, page);
  return page;
}
