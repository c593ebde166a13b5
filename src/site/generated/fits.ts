/** What runs on a machine, as the generated pages tell it: best file type, memory, speed, context, and how far off the rest is. */

import type { Device } from '../../engine/device.ts';
import type { FileType } from '../../engine/ggml-types.ts';
import { memoryOf } from '../../engine/memory.ts';
import type { ModelShape } from '../../engine/model.ts';
import { alone, DEFAULTS, deviceAnswers, predict, sharesOf, type Answer, type Request } from '../../engine/predict.ts';
import { roomOn, type Room } from '../../engine/room.ts';
import { bestSplit } from '../../engine/search.ts';
import type { SetUp } from '../../engine/speed-terms.ts';
import { workloadOf, type Workload } from '../../engine/workload.ts';
import { deviceOf } from '../../import/device.ts';
import type { Hardware } from '../../schemas/hardware.ts';
import type { Model } from '../../schemas/model.ts';

/** Tokens of context that must fit beside the model; less where the model was not made for as much. */
export const CONTEXT = 16_384;

/** Reading speed: below it nobody waits with pleasure. Tokens per second; the guide's page on measuring performance explains it. */
export const USABLE_TOKENS_PER_SECOND = 5;

/** File types to choose from, best first. */
export const BEST_FIRST = ['Q8_0', 'Q6_K', 'Q5_K_M', 'Q4_K_M'] as const satisfies readonly FileType[];

/** Smaller ones, which cost quality that shows; best first. */
export const SMALLER = ['IQ4_XS', 'Q3_K_M', 'IQ2_M'] as const satisfies readonly FileType[];

/** A model that can be computed. */
export type ShapedModel = Model & { readonly shape: NonNullable<Model['shape']> };

export function isShaped(model: Model): model is ShapedModel {
  return model.shape !== null;
}

/** Not superseded, computable, and one that writes. */
export function isCurrent(model: Model): model is ShapedModel {
  return isShaped(model) && model.historical === undefined && model.kind !== 'embedding' && model.kind !== 'speech';
}

/** The file types a model is had in, of those asked about: gpt-oss is published in MXFP4 and exists in no better type. */
export function fileTypesFor({ shape }: ShapedModel, among: readonly FileType[]): readonly FileType[] {
  return shape.architecture === 'gpt-oss' ? ['MXFP4_MOE'] : among;
}

/** The longest context its makers speak of, tokens. */
export function longestOf({ contextExtended, contextNative }: Model): number {
  return contextExtended ?? contextNative;
}

const shapes = new Map<string, ModelShape>();

/** A model's work; models of equal shape share it, so that it is worked out once in a build. */
export function workOf({ shape }: ShapedModel, fileType: FileType): Workload {
  const key = JSON.stringify(shape);
  let first = shapes.get(key);
  if (first === undefined) shapes.set(key, (first = shape));
  return workloadOf(first, fileType);
}

/** llama-server's defaults with this much context, which is cut to what the model was made for. */
export function requestFor(model: ShapedModel, fileType: FileType, context: number): Request {
  const tokens = Math.min(context, longestOf(model));
  return { ...DEFAULTS, work: workOf(model, fileType), context: tokens, promptTokens: Math.min(DEFAULTS.promptTokens, tokens) };
}

/** A machine in one of its memory sizes. */
export interface Place {
  readonly machine: Hardware;
  /** GiB; null when the memory is as fitted. */
  readonly memoryGiB: number | null;
  readonly device: Device;
  readonly setUp: SetUp;
  readonly room: Room;
}

/** @param memoryGiB which size; the largest on offer when left out */
export function placeOf(machine: Hardware, memoryGiB?: number): Place {
  const device = deviceOf(machine, memoryGiB);
  return { machine, memoryGiB: memoryGiB ?? machine.memoryGiB.at(-1) ?? null, device, setUp: alone(device), room: roomOn(device) };
}

const bytesKnown = new WeakMap<Workload, Map<string, number>>();

/** Bytes that the machine's own memory must hold: a card's part, or everything where there is one memory. */
export function bytesOn(request: Request, { device, setUp }: Place): number {
  let ofWork = bytesKnown.get(request.work);
  if (ofWork === undefined) bytesKnown.set(request.work, (ofWork = new Map<string, number>()));
  const key = `${device.backend === 'cpu' ? 'cpu' : device.memory}:${String(request.context)}`;
  let bytes = ofWork.get(key);
  if (bytes === undefined) {
    const [main] = deviceAnswers(memoryOf({ ...request, shares: sharesOf(setUp.gpus) }), setUp);
    bytes = main?.totalBytes ?? 0;
    ofWork.set(key, bytes);
  }
  return bytes;
}

function holds(bytes: number, { room: { comfortableBytes } }: Place): boolean {
  return comfortableBytes === null || bytes <= comfortableBytes;
}

/** What becomes of a model on a machine. */
export interface Outcome {
  readonly model: ShapedModel;
  /** `runs`: fits and is fast enough; `slow`: fits, but slower than one reads; `too-large`: does not fit with the types asked about. */
  readonly kind: 'runs' | 'slow' | 'too-large';
  /** The best type that runs; the one that comes nearest to it otherwise. */
  readonly quant: FileType;
  readonly context: number;
  readonly bytes: number;
  /** Null when it does not fit. */
  readonly answer: Answer | null;
}

/**
 * The best file type with which a model fits comfortably and writes at a usable speed.
 *
 * @param among types to choose from, best first; at least one
 */
export function outcomeOn(model: ShapedModel, place: Place, among: readonly FileType[] = BEST_FIRST, context = CONTEXT): Outcome {
  let last: Outcome | null = null;
  for (const quant of fileTypesFor(model, among)) {
    const request = requestFor(model, quant, context);
    const bytes = bytesOn(request, place);
    const base = { model, quant, context: request.context, bytes };
    if (!holds(bytes, place)) {
      last = { ...base, kind: 'too-large', answer: null };
      continue;
    }
    const answer = predict(request, place.setUp);
    if (answer.decode.tokensPerSecond >= USABLE_TOKENS_PER_SECOND) return { ...base, kind: 'runs', answer };
    last = { ...base, kind: 'slow', answer };
  }
  if (last === null) throw new Error(`No file type to choose from for ${model.id}`);
  return last;
}

/** Contexts that are asked about: four steps to each doubling, so that a build need not work out every one. */
function contextSteps(most: number): readonly number[] {
  const steps: number[] = [];
  for (let power = 1024; power < most; power *= 2) for (let quarter = 4; quarter < 8; quarter += 1) steps.push((power / 4) * quarter);
  return [...steps.filter((step) => step < most), most];
}

/** A context that fits comfortably, the longest of four steps to each doubling; null when not even 1,024 tokens fit. */
export function contextOn(model: ShapedModel, quant: FileType, place: Place): number | null {
  const steps = contextSteps(longestOf(model));
  let [low, high] = [-1, steps.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const step = steps[middle] ?? 0;
    if (holds(bytesOn(requestFor(model, quant, step), place), place)) low = middle;
    else high = middle - 1;
  }
  return steps[low] ?? null;
}

/** What a card does with the help of an ordinary host; null where there is no card, or it holds too little of the model. */
export function withHostOn(outcome: Outcome, { device, setUp }: Place): { readonly hostBytes: number; readonly answer: Answer } | null {
  if (device.memory !== 'discrete') return null;
  const request = requestFor(outcome.model, outcome.quant, outcome.context);
  const split = bestSplit(request, setUp);
  if (split === null) return null;
  const answer = predict({ ...request, ...split }, setUp);
  return { hostBytes: answer.memory.host.totalBytes, answer };
}
