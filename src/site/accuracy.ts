/** The calculator's own errors, as `npm run accuracy` last found them. */

import { readFileSync } from 'node:fs';
import { accuracy, type Accuracy } from '../schemas/accuracy.ts';

let cached: Accuracy | undefined;

/** @throws when the file is missing or not what the schema says: run `npm run accuracy` */
export function accuracyFigures(): Accuracy {
  cached ??= accuracy.parse(JSON.parse(readFileSync('src/data/accuracy.json', 'utf8')));
  return cached;
}
