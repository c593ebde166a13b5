/** Tables that pages show and readers download: rows made from the data, the same for HTML, CSV and JSON. */

import { getCollection } from 'astro:content';
import { formatBytes } from '../engine/format.ts';
import { fileTypeNamed } from '../engine/mixing.ts';
import { summarizeWeights } from '../engine/weights.ts';
import type { CollectionName, Collections } from '../schemas/collections.ts';
import type { Family } from '../schemas/family.ts';
import type { FileFormat } from '../schemas/file-format.ts';
import type { Licence } from '../schemas/licence.ts';
import type { Model } from '../schemas/model.ts';
import type { Program } from '../schemas/program.ts';
import { readableDate } from './dates.ts';
import { machineFigure, modelRecord, readableNumber, type MachineField } from './figures.ts';

/** What stands in one field of a table. */
export interface Cell {
  readonly text: string;
  /** A second, smaller line. */
  readonly below?: string | undefined;
  /** Where the text leads: a page of the site ("/…/") or an address. */
  readonly href?: string | undefined;
  /** What the column is sorted by where it is not the text: a number, or a date as YYYY-MM-DD. */
  readonly sort?: number | string | undefined;
}

export interface Column {
  readonly key: string;
  readonly name: string;
  /** The column in whose cells it stands as a small line, its name before it. */
  readonly under?: string;
  /** Numbers, set to the right. */
  readonly figure?: true;
  /** Sentences, which need room. */
  readonly wide?: true;
  /** Readers may narrow the rows to one of its values; several values in a cell are parted by ", ". */
  readonly facet?: true;
}

export interface Row {
  readonly id: string;
  readonly cells: Readonly<Record<string, Cell>>;
  /** A remark that readers see. */
  readonly note?: string | undefined;
  /** The sources repeat somebody else. */
  readonly secondHand: boolean;
  /** Addresses of the sources, with their publishers. */
  readonly sources: readonly { readonly publisher: string; readonly url: string }[];
}

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

const NAMES = {
  cpu: 'CPU',
  cuda: 'CUDA',
  rocm: 'ROCm',
  vulkan: 'Vulkan',
  metal: 'Metal',
  sycl: 'SYCL',
  openvino: 'OpenVINO',
  npu: 'NPU',
  tpu: 'TPU',
  windows: 'Windows',
  linux: 'Linux',
  macos: 'macOS',
  android: 'Android',
  ios: 'iOS',
  browser: 'browser',
  openai: 'OpenAI',
  anthropic: 'Anthropic',
  ollama: 'Ollama',
  own: 'its own',
  koboldcpp: 'KoboldCpp',
  'llama.cpp': 'llama.cpp',
  'built-in': 'built in',
} as const;

const namesOf = (ids: readonly (keyof typeof NAMES)[]): string => (ids.length === 0 ? '–' : ids.map((id) => NAMES[id]).join(', '));

const list = (texts: readonly string[]): string => (texts.length === 0 ? '–' : texts.join(', '));

const ANSWERS = { yes: 'yes', conditions: 'with conditions', no: 'no', 'not-stated': 'not stated' } as const;

async function sourcesOf(record: { readonly sources: readonly { readonly source: string }[] }): Promise<Row['sources']> {
  const all = await getCollection('sources');
  const ids = [...new Set(record.sources.map(({ source }) => source))];
  return ids.flatMap((id) => all.filter(({ data }) => data.id === id).map(({ data: { url, publisher } }) => ({ url, publisher })));
}

type Cells = Readonly<Record<string, Cell>>;

/** As much of a record as every table shows. */
interface Shown {
  readonly id: string;
  readonly note?: string | undefined;
  readonly confidence?: 'second-hand' | undefined;
  readonly sources: readonly { readonly source: string }[];
}

async function rowsOf<T extends Shown>(records: readonly T[], cellsOf: (record: T) => Cells | Promise<Cells>): Promise<Row[]> {
  return Promise.all(
    records.map(async (record) => ({
      id: record.id,
      cells: await cellsOf(record),
      note: record.note,
      secondHand: record.confidence === 'second-hand',
      sources: await sourcesOf(record),
    })),
  );
}

const byName = <T extends { readonly name: string }>(a: T, b: T): number => a.name.localeCompare(b.name, 'en', { sensitivity: 'base' });

/** Every record of a collection. */
async function allOf<Name extends CollectionName>(name: Name): Promise<Collections[Name]> {
  const entries: readonly { readonly data: Collections[CollectionName][number] }[] = await getCollection(name);
  return entries.map(({ data }) => data) as Collections[CollectionName] as Collections[Name];
}

function programName({ name, licence, version, released, page, url }: Program): Cell {
  const release = version === null ? null : `${version}${released === null ? '' : `, ${readableDate(released)}`}`;
  return {
    text: name,
    href: page === null ? url : `/${page}/`,
    below: [licence.name, release].filter((part) => part !== null).join(' · '),
  };
}

async function loaders(): Promise<Table> {
  const formats: readonly FileFormat[] = await allOf('formats');
  const nameOf = (id: string): string => formats.find((format) => format.id === id)?.name ?? id;
  const records: readonly Program[] = (await allOf('programs')).filter(({ kind }) => kind !== 'front-end').sort(byName);
  return {
    columns: [
      { key: 'name', name: 'Program' },
      { key: 'what', name: 'What it is, and what it is not', wide: true },
      { key: 'suits', name: 'Suits', under: 'what' },
      { key: 'lacks', name: 'Not', under: 'what' },
      { key: 'formats', name: 'Loads', facet: true },
      { key: 'apis', name: 'Interface', under: 'formats' },
      { key: 'hardware', name: 'Computes on', facet: true },
      { key: 'platforms', name: 'Systems', under: 'hardware', facet: true },
    ],
    rows: await rowsOf(records, (program) => ({
      name: programName(program),
      what: { text: program.summary },
      suits: { text: program.suits },
      lacks: { text: program.lacks },
      formats: { text: list(program.formats.map(nameOf)) },
      hardware: { text: namesOf(program.hardware) },
      platforms: { text: namesOf(program.platforms) },
      apis: { text: namesOf(program.apis) },
    })),
  };
}

async function frontEnds(): Promise<Table> {
  const records: readonly Program[] = (await allOf('programs')).filter(({ kind }) => kind !== 'loader').sort(byName);
  return {
    columns: [
      { key: 'name', name: 'Program' },
      { key: 'what', name: 'What it is, and what it is not', wide: true },
      { key: 'suits', name: 'Suits', under: 'what' },
      { key: 'lacks', name: 'Not', under: 'what' },
      { key: 'speaks', name: 'Talks to', facet: true },
      { key: 'platforms', name: 'Systems', under: 'speaks', facet: true },
    ],
    rows: await rowsOf(records, (program) => ({
      name: programName(program),
      what: { text: program.summary },
      suits: { text: program.suits },
      lacks: { text: program.lacks },
      speaks: { text: namesOf(program.speaks) },
      platforms: { text: namesOf(program.platforms) },
    })),
  };
}

async function formats(): Promise<Table> {
  const programs: readonly Program[] = await allOf('programs');
  const records: readonly FileFormat[] = await allOf('formats');
  const readers = (id: string): string => list(programs.filter((program) => program.formats.includes(id)).map(({ name }) => name));
  return {
    columns: [
      { key: 'name', name: 'Format' },
      { key: 'what', name: 'What it is, and where it bites', wide: true },
      { key: 'lacks', name: 'Not', under: 'what' },
      { key: 'readers', name: 'Loaded by', facet: true },
      { key: 'quantized', name: 'Quantized' },
      { key: 'whole', name: 'All in one file', under: 'quantized' },
      { key: 'code', name: 'Can run code', under: 'quantized' },
      { key: 'status', name: 'Standing', under: 'quantized', facet: true },
    ],
    rows: await rowsOf(records, ({ id, name, files, summary, lacks, quantized, selfContained, runsCode, status, since }) => ({
      name: { text: name, below: files },
      what: { text: summary },
      lacks: { text: lacks },
      readers: { text: readers(id) },
      quantized: { text: quantized },
      whole: { text: selfContained ? 'yes' : 'no' },
      code: { text: runsCode === 'with-trust-remote-code' ? 'if you let it' : runsCode },
      status: {
        text: { current: 'in use', fading: 'fading', legacy: 'old downloads only' }[status],
        below: since === null ? undefined : `since ${readableDate(since)}`,
      },
    })),
  };
}

function sizesOf(models: readonly Model[]): Cell {
  const sizes = models.map(({ paramsTextB }) => paramsTextB);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const text = least === most ? `${readableNumber(least)}\u00a0B` : `${readableNumber(least)} to ${readableNumber(most)}\u00a0B`;
  return { text, sort: most };
}

async function families(): Promise<Table> {
  const models: readonly Model[] = await allOf('models');
  const records: readonly Family[] = [...(await allOf('families'))].sort(byName);
  const nameOf = (id: string): string => records.find((family) => family.id === id)?.name ?? id;
  return {
    columns: [
      { key: 'name', name: 'Family' },
      { key: 'what', name: 'Known for, and what it lacks', wide: true },
      { key: 'lacks', name: 'Not', under: 'what' },
      { key: 'builtOn', name: 'Built on', under: 'what' },
      { key: 'sizes', name: 'Sizes', figure: true },
      { key: 'newest', name: 'Newest in our data' },
      { key: 'licences', name: 'Licences', under: 'newest' },
      { key: 'kinds', name: 'Kinds', under: 'newest', facet: true },
    ],
    rows: await rowsOf(records, ({ name, organisation, country, first, members, summary, lacks, builtOn, kinds }) => {
      const own = models.filter(({ family }) => members.includes(family));
      const newest = [...own].sort((a, b) => b.release.localeCompare(a.release))[0];
      return {
        name: { text: name, below: `${organisation}, ${country}; first ${readableDate(first)}` },
        what: { text: summary },
        lacks: { text: lacks },
        sizes: sizesOf(own),
        newest: {
          text: newest?.name ?? '–',
          below: newest === undefined ? undefined : readableDate(newest.release),
          sort: newest?.release,
        },
        builtOn: { text: list(builtOn.map(nameOf)) },
        kinds: { text: list(kinds) },
        licences: { text: list([...new Set(own.map(({ licence }) => licence.name))].sort()) },
      };
    }),
  };
}

async function licences(): Promise<Table> {
  const records: readonly Licence[] = await allOf('licences');
  return {
    columns: [
      { key: 'name', name: 'Licence' },
      { key: 'commercial', name: 'Commercial use', facet: true },
      { key: 'fineTune', name: 'Fine-tune' },
      { key: 'passOn', name: 'Pass on' },
      { key: 'trainOthers', name: 'Train others on its output' },
      { key: 'conditions', name: 'What it asks, and who uses it', wide: true },
      { key: 'usedBy', name: 'Used by', under: 'conditions' },
      { key: 'checked', name: 'Read', under: 'conditions' },
    ],
    rows: await rowsOf(records, (record) => ({
      name: {
        text: record.name,
        href: record.url,
        below:
          { 'open-source': 'open source', 'open-weights': 'open weights', 'non-commercial': 'not for business' }[record.kind] +
          (record.version === null ? '' : `; text of ${readableDate(record.version)}`),
      },
      commercial: { text: ANSWERS[record.commercial] },
      fineTune: { text: ANSWERS[record.fineTune] },
      passOn: { text: ANSWERS[record.passOn] },
      trainOthers: { text: ANSWERS[record.trainOthers] },
      conditions: { text: record.conditions },
      usedBy: { text: list(record.usedBy) },
      checked: { text: readableDate(record.checked), sort: record.checked },
    })),
  };
}

/** The model whose file sizes stand in the table of file types. */
const SIZED = 'llama-3-1-8b';

async function fileTypes(): Promise<Table> {
  const { shape, name } = await modelRecord(SIZED);
  if (shape === null) throw new Error(`${SIZED} has no shape`);
  const records = (await allOf('quants')).filter((quant) => quant.kind === 'file-type').sort((a, b) => b.bitsPerWeight - a.bitsPerWeight);
  return {
    columns: [
      { key: 'name', name: 'File type' },
      { key: 'bits', name: 'Bits a weight', figure: true },
      { key: 'size', name, figure: true },
      { key: 'family', name: 'Family', facet: true },
      { key: 'imatrix', name: 'Needs an imatrix', under: 'family' },
      { key: 'what', name: 'Who it suits, where it bites', wide: true },
    ],
    rows: await rowsOf(records, (quant) => {
      const bytes = summarizeWeights(shape, fileTypeNamed(quant.name)).bytes;
      return {
        name: { text: quant.name },
        bits: { text: quant.bitsPerWeight.toFixed(2), sort: quant.bitsPerWeight },
        size: { text: formatBytes(bytes), sort: bytes },
        family: { text: quant.family },
        imatrix: { text: quant.needsImatrix ? 'yes' : 'no' },
        what: { text: quant.summary },
      };
    }),
  };
}

async function otherQuants(): Promise<Table> {
  const records = (await allOf('quants')).filter((quant) => quant.kind === 'format').sort(byName);
  return {
    columns: [
      { key: 'name', name: 'Format' },
      { key: 'bits', name: 'Bits a weight', figure: true },
      { key: 'engines', name: 'Read by', facet: true },
      { key: 'what', name: 'Who it suits, where it bites', wide: true },
      { key: 'how', name: 'How the bits come about', under: 'what' },
    ],
    rows: await rowsOf(records, ({ name, bitsPerWeight, engines, summary, arithmetic, kept }) => {
      const ends = typeof bitsPerWeight === 'number' ? [bitsPerWeight] : bitsPerWeight;
      return {
        name: { text: name },
        bits: { text: ends.map((bits) => readableNumber(bits)).join(' to '), sort: ends[0] },
        engines: { text: list(engines) },
        what: { text: summary },
        how: { text: arithmetic, below: kept === null ? undefined : `Kept: ${kept}` },
      };
    }),
  };
}

const MAKERS = { nvidia: 'NVIDIA', amd: 'AMD', intel: 'Intel' } as const;

async function cards(): Promise<Table> {
  const makerOf = (vendor: string): string | undefined => Object.entries(MAKERS).find(([id]) => id === vendor)?.[1];
  const records = (await allOf('hardware'))
    .filter(
      ({ kind, memory, vendor, memoryGiB, status }) =>
        (kind === 'gpu' || kind === 'workstation-gpu') &&
        memory === 'discrete' &&
        status === 'released' &&
        (memoryGiB.at(-1) ?? 0) >= 8 &&
        makerOf(vendor) !== undefined,
    )
    .sort((a, b) => {
      const order = (b.release ?? '').localeCompare(a.release ?? '');
      return order === 0 ? byName(a, b) : order;
    });
  const cell = (machine: (typeof records)[number], field: MachineField): Cell => {
    const { text, value } = machineFigure(machine, field);
    return { text, sort: value ?? -1 };
  };
  return {
    columns: [
      { key: 'name', name: 'Card' },
      { key: 'maker', name: 'Maker', facet: true },
      { key: 'memory', name: 'Memory', figure: true },
      { key: 'bandwidth', name: 'Bandwidth', figure: true },
      { key: 'watts', name: 'Rated power', figure: true },
      { key: 'release', name: 'Released' },
    ],
    rows: await rowsOf(records, (machine) => ({
      name: { text: machine.name },
      maker: { text: makerOf(machine.vendor) ?? '' },
      memory: cell(machine, 'memory'),
      bandwidth: cell(machine, 'bandwidth'),
      watts: cell(machine, 'watts'),
      release: { text: machine.release === null ? '–' : machine.release.slice(0, 7), sort: machine.release ?? '' },
    })),
  };
}

const KINDS = {
  model: 'models',
  hardware: 'hardware',
  software: 'software',
  paper: 'papers',
  event: 'events',
  security: 'security',
} as const;

async function timeline(): Promise<Table> {
  const records = [...(await allOf('timeline'))].sort((a, b) => b.date.localeCompare(a.date));
  return {
    columns: [
      { key: 'date', name: 'When' },
      { key: 'what', name: 'What, and why it matters', wide: true },
      { key: 'who', name: 'Who' },
      { key: 'kind', name: 'Kind', facet: true },
    ],
    rows: await rowsOf(records, ({ date, what, why, organisation, kind }) => ({
      date: { text: readableDate(date), sort: date },
      what: { text: what, below: why },
      who: { text: organisation },
      kind: { text: KINDS[kind] },
    })),
  };
}

const TABLES = {
  loaders,
  'front-ends': frontEnds,
  formats,
  families,
  licences,
  'file-types': fileTypes,
  'other-quants': otherQuants,
  cards,
  timeline,
} as const satisfies Readonly<Record<string, () => Promise<Table>>>;

export type TableName = keyof typeof TABLES;

export const TABLE_NAMES = Object.keys(TABLES) as readonly TableName[];

/** A table by name, made once in a build. */
export function tableNamed(name: TableName): Promise<Table> {
  if (import.meta.env.DEV) return TABLES[name]();
  const made = cache.get(name) ?? TABLES[name]();
  cache.set(name, made);
  return made;
}

const cache = new Map<TableName, Promise<Table>>();

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

/** The table as records: what a cell says, its second line under `…Note`, and the sources' addresses. */
export function tableRecords({ columns, rows }: Table): Readonly<Record<string, unknown>>[] {
  return rows.map(({ id, cells, note, secondHand, sources }) => {
    const record: Record<string, unknown> = { id };
    for (const { key } of columns) {
      const cell = cells[key];
      record[key] = typeof cell?.sort === 'number' ? cell.sort : plain(cell?.text ?? '');
      if (cell?.below !== undefined) record[`${key}Note`] = plain(cell.below);
    }
    if (note !== undefined) record['note'] = note;
    if (secondHand) record['confidence'] = 'second-hand';
    record['sources'] = sources.map(({ url }) => url);
    return record;
  });
}

/** The table as CSV (RFC 4180), one line a row, sources parted by spaces. A leading =, +, - or @ is kept from being read as a formula. */
export function tableCsv(table: Table): string {
  const records = tableRecords(table);
  const heads = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const field = (value: unknown): string => {
    const text = Array.isArray(value) ? value.join(' ') : typeof value === 'number' || typeof value === 'string' ? String(value) : '';
    const safe = typeof value === 'string' && /^[=+\-@]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return (
    [heads, ...records.map((record) => heads.map((head) => record[head]))].map((line) => line.map(field).join(',')).join('\r\n') + '\r\n'
  );
}
