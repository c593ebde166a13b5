import { getCollection } from 'astro:content';
import type { APIRoute } from 'astro';
import type { Run } from '../tools/calculator/measured.ts';

/** Published measurements that the calculator lays beside its estimate; loaded by it once a result is on the screen. */
export const GET: APIRoute = async () => {
  const runs = (await getCollection('measurements'))
    .map(({ data }) => data)
    .filter(({ quality, decodeTokensPerSecond }) => (quality === 'good' || quality === 'fair') && decodeTokensPerSecond !== null)
    .map((row): Run => ({
      machine: row.machine,
      count: row.machineCount,
      model: row.model,
      quant: row.quant,
      engine: row.engine,
      depth: row.depth,
      decode: row.decodeTokensPerSecond,
      prefill: row.prefillTokensPerSecond,
      measured: row.measured,
      url: row.url,
    }));
  return new Response(JSON.stringify(runs), { headers: { 'Content-Type': 'application/json' } });
};
