/** One question, one answer: does this model run on this device, and how fast. */

import type { Program } from './compute-buffer.ts';
import { decodeSpeed, type DecodeEstimate } from './decode.ts';
import { isGpu, type Device } from './device.ts';
import { EngineError } from './errors.ts';
import type { CacheType, FileType } from './ggml-types.ts';
import { memoryOf, type MemoryBreakdown } from './memory.ts';
import type { ModelShape } from './model.ts';
import { prefillSpeed, type PrefillEstimate } from './prefill.ts';
import { summarizeWeights, type WeightsSummary } from './weights.ts';

export interface Request {
  readonly shape: ModelShape;
  readonly fileType: FileType;
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
} as const satisfies Omit<Request, 'shape' | 'fileType'>;

export interface Answer {
  readonly memory: MemoryBreakdown;
  readonly weights: WeightsSummary;
  /** Bytes that the device must hold. */
  readonly neededBytes: number;
  /** Null when the device's memory is not known. */
  readonly fits: boolean | null;
  readonly decode: DecodeEstimate;
  readonly prefill: PrefillEstimate;
}

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
function checkRequest(request: Request): void {
  requireWhole(request.context, 'context', 1, LARGEST_CONTEXT);
  requireWhole(request.depth, 'depth', 0, LARGEST_CONTEXT);
  requireWhole(request.ubatch, 'ubatch', 1, 65_536);
  requireWhole(request.batch, 'batch', 1, 65_536);
  requireWhole(request.parallel, 'number of slots', 1, 256);
  requireWhole(request.promptTokens, 'prompt length', 1, LARGEST_CONTEXT);
}

/** Memory alone, when there is no device to ask about: as if the model ran on a CPU. @throws {EngineError} */
export function memoryWithoutDevice(request: Request): MemoryBreakdown {
  checkRequest(request);
  return memoryOf({ ...request, onGpu: false });
}

/**
 * Memory and speed of a model on one device.
 *
 * On a unified memory the host's share lies in the same place, so both count against it.
 *
 * @throws {EngineError} with a sentence for the reader when something asked for is impossible
 */
export function predict(request: Request, device: Device): Answer {
  checkRequest(request);
  const memory = memoryOf({ ...request, onGpu: isGpu(device) });
  const weights = summarizeWeights(request.shape, request.fileType);
  const neededBytes = device.memory === 'discrete' ? (memory.gpu ?? memory.host).totalBytes : memory.totalBytes;
  const speed = { ...request, weights, device };
  return {
    memory,
    weights,
    neededBytes,
    fits: device.memoryBytes === null ? null : neededBytes <= device.memoryBytes,
    decode: decodeSpeed(speed),
    prefill: prefillSpeed(speed),
  };
}
