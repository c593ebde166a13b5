/** All data files looked over before anything is made of them, so that one run tells every fault of every file. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AstroIntegration } from 'astro';
import { fileOf, readCollections, type CollectionName, type Collections } from '../schemas/collections.ts';
import { crossCheck } from '../schemas/cross-check.ts';
import { checkLock, LOCK_FILE } from '../schemas/id-lock.ts';
import { DataError } from '../schemas/records.ts';

/** The line on which a record stands, counted from 1; 0 when there is none. */
function lineOf(text: string, id: string | null): number {
  return text.split('\n').findIndex((line) => line.includes(`"id":"${id ?? ''}"`) || line.includes(`"id": "${id ?? ''}"`)) + 1;
}

/**
 * Reads every data file of a folder and compares them with each other and with the lock of ids.
 *
 * @throws {DataError} with the faults of all files; files are compared only when each is sound for itself
 */
export function checkData(folder: string): Collections {
  const textOf = (file: string): string | undefined =>
    existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8') : undefined;
  try {
    const all = readCollections((name: CollectionName) => textOf(fileOf(name)));
    crossCheck(all);
    checkLock(all, textOf(LOCK_FILE));
    return all;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new DataError(
      error.problems.map((problem) => ({
        ...problem,
        file: `src/data/${problem.file}`,
        line: problem.line > 0 ? problem.line : lineOf(textOf(problem.file) ?? '', problem.id),
      })),
    );
  }
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
