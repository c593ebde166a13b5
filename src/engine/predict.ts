/** One question, one answer: does this model run on these devices, and how fast. */

import { isRoughlyKnown, type Program } from './compute-buffer.ts';
import { decodeSpeed, type DecodeEstimate } from './decode.ts';
import { isGpu, type Device } from './device.ts';
import { EngineError } from './errors.ts';
import type { CacheType } from './ggml-types.ts';
import { memoryOf, type MemoryBreakdown, type MemoryPart } from './memory.ts';
import { prefillSpeed, type PrefillEstimate } from './prefill.ts';
import { roomOn, USUAL_ROOM, verdictOf, type RoomSettings, type Verdict } from './room.ts';
import type { QuantFamily, SetUp } from './speed-terms.ts';
import type { Workload } from './workload.ts';

export interface Request {
  /** The model in its quantization (`workloadOf`, `workloadNamed`). */
  readonly work: Workload;
  /** Whose arithmetic unpacks the weights, where it is not that of the file type. */
  readonly family?: QuantFamily | undefined;
  /** Tokens of context, all slots together. */
  readonly context: number;
  /** Tokens in the context already when speed is asked for. */
  readonly depth: number;
  readonly cacheTypeK: CacheType;
  readonly cacheTypeV: CacheType;
  readonly flashAttention: boolean;
  readonly ubatch: number;
  readonly batch: number;
  readonly parallel: number;
  readonly unifiedKv: boolean;
  readonly swaFull: boolean;
  readonly program: Program;
  readonly promptTokens: number;
  readonly gpuLayers: number;
  readonly cpuMoeLayers: number;
  readonly kvOffload: boolean;
  readonly tensorSplit: readonly number[] | null;
  /** Cards work on every layer together. */
  readonly tensorParallel: boolean;
  /** What is kept from the model on each device; the usual when left out. */
  readonly room?: RoomSettings | undefined;
}

/** llama-server's defaults, one slot. */
export const DEFAULTS = {
  context: 8192,
  depth: 0,
  cacheTypeK: 'f16',
  cacheTypeV: 'f16',
  flashAttention: true,
  ubatch: 512,
  batch: 2048,
  parallel: 1,
  unifiedKv: false,
  swaFull: false,
  program: 'llama-server',
  promptTokens: 512,
  gpuLayers: 9999,
  cpuMoeLayers: 0,
  kvOffload: true,
  tensorSplit: null,
  tensorParallel: false,
} as const satisfies Omit<Request, 'work'>;

/** What one device holds. */
export interface DeviceAnswer extends MemoryPart {
  readonly device: Device | null;
  readonly name: string;
  readonly capacityBytes: number | null;
  /** Null when the device's memory is not known. */
  readonly fits: boolean | null;
  readonly verdict: Verdict | null;
}

export interface Answer {
  readonly memory: MemoryBreakdown;
  /** Cards in order, then the host where it holds something of its own. On one memory all is one device. */
  readonly devices: readonly DeviceAnswer[];
  /** Null when the memory of no device is known. */
  readonly fits: boolean | null;
  /** The worst of the devices'. */
  readonly verdict: Verdict | null;
  readonly decode: DecodeEstimate;
  readonly prefill: PrefillEstimate;
  readonly warnings: readonly string[];
}

const ROUGH_BUFFER =
  'The compute buffer of this family is a rough figure, and llama.cpp may take up to twice as much; weights and cache are exact.';

const LARGEST_CONTEXT = 16 * 2 ** 20;

function requireWhole(value: number, name: string, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new EngineError(
      `bad-${name.replaceAll(' ', '-')}`,
      `The ${name} must be a whole number from ${least.toLocaleString('en-GB')} to ${most.toLocaleString('en-GB')}.`,
    );
  }
}

/** @throws {EngineError} naming the first field that is out of bounds */
export function checkRequest(request: Request): void {
  requireWhole(request.context, 'context', 1, LARGEST_CONTEXT);
  requireWhole(request.depth, 'depth', 0, LARGEST_CONTEXT);
  requireWhole(request.ubatch, 'ubatch', 1, 65_536);
  requireWhole(request.batch, 'batch', 1, 65_536);
  requireWhole(request.parallel, 'number of slots', 1, 256);
  requireWhole(request.promptTokens, 'prompt length', 1, LARGEST_CONTEXT);
  requireWhole(request.gpuLayers, 'number of GPU layers', 0, 1_000_000);
  requireWhole(request.cpuMoeLayers, 'number of layers with experts on the CPU', 0, 1_000_000);
  const { tensorSplit } = request;
  if (tensorSplit !== null && (tensorSplit.some((share) => !(share >= 0)) || !tensorSplit.some((share) => share > 0))) {
    throw new EngineError('bad-tensor-split', 'The tensor split must be a list of numbers, none below 0 and not all 0, one for each card.');
  }
}

/** Memory alone, when there is no device to ask about: as if the model ran on a CPU. @throws {EngineError} */
export function memoryWithoutDevice(request: Request): MemoryBreakdown {
  checkRequest(request);
  return memoryOf({ ...request, shares: [] });
}

/** A device by itself; a CPU is its own host. */
export function alone(device: Device): SetUp {
  return isGpu(device) ? { gpus: [device], host: null } : { gpus: [], host: device };
}

/** How cards share the layers unless told otherwise: by their memory. */
export function sharesOf(gpus: readonly Device[]): readonly number[] {
  return gpus.map(({ memoryBytes }) => memoryBytes ?? 1);
}

function added(a: MemoryPart, b: MemoryPart): MemoryPart {
  return {
    weightsBytes: a.weightsBytes + b.weightsBytes,
    kvCacheBytes: a.kvCacheBytes + b.kvCacheBytes,
    computeBytes: a.computeBytes + b.computeBytes,
    totalBytes: a.totalBytes + b.totalBytes,
  };
}

/** Overflowing is not fitting. */
function fitsBy(verdict: Verdict | null): boolean | null {
  return verdict === null ? null : verdict !== 'too-large' && verdict !== 'spills';
}

function deviceAnswer(device: Device | null, part: MemoryPart, host: Device | null, settings: RoomSettings): DeviceAnswer {
  const room = device === null ? null : roomOn(device, settings);
  const verdict = room === null ? null : verdictOf(part.totalBytes, room, host?.memoryBytes ?? null);
  const { weightsBytes, kvCacheBytes, computeBytes, totalBytes } = part;
  return {
    device,
    name: device?.name ?? 'host',
    weightsBytes,
    kvCacheBytes,
    computeBytes,
    totalBytes,
    capacityBytes: room?.capacityBytes ?? null,
    fits: fitsBy(verdict),
    verdict,
  };
}

/** What each device holds. */
export function deviceAnswers(
  memory: MemoryBreakdown,
  { gpus, host }: SetUp,
  settings: RoomSettings = USUAL_ROOM,
): readonly DeviceAnswer[] {
  if (gpus.length === 0) return [deviceAnswer(host, memory.host, host, settings)];
  const [first] = gpus;
  const [firstPart] = memory.gpus;
  // A chip with one memory holds the host's share too.
  if (first !== undefined && firstPart !== undefined && gpus.length === 1 && first.memory === 'unified')
    return [deviceAnswer(first, added(firstPart, memory.host), host, settings)];
  const answers: DeviceAnswer[] = [];
  gpus.forEach((device, index) => {
    const part = memory.gpus[index];
    if (part !== undefined) answers.push(deviceAnswer(device, part, host, settings));
  });
  answers.push(deviceAnswer(host, memory.host, host, settings));
  return answers;
}

const ORDER: readonly Verdict[] = ['fits', 'tight', 'needs-setting', 'spills', 'too-large'];

function worst(devices: readonly DeviceAnswer[]): Verdict | null {
  let rank = -1;
  for (const { verdict } of devices) if (verdict !== null) rank = Math.max(rank, ORDER.indexOf(verdict));
  return ORDER[rank] ?? null;
}

/** The processor that takes over what is not on the cards when none was named: an ordinary desktop with DDR5. */
export const USUAL_HOST: Device = {
  id: null,
  name: 'Desktop with two channels of DDR5-5600',
  memory: 'system',
  memoryBytes: null,
  bandwidth: 89.6e9,
  backend: 'cpu',
  speedClass: 'cpu-desktop',
  classIsMeasured: true,
  generation: null,
  fp32VectorFlops: null,
  fp16MatrixFlops: null,
};

/** The same question with a host where one is needed, and a word about it. */
export function withHost(memory: MemoryBreakdown, setUp: SetUp): { readonly setUp: SetUp; readonly warnings: readonly string[] } {
  const { firstGpuLayer, hostExpertLayers, cacheOnHost } = memory.placement;
  const needed = firstGpuLayer > 0 || hostExpertLayers > 0 || cacheOnHost;
  const [first] = setUp.gpus;
  if (!needed || setUp.host !== null || first === undefined) return { setUp, warnings: [] };
  if (first.memory === 'unified')
    return { setUp: { ...setUp, host: { ...first, backend: 'cpu', speedClass: 'cpu-unified' } }, warnings: [] };
  return {
    setUp: { ...setUp, host: USUAL_HOST },
    warnings: [`No processor was named, so one with ${USUAL_HOST.name.replace('Desktop with ', '')} does what is not on the card.`],
  };
}

/**
 * Memory and speed of a model on a set-up.
 *
 * @throws {EngineError} with a sentence for the reader when something asked for is impossible
 */
export function predict(request: Request, asked: SetUp): Answer {
  checkRequest(request);
  if (asked.gpus.length === 0 && asked.host === null)
    throw new EngineError('no-device', 'There is no device to run on: give at least one.');
  if (request.tensorSplit !== null && request.tensorSplit.length !== asked.gpus.length) {
    throw new EngineError('bad-tensor-split', `The tensor split must have one number for each of the ${String(asked.gpus.length)} cards.`);
  }
  const memory = memoryOf({ ...request, shares: sharesOf(asked.gpus) });
  const { setUp, warnings } = withHost(memory, asked);
  const devices = deviceAnswers(memory, asked, request.room);
  const verdict = worst(devices);
  const question = { ...request, setUp, placement: memory.placement };
  const decode = decodeSpeed(question);
  const prefill = prefillSpeed(question);
  return {
    memory,
    devices,
    fits: fitsBy(verdict),
    verdict,
    decode,
    prefill,
    warnings: [...(isRoughlyKnown(request.work.shape) ? [ROUGH_BUFFER] : []), ...warnings, ...decode.warnings],
  };
}
