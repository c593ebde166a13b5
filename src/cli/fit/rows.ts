/** From published measurements to rows of the speed fit. */

import type { Backend, Device } from '../../engine/device.ts';
import { BYTES_PER_GIB } from '../../engine/format.ts';
import { isCacheType, type CacheType } from '../../engine/ggml-types.ts';
import { DEFAULTS } from '../../engine/predict.ts';
import { place, type Placement } from '../../engine/placement.ts';
import { namedQuant, workloadNamed } from '../../engine/quant-names.ts';
import type { SetUpKind } from '../../engine/regimes.ts';
import { decodeTerms, floorSeconds, prefillTerms, type DecodeSettings, type SetUp, type Term } from '../../engine/speed-terms.ts';
import { between, type Workload } from '../../engine/workload.ts';
import { deviceOf, isComputable } from '../../import/device.ts';
import type { Collections } from '../../schemas/collections.ts';
import type { Hardware } from '../../schemas/hardware.ts';
import type { Measurement } from '../../schemas/measurement.ts';
import type { FitTerm } from './solve.ts';

export interface Timed {
  readonly terms: readonly FitTerm[];
  /** Which of the terms are attention's. */
  readonly cacheTerms: readonly number[];
  /** Seconds that reading the weights takes at peak bandwidth. */
  readonly floor: number;
  /** Seconds measured for one token. */
  readonly observed: number;
}

export interface SpeedRow {
  readonly measurement: Measurement;
  readonly kind: SetUpKind;
  /** What is left out together when a machine is left out: the chip, or the box where one chip is a whole class. */
  readonly group: string;
  readonly work: Workload;
  readonly setUp: SetUp;
  readonly placement: Placement;
  readonly settings: DecodeSettings;
  /** Generation; null where only the prompt was measured. */
  readonly decode: Timed | null;
  /** The prompt, per token. */
  readonly prefill: Timed | null;
  /** Years before the day that predictions are made for. */
  readonly age: number;
}

/** Builds of this year and later count as today's. */
const TODAY = 2026;
/** Since about then flash attention is on unless a source says otherwise. */
const FLASH_ATTENTION_SINCE = 2025.4;

const PSEUDO_BACKENDS: Partial<Readonly<Record<Measurement['engine'], Backend>>> = {
  exllamav2: 'exllama',
  'mlc-llm': 'mlc',
  mlx: 'mlx',
};

/** Engines whose work the terms describe. */
const ENGINES: readonly Measurement['engine'][] = [
  'llama.cpp',
  'ik_llama.cpp',
  'ollama',
  'lm-studio',
  'mlx',
  'exllamav2',
  'mlc-llm',
  'vllm',
];

/** Parts whose share of the time has grown smaller with newer builds: factors with a power of the build's age. */
const AGEING: Readonly<Record<string, string>> = {
  layer: 'age:layer',
  mixture: 'age:mixture',
  'cache-on': 'age:cache',
  arithmetic: 'age:arithmetic',
  prompt: 'age:prompt',
  'prompt-attention': 'age:prompt-attention',
};

/** Prompt kernels before May 2024 were others. */
const PROMPTS_SINCE = 2024.3;

/** A year with its fraction, from YYYY, YYYY-MM or YYYY-MM-DD. */
export function yearOf(date: string): number {
  const [year, month = '7'] = date.split('-');
  return Number(year) + (Number(month) - 0.5) / 12;
}

function deviceFor(machine: Hardware, row: Measurement): Device {
  const device = deviceOf(machine);
  if (row.placement === 'cpu') return cpuOf(machine);
  const backend =
    row.engine === 'ik_llama.cpp' && row.backend === 'cuda' ? 'ik' : (PSEUDO_BACKENDS[row.engine] ?? row.backend ?? device.backend);
  return { ...device, backend };
}

/** The processor side of a machine, also of a chip whose GPU shares the memory. */
function cpuOf(machine: Hardware): Device {
  const device = deviceOf(machine);
  if (device.backend === 'cpu') return device;
  const speedClass = machine.kind === 'board' ? 'cpu-board' : 'cpu-unified';
  return { ...device, backend: 'cpu', speedClass, fp32VectorFlops: null, fp16MatrixFlops: null };
}

const cacheType = (name: string | undefined): CacheType => (name !== undefined && isCacheType(name) ? name : 'f16');

/** First layers whose experts stay with the host, so that about this much of the weights is on the cards. */
function expertLayersFor(work: Workload, onCards: number): number {
  const always = between(work.denseBytes, 0, work.layers) + work.output.bytes;
  for (let count = 0; count <= work.layers; count += 1) {
    if (always + between(work.expertBytes, count, work.layers) <= onCards) return count;
  }
  return work.layers;
}

/** What the driver and buffers take of a card before weights come, for rows that say only that the model did not fit. */
const TAKEN_OF_CARD_BYTES = 1.9e9;

function splitOf(row: Measurement, work: Workload, gpus: readonly Device[]): { gpuLayers: number; cpuMoeLayers: number } {
  const { settings, placement } = row;
  const all = work.layers + 1;
  const asked = settings.gpuLayers ?? all;
  if (placement !== 'split') return { gpuLayers: all, cpuMoeLayers: settings.cpuMoeLayers ?? 0 };
  if (settings.cpuMoeLayers !== undefined) return { gpuLayers: asked, cpuMoeLayers: settings.cpuMoeLayers };
  const mixture = between(work.expertBytes, 0, work.layers) > 0;
  const onCards = settings.gpuMiB === undefined ? null : settings.gpuMiB * 2 ** 20;
  if (mixture && onCards !== null) return { gpuLayers: all, cpuMoeLayers: expertLayersFor(work, onCards) };
  if (mixture && /experts? on the CPU|experts = CPU|exps=CPU/i.test(settings.other ?? '')) {
    return { gpuLayers: all, cpuMoeLayers: (settings.other ?? '').includes('except the first') ? work.layers - 1 : work.layers };
  }
  if (settings.gpuLayers !== null) return { gpuLayers: asked, cpuMoeLayers: 0 };
  const room = gpus.reduce((sum, { memoryBytes }) => sum + Math.max(0, (memoryBytes ?? 0) - TAKEN_OF_CARD_BYTES), 0);
  if (mixture) return { gpuLayers: all, cpuMoeLayers: expertLayersFor(work, room) };
  return { gpuLayers: Math.max(0, Math.floor((all * room) / work.bytes)), cpuMoeLayers: 0 };
}

function fitTerms(
  terms: readonly Term[],
  row: Measurement,
  age: number,
  groupOf: (gpu: number | null) => string | null,
  machinePrefix: string,
): FitTerm[] {
  const ik = row.engine === 'ik_llama.cpp';
  const rowFactors: [string, number][] = [];
  if (row.engine === 'ollama') rowFactors.push(['engine:ollama', 1]);
  if ((row.settings.other ?? '').includes('end to end')) rowFactors.push(['engine:end-to-end', 1]);
  return terms.map(({ gpu, quantity, factors }) => {
    const group = groupOf(gpu);
    const ageing = AGEING[factors[0] ?? ''];
    // The fork has kernels of its own for a processor's cache, whatever the settings.
    const ownKernel = ik && factors[0] === 'cache-cpu';
    const its = ownKernel ? [...factors.slice(0, 2), 'cache-cpu:ik'] : factors;
    const list: [string, number][] = [...its.map((name): [string, number] => [name, 1]), ...rowFactors];
    if (ageing !== undefined && age > 0) list.push([ageing, age]);
    if (ik && !ownKernel && (gpu === null || factors[0] === 'prompt'))
      list.push([`${factors[0] ?? ''}:ik-${gpu === null ? 'cpu' : 'gpu'}`, 1]);
    if (group !== null) list.push([`${machinePrefix}:${group}`, 1]);
    return { quantity, factors: list };
  });
}

/** Chips that are a class by themselves, measured in several boxes: the box is left out, not the chip. */
export const BY_BOX = ['strix-halo', 'gb10'];

/** Rows that can be compared with the speed model, and how many can't, by reason. */
export function speedRows(all: Collections): { readonly rows: readonly SpeedRow[]; readonly leftOut: ReadonlyMap<string, number> } {
  const machines = new Map(all.hardware.map((machine) => [machine.id, machine]));
  const models = new Map(all.models.map((model) => [model.id, model]));
  const leftOut = new Map<string, number>();
  const rows: SpeedRow[] = [];
  for (const row of all.measurements) {
    const made = speedRow(row, machines, models);
    if (typeof made === 'string') leftOut.set(made, (leftOut.get(made) ?? 0) + 1);
    else rows.push(made);
  }
  return { rows, leftOut };
}

function speedRow(
  row: Measurement,
  machines: ReadonlyMap<string, Hardware>,
  models: ReadonlyMap<string, Collections['models'][number]>,
): SpeedRow | string {
  const { decodeTokensPerSecond, placement, machineCount, settings, quality } = row;
  if (quality === 'doubtful' || quality === 'impossible') return `marked ${quality}`;
  if (!ENGINES.includes(row.engine) || row.backend === 'opencl') return 'an engine or backend that the terms do not describe';
  const machine = machines.get(row.machine);
  const shape = models.get(row.model)?.shape ?? null;
  if (machine === undefined || !isComputable(machine)) return 'machine not computable';
  if (shape === null) return 'model not computable';
  if (machine.kind === 'phone') return 'phones';
  if (machine.vendor === 'risc-v') return 'processors without usable vector units';
  if ((settings.other ?? '').includes('few threads')) return 'too few threads to be limited by memory';
  if (placement === 'cpu' && machineCount > 1) return 'clusters of boards';
  const hostMachine = row.host === null ? undefined : machines.get(row.host);
  const boardHost = hostMachine?.kind === 'board';
  if (boardHost && machine.memory === 'discrete' && machine.vendor !== 'nvidia') return 'AMD and Intel cards on single boards';
  const quant = namedQuant(row.quant === 'ollama-default' ? 'Q4_K_M' : row.quant);
  const work = workloadNamed(shape, quant, row.fileGiB === null ? null : row.fileGiB * BYTES_PER_GIB);
  const device = deviceFor(machine, row);
  const onCpu = placement === 'cpu';
  const host =
    hostMachine === undefined || !isComputable(hostMachine) ? (machine.memory === 'unified' ? cpuOf(machine) : null) : cpuOf(hostMachine);
  const setUp: SetUp = onCpu ? { gpus: [], host: device } : { gpus: Array.from({ length: machineCount }, () => device), host };
  const when = row.measured === null ? TODAY : yearOf(row.measured);
  const settingsOf: DecodeSettings = {
    depth: row.depth + (row.generatedTokens ?? 0) / 2,
    cacheTypeK: cacheType(settings.cacheTypeK),
    cacheTypeV: cacheType(settings.cacheTypeV),
    flashAttention: settings.flashAttention ?? when >= FLASH_ATTENTION_SINCE,
    family: quant.family,
    tensorParallel: machineCount > 1 && (row.engine === 'vllm' || row.engine === 'mlc-llm'),
  };
  const split = onCpu ? { gpuLayers: 0, cpuMoeLayers: 0 } : splitOf(row, work, setUp.gpus);
  const placed = place(
    work.layers,
    { ...split, kvOffload: true, tensorSplit: null },
    setUp.gpus.map(() => 1),
  );
  const usesHost = placed.firstGpuLayer > 0 || placed.hostExpertLayers > 0;
  if (!onCpu && usesHost && host === null) return 'offload to a host that is not named';
  const age = Math.max(0, TODAY - when);
  const group = BY_BOX.includes(device.generation ?? '') && !onCpu ? `${row.machine}@${row.source}` : row.machine;
  const hostGroup = onCpu ? group : (row.host ?? row.machine);
  const groupOf = (gpu: number | null): string | null => (gpu === null ? hostGroup : group);
  const timed = (terms: readonly Term[], tokensPerSecond: number, prefix: string): Timed => ({
    terms: fitTerms(terms, row, age, groupOf, prefix),
    cacheTerms: terms.flatMap(({ kind }, index) => (kind === 'cache' ? [index] : [])),
    floor: floorSeconds(terms),
    observed: 1 / tokensPerSecond,
  });
  const { prefillTokensPerSecond, promptTokens } = row;
  // A build for cards computes large batches on one even when it holds no layer; where these prompts were computed is not said.
  const promptElsewhere = onCpu && (settings.other ?? '').includes('CUDA build');
  return {
    measurement: row,
    kind: onCpu ? 'cpu' : usesHost ? 'offload' : machineCount > 1 ? 'several-gpus' : 'one-gpu',
    group,
    work,
    setUp,
    placement: placed,
    settings: settingsOf,
    decode: decodeTokensPerSecond === null ? null : timed(decodeTerms(work, placed, setUp, settingsOf), decodeTokensPerSecond, 'machine'),
    prefill:
      prefillTokensPerSecond === null || promptTokens === null || when < PROMPTS_SINCE || promptElsewhere
        ? null
        : timed(
            prefillTerms(work, placed, setUp, {
              ...settingsOf,
              depth: row.depth,
              promptTokens,
              ubatch: settings.ubatch ?? DEFAULTS.ubatch,
            }),
            prefillTokensPerSecond,
            'prompt-machine',
          ),
    age,
  };
}
