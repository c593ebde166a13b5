import { readFile } from 'node:fs/promises';
import type { APIRoute, GetStaticPaths } from 'astro';
import { COLLECTION_NAMES, fileOf } from '../../schemas/collections.ts';

const FILES = [...COLLECTION_NAMES.map(fileOf), 'accuracy.json', 'predictions.jsonl'];

/** The project's data as it is, for whoever wants to reckon with it: one JSON record a line, the accuracy tables, and every prediction behind them. */
export const getStaticPaths: GetStaticPaths = () => FILES.map((file) => ({ params: { file } }));

export const GET: APIRoute = async ({ params }) => {
  const text = await readFile(`src/data/${params.file ?? ''}`, 'utf8');
  return new Response(text);
};
