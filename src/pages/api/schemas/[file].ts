import type { APIRoute, GetStaticPaths } from 'astro';
import { jsonSchemaNamed, SCHEMA_NAMES } from '../../../site/api-schemas.ts';

export const getStaticPaths: GetStaticPaths = () => SCHEMA_NAMES.map((name) => ({ params: { file: `${name}.json` }, props: { name } }));

export const GET: APIRoute<{ name: string }> = ({ props: { name } }) => new Response(JSON.stringify(jsonSchemaNamed(name), null, 1));
