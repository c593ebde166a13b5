/** From a record of `src/data/hardware.jsonl` to a device the engine computes with. */

import type { Backend, Device, SpeedClass } from '../engine/device.ts';
import { gibToBytes } from '../engine/format.ts';
import type { Hardware } from '../schemas/hardware.ts';

/** The fields of a hardware record that the engine needs. */
export type MachineRow = Pick<
  Hardware,
  | 'id'
  | 'name'
  | 'vendor'
  | 'kind'
  | 'form'
  | 'sockets'
  | 'memory'
  | 'memoryGiB'
  | 'memoryType'
  | 'bandwidthComputedGBs'
  | 'bandwidthMarketedGBs'
  | 'fp16MatrixDense'
  | 'fp32VectorTflops'
  | 'generation'
>;

/** Whether a record is something a model can run on; drives and links are not. */
export function isComputable(machine: MachineRow & Pick<Hardware, 'status'>): boolean {
  const hasBandwidth = machine.bandwidthComputedGBs !== null || machine.bandwidthMarketedGBs !== null;
  return machine.memory !== 'none' && machine.status === 'released' && hasBandwidth;
}

const CPU_CLASSES = { desktop: 'cpu-desktop', laptop: 'cpu-laptop', server: 'cpu-server' } as const;

function cpuClass({ kind, form, sockets }: MachineRow): SpeedClass {
  if (sockets !== undefined) return 'cpu-dual';
  return kind === 'cpu-platform' ? CPU_CLASSES[form ?? 'desktop'] : 'cpu-board';
}

interface Behaviour {
  readonly speedClass: SpeedClass;
  readonly backend: Backend;
  readonly classIsMeasured: boolean;
}

function behaviour(machine: MachineRow): Behaviour {
  const { vendor, memory, memoryType, generation, name } = machine;
  const hbm = memoryType?.startsWith('HBM') === true;
  if (memory === 'system') return { speedClass: cpuClass(machine), backend: 'cpu', classIsMeasured: true };
  if (vendor === 'apple') {
    return { speedClass: /ultra/i.test(name) ? 'apple-ultra' : 'apple', backend: 'metal', classIsMeasured: true };
  }
  if (generation === 'gb10') return { speedClass: 'gb10', backend: 'cuda', classIsMeasured: true };
  if (vendor === 'nvidia') {
    // Unified NVIDIA boards other than GB10 were not measured.
    return { speedClass: hbm ? 'nvidia-hbm' : 'nvidia-gddr', backend: 'cuda', classIsMeasured: memory === 'discrete' };
  }
  if (generation === 'strix-halo') return { speedClass: 'strix-halo', backend: 'vulkan', classIsMeasured: true };
  if (vendor === 'amd' && memory === 'unified') return { speedClass: 'integrated-gpu', backend: 'vulkan', classIsMeasured: true };
  if (vendor === 'amd')
    return { speedClass: 'amd-rdna', backend: 'vulkan', classIsMeasured: !hbm && generation?.startsWith('rdna') === true };
  return { speedClass: memory === 'discrete' ? 'amd-rdna' : 'integrated-gpu', backend: 'vulkan', classIsMeasured: false };
}

/** Peak bandwidth in GB/s: computed from width and rate where both are known, else the maker's figure. */
export function bandwidthGBs(machine: Pick<MachineRow, 'bandwidthComputedGBs' | 'bandwidthMarketedGBs'>): number | null {
  return machine.bandwidthComputedGBs ?? machine.bandwidthMarketedGBs;
}

/**
 * @param memoryGiB which of the sizes on offer; the largest when left out
 * @throws when the record is not computable (see `isComputable`)
 */
export function deviceOf(machine: MachineRow, memoryGiB?: number): Device {
  const bandwidth = bandwidthGBs(machine);
  if (machine.memory === 'none' || bandwidth === null) throw new Error(`${machine.id} is nothing a model can run on`);
  const size = memoryGiB ?? machine.memoryGiB.at(-1);
  return {
    id: machine.id,
    name: machine.name,
    memory: machine.memory,
    memoryBytes: size === undefined ? null : gibToBytes(size),
    bandwidth: bandwidth * 1e9,
    ...behaviour(machine),
    generation: machine.generation,
    fp32VectorFlops: machine.fp32VectorTflops === null ? null : machine.fp32VectorTflops * 1e12,
    fp16MatrixFlops: machine.fp16MatrixDense === null ? null : machine.fp16MatrixDense.tflops * 1e12,
  };
}

/** Makers of a device that is typed in; "cpu" for a processor of any. */
export const VENDORS = ['nvidia', 'amd', 'intel', 'apple', 'qualcomm', 'cpu'] as const;
export type Vendor = (typeof VENDORS)[number];

const CLASS_OF_VENDOR: Readonly<Record<Vendor, SpeedClass>> = {
  nvidia: 'nvidia-gddr',
  amd: 'amd-rdna',
  intel: 'amd-rdna',
  apple: 'apple',
  qualcomm: 'integrated-gpu',
  cpu: 'cpu-desktop',
};
const BACKEND_OF_VENDOR: Readonly<Record<Vendor, Backend>> = {
  nvidia: 'cuda',
  amd: 'vulkan',
  intel: 'vulkan',
  apple: 'metal',
  qualcomm: 'vulkan',
  cpu: 'cpu',
};

/** From this bandwidth on a card has high-bandwidth memory, GB/s; the widest GDDR7 card is below. */
const HBM_FROM_GBS = 1850;
/** A processor with more than this has more channels than a desktop, GB/s. */
const SERVER_FROM_GBS = 130;
/** Two M Max chips make an Ultra: from this bandwidth on, GB/s. */
const ULTRA_FROM_GBS = 790;
/** The bandwidth that parts Strix Halo from other AMD chips with one memory, GB/s. */
const STRIX_HALO_FROM_GBS = 200;

/** What a typed-in device most likely is, from its maker, its kind of memory and its bandwidth. */
function classOf(vendor: Vendor, memory: Device['memory'], bandwidthGBs: number): SpeedClass {
  if (vendor === 'nvidia' && memory === 'unified') return 'gb10';
  if (vendor === 'nvidia' && bandwidthGBs >= HBM_FROM_GBS) return 'nvidia-hbm';
  if (vendor === 'amd' && memory === 'unified') return bandwidthGBs > STRIX_HALO_FROM_GBS ? 'strix-halo' : 'integrated-gpu';
  if (vendor === 'intel' && memory === 'unified') return 'integrated-gpu';
  if (vendor === 'apple' && bandwidthGBs >= ULTRA_FROM_GBS) return 'apple-ultra';
  if (vendor === 'cpu' && bandwidthGBs > SERVER_FROM_GBS) return 'cpu-server';
  return CLASS_OF_VENDOR[vendor];
}

/** A device by its figures. */
export interface TypedDevice {
  readonly vendor: string;
  readonly memory: Device['memory'];
  readonly bandwidthGBs: number;
  /** Null when not known. */
  readonly memoryGiB: number | null;
  readonly name?: string | undefined;
  /** Dense FP16 rate of its matrix units, TFLOPS. */
  readonly fp16Tflops?: number | null | undefined;
}

/** A device that is in no list: what it most likely is follows from its figures. Null for a maker nobody knows. */
export function typedDevice({ vendor, memory, bandwidthGBs, memoryGiB, name, fp16Tflops }: TypedDevice): Device | null {
  const maker = VENDORS.find((known) => known === vendor);
  if (maker === undefined) return null;
  const speedClass = classOf(maker, memory, bandwidthGBs);
  return {
    id: null,
    name: name ?? `${maker} device`,
    memory,
    memoryBytes: memoryGiB === null ? null : gibToBytes(memoryGiB),
    bandwidth: bandwidthGBs * 1e9,
    backend: BACKEND_OF_VENDOR[maker],
    speedClass,
    classIsMeasured: maker !== 'intel' && maker !== 'qualcomm',
    generation: speedClass === 'gb10' || speedClass === 'strix-halo' ? speedClass : null,
    fp32VectorFlops: null,
    fp16MatrixFlops: fp16Tflops == null ? null : fp16Tflops * 1e12,
  };
}
