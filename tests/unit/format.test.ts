import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  bytesToGb,
  bytesToGib,
  formatBandwidth,
  formatBytes,
  formatCount,
  formatRate,
  formatSeconds,
  formatSpeed,
  gbToBytes,
  gibToBytes,
  significant,
} from '../../src/engine/format.ts';

const SPACE = '\u00a0';
const positive = fc.double({ min: 1e-3, max: 1e15, noNaN: true });

/** The number that a reader reads. */
function readBack(text: string): number {
  return Number((text.split(SPACE)[0] ?? '').replaceAll(',', ''));
}

describe('units', () => {
  test('GB and GiB convert there and back', () => {
    fc.assert(
      fc.property(positive, (amount) => {
        assert.ok(Math.abs(bytesToGib(gibToBytes(amount)) / amount - 1) < 1e-12);
        assert.ok(Math.abs(bytesToGb(gbToBytes(amount)) / amount - 1) < 1e-12);
      }),
    );
  });

  test('GB is 10^9 bytes and GiB is 2^30, and they are never the same number', () => {
    assert.equal(gbToBytes(1), 1_000_000_000);
    assert.equal(gibToBytes(1), 1_073_741_824);
    assert.equal(formatBytes(24 * 2 ** 30, 'GiB'), `24.00${SPACE}GiB`);
    assert.equal(formatBytes(24 * 2 ** 30, 'GB'), `25.77${SPACE}GB`);
  });
});

describe('numbers for readers', () => {
  test('speeds carry the digits that a prediction can', () => {
    assert.equal(formatSpeed(112.3), `112${SPACE}tokens/s`);
    assert.equal(formatRate(38.42), '38.4');
    assert.equal(formatRate(7.12), '7.1');
    assert.equal(formatRate(0.432), '0.43');
    assert.equal(formatRate(99.7), '100');
    assert.equal(formatRate(1792), '1,792');
  });

  test('sizes, times, rates and counts', () => {
    assert.equal(formatBytes(4.617e9), `4.62${SPACE}GB`);
    assert.equal(formatBytes(12_320_768), `12.3${SPACE}MB`);
    assert.equal(formatBytes(8 * 2 ** 20, 'GiB'), `8.0${SPACE}MiB`);
    assert.equal(formatSeconds(7.3804e-3), `7.38${SPACE}ms`);
    assert.equal(formatSeconds(50.6e-6), `50.6${SPACE}µs`);
    assert.equal(formatSeconds(1.624), `1.62${SPACE}s`);
    assert.equal(formatBandwidth(936e9), `936${SPACE}GB/s`);
    assert.equal(formatCount(7.504e9), `7.50${SPACE}billion`);
    assert.equal(formatCount(8192), '8,192');
    assert.equal(significant(1792), '1,792');
  });

  test('a unit stands behind a no-break space, and nothing is written with an exponent', () => {
    fc.assert(
      fc.property(positive, (amount) => {
        for (const text of [
          formatBytes(amount),
          formatBytes(amount, 'GiB'),
          formatSeconds(amount),
          formatSpeed(amount),
          formatBandwidth(amount),
        ]) {
          assert.match(text, /^[\d,]+(\.\d+)?\u00a0\S+$/);
        }
      }),
    );
  });

  test('what is written is what was meant, to half a unit of its last digit', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 1e9, noNaN: true }), (amount) => {
        assert.ok(Math.abs(readBack(formatRate(amount)) - amount) <= Math.max(0.0501, 0.501 * Number(amount >= 99.5)));
        assert.ok(Math.abs(readBack(significant(amount)) / amount - 1) <= 0.051);
        assert.ok(Math.abs(readBack(formatSeconds(amount)) / amount - 1) <= 0.01 || amount < 1);
      }),
    );
  });

  test('a larger number never reads as a smaller one', () => {
    fc.assert(
      fc.property(positive, fc.double({ min: 1, max: 2, noNaN: true }), (amount, factor) => {
        assert.ok(readBack(formatRate(amount * factor)) >= readBack(formatRate(amount)));
        assert.ok(readBack(significant(amount * factor)) >= readBack(significant(amount)));
      }),
    );
  });
});
