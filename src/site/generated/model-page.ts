/** What the page of a model says, worked out from the data; the template only sets it. */

import { EngineError } from '../../engine/errors.ts';
import { formatBytes } from '../../engine/format.ts';
import type { CacheType, FileType } from '../../engine/ggml-types.ts';
import { cacheBytesByLayer } from '../../engine/kv-cache.ts';
import { isEncoder } from '../../engine/tensors.ts';
import type { Hardware } from '../../schemas/hardware.ts';
import type { Model } from '../../schemas/model.ts';
import { readableNumber } from '../figure-texts.ts';
import {
  BEST_FIRST,
  bytesOn,
  CONTEXT,
  contextOn,
  fileTypesFor,
  isShaped,
  longestOf,
  outcomeOn,
  placeOf,
  requestFor,
  SMALLER,
  workOf,
  type Outcome,
  type Place,
  type ShapedModel,
} from './fits.ts';
import { gibText, shortAnswer, speedText, tokensText, withArticle } from './words.ts';

/** File types whose sizes a page lists, best first. */
export const LISTED: readonly FileType[] = ['BF16', ...BEST_FIRST, ...SMALLER];

/** Machines people know, from the phone to the server, in the size people have: what a model's page measures it by. */
export const LADDER: readonly { readonly machine: string; readonly memoryGiB?: number }[] = [
  { machine: 'iphone-17-pro' },
  { machine: 'raspberry-pi-5', memoryGiB: 16 },
  { machine: 'laptop-ddr5-5600', memoryGiB: 32 },
  { machine: 'desktop-ddr5-6000', memoryGiB: 64 },
  { machine: 'rtx-4060' },
  { machine: 'rtx-3060-12gb' },
  { machine: 'rtx-5060-ti-16gb' },
  { machine: 'rx-9070-xt' },
  { machine: 'rtx-3090' },
  { machine: 'rx-7900-xtx' },
  { machine: 'rtx-5090' },
  { machine: 'rtx-a6000' },
  { machine: 'rtx-pro-6000-blackwell' },
  { machine: 'apple-m4', memoryGiB: 32 },
  { machine: 'apple-m4-max-40-core', memoryGiB: 128 },
  { machine: 'apple-m3-ultra', memoryGiB: 512 },
  { machine: 'ryzen-ai-max-plus-395', memoryGiB: 128 },
  { machine: 'dgx-spark' },
  { machine: 'epyc-9005-ddr5-6400', memoryGiB: 512 },
];

/** The ladder as places. @throws when a machine of it is not in the data */
export function ladder(machines: readonly Hardware[]): readonly Place[] {
  return LADDER.map(({ machine, memoryGiB }) => {
    const record = machines.find(({ id }) => id === machine);
    if (record === undefined) throw new Error(`There is no machine "${machine}" for the ladder of src/site/generated/model-page.ts`);
    return placeOf(record, memoryGiB);
  });
}

export interface SizeRow {
  readonly quant: FileType;
  readonly bitsPerWeight: number;
  readonly bytes: number;
}

export function sizeRows(model: ShapedModel): readonly SizeRow[] {
  return fileTypesFor(model, LISTED).map((quant) => {
    const { bytes, weights } = workOf(model, quant);
    return { quant, bitsPerWeight: (bytes * 8) / weights, bytes };
  });
}

/** Contexts whose cache a page lists, tokens: doublings up to what the model was made for, and that. */
function contextsOf(model: Model): readonly number[] {
  const most = longestOf(model);
  const doublings = [4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576].filter((context) => context < most);
  return [...doublings, most];
}

export interface CacheRow {
  readonly context: number;
  readonly f16Bytes: number;
  /** Null where llama.cpp refuses it for this model. */
  readonly q8Bytes: number | null;
  /** Everything a card must hold at `quant`, with the cache in f16. */
  readonly allBytes: number;
}

/** Null for what llama.cpp refuses. */
function orNull(compute: () => number): number | null {
  try {
    return compute();
  } catch (error) {
    if (error instanceof EngineError) return null;
    throw error;
  }
}

/** The file type that most people download, where the model is had in it. */
export function usualType(model: ShapedModel): FileType {
  return fileTypesFor(model, ['Q4_K_M'])[0] ?? 'Q4_K_M';
}

/** Memory by context; none for models that keep no cache. */
export function cacheRows(model: ShapedModel, card: Place): readonly CacheRow[] {
  if (isEncoder(model.shape.architecture)) return [];
  const quant = usualType(model);
  return contextsOf(model).map((context) => {
    const request = requestFor(model, quant, context);
    const cache = (type: CacheType): number =>
      cacheBytesByLayer(model.shape, { ...request, cacheTypeK: type, cacheTypeV: type }).reduce((sum, bytes) => sum + bytes, 0);
    return { context, f16Bytes: cache('f16'), q8Bytes: orNull(() => cache('q8_0')), allBytes: bytesOn(request, card) };
  });
}

export interface MachineRow extends Outcome {
  readonly place: Place;
}

/** The best type with which it runs on each machine of the ladder; a smaller one only where no better one fits. */
export function machineRows(model: ShapedModel, places: readonly Place[]): readonly MachineRow[] {
  return places.map((place) => {
    const good = outcomeOn(model, place, BEST_FIRST);
    const small = good.kind === 'too-large' ? outcomeOn(model, place, SMALLER) : good;
    return { ...small, place };
  });
}

export interface ModelPage {
  readonly model: Model;
  readonly answer: string;
  readonly sizes: readonly SizeRow[];
  readonly caches: readonly CacheRow[];
  /** None for models that don't write. */
  readonly machines: readonly MachineRow[];
}

function writes({ kind }: Model): boolean {
  return kind !== 'embedding' && kind !== 'speech';
}

/** Cards by their memory, for "fits a 24 GB card". */
const LARGEST_CARD_GIB = 96;
const CARDS = ['rtx-4060', 'rtx-3060-12gb', 'rtx-5060-ti-16gb', 'rtx-3090', 'rtx-5090', 'rtx-a6000', 'rtx-pro-6000-blackwell'];

export function modelPage(model: Model, places: readonly Place[]): ModelPage {
  if (!isShaped(model)) return { model, answer: unshapedAnswer(model), sizes: [], caches: [], machines: [] };
  const card = places.find(({ device }) => device.memory === 'discrete');
  return {
    model,
    answer: modelAnswer(model, places),
    sizes: sizeRows(model),
    caches: card === undefined ? [] : cacheRows(model, card),
    machines: writes(model) ? machineRows(model, places) : [],
  };
}

function paramsText({ paramsTextB, paramsActiveB }: Model): string {
  const billions = (value: number): string => (value < 1 ? `${readableNumber(value * 1000)} million` : `${readableNumber(value)} billion`);
  const active = paramsActiveB < 0.95 * paramsTextB ? `, ${billions(paramsActiveB)} of them at work on each token` : '';
  return `${billions(paramsTextB)} parameters${active}`;
}

function unshapedAnswer(model: Model): string {
  return shortAnswer([
    `${model.name} has ${paramsText(model)}.`,
    'The calculator does not work it out.',
    `What is missing: ${(model.missing ?? []).join(' ')}`,
  ]);
}

/** The short answer: size, the smallest card it fits with some context, and how fast it is there. */
export function modelAnswer(model: ShapedModel, places: readonly Place[]): string {
  const quant = usualType(model);
  const weights = formatBytes(workOf(model, quant).bytes);
  if (!writes(model))
    return shortAnswer([
      `${model.name} has ${paramsText(model)} and takes ${weights} at ${quant}.`,
      'It turns text into vectors and writes nothing, so it runs on anything, a processor included.',
    ]);
  const cards = CARDS.flatMap((id) => places.filter(({ machine }) => machine.id === id));
  const fits = cards.map((place) => ({ place, ...outcomeOn(model, place, [quant], CONTEXT) })).find(({ kind }) => kind !== 'too-large');
  if (fits?.answer != null) {
    const { place, answer, context } = fits;
    const most = contextOn(model, quant, place) ?? context;
    return shortAnswer([
      `${model.name} takes ${weights} at ${quant}.`,
      `It fits a card of ${gibText(place.memoryGiB ?? 0)}, with up to ${tokensText(most)} of context.`,
      `${withArticle(place.machine)} writes ${speedText(answer)}.`,
    ]);
  }
  const rows = places.map((place) => ({ place, ...outcomeOn(model, place, [quant], CONTEXT) })).filter(({ kind }) => kind === 'runs');
  const best = rows.sort((a, b) => (a.place.room.comfortableBytes ?? 0) - (b.place.room.comfortableBytes ?? 0))[0];
  const request = requestFor(model, quant, CONTEXT);
  const [first] = places;
  const all = first === undefined ? weights : formatBytes(bytesOn(request, cards[0] ?? first));
  return shortAnswer([
    `${model.name} takes ${weights} at ${quant}, and ${all} with ${tokensText(request.context)} of context: more than a card of ${gibText(LARGEST_CARD_GIB)} holds.`,
    best?.answer == null
      ? 'None of the machines we compare runs it at reading speed.'
      : `${withArticle(best.place.machine)} with ${gibText(best.place.memoryGiB ?? 0)} writes ${speedText(best.answer)}.`,
  ]);
}
