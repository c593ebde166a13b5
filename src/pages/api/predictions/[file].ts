import type { APIRoute, GetStaticPaths } from 'astro';
import type { PredictionIndex } from '../../../schemas/prediction.ts';
import { predictionsOf } from '../../../site/generated/predictions.ts';
import { siteRecords } from '../../../site/records.ts';

/** A file for each machine, and one that lists them. */
export const getStaticPaths: GetStaticPaths = async () => {
  const { machines } = await siteRecords();
  return ['index', ...machines.map(({ id }) => id)].map((name) => ({ params: { file: `${name}.json` }, props: { name } }));
};

export const GET: APIRoute<{ name: string }> = async ({ props: { name } }) => {
  const { machines, machineById, representatives, likewise } = await siteRecords();
  const machine = machineById.get(name);
  if (machine !== undefined) return Response.json(predictionsOf(machine, representatives));
  const index: PredictionIndex = {
    machines: machines.map((record) => ({ id: record.id, name: record.name, file: `${record.id}.json` })),
    alike: Object.fromEntries([...likewise].flatMap(([id, others]) => others.map((other) => [other.id, id]))),
  };
  return Response.json(index);
};
