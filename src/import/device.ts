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
