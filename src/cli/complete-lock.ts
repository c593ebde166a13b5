/** Adds to package-lock.json the optional packages that npm left out. Run after each change of dependencies: `npm run lock`. */

import { readFileSync, writeFileSync } from 'node:fs';
import { missingRecords, type Lock } from './lock.ts';

const file = new URL('../../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock;
const missing = missingRecords(lock);
for (const { place, record } of missing) lock.packages[place] = record;
const byName = ([one]: [string, unknown], [other]: [string, unknown]): number => (one < other ? -1 : 1);
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(byName));
if (missing.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(missing.length === 0 ? 'The lock file is complete.' : `Added ${String(missing.length)} records to package-lock.json.`);
