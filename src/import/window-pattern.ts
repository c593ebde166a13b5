/** Which layers see only a window of the context, in the form the engine keeps it. */

import type { SlidingWindow } from '../engine/model.ts';

/** The first of the lengths that a pattern repeats with; none: it doesn't repeat. */
function periodOf(windowed: readonly boolean[], isWindowed: (index: number, period: number) => boolean): number | undefined {
  for (let period = 2; period <= windowed.length; period += 1) {
    if (windowed.every((value, index) => value === isWindowed(index, period))) return period;
  }
  return undefined;
}

/**
 * A pattern in its shortest form: a period, or the list of layers that see everything.
 *
 * @param size width of the window, tokens
 * @param windowed for each layer whether it sees the window only
 * @returns null when none does
 */
export function windowOf(size: number, windowed: readonly boolean[]): SlidingWindow | null {
  if (!windowed.includes(true)) return null;
  const fullLayers = windowed.flatMap((value, index) => (value ? [] : [index]));
  const [before, last] = [fullLayers.at(-2), fullLayers.at(-1)];
  if (last === undefined) return { size, period: 1, fullLayers };
  const plain = periodOf(windowed, (index, period) => index % period < period - 1);
  if (plain !== undefined) return { size, period: plain };
  const fullFirst = periodOf(windowed, (index, period) => index % period !== 0);
  if (fullFirst !== undefined) return { size, period: fullFirst, fullFirst: true };
  return { size, period: before === undefined ? 1 : last - before, fullLayers };
}
