/** Devices, models and generators that the speed tests share. */

import fc from 'fast-check';
import { isGpu, SPEED_CLASSES, type Device } from '../../src/engine/device.ts';
import { FILE_TYPES, type FileType } from '../../src/engine/ggml-types.ts';
import type { ModelShape } from '../../src/engine/model.ts';
import { place } from '../../src/engine/placement.ts';
import { alone } from '../../src/engine/predict.ts';
import type { PrefillQuestion } from '../../src/engine/prefill.ts';
import { workloadOf } from '../../src/engine/workload.ts';

export const RTX_5070: Device = {
  id: null,
  name: 'RTX 5070',
  memory: 'discrete',
  memoryBytes: 12 * 2 ** 30,
  bandwidth: 672e9,
  backend: 'cuda',
  speedClass: 'nvidia-gddr',
  classIsMeasured: true,
  generation: 'blackwell',
  fp32VectorFlops: 30.9e12,
  fp16MatrixFlops: null,
};

export const RTX_3090: Device = { ...RTX_5070, name: 'RTX 3090', bandwidth: 936e9, generation: 'ampere', fp32VectorFlops: 35.6e12 };

export const M4_MAX: Device = {
  ...RTX_5070,
  name: 'Apple M4 Max (40-core GPU)',
  memory: 'unified',
  bandwidth: 546e9,
  backend: 'metal',
  speedClass: 'apple',
  generation: 'm4',
  fp32VectorFlops: 18.4e12,
};

export const DDR5_6000: Device = {
  ...RTX_5070,
  name: 'Desktop, two channels of DDR5-6000',
  memory: 'system',
  bandwidth: 96e9,
  backend: 'cpu',
  speedClass: 'cpu-desktop',
  generation: null,
  fp32VectorFlops: null,
};

export const LLAMA_8B: ModelShape = {
  architecture: 'llama',
  layers: 32,
  hiddenSize: 4096,
  vocabularySize: 128_256,
  tiedEmbeddings: false,
  heads: 32,
  kvHeads: 8,
  headDimK: 128,
  headDimV: 128,
  feedForwardSize: 14_336,
  experts: null,
  slidingWindow: null,
  latentAttention: null,
  recurrent: null,
  ropeFrequencyTensor: true,
};

export const GPT_OSS_20B: ModelShape = {
  ...LLAMA_8B,
  architecture: 'gpt-oss',
  layers: 24,
  hiddenSize: 2880,
  vocabularySize: 201_088,
  heads: 64,
  headDimK: 64,
  headDimV: 64,
  feedForwardSize: null,
  experts: { count: 32, used: 4, feedForwardSize: 2880, sharedCount: 0, sharedFeedForwardSize: 0, denseFirstLayers: 0 },
  slidingWindow: { size: 128, period: 2 },
  ropeFrequencyTensor: false,
};

const shapes: fc.Arbitrary<ModelShape> = fc
  .record({
    layers: fc.integer({ min: 1, max: 128 }),
    kvHeads: fc.integer({ min: 1, max: 32 }),
    group: fc.integer({ min: 1, max: 16 }),
    headDim: fc.constantFrom(64, 128, 256),
    window: fc.option(fc.record({ size: fc.constantFrom(128, 1024, 4096), period: fc.integer({ min: 2, max: 6 }) })),
    expertsUsed: fc.option(fc.integer({ min: 1, max: 16 })),
    latent: fc.boolean(),
    interval: fc.option(fc.constantFrom(2, 4)),
  })
  .map(({ layers, kvHeads, group, headDim, window, expertsUsed, latent, interval }) => ({
    ...LLAMA_8B,
    layers,
    kvHeads,
    heads: kvHeads * group,
    headDimK: headDim,
    headDimV: headDim,
    slidingWindow: window,
    experts:
      expertsUsed === null
        ? null
        : {
            count: 8 * expertsUsed,
            used: expertsUsed,
            feedForwardSize: 1024,
            sharedCount: 0,
            sharedFeedForwardSize: 0,
            denseFirstLayers: Math.min(1, layers - 1),
          },
    latentAttention: latent
      ? { qLoraRank: null, kvLoraRank: 512, ropeHeadDim: 64, nopeHeadDim: 128, valueHeadDim: 128, legacyFile: false }
      : null,
    recurrent:
      interval === null
        ? null
        : {
            kind: 'delta-net' as const,
            fullAttentionInterval: interval,
            attentionLayers: null,
            convKernel: 4,
            innerSize: 4096,
            stateSize: 128,
            groupCount: 16,
            timeStepRank: 32,
          },
  }));

const backendsOf: Readonly<Record<string, readonly Device['backend'][]>> = {
  'nvidia-gddr': ['cuda', 'vulkan'],
  'nvidia-hbm': ['cuda'],
  gb10: ['cuda', 'vulkan'],
  apple: ['metal', 'mlx'],
  'apple-ultra': ['metal', 'mlx'],
};

export const devices: fc.Arbitrary<Device> = fc
  .record({
    speedClass: fc.constantFrom(...SPEED_CLASSES),
    backendIndex: fc.nat({ max: 5 }),
    bandwidthGBs: fc.double({ min: 5, max: 10_000, noNaN: true }),
    classIsMeasured: fc.boolean(),
    generation: fc.constantFrom(null, 'pascal', 'ampere', 'blackwell', 'm1', 'm4', 'rdna3', 'strix-halo', 'typed by hand'),
    teraflops: fc.option(fc.double({ min: 0.5, max: 300, noNaN: true })),
  })
  .map(({ speedClass, backendIndex, bandwidthGBs, classIsMeasured, generation, teraflops }) => {
    const onCpu = speedClass.startsWith('cpu');
    const backends = onCpu ? (['cpu'] as const) : (backendsOf[speedClass] ?? ['vulkan', 'rocm', 'sycl']);
    return {
      id: null,
      name: 'Generated device',
      memory: onCpu ? 'system' : 'discrete',
      memoryBytes: null,
      bandwidth: bandwidthGBs * 1e9,
      backend: backends[backendIndex % backends.length] ?? 'vulkan',
      speedClass,
      classIsMeasured,
      generation,
      fp32VectorFlops: onCpu || teraflops === null ? null : teraflops * 1e12,
      fp16MatrixFlops: null,
    };
  });

/** Any model on any card, cards or processor, up to a context of a million tokens; some of it with the host. */
export const questions: fc.Arbitrary<PrefillQuestion> = fc
  .record({
    shape: shapes,
    gpus: fc.array(devices, { minLength: 1, maxLength: 3 }),
    host: devices.map((device): Device => ({ ...device, memory: 'system', backend: 'cpu', speedClass: 'cpu-desktop' })),
    fileType: fc.constantFrom(...(Object.keys(FILE_TYPES) as FileType[])),
    depth: fc.integer({ min: 0, max: 1_000_000 }),
    flashAttention: fc.boolean(),
    cacheType: fc.constantFrom('f16' as const, 'q8_0' as const),
    tensorParallel: fc.boolean(),
    onHost: fc.nat({ max: 8 }),
    kvOffload: fc.boolean(),
    promptTokens: fc.integer({ min: 1, max: 100_000 }),
    ubatch: fc.constantFrom(64, 512, 2048),
  })
  .map(({ shape, gpus, host, fileType, depth, flashAttention, cacheType, tensorParallel, onHost, kvOffload, promptTokens, ubatch }) => {
    const cards = gpus.filter(isGpu);
    const split = { gpuLayers: Math.max(1, shape.layers + 1 - onHost), cpuMoeLayers: onHost, kvOffload, tensorSplit: null };
    return {
      work: workloadOf(shape, fileType),
      placement: place(
        shape.layers,
        split,
        cards.map(() => 1),
      ),
      setUp: { gpus: cards, host },
      depth,
      flashAttention,
      cacheTypeK: cacheType,
      cacheTypeV: cacheType,
      tensorParallel,
      promptTokens,
      ubatch,
    };
  });

/** One device that holds all of a model. */
export function question(shape: ModelShape, fileType: FileType, device: Device, more: Partial<PrefillQuestion> = {}): PrefillQuestion {
  const setUp = alone(device);
  return {
    work: workloadOf(shape, fileType),
    placement: place(
      shape.layers,
      { gpuLayers: 9999, cpuMoeLayers: 0, kvOffload: true, tensorSplit: null },
      setUp.gpus.map(() => 1),
    ),
    setUp,
    depth: 0,
    flashAttention: true,
    cacheTypeK: 'f16',
    cacheTypeV: 'f16',
    promptTokens: 512,
    ubatch: 512,
    ...more,
  };
}

export function assertClose(actual: number, expected: number, relative: number, what: string): void {
  if (!(Math.abs(actual / expected - 1) <= relative)) throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}`);
}
