/** What the data holds and what it lacks, as text for maintainers. */

import { COLLECTION_NAMES, type Collections } from '../schemas/collections.ts';

/** How many of the oldest records are named. */
const OLDEST = 12;

/** Fields whose absence leaves a gap for readers or for the engine. */
const MACHINE_FIELDS = [
  'memoryType',
  'busWidthBits',
  'dataRateMTs',
  'bandwidthComputedGBs',
  'bandwidthMarketedGBs',
  'fp16MatrixDense',
  'fp16VectorTflops',
  'fp32VectorTflops',
  'int8DenseTops',
  'generation',
  'pcie',
  'watts',
  'release',
] as const;

function countBy<T>(items: readonly T[], key: (item: T) => string): string {
  return [...Map.groupBy(items, key)]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([name, group]) => `${name} ${String(group.length)}`)
    .join(', ');
}

const percent = (part: number, whole: number): string => (whole === 0 ? '–' : `${((part / whole) * 100).toFixed(1)} %`);

function machineLines({ hardware }: Collections): string[] {
  const cards = hardware.filter(({ memory }) => memory !== 'none');
  return [
    `Machines to run models on: ${String(cards.length)}; drives and links: ${String(hardware.length - cards.length)}; announced: ${String(hardware.filter(({ status }) => status === 'announced').length)}`,
    `  by kind: ${countBy(hardware, ({ kind }) => kind)}`,
    `  by maker: ${countBy(hardware, ({ vendor }) => vendor)}`,
    '  not known:',
    ...MACHINE_FIELDS.map(
      (field) => `    ${field}: ${String(cards.filter((machine) => machine[field] === null).length)} of ${String(cards.length)}`,
    ),
  ];
}

function modelLines({ models, measurements }: Collections): string[] {
  const computable = models.filter(({ shape }) => shape !== null);
  const measured = new Set(measurements.map(({ model }) => model));
  const measuredComputable = computable.filter(({ id }) => measured.has(id));
  return [
    `Models: ${String(models.length)}; computable: ${String(computable.length)} (${percent(computable.length, models.length)}); of ${String(measured.size)} measured ones: ${String(measuredComputable.length)}`,
    `  by maker: ${countBy(models, ({ organisation }) => organisation)}`,
    `  by licence: ${countBy(models, ({ licence }) => licence.commercial)} (commercial use)`,
    ...models.filter(({ shape }) => shape === null).map(({ id, missing }) => `  not computable: ${id}: ${(missing ?? []).join('; ')}`),
  ];
}

function measurementLines({ measurements }: Collections): string[] {
  return [
    `Measurements: ${String(measurements.length)} on ${String(new Set(measurements.map(({ machine }) => machine)).size)} machines`,
    `  by quality: ${countBy(measurements, ({ quality }) => quality)}`,
    `  by engine: ${countBy(measurements, ({ engine }) => engine)}`,
    ...measurements.filter(({ quality }) => quality === 'impossible').map(({ id, reason }) => `  impossible: ${id}: ${reason ?? ''}`),
  ];
}

function sourceLines(all: Collections): string[] {
  const used = new Set<string>(all.measurements.map(({ source }) => source));
  for (const name of ['hardware', 'models', 'quants', 'quality', 'timeline'] as const) {
    for (const { sources } of all[name]) for (const { source } of sources) used.add(source);
  }
  return [
    `Sources: ${String(all.sources.length)}; behind records: ${String(used.size)}`,
    `  by kind: ${countBy(all.sources, ({ kind }) => kind)}`,
    `  read as: ${countBy(all.sources, ({ read }) => read.as)}`,
  ];
}

function conflictLines(all: Collections): string[] {
  const lines = (['hardware', 'models', 'quants', 'quality', 'timeline'] as const).flatMap((name) =>
    all[name].flatMap(({ id, conflicts }) =>
      (conflicts ?? []).map(({ field, source, says, resolution }) => `  ${name} ${id} · ${field}: ${source} says ${says}. ${resolution}`),
    ),
  );
  return [`Conflicts between sources: ${String(lines.length)}`, ...lines];
}

function oldestLines(all: Collections): string[] {
  const records = (['hardware', 'models', 'quants', 'quality', 'timeline', 'measurements'] as const).flatMap((name) =>
    all[name].map(({ id, checked }) => ({ name, id, checked })),
  );
  const oldest = records.toSorted((a, b) => a.checked.localeCompare(b.checked)).slice(0, OLDEST);
  const newest = records.reduce((latest, { checked }) => (checked > latest ? checked : latest), '');
  return [
    `Checked: newest ${newest}; the ${String(oldest.length)} oldest:`,
    ...oldest.map(({ name, id, checked }) => `  ${checked} ${name} ${id}`),
  ];
}

/** Counts, gaps, conflicts and the oldest records of all collections. */
export function dataReport(all: Collections): string {
  const secondHand = (['hardware', 'models', 'quants', 'quality', 'timeline'] as const).map(
    (name) => `${name} ${String(all[name].filter(({ confidence }) => confidence !== undefined).length)}`,
  );
  return [
    `Records: ${COLLECTION_NAMES.map((name) => `${name} ${String(all[name].length)}`).join(', ')}`,
    `Second-hand: ${secondHand.join(', ')}`,
    ...machineLines(all),
    ...modelLines(all),
    ...measurementLines(all),
    ...sourceLines(all),
    ...conflictLines(all),
    ...oldestLines(all),
  ].join('\n');
}
