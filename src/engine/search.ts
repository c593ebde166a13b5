/** What is the most that fits: context, quantization, layers on the cards. Answers found by asking the exact memory function. */

import { decodeSpeed } from './decode.ts';
import { FILE_TYPES, type FileType } from './ggml-types.ts';
import { memoryOf, type MemoryBreakdown } from './memory.ts';
import { deviceAnswers, sharesOf, USUAL_HOST, type Request } from './predict.ts';
import { roomOn, type Room } from './room.ts';
import type { SetUp } from './speed-terms.ts';
import { between, workloadOf } from './workload.ts';

/** What counts as fitting: without crowding anything out, or to the last byte. */
export type Limit = 'comfortable' | 'capacity';

const STEP = 256;

/** Types that nobody would choose because they fit: for models made for them, or for converting. */
const NOT_OFFERED: readonly string[] = ['F32', 'TQ1_0', 'TQ2_0'];

const OFFERED = (Object.keys(FILE_TYPES) as FileType[]).filter((fileType) => !NOT_OFFERED.includes(fileType));

function bytesFor(room: Room, limit: Limit): number | null {
  return limit === 'comfortable' ? room.comfortableBytes : room.capacityBytes;
}

function memoryFor(request: Request, { gpus }: SetUp): MemoryBreakdown {
  return memoryOf({ ...request, shares: sharesOf(gpus) });
}

/** Whether every device holds its part; a device of unknown size holds anything. */
export function fitsOn(request: Request, setUp: SetUp, limit: Limit = 'comfortable'): boolean {
  return deviceAnswers(memoryFor(request, setUp), setUp).every(({ device, totalBytes }) => {
    const bytes = device === null ? null : bytesFor(roomOn(device), limit);
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
  const steps = largest(1, Math.max(1, Math.floor(most / STEP)), (count) => fitsOn({ ...request, context: count * STEP }, setUp, limit));
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

/** Whether the cards hold their part; the host's is not asked about. */
function cardsHold(request: Request, setUp: SetUp, limit: Limit): boolean {
  const memory = memoryFor(request, setUp);
  return setUp.gpus.every((device, index) => {
    const bytes = bytesFor(roomOn(device), limit);
    return bytes === null || (memory.gpus[index]?.totalBytes ?? 0) <= bytes;
  });
}

function speedOf(request: Request, setUp: SetUp): number {
  const { placement } = memoryFor(request, setUp);
  return decodeSpeed({ ...request, placement, setUp: { ...setUp, host: setUp.host ?? USUAL_HOST } }).tokensPerSecond;
}

/**
 * The fastest way to share a model between cards and host: as many whole layers on the cards as fit, or all layers with the
 * experts of the first ones left to the host.
 *
 * @returns null when there is no card, or a card can't hold even the least
 */
export function bestSplit(request: Request, setUp: SetUp, limit: Limit = 'comfortable'): Split | null {
  const { work } = request;
  const all = work.layers + 1;
  if (setUp.gpus.length === 0) return null;
  const holds = (split: Split): boolean => cardsHold({ ...request, ...split }, setUp, limit);
  const whole = { gpuLayers: all, cpuMoeLayers: 0 };
  if (holds(whole)) return whole;
  const candidates: Split[] = [];
  const layers = largest(1, all, (gpuLayers) => holds({ gpuLayers, cpuMoeLayers: 0 }));
  if (layers !== null) candidates.push({ gpuLayers: layers, cpuMoeLayers: 0 });
  if (between(work.expertBytes, 0, work.layers) > 0) {
    // Searched from the other end: the fewer layers keep their experts away, the more the card must hold.
    const kept = largest(0, work.layers, (onCards) => holds({ gpuLayers: all, cpuMoeLayers: work.layers - onCards }));
    if (kept !== null) candidates.push({ gpuLayers: all, cpuMoeLayers: work.layers - kept });
    else {
      const fewer = largest(1, all, (gpuLayers) => holds({ gpuLayers, cpuMoeLayers: work.layers }));
      if (fewer !== null) candidates.push({ gpuLayers: fewer, cpuMoeLayers: work.layers });
    }
  }
  const speeds = candidates.map((split) => ({ split, speed: speedOf({ ...request, ...split }, setUp) }));
  return speeds.toSorted((a, b) => b.speed - a.speed)[0]?.split ?? null;
}
