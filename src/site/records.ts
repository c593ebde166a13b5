/** All records of the data at once, for pages and files that are made from them; read once in a build. */

import { getCollection } from 'astro:content';
import { isComputable } from '../import/device.ts';
import type { Hardware } from '../schemas/hardware.ts';
import type { Measurement } from '../schemas/measurement.ts';
import type { Model } from '../schemas/model.ts';
import type { QualityLoss } from '../schemas/quality.ts';
import type { Source } from '../schemas/source.ts';
import { representatives } from './generated/choose.ts';
import type { ShapedModel } from './generated/fits.ts';
import { ladder } from './generated/model-page.ts';
import type { Place } from './generated/fits.ts';

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
  return {
    machines: hardware.filter(isComputable),
    machineById: new Map(hardware.map((machine) => [machine.id, machine])),
    models,
    modelById: new Map(models.map((model) => [model.id, model])),
    sources: new Map(sources.map((source) => [source.id, source])),
    measurementsByMachine: grouped(measurements, ({ machine }) => machine),
    measurementsByModel: grouped(measurements, ({ model }) => model),
    qualityByModel: grouped(quality, ({ model }) => model),
    representatives: representatives(models),
    ladder: ladder(hardware),
  };
}

let cached: Promise<SiteRecords> | undefined;

export function siteRecords(): Promise<SiteRecords> {
  if (import.meta.env.DEV) return load();
  cached ??= load();
  return cached;
}
