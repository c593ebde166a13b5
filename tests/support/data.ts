/** The project's own data, read once for all tests of a file. */

import { existsSync, readFileSync } from 'node:fs';
import { fileOf, readCollections, type CollectionName, type Collections } from '../../src/schemas/collections.ts';

/** What the file of a collection holds. */
export function dataText(name: CollectionName): string {
  const path = `src/data/${fileOf(name)}`;
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

export const data: Collections = readCollections(dataText);
