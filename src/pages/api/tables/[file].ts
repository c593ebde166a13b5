import type { APIRoute, GetStaticPaths } from 'astro';
import { TABLE_NAMES, tableCsv, tableNamed, tableRecords, type TableName } from '../../../site/tables.ts';

/** The guide's tables to download, as CSV and as JSON. */
export const getStaticPaths: GetStaticPaths = () =>
  TABLE_NAMES.flatMap((name) => (['csv', 'json'] as const).map((kind) => ({ params: { file: `${name}.${kind}` }, props: { name, kind } })));

export const GET: APIRoute<{ name: TableName; kind: 'csv' | 'json' }> = async ({ props: { name, kind } }) => {
  const table = await tableNamed(name);
  return new Response(kind === 'csv' ? tableCsv(table) : JSON.stringify(tableRecords(table), null, 1));
};
