/**
 * How much of a device's memory a model can really have.
 *
 * Each figure is a stated default that a reader can change; none of it is in llama.cpp's own buffers.
 */

import type { Device } from './device.ts';
import { BYTES_PER_GIB } from './format.ts';

/**
 * Left free on each card for the driver's context and a desktop, bytes. llama.cpp's own `--fit` leaves as much.
 * Source: `--fit-target` of llama-server, 1,024 MiB a device.
 */
export const CARD_RESERVE_BYTES = BYTES_PER_GIB;

/** What an operating system and a few programs take of memory that is shared with the model, bytes. A rule of thumb. */
export const SYSTEM_RESERVE_BYTES = 3 * BYTES_PER_GIB;

/**
 * Share of a Mac's memory that the GPU may hold by default: two thirds up to 36 GiB, three quarters above. It can be raised
 * (`sudo sysctl iogpu.wired_limit_mb=…`) until the next start. Source: llama.cpp, discussion 2182.
 */
const MAC_SMALL_GIB = 36;
const MAC_SHARES = { small: 2 / 3, large: 3 / 4 } as const;

/** Share of the memory that Linux lets an AMD graphics unit borrow by default (GTT). Source: the amdgpu module's default. */
const GTT_SHARE = 1 / 2;

export type LimitKind = 'card' | 'mac-working-set' | 'gtt' | 'system';

export interface Room {
  /** Bytes a model may take without touching a setting or crowding out the desktop; null when the size is not known. */
  readonly comfortableBytes: number | null;
  /** Bytes there are. */
  readonly capacityBytes: number | null;
  readonly kind: LimitKind;
}

const known = new WeakMap<Device, Room>();

/** What a device has room for. */
export function roomOn(device: Device): Room {
  let room = known.get(device);
  if (room === undefined) known.set(device, (room = roomFor(device)));
  return room;
}

function roomFor(device: Device): Room {
  const { memory, memoryBytes, speedClass } = device;
  const kind: LimitKind =
    memory === 'discrete'
      ? 'card'
      : speedClass.startsWith('apple')
        ? 'mac-working-set'
        : memory === 'unified' && speedClass !== 'gb10'
          ? 'gtt'
          : 'system';
  if (memoryBytes === null) return { comfortableBytes: null, capacityBytes: null, kind };
  const comfortable: Readonly<Record<LimitKind, number>> = {
    card: memoryBytes - CARD_RESERVE_BYTES,
    'mac-working-set': memoryBytes * (memoryBytes > MAC_SMALL_GIB * BYTES_PER_GIB ? MAC_SHARES.large : MAC_SHARES.small),
    gtt: memoryBytes * GTT_SHARE,
    system: memoryBytes - SYSTEM_RESERVE_BYTES,
  };
  return { comfortableBytes: Math.max(0, comfortable[kind]), capacityBytes: memoryBytes, kind };
}

export type Verdict = 'fits' | 'tight' | 'needs-setting' | 'too-large';

/** Whether a number of bytes fits, and how well; null when the device's memory is not known. */
export function verdictOf(bytes: number, { comfortableBytes, capacityBytes, kind }: Room): Verdict | null {
  if (comfortableBytes === null || capacityBytes === null) return null;
  if (bytes <= comfortableBytes) return 'fits';
  if (bytes > capacityBytes) return 'too-large';
  return kind === 'mac-working-set' || kind === 'gtt' ? 'needs-setting' : 'tight';
}
