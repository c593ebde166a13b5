/**
 * How much of a device's memory a model can really have.
 *
 * Each figure is a stated default that a reader can change; none of it is in llama.cpp's own buffers.
 */

import type { Device } from './device.ts';
import { BYTES_PER_GIB } from './format.ts';

/** What does not go to the model. Defaults that a reader may know better. */
export interface RoomSettings {
  /** Left free on each card for the driver's context and a desktop, bytes. */
  readonly cardReserveBytes: number;
  /** What an operating system and a few programs take of memory that is shared with the model, bytes. */
  readonly systemReserveBytes: number;
  /** Share of a Mac's memory that its GPU may hold; null: what macOS allows by itself. */
  readonly macShare: number | null;
  /** Share of the memory that Linux lets an AMD graphics unit borrow (GTT). */
  readonly gttShare: number;
  /** Windows lets a full card go on in system memory, slowly, instead of refusing. */
  readonly windows: boolean;
}

/**
 * What holds when nothing was changed. Sources: cards, `--fit-target` of llama-server, 1,024 MiB a device; GTT, half by default,
 * AMD's guide to Strix Halo (rocm.docs.amd.com, "Memory settings"); the system's part is a rule of thumb.
 */
export const USUAL_ROOM: RoomSettings = {
  cardReserveBytes: BYTES_PER_GIB,
  systemReserveBytes: 3 * BYTES_PER_GIB,
  macShare: null,
  gttShare: 1 / 2,
  windows: false,
};

/**
 * Share of a Mac's memory that the GPU may hold by default: two thirds up to 36 GiB, three quarters above. It can be raised
 * (`sudo sysctl iogpu.wired_limit_mb=…`) until the next start. Source: llama.cpp, discussion 2182.
 */
const MAC_SMALL_GIB = 36;
const MAC_SHARES = { small: 2 / 3, large: 3 / 4 } as const;

export type LimitKind = 'card' | 'card-on-windows' | 'mac-working-set' | 'gtt' | 'system';

export interface Room {
  /** Bytes a model may take without touching a setting or crowding out the desktop; null when the size is not known. */
  readonly comfortableBytes: number | null;
  /** Bytes there are. */
  readonly capacityBytes: number | null;
  readonly kind: LimitKind;
}

const known = new WeakMap<RoomSettings, WeakMap<Device, Room>>();

/** What a device has room for. */
export function roomOn(device: Device, settings: RoomSettings = USUAL_ROOM): Room {
  let rooms = known.get(settings);
  if (rooms === undefined) known.set(settings, (rooms = new WeakMap<Device, Room>()));
  let room = rooms.get(device);
  if (room === undefined) rooms.set(device, (room = roomFor(device, settings)));
  return room;
}

function limitOf({ memory, speedClass }: Device, windows: boolean): LimitKind {
  if (memory === 'discrete') return windows ? 'card-on-windows' : 'card';
  if (speedClass.startsWith('apple')) return 'mac-working-set';
  return memory === 'unified' && speedClass !== 'gb10' ? 'gtt' : 'system';
}

function roomFor(device: Device, { cardReserveBytes, systemReserveBytes, macShare, gttShare, windows }: RoomSettings): Room {
  const { memoryBytes } = device;
  const kind = limitOf(device, windows);
  if (memoryBytes === null) return { comfortableBytes: null, capacityBytes: null, kind };
  const comfortable: Readonly<Record<LimitKind, number>> = {
    card: memoryBytes - cardReserveBytes,
    'card-on-windows': memoryBytes - cardReserveBytes,
    'mac-working-set': memoryBytes * (macShare ?? (memoryBytes > MAC_SMALL_GIB * BYTES_PER_GIB ? MAC_SHARES.large : MAC_SHARES.small)),
    gtt: memoryBytes * gttShare,
    system: memoryBytes - systemReserveBytes,
  };
  return { comfortableBytes: Math.max(0, comfortable[kind]), capacityBytes: memoryBytes, kind };
}

/**
 * How well something fits: with room to spare; but for the reserve; after raising a limit; only by overflowing into system memory,
 * many times slower; or not.
 */
export type Verdict = 'fits' | 'tight' | 'needs-setting' | 'spills' | 'too-large';

/**
 * Whether a number of bytes fits, and how well; null when the device's memory is not known.
 *
 * @param systemBytes the host's memory, of which Windows lends cards half (Microsoft, "Calculating graphics memory"); null: not known
 */
export function verdictOf(bytes: number, { comfortableBytes, capacityBytes, kind }: Room, systemBytes: number | null): Verdict | null {
  if (comfortableBytes === null || capacityBytes === null) return null;
  if (bytes <= comfortableBytes) return 'fits';
  if (bytes <= capacityBytes) return kind === 'mac-working-set' || kind === 'gtt' ? 'needs-setting' : 'tight';
  return kind === 'card-on-windows' && bytes <= capacityBytes + (systemBytes ?? Infinity) / 2 ? 'spills' : 'too-large';
}
