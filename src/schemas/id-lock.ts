/**
 * The lock of ids: every id that was ever published, so that none vanishes or changes unnoticed.
 *
 * Ids stand in addresses, in shared links of the calculator and in other people's scripts.
 */

import { COLLECTION_NAMES, fileOf, type CollectionName, type Collections } from './collections.ts';
import { DataError, type Problem } from './records.ts';

/** Below `src/data`; one line for each id, the collection before it: "hardware rtx-3090". */
export const LOCK_FILE = 'ids.lock';

/** Sources are cited by id inside the project only, so only the others are locked. */
const LOCKED = COLLECTION_NAMES.filter((name) => name !== 'sources');

/** The lock's text for the data as it is, with all that an earlier lock held. */
export function lockText(all: Collections, earlier: string): string {
  const lines = new Set(earlier.split('\n').filter((line) => line !== ''));
  for (const name of LOCKED) for (const { id } of all[name]) lines.add(`${name} ${id}`);
  return [...lines].sort().join('\n') + '\n';
}

/**
 * Compares the data with the lock.
 *
 * @throws {DataError} for ids that are gone, and for new ones that the lock does not hold yet
 */
export function checkLock(all: Collections, lock: string | undefined): void {
  const problems: Problem[] = [];
  const locked = new Set((lock ?? '').split('\n').filter((line) => line !== ''));
  const isCollection = (name: string): name is CollectionName => COLLECTION_NAMES.some((known) => known === name);
  for (const line of locked) {
    const [name = '', id = ''] = line.split(' ');
    if (isCollection(name) && all[name].some((record) => record.id === id)) continue;
    problems.push({
      file: isCollection(name) ? fileOf(name) : LOCK_FILE,
      line: 0,
      id,
      field: 'id',
      reason: 'this id was published and links to it exist, but no record has it any more: bring the record back under its old id',
    });
  }
  for (const name of LOCKED) {
    for (const { id } of all[name]) {
      if (locked.has(`${name} ${id}`)) continue;
      problems.push({
        file: fileOf(name),
        line: 0,
        id,
        field: 'id',
        reason: 'a new id: it will stay for ever, so look at it once more, then run npm run data:lock',
      });
    }
  }
  if (problems.length > 0) throw new DataError(problems);
}
