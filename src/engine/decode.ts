/**
 * Tokens per second while answering.
 *
 * Every token reads all active weights and the cache of all tokens before it, so
 * seconds per token = weights ÷ usable bandwidth + unpacking arithmetic ÷ FP32 rate + time per layer + cache ÷ usable bandwidth.
 * The form is physics; shares and overheads are fitted (`speed-parameters.ts`).
 */

import { attentionMultiplyAdds, cacheBytesPerToken, layerCounts } from './attention.ts';
import { isGpu, type Device } from './device.ts';
import { EngineError } from './errors.ts';
import { formatBandwidth, formatBytes, formatCount, formatSeconds, formatSpeed, significant } from './format.ts';
import { GGML_TYPES } from './ggml-types.ts';
import {
  CACHE_BANDWIDTH_SHARE,
  CPU_QUANTIZED_CACHE_SHARE,
  EVIDENCE,
  FLOPS_PER_WEIGHT,
  GENERATION_FLOPS_FACTOR,
  LATENT_ATTENTION_SHARE,
  LATENT_ATTENTION_WIDENING,
  quantFamily,
  RANGE,
  SECONDS_PER_LAYER,
  SECONDS_PER_LAYER_NVIDIA_VULKAN,
  SECONDS_PER_MOE_LAYER,
  SECONDS_PER_RECURRENT_LAYER,
  SECONDS_WITHOUT_FLASH_ATTENTION,
  UNMEASURED_PART_WIDENING,
  VENDOR_FLOPS_FACTOR,
  WEIGHT_BANDWIDTH_SHARE,
} from './speed-parameters.ts';
import { makerOf, rangeAround, rateWarnings, vectorFlops, type SpeedEstimate, type SpeedRequest } from './speed.ts';
import type { Step } from './steps.ts';

export interface DecodeEstimate extends SpeedEstimate {
  /** Bandwidth ÷ bytes of weights: no software can be faster. */
  readonly ceilingTokensPerSecond: number;
  readonly secondsPerToken: number;
}

/** One part of the time for a token. */
interface Part {
  readonly id: string;
  readonly label: string;
  readonly expression: string;
  readonly seconds: number;
}

function weightsPart({ weights, device }: SpeedRequest): Part {
  const share = WEIGHT_BANDWIDTH_SHARE[device.speedClass];
  return {
    id: 'weights',
    label: 'Reading the active weights',
    expression: `${formatBytes(weights.bytesPerToken)} ÷ (${String(share)} × ${formatBandwidth(device.bandwidth)})`,
    seconds: weights.bytesPerToken / (share * device.bandwidth),
  };
}

/** Pascal's slow unpacking has to do with its instructions, whatever its memory; elsewhere the memory's kind decides. */
function flopsGeneration(device: Device): string {
  return device.speedClass === 'nvidia-hbm' && device.generation !== 'pascal' ? 'hbm' : (device.generation ?? '');
}

function secondsPerLayer(device: Device): number {
  return device.backend === 'vulkan' && makerOf(device) === 'nvidia' ? SECONDS_PER_LAYER_NVIDIA_VULKAN : SECONDS_PER_LAYER[device.backend];
}

/** Unpacking and multiplying; left out on CPUs, whose share of the bandwidth has it in already. */
function arithmeticPart({ weights, device }: SpeedRequest): Part | null {
  if (!isGpu(device)) return null;
  const rate = vectorFlops(device);
  const flops =
    FLOPS_PER_WEIGHT[quantFamily(weights.fileType)] *
    VENDOR_FLOPS_FACTOR[makerOf(device)] *
    (GENERATION_FLOPS_FACTOR[flopsGeneration(device)] ?? 1);
  return {
    id: 'arithmetic',
    label: 'Unpacking and multiplying them',
    expression: `${formatCount(weights.parametersPerToken)} weights × ${significant(flops)} operations ÷ ${significant(rate / 1e12)}\u00a0TFLOPS`,
    seconds: (weights.parametersPerToken * flops) / rate,
  };
}

function overheadPart({ shape, device, flashAttention }: SpeedRequest): Part | null {
  if (!isGpu(device)) return null;
  const maker = makerOf(device);
  const { moe, recurrent } = layerCounts(shape);
  const perLayer = secondsPerLayer(device) + (flashAttention ? 0 : SECONDS_WITHOUT_FLASH_ATTENTION[maker]);
  const terms = [`${String(shape.layers)} layers × ${formatSeconds(perLayer)}`];
  if (moe > 0) terms.push(`${String(moe)} expert layers × ${formatSeconds(SECONDS_PER_MOE_LAYER[maker])}`);
  if (recurrent > 0) terms.push(`${String(recurrent)} recurrent layers × ${formatSeconds(SECONDS_PER_RECURRENT_LAYER[maker])}`);
  return {
    id: 'overhead',
    label: 'Starting the work of each layer',
    expression: terms.join(' + '),
    seconds: shape.layers * perLayer + moe * SECONDS_PER_MOE_LAYER[maker] + recurrent * SECONDS_PER_RECURRENT_LAYER[maker],
  };
}

function cachePart(request: SpeedRequest): Part | null {
  const { shape, device, depth, cacheTypeK, cacheTypeV, flashAttention } = request;
  if (depth === 0) return null;
  const bytes = cacheBytesPerToken(shape, depth, cacheTypeK, cacheTypeV);
  const usesLatentCache = shape.latentAttention !== null && !shape.latentAttention.legacyFile;
  if (usesLatentCache && isGpu(device)) {
    const rate = vectorFlops(device);
    const latentShare = LATENT_ATTENTION_SHARE[device.speedClass] ?? LATENT_ATTENTION_SHARE.other;
    const operations = 2 * attentionMultiplyAdds(shape, depth);
    return {
      id: 'cache',
      label: `Attention over ${depth.toLocaleString('en-GB')} tokens of context`,
      expression: `${formatCount(operations)} operations ÷ (${String(latentShare)} × ${significant(rate / 1e12)}\u00a0TFLOPS)`,
      seconds: Math.max(operations / (latentShare * rate), bytes / device.bandwidth),
    };
  }
  const quantized = GGML_TYPES[cacheTypeK].size > 1 || GGML_TYPES[cacheTypeV].size > 1;
  // Without flash attention every query head reads the keys and values of its group again.
  const reads = flashAttention || !isGpu(device) ? 1 : shape.heads / shape.kvHeads;
  const fitted =
    !isGpu(device) && quantized ? CPU_QUANTIZED_CACHE_SHARE : CACHE_BANDWIDTH_SHARE[device.speedClass][flashAttention ? 'on' : 'off'];
  // A share above 1 says that the chip's own cache serves the repeated reads; the first one comes from memory all the same.
  const share = Math.min(fitted, reads);
  const repeated = reads === 1 ? '' : ` × ${significant(reads)} reads`;
  return {
    id: 'cache',
    label: `Reading the KV cache of ${depth.toLocaleString('en-GB')} tokens`,
    expression: `${formatBytes(bytes)}${repeated} ÷ (${String(share)} × ${formatBandwidth(device.bandwidth)})`,
    seconds: (bytes * reads) / (share * device.bandwidth),
  };
}

/**
 * Generation speed on one device that holds the whole model.
 *
 * @returns tokens per second with its 80 % range, never above `ceilingTokensPerSecond`
 * @throws {EngineError} `no-bandwidth` when the bandwidth is not a positive number; `bad-depth` when the depth is negative
 */
export function decodeSpeed(request: SpeedRequest): DecodeEstimate {
  const { device, weights, depth, shape } = request;
  if (!(device.bandwidth > 0) || !Number.isFinite(device.bandwidth)) {
    throw new EngineError('no-bandwidth', `The memory bandwidth of ${device.name} must be a number above 0 GB/s.`);
  }
  if (!(depth >= 0) || !Number.isFinite(depth))
    throw new EngineError('bad-depth', 'The depth (tokens in the context already) must be 0 or more.');
  const parts = [weightsPart(request), arithmeticPart(request), overheadPart(request), cachePart(request)].filter((part) => part !== null);
  const secondsPerToken = parts.reduce((sum, part) => sum + part.seconds, 0);
  const ceiling = device.bandwidth / weights.bytesPerToken;
  const tokensPerSecond = Math.min(ceiling, 1 / secondsPerToken);

  const attention = parts.find((part) => part.id === 'cache')?.seconds ?? 0;
  const deep = depth >= 2048 && attention > 0.1 * secondsPerToken;
  const factors = !isGpu(device) ? RANGE.cpu : deep ? RANGE.deep : shape.experts !== null ? RANGE.experts : RANGE.dense;
  const latent = deep && shape.latentAttention?.legacyFile === false;
  const unmeasuredPart =
    isGpu(device) && (quantFamily(weights.fileType) === 'lowIQuant' || (shape.recurrent !== null && makerOf(device) === 'nvidia'));
  const scatter = (latent ? LATENT_ATTENTION_WIDENING : 1) * (unmeasuredPart ? UNMEASURED_PART_WIDENING : 1);
  const kind = !isGpu(device)
    ? 'models on a CPU'
    : deep
      ? 'long contexts'
      : shape.experts !== null
        ? 'mixtures of experts'
        : 'dense models at short context';
  const [rows, machines] = EVIDENCE[device.speedClass];
  const basis = device.classIsMeasured
    ? `The range is that of measured speeds of ${kind} on machines that the formula had not seen; its constants for this class rest on ${String(rows)} measurements of ${String(machines)} machines.`
    : `No machine of this kind is among the measurements: the nearest kind stands in, and the range is a guess made wide.`;

  const steps: Step[] = [
    ...parts.map(({ id, label, expression, seconds }) => ({ id, label, expression, result: formatSeconds(seconds) })),
    {
      id: 'total',
      label: 'Time for one token, and tokens per second',
      expression: `1 ÷ (${parts.map((part) => formatSeconds(part.seconds)).join(' + ')}) = 1 ÷ ${formatSeconds(secondsPerToken)}`,
      result: formatSpeed(tokensPerSecond),
    },
    {
      id: 'ceiling',
      label: 'For comparison, the ceiling that no software can pass',
      expression: `${formatBandwidth(device.bandwidth)} ÷ ${formatBytes(weights.bytesPerToken)}`,
      result: formatSpeed(ceiling),
    },
  ];
  return {
    tokensPerSecond,
    ...rangeAround(tokensPerSecond, factors, device, ceiling, scatter),
    ceilingTokensPerSecond: ceiling,
    secondsPerToken,
    basis,
    warnings: rateWarnings(device),
    steps,
  };
}
