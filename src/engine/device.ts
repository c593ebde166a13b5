/** A device the engine can compute with: a GPU, an accelerator, a unified-memory chip or a CPU platform. */

export const VENDORS = ['nvidia', 'amd', 'intel', 'apple', 'qualcomm', 'arm', 'cpu'] as const;
export type Vendor = (typeof VENDORS)[number];

export const BACKENDS = ['cuda', 'rocm', 'vulkan', 'metal', 'mlx', 'sycl', 'cpu'] as const;
export type Backend = (typeof BACKENDS)[number];

/**
 * - `discrete`: memory of its own on a card;
 * - `unified`: one memory for CPU and GPU;
 * - `system`: ordinary modules or soldered memory read by the CPU.
 */
export type MemoryKind = 'discrete' | 'unified' | 'system';

export interface Device {
  readonly name: string;
  readonly vendor: Vendor;
  readonly memory: MemoryKind;
  /** Memory of the device in bytes; null when not known (then nothing is said about fitting). */
  readonly memoryBytes: number | null;
  /** Peak memory bandwidth, bytes per second. */
  readonly bandwidthBytesPerSecond: number;
  readonly backend: Backend;
  /** Chip generation as used by the speed model ("ampere", "m4", "rdna3", "strix-halo", "gb10", …); null when unknown. */
  readonly generation: string | null;
  /** High-bandwidth memory on the package (HBM2 and later). */
  readonly hbm: boolean;
  /** FP32 vector rate, floating-point operations per second; null when not known. */
  readonly fp32VectorFlops: number | null;
  /** Dense FP16 matrix rate, floating-point operations per second; null when not known. */
  readonly fp16MatrixFlops: number | null;
}
