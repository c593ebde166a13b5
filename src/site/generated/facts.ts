/** Figures of a machine or a model as rows of a table, each with the sources it rests on. */

import { deviceOf } from '../../import/device.ts';
import type { Hardware } from '../../schemas/hardware.ts';
import type { Model } from '../../schemas/model.ts';
import { readableDate } from '../dates.ts';
import { machineFigure, MACHINE_FIELD_NAMES, readableNumber, type MachineField } from '../figure-texts.ts';
import { gibText, tokensText } from './words.ts';

export interface Fact {
  readonly name: string;
  readonly text: string;
  /** A second, smaller line. */
  readonly below?: string | undefined;
  /** Where the text leads: an address outside the site. */
  readonly href?: string | undefined;
  /** The record's fields that it shows: sources that name fields support only those. */
  readonly fields: readonly string[];
}

interface Sourced {
  readonly sources: readonly { readonly source: string; readonly fields?: readonly string[] | undefined }[];
}

/** Sources of a record, each once, in order: the first is number 1. */
export function sourceIds({ sources }: Sourced): readonly string[] {
  return [...new Set(sources.map(({ source }) => source))];
}

/** Numbers of the sources that support a fact. */
export function sourceNumbers(record: Sourced, { fields }: Fact): readonly number[] {
  const ids = sourceIds(record);
  const supporting = record.sources.filter(
    (source) => source.fields === undefined || source.fields.some((field) => fields.includes(field)),
  );
  return [...new Set(supporting.map(({ source }) => ids.indexOf(source) + 1))];
}

const MACHINE_KINDS = {
  gpu: 'graphics card',
  'laptop-gpu': 'graphics chip of a laptop',
  'workstation-gpu': 'workstation card',
  accelerator: 'data-centre card',
  soc: 'chip with one memory for processor and graphics',
  board: 'small board',
  phone: 'phone',
  storage: 'drive',
  link: 'link',
} as const;

/** What it is, in a few words: "graphics card", "desktop, its processor alone". */
export function machineKind({ kind, form, sockets }: Hardware): string {
  if (kind !== 'cpu-platform') return MACHINE_KINDS[kind];
  const what = { desktop: 'desktop', laptop: 'laptop', server: 'server or workstation' }[form ?? 'desktop'];
  return `${what}, computing on its processor${sockets === undefined ? '' : 's'} alone`;
}

function isKnown({ text }: Fact): boolean {
  return text !== 'not known' && text !== '–';
}

export function machineFacts(machine: Hardware): readonly Fact[] {
  const figure = (field: MachineField, fields: readonly string[], name = MACHINE_FIELD_NAMES[field]): Fact => ({
    name,
    text: machineFigure(machine, field).text,
    fields,
  });
  const { bandwidthComputedGBs: computed, bandwidthMarketedGBs: marketed, fp16MatrixDense, int8DenseTops, sockets } = machine;
  const marketedNote =
    computed !== null && marketed !== null && Math.abs(marketed / computed - 1) > 0.005
      ? `its maker says ${readableNumber(marketed)} GB/s`
      : undefined;
  const accumulate =
    fp16MatrixDense === null || fp16MatrixDense.accumulate === 'unknown'
      ? undefined
      : `added up in ${fp16MatrixDense.accumulate.toUpperCase()}`;
  const facts: readonly Fact[] = [
    { name: 'Kind', text: machineKind(machine), fields: ['kind'] },
    ...(sockets === undefined
      ? []
      : [{ name: 'Processors', text: String(sockets), below: 'the bandwidth is that of all together', fields: ['sockets'] }]),
    {
      ...figure('memory', ['memoryGiB']),
      ...(machine.memoryGiB.length > 3 ? { text: machine.memoryGiB.map((size) => readableNumber(size)).join(', ') + '\u00a0GiB' } : {}),
    },
    figure('memoryType', ['memoryType']),
    figure('busWidth', ['busWidthBits']),
    figure('dataRate', ['dataRateMTs']),
    { ...figure('bandwidth', ['bandwidthComputedGBs', 'bandwidthMarketedGBs', 'busWidthBits', 'dataRateMTs']), below: marketedNote },
    { ...figure('fp16Matrix', ['fp16MatrixDense']), below: accumulate },
    figure('fp32Vector', ['fp32VectorTflops']),
    { name: 'INT8, dense', text: int8DenseTops === null ? '–' : `${readableNumber(int8DenseTops)}\u00a0TOPS`, fields: ['int8DenseTops'] },
    figure('pcie', ['pcie']),
    figure('watts', ['watts']),
    figure('release', ['release']),
  ];
  return facts.filter(isKnown);
}

/** Whether speeds of such machines were measured, or those of the nearest kind stand in. */
export function isMeasuredKind(machine: Hardware): boolean {
  return deviceOf(machine).classIsMeasured;
}

const MODEL_KINDS = {
  base: 'base model, not trained to converse',
  instruct: 'made to follow instructions',
  thinking: 'thinks before it answers',
  'hybrid-thinking': 'thinks on request',
  embedding: 'embedding model: turns text into vectors',
  speech: 'speech recognition',
} as const;

const COMMERCIAL = { yes: 'commercial use allowed', limited: 'commercial use with limits', no: 'no commercial use' } as const;

function billions(value: number): string {
  return value < 1 ? `${readableNumber(value * 1000)}\u00a0million` : `${readableNumber(value)}\u00a0billion`;
}

/** How it attends and what it keeps of each token, in words: what makes its cache large or small. */
export function attentionText({ shape }: Model): string {
  if (shape === null) return 'not known';
  const { heads, kvHeads, latentAttention, slidingWindow, recurrent, compressedAttention, indexer } = shape;
  const parts: string[] = [];
  if (compressedAttention !== undefined) parts.push('compressed');
  else if (latentAttention !== null)
    parts.push(`latent (MLA), ${latentAttention.kvLoraRank.toLocaleString('en-GB')} values kept for a token and layer`);
  else if (kvHeads === heads) parts.push(`${String(heads)} heads, each with keys and values of its own`);
  else parts.push(`grouped: ${String(heads)} heads share ${String(kvHeads)} sets of keys and values`);
  if (indexer !== undefined) parts.push(`of which an indexer picks ${indexer.topK.toLocaleString('en-GB')} tokens`);
  if (slidingWindow !== null) parts.push(`most layers see ${slidingWindow.size.toLocaleString('en-GB')} tokens back`);
  if (recurrent !== null) parts.push('most layers keep a fixed state instead of a cache');
  return parts.join('; ');
}

/** Why not all parameters are at work on a token, where they are not. */
function activeNote({ shape, paramsTextB, paramsActiveB }: Model): string | undefined {
  const experts = shape?.experts ?? null;
  if (experts !== null) {
    const shared =
      experts.sharedCount > 0 ? `, and ${experts.sharedCount === 1 ? 'a shared one' : `${String(experts.sharedCount)} shared ones`}` : '';
    return `${String(experts.used)} of ${String(experts.count)} experts in a layer${shared}`;
  }
  if (paramsActiveB < 0.95 * paramsTextB) return shape === null ? undefined : 'the rest are tables that are looked up';
  return 'all of them: a dense model';
}

export function modelFacts(model: Model): readonly Fact[] {
  const { shape, paramsTextB, paramsActiveB, paramsExtra, licence, repository, contextNative, contextExtended, languages, inputs } = model;
  const extras = [
    paramsExtra?.visionB === undefined ? null : `${billions(paramsExtra.visionB)} more for images`,
    paramsExtra?.mtpB === undefined ? null : `${billions(paramsExtra.mtpB)} more to predict ahead`,
  ].filter((part) => part !== null);
  const facts: readonly Fact[] = [
    {
      name: 'Kind',
      text: MODEL_KINDS[model.kind],
      below: model.speciality === undefined ? undefined : `for ${model.speciality}`,
      fields: ['kind'],
    },
    { name: 'Made by', text: model.organisation, below: `family ${model.family}`, fields: ['organisation', 'family'] },
    {
      name: 'Parameters',
      text: billions(paramsTextB),
      below: extras.length === 0 ? undefined : extras.join(', '),
      fields: ['paramsTextB', 'shape'],
    },
    {
      name: 'Active for a token',
      text: billions(paramsActiveB),
      below: activeNote(model),
      fields: ['paramsActiveB', 'shape'],
    },
    {
      name: 'Layers',
      text: shape === null ? '–' : `${String(shape.layers)}, ${shape.hiddenSize.toLocaleString('en-GB')} wide`,
      fields: ['shape'],
    },
    { name: 'Attention', text: attentionText(model), fields: ['shape'] },
    {
      name: 'Context',
      text: tokensText(contextNative),
      below: contextExtended === null ? undefined : `up to ${tokensText(contextExtended)} with RoPE scaling`,
      fields: ['contextNative', 'contextExtended', 'shape'],
    },
    { name: 'Reads', text: inputs.join(', '), fields: ['inputs'] },
    { name: 'Languages', text: languages ?? '–', fields: ['languages'] },
    { name: 'Released', text: readableDate(model.release), fields: ['release'] },
    {
      name: 'Licence',
      text: licence.name,
      href: licence.url,
      below: [COMMERCIAL[licence.commercial], licence.terms].filter((part) => part !== undefined).join('. '),
      fields: ['licence'],
    },
    {
      name: 'Weights',
      text: repository ?? '–',
      href: repository === null ? undefined : `https://huggingface.co/${repository}`,
      fields: ['repository'],
    },
  ];
  return facts.filter(isKnown);
}

/** "24 GiB", or "as fitted". */
export function sizeText(memoryGiB: number | null): string {
  return memoryGiB === null ? 'as fitted' : gibText(memoryGiB);
}
