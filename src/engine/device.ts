/** A device the engine can compute with: a GPU, an accelerator, a unified-memory chip or a CPU platform. */

export const BACKENDS = ['cuda', 'rocm', 'vulkan', 'metal', 'mlx', 'sycl', 'opencl', 'ik', 'exllama', 'mlc', 'cpu'] as const;
export type Backend = (typeof BACKENDS)[number];

/**
 * - `discrete`: memory of its own on a card;
 * - `unified`: one memory for CPU and GPU;
 * - `system`: ordinary modules or soldered memory read by the CPU.
 */
export type MemoryKind = 'discrete' | 'unified' | 'system';

/** Devices that behave alike; the speed model's parameters are fitted per class. */
export const SPEED_CLASSES = [
  'nvidia-gddr',
  'nvidia-hbm',
  'gb10',
  'amd-rdna',
  'strix-halo',
  'integrated-gpu',
  'apple',
  'apple-ultra',
  'cpu-desktop',
  'cpu-laptop',
  'cpu-server',
  'cpu-dual',
  'cpu-unified',
  'cpu-board',
] as const;
export type SpeedClass = (typeof SPEED_CLASSES)[number];

export interface Device {
  /** Its id in the data, for what was measured on this very machine; null for one that was typed in. */
  readonly id: string | null;
  readonly name: string;
  readonly memory: MemoryKind;
  /** Memory of the device in bytes; null when not known (then nothing is said about fitting). */
  readonly memoryBytes: number | null;
  /** Peak memory bandwidth, bytes per second. */
  readonly bandwidth: number;
  readonly backend: Backend;
  readonly speedClass: SpeedClass;
  /** False when no device of this kind was measured and the nearest class stands in. */
  readonly classIsMeasured: boolean;
  /** Chip generation as the speed model names it ("ampere", "m4", "rdna3"); null when unknown. */
  readonly generation: string | null;
  /** FP32 vector rate, floating-point operations per second; null when not known. */
  readonly fp32VectorFlops: number | null;
  /** Dense FP16 matrix rate, floating-point operations per second; null when not known. */
  readonly fp16MatrixFlops: number | null;
}

/** Whether the layers run on a GPU, so that the host keeps only the token table. */
export function isGpu(device: Device): boolean {
  return device.backend !== 'cpu';
}
