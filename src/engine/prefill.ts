/**
 * Tokens per second while reading a prompt.
 *
 * A prompt's tokens pass through the weights together, so arithmetic sets the pace, not bandwidth: operations ÷ usable rate,
 * plus reading the weights once a batch, plus time per layer, plus attention that grows with the prompt.
 */

import { attentionMultiplyAdds } from './attention.ts';
import { isGpu, type Device } from './device.ts';
import { EngineError } from './errors.ts';
import { formatCount, formatSeconds, formatSpeed, significant } from './format.ts';
import {
  CPU_PREFILL_ATTENTION_SHARE,
  CPU_PREFILL_FLOPS_PER_BYTE,
  PREFILL,
  PREFILL_SHARE,
  prefillReferenceFactor,
  quantFamily,
  RANGE,
  TYPICAL_MATRIX_FLOPS_PER_BYTE,
  WEIGHT_BANDWIDTH_SHARE,
} from './speed-parameters.ts';
import { makerOf, rangeAround, rateWarnings, vectorFlops, type SpeedEstimate, type SpeedRequest } from './speed.ts';
import type { Step } from './steps.ts';

export interface PrefillRequest extends SpeedRequest {
  readonly promptTokens: number;
  /** Tokens computed at once. */
  readonly ubatch: number;
}

export interface PrefillEstimate extends SpeedEstimate {
  /** Seconds until the first token of the answer. */
  readonly secondsToFirstToken: number;
}

const WHOLE_RATE = { quantized: 1, float: 1 } as const;

function shareName(device: Device): string {
  if (device.speedClass === 'nvidia-hbm') return 'hbm';
  if (device.speedClass === 'apple-ultra') return 'ultra';
  if (device.speedClass === 'strix-halo') return device.backend === 'rocm' ? 'strixRocm' : 'strixVulkan';
  if (makerOf(device) === 'amd') return device.backend === 'rocm' ? 'rdnaRocm' : 'rdnaVulkan';
  return device.speedClass === 'gb10' ? 'gb10' : (device.generation ?? '');
}

function attentionShare(device: Device): number {
  if (!isGpu(device)) return CPU_PREFILL_ATTENTION_SHARE;
  const { attentionShare: share } = PREFILL;
  if (device.speedClass === 'nvidia-hbm') return share.hbm;
  if (device.speedClass === 'apple-ultra') return share.ultra;
  const rocm = device.backend === 'rocm';
  if (device.speedClass === 'strix-halo') return rocm ? share.strixRocm : share.strixVulkan;
  const maker = makerOf(device);
  if (maker === 'amd') return rocm ? share.amdRocm : share.amdVulkan;
  return maker === 'nvidia' ? share.nvidia : share.apple;
}

/** Rate that a prompt's arithmetic is measured against, operations per second; typical of the class where the chip's is not known. */
function referenceRate(device: Device): number {
  if (!isGpu(device)) return device.bandwidth * (CPU_PREFILL_FLOPS_PER_BYTE[device.speedClass] ?? CPU_PREFILL_FLOPS_PER_BYTE.other);
  if (device.speedClass === 'nvidia-hbm') return device.fp16MatrixFlops ?? device.bandwidth * TYPICAL_MATRIX_FLOPS_PER_BYTE;
  return vectorFlops(device) * prefillReferenceFactor(makerOf(device), device.generation);
}

/**
 * Prompt speed on one device that holds the whole model.
 *
 * @returns tokens per second with its range; on CPUs a rough one
 * @throws {EngineError} `no-bandwidth` when the bandwidth is not a positive number; `bad-prompt` when there is no token to read
 */
export function prefillSpeed(request: PrefillRequest): PrefillEstimate {
  const { shape, weights, device, depth, promptTokens, ubatch } = request;
  if (!(device.bandwidth > 0) || !Number.isFinite(device.bandwidth)) {
    throw new EngineError('no-bandwidth', `The memory bandwidth of ${device.name} must be a number above 0 GB/s.`);
  }
  if (!(promptTokens >= 1)) throw new EngineError('bad-prompt', 'The prompt must have at least 1 token.');
  const rate = referenceRate(device);
  const onGpu = isGpu(device);
  const maker = makerOf(device);
  const known = onGpu ? PREFILL_SHARE[shareName(device)] : WHOLE_RATE;
  const shares = known ?? (maker === 'apple' ? { quantized: 0.66, float: 0.77 } : { quantized: 0.6, float: 0.9 });
  const share = quantFamily(weights.fileType) === 'float' ? shares.float : shares.quantized;
  const atOnce = Math.min(promptTokens, ubatch);

  const usedShare = shape.experts === null ? 0 : shape.experts.used / shape.experts.count;
  const expertWeights = weights.expertParameters * usedShare;
  const otherWeights = weights.parametersPerToken - expertWeights;
  const tokensPerExpert = atOnce * usedShare;
  const matrices = (2 * otherWeights) / (share * rate);
  const experts =
    expertWeights === 0
      ? 0
      : (2 * expertWeights * (1 + PREFILL.expertTokens / tokensPerExpert)) / (share * (onGpu ? PREFILL.expertShare[maker] : 1) * rate);
  const touched = weights.bytes - weights.expertBytes * (1 - usedShare) ** atOnce;
  const reading =
    touched / ((onGpu ? PREFILL.weightBandwidthShare : WEIGHT_BANDWIDTH_SHARE[device.speedClass]) * device.bandwidth * atOnce);
  const overhead = !onGpu ? 0 : (shape.layers * PREFILL.secondsPerLayer) / atOnce;
  const operations = 2 * attentionMultiplyAdds(shape, depth + promptTokens / 2);
  const attention = operations / (attentionShare(device) * rate);

  const secondsPerToken = matrices + experts + reading + overhead + attention;
  const tokensPerSecond = 1 / secondsPerToken;
  // Every batch reads the weights it touches at least once.
  const ceiling = (atOnce * device.bandwidth) / touched;
  const tera = `${significant(rate / 1e12)}\u00a0TFLOPS`;
  const steps: Step[] = [
    {
      id: 'matrices',
      label: 'Matrix products, a token’s share',
      expression: `2 × ${formatCount(otherWeights + expertWeights)} weights ÷ (${String(share)} × ${tera})`,
      result: formatSeconds(matrices + experts),
    },
    {
      id: 'reading',
      label: `Weights read once for ${String(atOnce)} tokens, and starting the layers`,
      expression: 'a token’s share',
      result: formatSeconds(reading + overhead),
    },
    {
      id: 'attention',
      label: 'Attention, on average over the prompt',
      expression: `${formatCount(operations)} operations ÷ (${String(attentionShare(device))} × ${tera})`,
      result: formatSeconds(attention),
    },
    { id: 'total', label: 'Prompt speed', expression: `1 ÷ ${formatSeconds(secondsPerToken)}`, result: formatSpeed(tokensPerSecond) },
  ];
  const measured = { ...device, classIsMeasured: device.classIsMeasured && known !== undefined };
  return {
    tokensPerSecond,
    ...rangeAround(tokensPerSecond, onGpu ? RANGE.prefill : RANGE.prefillCpu, measured, ceiling),
    secondsToFirstToken: promptTokens * secondsPerToken,
    warnings: rateWarnings(device),
    basis: onGpu
      ? 'Prompt speeds scatter more than generation speeds: drivers, versions and batch sizes all matter.'
      : 'On a CPU prompt speed differs severalfold between programs and builds: this is a rough figure for llama.cpp itself.',
    steps,
  };
}
