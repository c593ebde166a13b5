/** What the files below /api/ are, as JSON Schema. */

import { z } from 'astro/zod';
import { COLLECTION_NAMES, SCHEMAS } from '../schemas/collections.ts';
import { predictionIndex, predictions } from '../schemas/prediction.ts';

const files: Readonly<Record<string, z.ZodType>> = {
  ...Object.fromEntries(COLLECTION_NAMES.map((name) => [name, z.array(SCHEMAS[name])])),
  predictions,
  'prediction-index': predictionIndex,
};

export const SCHEMA_NAMES: readonly string[] = Object.keys(files);

/** JSON Schema, draft 2020-12. @throws for a name that has none */
export function jsonSchemaNamed(name: string): object {
  const schema = files[name];
  if (schema === undefined) throw new Error(`There is no schema "${name}"`);
  return z.toJSONSchema(schema);
}
