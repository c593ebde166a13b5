/**
 * The speed model as a list of terms: seconds for one token = sum of quantity × factors.
 *
 * A quantity is physics (bytes ÷ peak bandwidth, weights ÷ arithmetic rate, a count of layers); factors are what measurements
 * say on top, named so that the fit (`npm run fit`) and the prediction speak of the same things. A name without a colon is common
 * to all; with a colon it is what a class, maker, generation or backend adds to that.
 */

import { isGpu, type Device } from './device.ts';
import { GGML_TYPES, type CacheType, type FileType } from './ggml-types.ts';
import type { Placement } from './placement.ts';
import { attentionWork, between, type Workload } from './workload.ts';
import { makerOf, vectorFlops, type Maker } from './speed.ts';

/** Kinds of arithmetic that unpacking a file's weights takes. */
export const QUANT_FAMILIES = [
  'float',
  'q8',
  'legacy',
  'k-quant',
  'low-k-quant',
  'iq4',
  'low-i-quant',
  'mxfp4',
  'gpu-4-bit',
  'mlx',
] as const;
export type QuantFamily = (typeof QUANT_FAMILIES)[number];

/** Which family a file type's arithmetic belongs to. */
export function quantFamily(fileType: FileType): QuantFamily {
  if (/^(F32|F16|BF16)$/.test(fileType)) return 'float';
  if (fileType === 'Q8_0') return 'q8';
  if (/^Q[45]_[01]$/.test(fileType)) return 'legacy';
  if (/^Q[456]_K/.test(fileType)) return 'k-quant';
  if (/^Q[23]_K/.test(fileType)) return 'low-k-quant';
  if (fileType.startsWith('IQ4')) return 'iq4';
  return fileType === 'MXFP4_MOE' ? 'mxfp4' : 'low-i-quant';
}

/** Graphics cards in order, and the processor with its memory. */
export interface SetUp {
  readonly gpus: readonly Device[];
  readonly host: Device | null;
}

export interface DecodeSettings {
  /** Tokens in the context already. */
  readonly depth: number;
  readonly cacheTypeK: CacheType;
  readonly cacheTypeV: CacheType;
  readonly flashAttention: boolean;
  /** Other than the file type says, for formats of other engines. */
  readonly family?: QuantFamily | undefined;
  /** Cards work on every layer together, each on its share, instead of one after the other. */
  readonly tensorParallel?: boolean | undefined;
}

export type TermKind = 'weights' | 'arithmetic' | 'overhead' | 'cache' | 'hand-over';

export interface Term {
  readonly kind: TermKind;
  /** Index of the card; null for the host. */
  readonly gpu: number | null;
  /** Seconds before factors. */
  readonly quantity: number;
  /** Seconds that no software can do better than: bytes ÷ peak bandwidth, each byte read once. */
  readonly atLeast: number;
  readonly factors: readonly string[];
}

// Lists of names are kept, not made anew: their products are remembered by the list.
const HAND_OVER = ['hand-over'] as const;
const HOP = ['hop'] as const;
const HOP_HBM = ['hop', 'hop:nvidia-hbm'] as const;
const ALL_REDUCE = ['all-reduce'] as const;
const PROMPT_HOST = ['prompt-host'] as const;
const PROMPT_READING = ['prompt-reading'] as const;

/** Names of the factors of a device, made once. */
interface Names {
  readonly weights: readonly string[];
  readonly arithmetic: readonly string[];
  readonly layer: readonly string[];
  readonly withoutFlashAttention: readonly string[];
  readonly mixture: readonly string[];
  readonly recurrent: readonly string[];
  readonly cacheOn: readonly string[];
  readonly cacheOff: readonly string[];
  readonly latent: readonly string[];
}

const names = new WeakMap<Device, Map<QuantFamily, Names>>();

/** Pascal's slow unpacking has to do with its instructions, whatever its memory; elsewhere the memory's kind decides. */
function arithmeticGeneration(device: Device): string {
  return device.speedClass === 'nvidia-hbm' && device.generation !== 'pascal' ? 'hbm' : (device.generation ?? 'unknown');
}

function namesOf(device: Device, family: QuantFamily, boardHost: boolean): Names {
  let ofDevice = names.get(device);
  if (ofDevice === undefined) names.set(device, (ofDevice = new Map<QuantFamily, Names>()));
  let found = ofDevice.get(family);
  if (found === undefined) {
    const { speedClass, backend } = device;
    const maker = makerOf(device);
    const layer = ['layer', `layer:${maker}`, `layer:${maker}-${backend}`];
    if (boardHost && maker === 'nvidia') layer.push('layer:board-host');
    found = {
      weights: ['weights', `weights:${speedClass}`],
      arithmetic: ['arithmetic', `arithmetic:${family}`, `arithmetic:${maker}`, `arithmetic:${arithmeticGeneration(device)}`],
      layer,
      withoutFlashAttention: ['no-flash', `no-flash:${maker}`],
      mixture: ['mixture', `mixture:${maker}`],
      recurrent: ['recurrent', `recurrent:${maker}`],
      cacheOn: ['cache-on', `cache-on:${speedClass}`],
      cacheOff: ['cache-off', `cache-off:${speedClass}`],
      latent: ['latent', `latent:${speedClass}`],
    };
    ofDevice.set(family, found);
  }
  return found;
}

const lists = new WeakMap<Device, Map<string, readonly string[]>>();

/** A device's list of names for some purpose, made on first use. */
function listOf(device: Device, purpose: string, make: () => readonly string[]): readonly string[] {
  let ofDevice = lists.get(device);
  if (ofDevice === undefined) lists.set(device, (ofDevice = new Map<string, readonly string[]>()));
  let list = ofDevice.get(purpose);
  if (list === undefined) ofDevice.set(purpose, (list = make()));
  return list;
}

const usesLatentCache = ({ shape }: Workload): boolean => shape.latentAttention?.legacyFile === false;

const isQuantized = (type: CacheType): boolean => GGML_TYPES[type].size > 1;

interface Stretch {
  readonly from: number;
  readonly to: number;
  /** Layers before this one have their experts elsewhere. */
  readonly expertsFrom: number;
  readonly withOutput: boolean;
  /** Whether the cache of these layers is read here. */
  readonly withCache: boolean;
  /** Divides the work among cards that share each layer. */
  readonly sharers: number;
}

function gpuTerms(terms: Term[], work: Workload, setUp: SetUp, settings: DecodeSettings, gpu: number, stretch: Stretch): void {
  const device = setUp.gpus[gpu];
  if (device === undefined) return;
  const { from, to, expertsFrom, withOutput, sharers } = stretch;
  const { flashAttention } = settings;
  const its = namesOf(device, settings.family ?? quantFamily(work.fileType), setUp.host?.speedClass === 'cpu-board');
  const rate = vectorFlops(device);
  const expertStart = Math.max(from, Math.min(to, expertsFrom));
  const used = work.usedShare;
  const bytes =
    between(work.denseBytes, from, to) + used * between(work.expertBytes, expertStart, to) + (withOutput ? work.output.bytes : 0);
  const weights =
    between(work.denseWeights, from, to) + used * between(work.expertWeights, expertStart, to) + (withOutput ? work.output.weights : 0);
  const push = (kind: TermKind, quantity: number, factors: readonly string[], atLeast = 0): void => {
    if (quantity > 0) terms.push({ kind, gpu, quantity, atLeast, factors });
  };
  const reading = bytes / sharers / device.bandwidth;
  push('weights', reading, its.weights, reading);
  push('arithmetic', weights / sharers / rate, its.arithmetic);
  push('overhead', to - from, its.layer);
  if (!flashAttention) push('overhead', to - from, its.withoutFlashAttention);
  push('overhead', between(work.mixtures, from, to), its.mixture);
  push('overhead', between(work.recurrent, from, to), its.recurrent);
  if (settings.depth > 0 && stretch.withCache) {
    const attention = attentionWork(work, settings.depth, settings.cacheTypeK, settings.cacheTypeV, from, to);
    const once = attention.bytes / sharers / device.bandwidth;
    if (usesLatentCache(work)) push('cache', (2 * attention.multiplyAdds) / sharers / rate, its.latent, once);
    else if (flashAttention) push('cache', once, its.cacheOn, once);
    else push('cache', attention.bytesByHead / sharers / device.bandwidth, its.cacheOff, once);
  }
}

/** How a processor attends: without flash attention, or unpacking a quantized cache for every query head, or plainly. */
function hostCacheKind({ flashAttention, cacheTypeK, cacheTypeV }: DecodeSettings): 'off' | 'quantized' | 'plain' {
  if (!flashAttention) return 'off';
  return isQuantized(cacheTypeK) || isQuantized(cacheTypeV) ? 'quantized' : 'plain';
}

function hostFactors(host: Device, work: Workload, settings: DecodeSettings, withGpus: boolean): readonly string[] {
  const factors = ['cpu', `cpu:${host.speedClass}`];
  if (withGpus) factors.push('cpu:beside-gpu', `cpu:beside-gpu-${host.speedClass}`);
  // Unpacking types of few bits, not memory, is what takes a processor's time.
  const family = settings.family ?? quantFamily(work.fileType);
  if (family === 'low-k-quant' || family === 'low-i-quant') factors.push('cpu:low-bits');
  if (work.usedShare > 0 && !withGpus) factors.push('cpu:mixture');
  return factors;
}

function hostTerms(terms: Term[], work: Workload, setUp: SetUp, settings: DecodeSettings, placement: Placement): void {
  const { host, gpus } = setUp;
  const { firstGpuLayer: end, hostExpertLayers, cacheOnHost, outputGpu } = placement;
  const expertEnd = Math.max(end, hostExpertLayers);
  const bytes =
    between(work.denseBytes, 0, end) +
    work.usedShare * between(work.expertBytes, 0, expertEnd) +
    (outputGpu === null ? work.output.bytes : 0);
  if (bytes === 0 && !cacheOnHost) return;
  if (host === null) return;
  const withGpus = gpus.length > 0;
  const factors = listOf(
    host,
    `${withGpus ? 'beside' : 'alone'} ${settings.family ?? quantFamily(work.fileType)} ${String(work.usedShare > 0)}`,
    () => hostFactors(host, work, settings, withGpus),
  );
  const reading = bytes / host.bandwidth;
  if (reading > 0) terms.push({ kind: 'weights', gpu: null, quantity: reading, atLeast: reading, factors });
  if (withGpus) {
    // Layers whose experts come from the host's memory each hand their tokens over and back; whole layers do so once.
    const handOvers = end > 0 ? 1 + between(work.mixtures, end, expertEnd) : between(work.mixtures, 0, expertEnd);
    if (handOvers > 0) terms.push({ kind: 'hand-over', gpu: null, quantity: handOvers, atLeast: 0, factors: HAND_OVER });
  }
  const cacheEnd = cacheOnHost ? work.layers : end;
  if (settings.depth > 0 && cacheEnd > 0) {
    const attention = attentionWork(work, settings.depth, settings.cacheTypeK, settings.cacheTypeV, 0, cacheEnd);
    const once = attention.bytes / host.bandwidth;
    const kind = hostCacheKind(settings);
    const cacheFactors = listOf(host, `cache ${kind}`, () => ['cache-cpu', `cache-cpu:${host.speedClass}`, `cache-cpu:${kind}`]);
    // Arithmetic, not memory, is what takes a processor's time: each query head goes through the cache by itself.
    const quantity = attention.bytesByHead / host.bandwidth;
    if (once > 0) terms.push({ kind: 'cache', gpu: null, quantity, atLeast: once, factors: cacheFactors });
  }
}

/** What one token takes on this set-up, term by term. */
export function decodeTerms(work: Workload, placement: Placement, setUp: SetUp, settings: DecodeSettings): readonly Term[] {
  const terms: Term[] = [];
  const { gpus } = setUp;
  const { bounds, hostExpertLayers, outputGpu, cacheOnHost, firstGpuLayer } = placement;
  const shared = settings.tensorParallel === true && gpus.length > 1;
  let busy = 0;
  for (let gpu = 0; gpu < gpus.length; gpu += 1) {
    const from = shared ? firstGpuLayer : (bounds[gpu] ?? 0);
    const to = shared ? work.layers : (bounds[gpu + 1] ?? from);
    const withOutput = shared ? outputGpu !== null : outputGpu === gpu;
    if (from === to && !withOutput) continue;
    busy += 1;
    // Cards that share layers work at the same time: one of them stands for all.
    if (shared && gpu > 0) continue;
    gpuTerms(terms, work, setUp, settings, gpu, {
      from,
      to,
      expertsFrom: hostExpertLayers,
      withOutput,
      withCache: !cacheOnHost,
      sharers: shared ? gpus.length : 1,
    });
  }
  if (busy > 1) {
    const first = gpus[0];
    const hbm = first?.speedClass === 'nvidia-hbm';
    if (shared)
      terms.push({ kind: 'hand-over', gpu: 0, quantity: work.layers * Math.sqrt(gpus.length - 1), atLeast: 0, factors: ALL_REDUCE });
    else terms.push({ kind: 'hand-over', gpu: 0, quantity: busy - 1, atLeast: 0, factors: hbm ? HOP_HBM : HOP });
  }
  hostTerms(terms, work, setUp, settings, placement);
  return terms;
}

/** Bytes ÷ peak bandwidth of all that is read: no software can be faster. */
export function floorSeconds(terms: readonly Term[]): number {
  return terms.reduce((sum, { kind, atLeast }) => (kind === 'weights' ? sum + atLeast : sum), 0);
}

export interface PrefillSettings extends DecodeSettings {
  readonly promptTokens: number;
  /** Tokens computed at once (`-ub`). */
  readonly ubatch: number;
}

/** Tokens an expert must see before its matrix product runs at full rate. */
const EXPERT_TOKENS = 20;

/** What a chip's prompt arithmetic is measured against, operations per second: its FP32 rate times what its matrix units make of it. */
export function promptRate(device: Device): number {
  if (!isGpu(device)) return device.bandwidth;
  if (device.speedClass === 'nvidia-hbm') return device.fp16MatrixFlops ?? device.bandwidth * TYPICAL_MATRIX_FLOPS_PER_BYTE;
  return vectorFlops(device) * promptRateFactor(makerOf(device), device.generation);
}

/** Dense FP16 matrix operations per byte of bandwidth of a card with high-bandwidth memory; stands in where the rate is not known. */
const TYPICAL_MATRIX_FLOPS_PER_BYTE = 250;

function promptRateFactor(maker: Maker, generation: string | null): number {
  if (maker === 'nvidia') return generation === 'turing' || generation === 'pascal' ? 4 : 2;
  if (maker === 'amd') return generation === 'rdna4' ? 4 : 2;
  return 1;
}

/** Chips whose prompt speed behaves alike. */
function promptClass(device: Device): string {
  const { speedClass, backend, generation } = device;
  const maker = makerOf(device);
  if (!isGpu(device) || speedClass === 'nvidia-hbm' || speedClass === 'apple-ultra' || speedClass === 'gb10') return speedClass;
  if (maker === 'amd') return `${speedClass}-${backend}`;
  return generation ?? maker;
}

/** What one token of a prompt takes, term by term: arithmetic at the chip's rate, and a batch's share of reading and starting. */
export function prefillTerms(work: Workload, placement: Placement, setUp: SetUp, settings: PrefillSettings): readonly Term[] {
  const terms: Term[] = [];
  const { gpus, host } = setUp;
  const { bounds, hostExpertLayers, outputGpu, firstGpuLayer } = placement;
  const atOnce = Math.max(1, Math.min(settings.promptTokens, settings.ubatch));
  const family = settings.family ?? quantFamily(work.fileType);
  const middle = settings.depth + settings.promptTokens / 2;
  // Experts are read when any token of the batch needs them.
  const touched = 1 - (1 - work.usedShare) ** atOnce;
  const idle = 1 + EXPERT_TOKENS / Math.max(1e-9, atOnce * work.usedShare);
  const stretch = (device: Device, gpu: number | null, from: number, to: number, expertsFrom: number, output: boolean): void => {
    const rate = promptRate(device);
    const onGpu = isGpu(device);
    const maker = makerOf(device);
    const kind = promptClass(device);
    const float = family === 'float';
    const shared = listOf(device, float ? 'prompt float' : 'prompt', () => [
      'prompt',
      `prompt:${kind}`,
      ...(float ? ['prompt:float', `prompt:float-${onGpu ? `${maker}-${device.backend}` : 'cpu'}`] : []),
    ]);
    const forExperts = listOf(device, float ? 'experts float' : 'experts', () => [
      ...shared,
      'prompt-experts',
      `prompt-experts:${onGpu ? maker : 'cpu'}`,
    ]);
    const forLayers = listOf(device, 'prompt layers', () => ['prompt-layer', `prompt-layer:${maker}`]);
    const forAttention = listOf(device, 'prompt attention', () => ['prompt-attention', `prompt-attention:${onGpu ? kind : 'cpu'}`]);
    const push = (termKind: TermKind, quantity: number, factors: readonly string[]): void => {
      if (quantity > 0) terms.push({ kind: termKind, gpu, quantity, atLeast: termKind === 'weights' ? quantity : 0, factors });
    };
    const expertStart = Math.max(from, Math.min(to, expertsFrom));
    const denseWeights = between(work.denseWeights, from, to) + (output ? work.output.weights / atOnce : 0);
    push('arithmetic', (2 * denseWeights) / rate, shared);
    const expertWeights = work.usedShare * between(work.expertWeights, expertStart, to);
    push('arithmetic', (2 * expertWeights * idle) / rate, forExperts);
    const bytes =
      between(work.denseBytes, from, to) + touched * between(work.expertBytes, expertStart, to) + (output ? work.output.bytes : 0);
    push('weights', bytes / device.bandwidth / atOnce, PROMPT_READING);
    if (onGpu) push('overhead', (to - from) / atOnce, forLayers);
    const attention = attentionWork(work, middle, settings.cacheTypeK, settings.cacheTypeV, from, to);
    push('cache', (2 * attention.multiplyAdds) / rate, forAttention);
  };
  gpus.forEach((device, gpu) => {
    const from = bounds[gpu] ?? 0;
    const to = bounds[gpu + 1] ?? from;
    if (from < to || outputGpu === gpu) stretch(device, gpu, from, to, hostExpertLayers, outputGpu === gpu);
  });
  if (host !== null && gpus.length === 0) stretch(host, null, 0, work.layers, 0, true);
  else if (host !== null) {
    // Large batches are computed on the cards: what lies with the host is sent there, batch by batch.
    const bytes =
      between(work.denseBytes, 0, firstGpuLayer) + touched * between(work.expertBytes, 0, Math.max(firstGpuLayer, hostExpertLayers));
    if (bytes > 0)
      terms.push({
        kind: 'hand-over',
        gpu: null,
        quantity: bytes / host.bandwidth / atOnce,
        atLeast: bytes / host.bandwidth / atOnce,
        factors: PROMPT_HOST,
      });
  }
  return terms;
}

/** Devices as cards in order and the host behind them. */
export function asSetUp(devices: readonly Device[]): SetUp {
  return { gpus: devices.filter(isGpu), host: devices.find((device) => !isGpu(device)) ?? null };
}
