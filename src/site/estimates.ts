/** The calculator's answers for pages of the guide. */

import { formatBytes, formatRate, formatSpeed } from '../engine/format.ts';
import { fileTypeNamed } from '../engine/mixing.ts';
import { alone, DEFAULTS, memoryWithoutDevice, predict, type Answer, type DeviceAnswer, type Request } from '../engine/predict.ts';
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
}

async function requestOf({ model, quant, context, depth }: Question): Promise<Request> {
  const { shape } = await modelRecord(model);
  if (shape === null) throw new Error(`The model "${model}" can't be computed: its record has no shape`);
  return { ...DEFAULTS, work: workloadOf(shape, fileTypeNamed(quant)), context: context ?? DEFAULTS.context, depth: depth ?? 0 };
}

/** Memory and speed of a model on a machine. @throws for unknown ids and impossible requests: the build stops */
export async function estimate(question: Question & { machine: string }): Promise<Answer> {
  return predict(await requestOf(question), alone(deviceOf(await machineRecord(question.machine), question.memoryGiB)));
}

const SIZES = {
  weights: async (question) => formatBytes(memoryWithoutDevice(await requestOf(question)).tensorBytes),
  'kv-cache': async (question) => formatBytes(memoryWithoutDevice(await requestOf(question)).kvCacheBytes),
  'read-per-token': async (question) => {
    const { shape, fileType } = (await requestOf(question)).work;
    return formatBytes(summarizeWeights(shape, fileType).bytesPerToken);
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
  fits: ({ fits }) => (fits === null ? 'fits if the memory is there' : fits ? 'fits' : 'does not fit'),
} as const satisfies Readonly<Record<string, (answer: Answer) => string>>;

export type Shown = keyof typeof SIZES | keyof typeof ANSWERS;

const isSize = (show: Shown): show is keyof typeof SIZES => Object.hasOwn(SIZES, show);

/** One figure of an answer, as text. @throws when a machine is needed and none is named */
export async function estimateText(question: Question, show: Shown): Promise<string> {
  if (isSize(show)) return SIZES[show](question);
  const { machine } = question;
  if (machine === undefined) throw new Error(`<Estimate show="${show}"> needs a machine`);
  return ANSWERS[show](await estimate({ ...question, machine }));
}
