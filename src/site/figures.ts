/** Figures of machines and models: what `<Spec>`, tables and charts show. */

import { getEntry } from 'astro:content';
import type { Hardware } from '../schemas/hardware.ts';
import type { Model } from '../schemas/model.ts';

export * from './figure-texts.ts';

/** @throws when a page names a machine that the data does not hold */
export async function machineRecord(id: string): Promise<Hardware> {
  const entry = await getEntry('hardware', id);
  if (entry === undefined) throw new Error(`There is no machine "${id}" in src/data/hardware.jsonl`);
  return entry.data;
}

/** @throws when a page names a model that the data does not hold */
export async function modelRecord(id: string): Promise<Model> {
  const entry = await getEntry('models', id);
  if (entry === undefined) throw new Error(`There is no model "${id}" in src/data/models.jsonl`);
  return entry.data;
}
