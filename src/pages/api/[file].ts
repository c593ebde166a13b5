import { readFile } from 'node:fs/promises';
import type { APIRoute, GetStaticPaths } from 'astro';
import { COLLECTION_NAMES, fileOf, readCollection, type CollectionName } from '../../schemas/collections.ts';
import { recordsCsv } from '../../site/csv.ts';

type Props = { readonly kind: 'as-is' } | { readonly kind: 'json' | 'csv'; readonly name: CollectionName };

/**
 * The project's data, for whoever wants to reckon with it: each collection as it is (one JSON record a line), as one JSON list and
 * as CSV; the accuracy tables, and every prediction behind them.
 */
export const getStaticPaths: GetStaticPaths = () => {
  const asIs = [...COLLECTION_NAMES.map(fileOf), 'accuracy.json', 'predictions.jsonl'];
  return [
    ...asIs.map((file) => ({ params: { file }, props: { kind: 'as-is' } satisfies Props })),
    ...COLLECTION_NAMES.flatMap((name) =>
      (['json', 'csv'] as const).map((kind) => ({ params: { file: `${name}.${kind}` }, props: { kind, name } satisfies Props })),
    ),
  ];
};

const read = (file: string): Promise<string> => readFile(`src/data/${file}`, 'utf8');

export const GET: APIRoute<Props> = async ({ params, props }) => {
  if (props.kind === 'as-is') return new Response(await read(params['file'] ?? ''));
  const records: readonly object[] = readCollection(props.name, await read(fileOf(props.name)));
  if (props.kind === 'csv') return new Response(recordsCsv(records));
  return new Response(`[\n${records.map((record) => JSON.stringify(record)).join(',\n')}\n]\n`);
};
