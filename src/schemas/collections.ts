/** Every data file of `src/data`, with the schema of its records. */

import type { z } from 'astro/zod';
import { change, type Change } from './change.ts';
import { family, type Family } from './family.ts';
import { fileFormat, type FileFormat } from './file-format.ts';
import { hardware, type Hardware } from './hardware.ts';
import { licence, type Licence } from './licence.ts';
import { measurement, type Measurement } from './measurement.ts';
import { model, type Model } from './model.ts';
import { program, type Program } from './program.ts';
import { qualityLoss, type QualityLoss } from './quality.ts';
import { quant, type Quant } from './quant.ts';
import { DataError, readRecords, type Problem } from './records.ts';
import { source, type Source } from './source.ts';
import { term, type TermRecord } from './term.ts';
import { timelineEvent, type TimelineEvent } from './timeline.ts';

export interface Collections {
  readonly hardware: readonly Hardware[];
  readonly models: readonly Model[];
  readonly quants: readonly Quant[];
  readonly quality: readonly QualityLoss[];
  readonly measurements: readonly Measurement[];
  readonly timeline: readonly TimelineEvent[];
  readonly programs: readonly Program[];
  readonly formats: readonly FileFormat[];
  readonly families: readonly Family[];
  readonly licences: readonly Licence[];
  readonly changes: readonly Change[];
  readonly terms: readonly TermRecord[];
  readonly sources: readonly Source[];
}

export type CollectionName = keyof Collections;

/** Collection by collection: the schema of a record. The file is the collection's name with `.jsonl`. */
export const SCHEMAS: { readonly [Name in CollectionName]: z.ZodType<Collections[Name][number]> } = {
  hardware,
  models: model,
  quants: quant,
  quality: qualityLoss,
  measurements: measurement,
  timeline: timelineEvent,
  programs: program,
  formats: fileFormat,
  families: family,
  licences: licence,
  changes: change,
  terms: term,
  sources: source,
};

export const COLLECTION_NAMES = Object.keys(SCHEMAS) as readonly CollectionName[];

/** The file of a collection, below `src/data`. */
export function fileOf(name: CollectionName): string {
  return `${name}.jsonl`;
}

/**
 * Reads one collection.
 *
 * @param text what its file holds; undefined when there is no such file
 * @throws {DataError} with every fault of the file
 */
export function readCollection<Name extends CollectionName>(name: Name, text: string | undefined): Collections[Name] {
  const records: readonly Collections[CollectionName][number][] = readRecords(text, fileOf(name), SCHEMAS[name]);
  return records as Collections[Name];
}

/**
 * Reads all collections.
 *
 * @param textOf what the file of a collection holds; undefined when there is none
 * @throws {DataError} with the faults of all files
 */
export function readCollections(textOf: (name: CollectionName) => string | undefined): Collections {
  const problems: Problem[] = [];
  const read = <Name extends CollectionName>(name: Name): Collections[Name] | [] => {
    try {
      return readCollection(name, textOf(name));
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  };
  const all: Collections = {
    hardware: read('hardware'),
    models: read('models'),
    quants: read('quants'),
    quality: read('quality'),
    measurements: read('measurements'),
    timeline: read('timeline'),
    programs: read('programs'),
    formats: read('formats'),
    families: read('families'),
    licences: read('licences'),
    changes: read('changes'),
    terms: read('terms'),
    sources: read('sources'),
  };
  if (problems.length > 0) throw new DataError(problems);
  return all;
}
