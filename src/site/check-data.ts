/** All data files looked over before anything is made of them, so that one run tells every fault of every file. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AstroIntegration } from 'astro';
import type { z } from 'astro/zod';
import { crossCheck } from '../schemas/cross-check.ts';
import { hardware } from '../schemas/hardware.ts';
import { model } from '../schemas/model.ts';
import { quant } from '../schemas/quant.ts';
import { DataError, readRecords, type Problem } from '../schemas/records.ts';
import { source } from '../schemas/source.ts';
import { term } from '../schemas/term.ts';

const NAMES = ['hardware.jsonl', 'models.jsonl', 'quants.jsonl', 'sources.jsonl', 'terms.jsonl'];

/** The line on which a record stands, counted from 1; 0 when there is none. */
function lineOf(text: string, id: string | null): number {
  return text.split('\n').findIndex((line) => line.includes(`"id":"${id ?? ''}"`) || line.includes(`"id": "${id ?? ''}"`)) + 1;
}

/**
 * Reads every data file of a folder and compares them with each other.
 *
 * @throws {DataError} with the faults of all files; files are compared only when each is sound for itself
 */
export function checkData(folder: string): void {
  const texts = new Map(NAMES.map((name) => [name, existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : undefined]));
  const problems: Problem[] = [];
  const collect = <T>(run: () => T, otherwise: T): T => {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.push(...error.problems);
      return otherwise;
    }
  };
  const read = <T extends { id: string }>(name: string, schema: z.ZodType<T>): T[] =>
    collect(() => readRecords(texts.get(name), name, schema), []);
  const all = {
    hardware: read('hardware.jsonl', hardware),
    models: read('models.jsonl', model),
    quants: read('quants.jsonl', quant),
    sources: read('sources.jsonl', source),
  };
  read('terms.jsonl', term);
  if (problems.length === 0) {
    collect(() => {
      crossCheck(all);
    }, undefined);
  }
  if (problems.length === 0) return;
  throw new DataError(
    problems.map((problem) => ({
      ...problem,
      file: `src/data/${problem.file}`,
      line: problem.line > 0 ? problem.line : lineOf(texts.get(problem.file) ?? '', problem.id),
    })),
  );
}

/** Stops build, development server and type check before they start when the data has faults. */
export function dataCheck(): AstroIntegration {
  return {
    name: 'data-check',
    hooks: {
      'astro:config:done': ({ config }) => {
        checkData(fileURLToPath(new URL('data', config.srcDir)));
      },
    },
  };
}
