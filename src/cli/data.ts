/**
 * The data from the command line.
 *
 * Usage: node src/cli/data.ts report    counts, gaps, conflicts between sources, oldest records
 *        node src/cli/data.ts lock      writes new ids into the lock; they stay for ever
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fileOf, readCollections } from '../schemas/collections.ts';
import { LOCK_FILE, lockText } from '../schemas/id-lock.ts';
import { DataError } from '../schemas/records.ts';
import { checkData } from '../site/check-data.ts';
import { dataReport } from '../site/data-report.ts';

const folder = fileURLToPath(new URL('../data/', import.meta.url));
const read = (file: string): string | undefined => (existsSync(folder + file) ? readFileSync(folder + file, 'utf8') : undefined);

const commands: Readonly<Record<string, () => void>> = {
  report: () => {
    console.log(dataReport(checkData(folder)));
  },
  lock: () => {
    const earlier = read(LOCK_FILE) ?? '';
    const text = lockText(
      readCollections((name) => read(fileOf(name))),
      earlier,
    );
    writeFileSync(folder + LOCK_FILE, text);
    const count = (lines: string): number => lines.split('\n').filter((line) => line !== '').length;
    console.log(`src/data/${LOCK_FILE} holds ${String(count(text))} ids, ${String(count(text) - count(earlier))} of them new.`);
  },
};

const command = commands[process.argv[2] ?? ''];
if (command === undefined) {
  console.error('Say what to do: npm run data:report, or npm run data:lock');
  process.exitCode = 1;
} else {
  try {
    command();
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
