/**
 * How far off the calculator is: prints the tables, and writes them for the page that shows them.
 *
 * Memory against llama.cpp's own allocations, file sizes against published files, speeds against every sound measurement, each
 * machine predicted from all others.
 *
 * Usage: npm run accuracy
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SpeedClass } from '../engine/device.ts';
import type { FileType } from '../engine/ggml-types.ts';
import { memoryOf } from '../engine/memory.ts';
import type { ModelShape } from '../engine/model.ts';
import { DEFAULTS, type Request } from '../engine/predict.ts';
import { workloadOf } from '../engine/workload.ts';
import type { Accuracy, Prediction } from '../schemas/accuracy.ts';
import { fileOf, readCollections } from '../schemas/collections.ts';
import { crossValidate, residualsOf, timedRows, type Judged, type What } from './fit/cross-validate.ts';
import { HELD, nestedCoverage, type Covered } from './fit/ranges.ts';
import { BY_BOX, speedRows, type SpeedRow } from './fit/rows.ts';

const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const lines = (file: string): readonly unknown[] =>
  readFileSync(path(file), 'utf8')
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));

const data = readCollections((name) => readFileSync(path(`src/data/${fileOf(name)}`), 'utf8'));

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
}
const digits = (value: number): number => Number(value.toFixed(5));

// ── Memory ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

type Part = readonly [weights: number, kvCache: number, compute: number];

interface MemoryRow extends Omit<Request, 'work'> {
  readonly model: string;
  readonly quant: FileType;
  readonly onGpu: boolean;
  readonly gpu?: Part;
  readonly host?: Part;
}

function memoryErrors(): Accuracy['memory'] {
  const shapes = JSON.parse(readFileSync(path('tests/fixtures/llama-cpp/shapes.json'), 'utf8')) as Readonly<Record<string, ModelShape>>;
  const errors = new Map<string, number[]>();
  const note = (part: string, predicted: number, truth: number): void => {
    if (truth > 0) errors.set(part, [...(errors.get(part) ?? []), Math.abs(predicted / truth - 1)]);
  };
  for (const row of lines('tests/fixtures/llama-cpp/memory.jsonl') as readonly MemoryRow[]) {
    const shape = shapes[row.model];
    if (shape === undefined || row.gpu === undefined || row.host === undefined) continue;
    const { gpus, host, totalBytes } = memoryOf({ ...DEFAULTS, ...row, work: workloadOf(shape, row.quant), shares: row.onGpu ? [1] : [] });
    const [gpu] = gpus;
    const where = row.onGpu ? 'on a card' : 'on a CPU';
    note('weights', (gpu?.weightsBytes ?? 0) + host.weightsBytes, row.gpu[0] + row.host[0]);
    note('KV cache and states', (gpu?.kvCacheBytes ?? 0) + host.kvCacheBytes, row.gpu[1] + row.host[1]);
    note(`compute buffer ${where}`, (gpu ?? host).computeBytes, row.onGpu ? row.gpu[2] : row.host[2]);
    if (row.onGpu) note('compute buffer of the host beside a card', host.computeBytes, row.host[2]);
    note(
      'together',
      totalBytes,
      [...row.gpu, ...row.host].reduce((sum, bytes) => sum + bytes, 0),
    );
  }
  return [...errors].map(([part, list]) => ({
    part,
    rows: list.length,
    exact: list.filter((error) => error === 0).length,
    median: digits(quantile(list, 0.5)),
    p90: digits(quantile(list, 0.9)),
    worst: digits(Math.max(...list)),
  }));
}

// ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface PublishedFile {
  readonly model: string;
  readonly quant: FileType;
  readonly bytes: number;
  readonly differs?: string;
}

function fileErrors(): Accuracy['files'] {
  const all = lines('tests/fixtures/published-files.jsonl') as readonly PublishedFile[];
  const errorsOf = (name: string, files: readonly PublishedFile[]): Accuracy['files'][number] => {
    const errors = files.flatMap(({ model, quant, bytes }) => {
      const shape = data.models.find(({ id }) => id === model)?.shape ?? null;
      return shape === null ? [] : [Math.abs(workloadOf(shape, quant).bytes / bytes - 1)];
    });
    return {
      name,
      rows: errors.length,
      models: new Set(files.map(({ model }) => model)).size,
      median: digits(quantile(errors, 0.5)),
      p90: digits(quantile(errors, 0.9)),
      worst: digits(Math.max(...errors)),
    };
  };
  return [
    errorsOf('published files', all),
    // Chosen because they agree within 1 %: their worst says nothing, only their median does.
    errorsOf(
      'of these, without those made otherwise',
      all.filter(({ differs }) => differs === undefined),
    ),
  ];
}

// ── Speed ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const { rows, leftOut } = speedRows(data);

/** Families whose files are plain: what most readers run. */
const STANDARD = /^(llama|qwen2-5|qwen3-(0|1|4|8|14|30|32|235)|mistral|mixtral|gemma-3|gpt-oss|phi-4|deepseek-r1-distill)/;

function isStandard({ kind, measurement, setUp }: SpeedRow): boolean {
  const { engine, quant, fileGiB, model } = measurement;
  const plainEngine = engine === 'llama.cpp' || engine === 'ik_llama.cpp';
  return (
    kind === 'one-gpu' &&
    plainEngine &&
    fileGiB !== null &&
    !/UD|mix|_R\d|IQ\d_K/.test(quant) &&
    STANDARD.test(model) &&
    setUp.host?.speedClass !== 'cpu-board'
  );
}

const classOf = ({ setUp }: SpeedRow): string => (setUp.gpus[0] ?? setUp.host)?.speedClass ?? 'unknown';

const CLASSES: readonly (readonly [SpeedClass, string])[] = [
  ['nvidia-gddr', 'NVIDIA cards with GDDR memory'],
  ['nvidia-hbm', 'NVIDIA cards with HBM'],
  ['gb10', 'NVIDIA GB10'],
  ['amd-rdna', 'AMD cards'],
  ['strix-halo', 'AMD Strix Halo'],
  ['apple', 'Apple M, M Pro, M Max'],
  ['apple-ultra', 'Apple M Ultra'],
];

const GROUPS: readonly (readonly [name: string, belongs: (row: SpeedRow) => boolean])[] = [
  ['one card, Apple or unified memory', ({ kind }) => kind === 'one-gpu'],
  ['of these, plain llama.cpp rows', isStandard],
  [
    'of these, chips of which no other box was seen',
    ({ kind, setUp }) => kind === 'one-gpu' && !BY_BOX.includes(setUp.gpus[0]?.generation ?? ''),
  ],
  ['of these, dense models at short context', (row) => row.kind === 'one-gpu' && row.work.usedShare === 0 && row.settings.depth < 2048],
  [
    'of these, mixtures of experts at short context',
    (row) => row.kind === 'one-gpu' && row.work.usedShare > 0 && row.settings.depth < 2048,
  ],
  ['of these, from 2,048 tokens on', (row) => row.kind === 'one-gpu' && row.settings.depth >= 2048],
  ...CLASSES.map(([speedClass, name]): readonly [string, (row: SpeedRow) => boolean] => [
    name,
    (row) => row.kind === 'one-gpu' && classOf(row) === speedClass,
  ]),
  ['several cards', ({ kind }) => kind === 'several-gpus'],
  ['split between card and system memory', ({ kind }) => kind === 'offload'],
  ['CPU only, short context', ({ kind, settings }) => kind === 'cpu' && settings.depth < 2048],
  ['of these, desktops', (row) => row.kind === 'cpu' && row.settings.depth < 2048 && classOf(row) === 'cpu-desktop'],
];

type Scored = Judged & Covered;

function score(what: What): readonly Scored[] {
  const judged = crossValidate(timedRows(rows, what), what);
  const residuals = residualsOf(judged);
  const coverage = new Map(nestedCoverage(residuals, HELD[what]).map((covered) => [covered.item, covered]));
  return judged.flatMap((item, index) => {
    const residual = residuals[index];
    const found = residual === undefined ? undefined : coverage.get(residual);
    return found === undefined ? [] : [{ ...item, ...found }];
  });
}

const errorOf = ({ predicted, measured }: Judged): number => Math.abs(predicted / measured - 1);

function speedErrors(what: What, scored: readonly Scored[]): Accuracy['speed'] {
  return GROUPS.flatMap(([name, belongs]) => {
    const list = scored.filter(({ row }) => belongs(row));
    if (list.length < 3) return [];
    const errors = list.map(errorOf);
    const byMachine = [...Map.groupBy(list, ({ row }) => row.group).values()].map((items) => quantile(items.map(errorOf), 0.5));
    const naive = list.flatMap((item) => (item.naive === null ? [] : [Math.abs(item.naive / item.measured - 1)]));
    return [
      {
        what,
        name,
        rows: list.length,
        machines: byMachine.length,
        median: digits(quantile(errors, 0.5)),
        p90: digits(quantile(errors, 0.9)),
        byMachine: digits(quantile(byMachine, 0.5)),
        bias: digits(
          quantile(
            list.map(({ predicted, measured }) => predicted / measured - 1),
            0.5,
          ),
        ),
        held: digits(list.filter(({ inside }) => inside).length / list.length),
        width: digits(
          quantile(
            list.map(({ low, high }) => high / low),
            0.5,
          ),
        ),
        naive: what === 'prefill' || naive.length === 0 ? null : digits(quantile(naive, 0.5)),
      },
    ];
  });
}

/** Pairs of reports of one model and file on one machine at nearly the same depth, from different sources or backends. */
function noise(): Accuracy['noise'] {
  const single = rows.filter(({ kind, decode, settings }) => kind === 'one-gpu' && decode !== null && settings.depth < 2048);
  const pairsOf = (differs: (a: SpeedRow, b: SpeedRow) => boolean): number[] => {
    const differences: number[] = [];
    for (const list of Map.groupBy(
      single,
      ({ measurement }) => `${measurement.machine} ${measurement.model} ${measurement.quant}`,
    ).values()) {
      for (const [index, a] of list.entries()) {
        for (const b of list.slice(index + 1)) {
          if (!differs(a, b) || a.decode === null || b.decode === null) continue;
          differences.push(Math.abs(Math.log(a.decode.observed / b.decode.observed)));
        }
      }
    }
    return differences;
  };
  const kinds: readonly (readonly [string, (a: SpeedRow, b: SpeedRow) => boolean])[] = [
    ['same source, another backend or build', (a, b) => a.measurement.source === b.measurement.source],
    ['another source', (a, b) => a.measurement.source !== b.measurement.source],
  ];
  return kinds.map(([name, differs]) => {
    const list = pairsOf(differs).map((difference) => Math.expm1(difference));
    return { name, pairs: list.length, median: digits(quantile(list, 0.5)), p90: digits(quantile(list, 0.9)) };
  });
}

/** Why a prediction may be far off, as far as it is known. */
function reasonFor({ row, predicted, measured }: Judged): string {
  const { measurement, settings, work, kind } = row;
  const tooFast = predicted > measured;
  if (work.shape.latentAttention !== null && settings.depth >= 2048) return 'Latent attention in a long context: two machines, far apart.';
  if (measurement.quant === 'BF16' && measurement.backend === 'vulkan') return 'BF16 has no fast path under Vulkan.';
  if (kind === 'cpu' && measurement.settings.flashAttention === true && measurement.settings.cacheTypeK === 'q8_0' && tooFast)
    return 'A quantized cache with flash attention on a CPU: the kernel, not the memory, sets the pace.';
  if (kind === 'cpu' && settings.depth >= 2048) return 'Long contexts on a CPU: the few machines measured are far apart.';
  if (kind === 'cpu') return tooFast ? 'Perhaps fewer threads, channels or cores at work than the memory could feed.' : 'Not known.';
  if (kind === 'several-gpus') return 'How the cards shared the layers is not said.';
  if (measurement.engine === 'ik_llama.cpp') return 'A fork’s build of early 2025, with kernels replaced since.';
  if (kind === 'offload') return 'How the weights were shared is only partly known.';
  return 'Not known.';
}

function worstOf(scored: readonly Scored[]): Accuracy['worst'] {
  const far = scored.toSorted((a, b) => Math.abs(Math.log(b.predicted / b.measured)) - Math.abs(Math.log(a.predicted / a.measured)));
  // One for each machine, model and file: a sweep that misses does so at every step.
  const cases = Map.groupBy(far, ({ row: { measurement } }) => `${measurement.machine} ${measurement.model} ${measurement.quant}`);
  const first = [...cases.values()].flatMap((list) => list.slice(0, 1));
  return first.slice(0, 10).map((item) => {
    const { measurement, settings } = item.row;
    return {
      id: measurement.id,
      machine: measurement.machine,
      model: measurement.model,
      quant: measurement.quant,
      predicted: Number(item.predicted.toPrecision(3)),
      measured: Number(item.measured.toPrecision(4)),
      depth: Math.round(settings.depth),
      url: measurement.url,
      reason: reasonFor(item),
    };
  });
}

// ── Together ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const decode = score('decode');
const prefill = score('prefill');
const result: Accuracy = {
  made: new Date().toISOString().slice(0, 10),
  memory: memoryErrors(),
  files: fileErrors(),
  speed: [...speedErrors('decode', decode), ...speedErrors('prefill', prefill)],
  leftOut: [...leftOut].map(([reason, count]) => ({ reason, rows: count })),
  noise: noise(),
  worst: worstOf(decode),
};
writeFileSync(path('src/data/accuracy.json'), `${JSON.stringify(result, null, 1)}\n`);

/** Every row that the fit rests on, with what was predicted for it from all other machines. */
function predictions(): readonly Prediction[] {
  const line = (what: What, { row: { measurement }, predicted, measured, low, high }: Scored): Prediction => ({
    measurement: measurement.id,
    what,
    measured: Number(measured.toPrecision(4)),
    predicted: Number(predicted.toPrecision(4)),
    low: Number((low * predicted).toPrecision(3)),
    high: Number((high * predicted).toPrecision(3)),
  });
  return [...decode.map((item) => line('decode', item)), ...prefill.map((item) => line('prefill', item))];
}
writeFileSync(
  path('src/data/predictions.jsonl'),
  `${predictions()
    .map((line) => JSON.stringify(line))
    .join('\n')}\n`,
);

const percent = (value: number, places = 1): string => `${(100 * value).toFixed(places)} %`;
const row = (cells: readonly string[], widths: readonly number[]): string =>
  cells.map((cell, index) => (index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0))).join('  ');

console.log('Memory against llama.cpp’s own allocations');
const memoryWidths = [42, 6, 6, 9, 9, 9];
console.log(row(['part', 'rows', 'exact', 'median', 'p90', 'worst'], memoryWidths));
for (const { part, rows: count, exact, median, p90, worst } of result.memory)
  console.log(row([part, String(count), String(exact), percent(median, 3), percent(p90, 2), percent(worst, 2)], memoryWidths));
for (const { name, rows: count, models, median, p90, worst } of result.files) {
  const errors = `median ${percent(median, 3)}, p90 ${percent(p90, 2)}, worst ${percent(worst, 2)}`;
  console.log(`${name}: ${String(count)} of ${String(models)} models, ${errors}`);
}
for (const what of ['decode', 'prefill'] as const) {
  console.log(`\n${what === 'decode' ? 'Generation' : 'Prompt'}, each machine predicted from all others`);
  const widths = [48, 5, 9, 8, 8, 11, 8, 6, 7, 8];
  console.log(row(['', 'rows', 'machines', 'median', 'p90', 'by machine', 'bias', 'held', 'width', 'naive'], widths));
  for (const item of result.speed) {
    if (item.what !== what) continue;
    const { name, rows: count, machines, median, p90, byMachine, bias, held, width, naive } = item;
    const cells = [percent(median), percent(p90, 0), percent(byMachine), percent(bias), percent(held, 0), `×${width.toFixed(2)}`];
    console.log(row([name, String(count), String(machines), ...cells, naive === null ? '' : percent(naive, 0)], widths));
  }
}
console.log('\nHow far apart reports of the same machine, model and file are');
for (const { name, pairs, median, p90 } of result.noise)
  console.log(`  ${name}: ${String(pairs)} pairs, median ${percent(median)}, p90 ${percent(p90, 0)}`);
console.log('\nFarthest off');
for (const item of result.worst)
  console.log(`  ${String(item.predicted)} predicted, ${String(item.measured)} measured: ${item.id.slice(0, 110)}. ${item.reason}`);
console.log(`\nLeft out: ${[...leftOut].map(([reason, count]) => `${String(count)} ${reason}`).join('; ')}`);
console.log('Written to src/data/accuracy.json and src/data/predictions.jsonl');
