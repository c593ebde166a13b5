/** The calculator's answers for pages of the guide. */

import { formatBytes, formatRate, formatSeconds, formatSpeed } from '../engine/format.ts';
import type { CacheType, FileType } from '../engine/ggml-types.ts';
import { fileTypeNamed } from '../engine/mixing.ts';
import { alone, DEFAULTS, memoryWithoutDevice, predict, type Answer, type DeviceAnswer, type Request } from '../engine/predict.ts';
import { largestContext, largestQuant } from '../engine/search.ts';
import type { SetUp } from '../engine/speed-terms.ts';
import { summarizeWeights } from '../engine/weights.ts';
import { workloadOf } from '../engine/workload.ts';
import { deviceOf } from '../import/device.ts';
import { machineRecord, modelRecord } from './figures.ts';

export interface Question {
  /** Model id. */
  readonly model: string;
  /** File type, as llama.cpp names it. */
  readonly quant: string;
  /** Machine id; sizes can be had without. */
  readonly machine?: string | undefined;
  /** Which memory size of the machine, GiB. */
  readonly memoryGiB?: number | undefined;
  readonly context?: number | undefined;
  readonly depth?: number | undefined;
  /** Type of the KV cache, keys and values alike. */
  readonly cacheType?: CacheType | undefined;
  /** The computer that holds what the cards don't: machine id. */
  readonly host?: string | undefined;
  readonly gpuLayers?: number | undefined;
  readonly cpuMoeLayers?: number | undefined;
  /** How many of the machine, layers split between them. */
  readonly count?: number | undefined;
  /** Slots of the server. */
  readonly parallel?: number | undefined;
  /** Length of the prompt that `first-token` counts, tokens. */
  readonly prompt?: number | undefined;
}

async function requestOf(question: Question): Promise<Request> {
  const { model, quant, cacheType = 'f16' } = question;
  const { shape } = await modelRecord(model);
  if (shape === null) throw new Error(`The model "${model}" can't be computed: its record has no shape`);
  return {
    ...DEFAULTS,
    work: workloadOf(shape, fileTypeNamed(quant)),
    context: question.context ?? DEFAULTS.context,
    depth: question.depth ?? 0,
    cacheTypeK: cacheType,
    cacheTypeV: cacheType,
    gpuLayers: question.gpuLayers ?? DEFAULTS.gpuLayers,
    cpuMoeLayers: question.cpuMoeLayers ?? DEFAULTS.cpuMoeLayers,
    parallel: question.parallel ?? DEFAULTS.parallel,
    promptTokens: question.prompt ?? DEFAULTS.promptTokens,
  };
}

async function setUpOf({ machine, memoryGiB, host, count = 1 }: Question & { machine: string }): Promise<SetUp> {
  const device = deviceOf(await machineRecord(machine), memoryGiB);
  const { gpus, host: own } = alone(device);
  return {
    gpus: gpus.flatMap((gpu) => Array<typeof gpu>(count).fill(gpu)),
    host: host === undefined ? own : deviceOf(await machineRecord(host)),
  };
}

/** Memory and speed of a model on a machine. @throws for unknown ids and impossible requests: the build stops */
export async function estimate(question: Question & { machine: string }): Promise<Answer> {
  return predict(await requestOf(question), await setUpOf(question));
}

/** "131 kB": what each token of context costs. */
function formatBytesPerToken(bytes: number): string {
  return `${(bytes / 1000).toLocaleString('en-GB', { maximumFractionDigits: bytes < 10_000 ? 1 : 0 })}\u00a0kB`;
}

/** Bytes that the KV cache grows by with each further token. */
async function kvBytesPerToken(question: Question): Promise<number> {
  const request = await requestOf(question);
  const [short, long] = [65_536, 131_072];
  const bytes = (context: number): number => memoryWithoutDevice({ ...request, context }).kvCacheBytes;
  return (bytes(long) - bytes(short)) / (long - short);
}

const SIZES = {
  weights: async (question) => formatBytes(memoryWithoutDevice(await requestOf(question)).tensorBytes),
  'kv-cache': async (question) => formatBytes(memoryWithoutDevice(await requestOf(question)).kvCacheBytes),
  'read-per-token': async (question) => {
    const { shape, fileType } = (await requestOf(question)).work;
    return formatBytes(summarizeWeights(shape, fileType).bytesPerToken);
  },
  // The difference of two long contexts, so that what does not grow (windows, recurrent state) is left out.
  'kv-per-token': async (question) => formatBytesPerToken(await kvBytesPerToken(question)),
  'bits-per-weight': async (question) => {
    const { shape, fileType } = (await requestOf(question)).work;
    const { bytes, parameters } = summarizeWeights(shape, fileType);
    return `${((bytes * 8) / parameters).toFixed(2)}\u00a0bits`;
  },
} as const satisfies Readonly<Record<string, (question: Question) => Promise<string>>>;

/** What the one device of an answer holds. @throws when there is none, which `predict` has ruled out */
export function mainDevice({ devices: [main] }: Answer): DeviceAnswer {
  if (main === undefined) throw new Error('An answer without a device');
  return main;
}

const ANSWERS = {
  decode: ({ decode }) => formatSpeed(decode.tokensPerSecond),
  'decode-range': ({ decode }) => `${formatRate(decode.low)} to ${formatSpeed(decode.high)}`,
  prefill: ({ prefill }) => formatSpeed(prefill.tokensPerSecond),
  'prefill-range': ({ prefill }) => `${formatRate(prefill.low)} to ${formatSpeed(prefill.high)}`,
  ceiling: ({ decode }) => formatSpeed(decode.ceilingTokensPerSecond),
  compute: (answer) => formatBytes(mainDevice(answer).computeBytes),
  total: (answer) => formatBytes(mainDevice(answer).totalBytes),
  'first-token': ({ prefill }) => formatSeconds(prefill.secondsToFirstToken),
  fits: ({ fits }) => (fits === null ? 'fits if the memory is there' : fits ? 'fits' : 'does not fit'),
} as const satisfies Readonly<Record<string, (answer: Answer) => string>>;

export type Shown = keyof typeof SIZES | keyof typeof ANSWERS | 'largest-context';

const isSize = (show: Shown): show is keyof typeof SIZES => Object.hasOwn(SIZES, show);

/** One figure of an answer, as text. @throws when a machine is needed and none is named */
export async function estimateText(question: Question, show: Shown): Promise<string> {
  if (isSize(show)) return SIZES[show](question);
  const { machine } = question;
  if (machine === undefined) throw new Error(`<Estimate show="${show}"> needs a machine`);
  if (show === 'largest-context') {
    const { contextNative, contextExtended } = await modelRecord(question.model);
    const tokens = largestContext(await requestOf(question), await setUpOf({ ...question, machine }), contextExtended ?? contextNative);
    return tokens === null ? 'none' : `${tokens.toLocaleString('en-GB')}\u00a0tokens`;
  }
  return ANSWERS[show](await estimate({ ...question, machine }));
}

/** The best of some file types with which a model fits comfortably, and the answer then; null when it fits with none. */
export async function largestThatFits(
  question: Omit<Question, 'quant'> & { machine: string },
  among: readonly FileType[],
): Promise<{ readonly quant: FileType; readonly answer: Answer } | null> {
  const [first] = among;
  if (first === undefined) return null;
  const setUp = await setUpOf({ ...question, quant: first });
  const quant = largestQuant(await requestOf({ ...question, quant: first }), setUp, 'comfortable', among);
  return quant === null ? null : { quant, answer: predict(await requestOf({ ...question, quant }), setUp) };
}
