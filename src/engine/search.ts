/** What is the most that fits: context, quantization, layers on the cards. Answers found by asking the exact memory function. */

import { decodeSpeed } from './decode.ts';
import { FILE_TYPES, type FileType } from './ggml-types.ts';
import { memoryOf, type MemoryBreakdown } from './memory.ts';
import { deviceAnswers, sharesOf, withHost, type Request } from './predict.ts';
import { roomOn, type Room } from './room.ts';
import type { SetUp } from './speed-terms.ts';
import { between, workloadOf } from './workload.ts';

/** What counts as fitting: without crowding anything out, or to the last byte. */
export type Limit = 'comfortable' | 'capacity';

const STEP = 256;

/** Types that nobody would choose because they fit: for models made for them, for converting, or overtaken by K-quants of their size. */
const NOT_OFFERED: readonly string[] = ['F32', 'TQ1_0', 'TQ2_0', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1'];

const OFFERED = (Object.keys(FILE_TYPES) as FileType[]).filter((fileType) => !NOT_OFFERED.includes(fileType));

function bytesFor(room: Room, limit: Limit): number | null {
  return limit === 'comfortable' ? room.comfortableBytes : room.capacityBytes;
}

function memoryFor(request: Request, { gpus }: SetUp): MemoryBreakdown {
  return memoryOf({ ...request, shares: sharesOf(gpus) });
}

/** Whether every device holds its part; a device of unknown size holds anything. */
export function fitsOn(request: Request, setUp: SetUp, limit: Limit = 'comfortable'): boolean {
  return deviceAnswers(memoryFor(request, setUp), setUp, request.room).every(({ device, totalBytes }) => {
    const bytes = device === null ? null : bytesFor(roomOn(device, request.room), limit);
    return bytes === null || totalBytes <= bytes;
  });
}

/** The largest number from `least` to `most` that holds; null when `least` does not. Holding must not come back once lost. */
function largest(least: number, most: number, holds: (value: number) => boolean): number | null {
  if (!holds(least)) return null;
  let [low, high] = [least, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The longest context that fits, in tokens and multiples of 256.
 *
 * @param most what the model was made for
 * @returns null when not even 256 tokens fit
 */
export function largestContext(request: Request, setUp: SetUp, most: number, limit: Limit = 'comfortable'): number | null {
  if (most < STEP) return fitsOn({ ...request, context: most }, setUp, limit) ? most : null;
  const steps = largest(1, Math.floor(most / STEP), (count) => fitsOn({ ...request, context: count * STEP }, setUp, limit));
  return steps === null ? null : steps * STEP;
}

/**
 * The file type with the most bits that fits.
 *
 * @param among file types to choose from; all that are made for ordinary models when left out
 * @returns null when none fits
 */
export function largestQuant(
  request: Request,
  setUp: SetUp,
  limit: Limit = 'comfortable',
  among: readonly FileType[] = OFFERED,
): FileType | null {
  const { shape } = request.work;
  const bySize = among.map((fileType) => ({ fileType, work: workloadOf(shape, fileType) })).sort((a, b) => b.work.bytes - a.work.bytes);
  return bySize.find(({ work }) => fitsOn({ ...request, work }, setUp, limit))?.fileType ?? null;
}

export interface Split {
  readonly gpuLayers: number;
  readonly cpuMoeLayers: number;
}

/** Whether the cards hold their part. The host's is asked about only where it lies in the same memory. */
function cardsHold(request: Request, setUp: SetUp, limit: Limit): boolean {
  if (setUp.gpus.some(({ memory }) => memory === 'unified')) return fitsOn(request, setUp, limit);
  const memory = memoryFor(request, setUp);
  return setUp.gpus.every((device, index) => {
    const bytes = bytesFor(roomOn(device, request.room), limit);
    return bytes === null || (memory.gpus[index]?.totalBytes ?? 0) <= bytes;
  });
}

function speedOf(request: Request, asked: SetUp): number {
  const memory = memoryFor(request, asked);
  const { setUp } = withHost(memory, asked);
  return decodeSpeed({ ...request, placement: memory.placement, setUp }).tokensPerSecond;
}

/**
 * The fastest way to share a model between cards and host: as many whole layers on the cards as fit, or more of them with the
 * experts of the first ones left to the host.
 *
 * @returns null when there is no card, or the cards can't hold even the least
 */
export function bestSplit(request: Request, setUp: SetUp, limit: Limit = 'comfortable'): Split | null {
  const { work } = request;
  const all = work.layers + 1;
  if (setUp.gpus.length === 0) return null;
  const holds = (split: Split): boolean => cardsHold({ ...request, ...split }, setUp, limit);
  const whole = { gpuLayers: all, cpuMoeLayers: 0 };
  if (holds(whole)) return whole;
  const hasExperts = between(work.expertBytes, 0, work.layers) > 0;

  /** As few experts with the host as that many layers on the cards allow. */
  const withLayers = (gpuLayers: number): Split | null => {
    // Searched from the other end: the fewer layers keep their experts away, the more the cards must hold.
    const most = hasExperts ? work.layers : 0;
    const kept = largest(0, most, (onCards) => holds({ gpuLayers, cpuMoeLayers: most - onCards }));
    return kept === null ? null : { gpuLayers, cpuMoeLayers: most - kept };
  };

  let counts: readonly (number | null)[];
  if (setUp.gpus.length === 1) {
    // On one card it is one or the other: whole layers, or all layers (as many as fit) without their experts.
    const mostWith = (cpuMoeLayers: number): number | null => largest(1, all, (gpuLayers) => holds({ gpuLayers, cpuMoeLayers }));
    counts = [mostWith(0), ...(hasExperts ? [mostWith(work.layers)] : [])];
  } else {
    // A layer more moves the border between cards, so that more may fit where fewer did not: all are tried.
    counts = Array.from({ length: all }, (_, index) => all - index);
  }
  let best: { readonly split: Split; readonly speed: number } | null = null;
  for (const count of counts) {
    const split = count === null ? null : withLayers(count);
    if (split === null) continue;
    const speed = speedOf({ ...request, ...split }, setUp);
    if (best === null || speed > best.speed) best = { split, speed };
    // Without experts, more layers on the cards are always faster.
    if (!hasExperts) break;
  }
  return best?.split ?? null;
}
