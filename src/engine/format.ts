/** Numbers as readers see them. GB is 10^9 bytes and GiB 2^30, everywhere. */

export const BYTES_PER_GB = 1e9;
export const BYTES_PER_GIB = 2 ** 30;
const BYTES_PER_MIB = 2 ** 20;

const NO_BREAK_SPACE = '\u00a0';

export const gibToBytes = (gib: number): number => gib * BYTES_PER_GIB;
export const bytesToGib = (bytes: number): number => bytes / BYTES_PER_GIB;
export const gbToBytes = (gb: number): number => gb * BYTES_PER_GB;
export const bytesToGb = (bytes: number): number => bytes / BYTES_PER_GB;

/** Three significant digits, thousands separated, no exponent: 1,792 · 38.4 · 7.12 · 0.05 */
export function significant(value: number): string {
  const magnitude = Math.abs(value);
  const digits = magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : magnitude >= 0.0995 || magnitude === 0 ? 2 : 3;
  return value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export type SizeUnit = 'GB' | 'GiB';

/** "4.92 GB", or in MB and MiB below a tenth. */
export function formatBytes(bytes: number, unit: SizeUnit = 'GB'): string {
  const [large, small, smallName] = unit === 'GB' ? [BYTES_PER_GB, 1e6, 'MB'] : [BYTES_PER_GIB, BYTES_PER_MIB, 'MiB'];
  if (Math.abs(bytes) >= large / 10) {
    const amount = bytes / large;
    const digits = Math.abs(amount) >= 100 ? 1 : 2;
    return amount.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits }) + NO_BREAK_SPACE + unit;
  }
  return (bytes / small).toLocaleString('en-GB', { minimumFractionDigits: 1, maximumFractionDigits: 1 }) + NO_BREAK_SPACE + smallName;
}

/** "112", "38.4", "7.1": digits that a prediction can carry. */
export function formatRate(tokensPerSecond: number): string {
  const digits = tokensPerSecond >= 99.5 ? 0 : tokensPerSecond >= 0.95 ? 1 : 2;
  return tokensPerSecond.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** "112 tokens/s" */
export function formatSpeed(tokensPerSecond: number): string {
  return `${formatRate(tokensPerSecond)}${NO_BREAK_SPACE}tokens/s`;
}

/** "7.39 ms", "1.2 s", "51 µs" */
export function formatSeconds(seconds: number): string {
  if (seconds >= 1) return significant(seconds) + NO_BREAK_SPACE + 's';
  if (seconds >= 1e-3) return significant(seconds * 1e3) + NO_BREAK_SPACE + 'ms';
  return significant(seconds * 1e6) + NO_BREAK_SPACE + 'µs';
}

/** "936 GB/s" */
export function formatBandwidth(bytesPerSecond: number): string {
  return `${significant(bytesPerSecond / 1e9)}${NO_BREAK_SPACE}GB/s`;
}

/** "7.50 billion" */
export function formatCount(count: number): string {
  if (count >= 1e9) return `${significant(count / 1e9)}${NO_BREAK_SPACE}billion`;
  return count >= 1e6 ? `${significant(count / 1e6)}${NO_BREAK_SPACE}million` : Math.round(count).toLocaleString('en-GB');
}
