import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Device } from '../../src/engine/device.ts';
import { alone, DEFAULTS, predict } from '../../src/engine/predict.ts';
import { roomOn, USUAL_ROOM, verdictOf, type Verdict } from '../../src/engine/room.ts';
import { largestContext } from '../../src/engine/search.ts';
import { workloadOf } from '../../src/engine/workload.ts';
import { DDR5_6000, LLAMA_8B, M4_MAX, RTX_3090 } from './speed-fixtures.ts';

const GIB = 2 ** 30;
const STRIX_HALO: Device = { ...M4_MAX, id: null, name: 'Strix Halo', speedClass: 'strix-halo', backend: 'vulkan' };

const sized = (device: Device, gib: number): Device => ({ ...device, memoryBytes: gib * GIB });

test('a card keeps a gibibyte for the driver, a Mac a third or a quarter, Linux half, a computer three', () => {
  const comfortable = (device: Device, gib: number): number => (roomOn(sized(device, gib)).comfortableBytes ?? 0) / GIB;
  assert.equal(comfortable(RTX_3090, 24), 23);
  assert.equal(comfortable(M4_MAX, 36), 24);
  assert.equal(comfortable(M4_MAX, 64), 48);
  assert.equal(comfortable(STRIX_HALO, 128), 64);
  assert.equal(comfortable(DDR5_6000, 32), 29);
  assert.equal(comfortable(RTX_3090, 0.5), 0);
});

test('each verdict begins where the one before ends', () => {
  const verdicts = (device: Device, bytes: readonly number[], windows = false, systemBytes: number | null = null): (Verdict | null)[] =>
    bytes.map((amount) => verdictOf(amount, roomOn(device, { ...USUAL_ROOM, windows }), systemBytes));
  const card = sized(RTX_3090, 24);
  assert.deepEqual(verdicts(card, [23 * GIB, 23 * GIB + 1, 24 * GIB, 24 * GIB + 1]), ['fits', 'tight', 'tight', 'too-large']);
  // Windows lends a card half of the computer's memory.
  assert.deepEqual(verdicts(card, [24 * GIB, 24 * GIB + 1, 40 * GIB, 40 * GIB + 1], true, 32 * GIB), [
    'tight',
    'spills',
    'spills',
    'too-large',
  ]);
  assert.deepEqual(verdicts(sized(M4_MAX, 64), [48 * GIB, 48 * GIB + 1, 64 * GIB + 1]), ['fits', 'needs-setting', 'too-large']);
  assert.deepEqual(verdicts({ ...RTX_3090, memoryBytes: null }, [1, 1e15]), [null, null]);
});

test('what is kept can be changed, and the answer and the searches follow', () => {
  const request = { ...DEFAULTS, work: workloadOf(LLAMA_8B, 'Q8_0'), context: 8192 };
  const card = alone(sized(RTX_3090, 9.2));
  assert.equal(predict(request, card).verdict, 'tight');
  const bare = { ...USUAL_ROOM, cardReserveBytes: 0 };
  assert.equal(predict({ ...request, room: bare }, card).verdict, 'fits');
  assert.ok((largestContext({ ...request, room: bare }, card, 131_072) ?? 0) > (largestContext(request, card, 131_072) ?? 0));
  const spilling = predict({ ...request, context: 65_536, room: { ...USUAL_ROOM, windows: true } }, card);
  assert.deepEqual([spilling.verdict, spilling.fits], ['spills', false]);
  const mac = alone(sized(M4_MAX, 16));
  const large = { ...request, context: 32_768 };
  assert.equal(predict(large, mac).verdict, 'needs-setting');
  assert.equal(predict({ ...large, room: { ...USUAL_ROOM, macShare: 0.9 } }, mac).verdict, 'fits');
});

test('more bytes never fit better', () => {
  const order: readonly (Verdict | null)[] = ['fits', 'tight', 'needs-setting', 'spills', 'too-large'];
  fc.assert(
    fc.property(
      fc.constantFrom(RTX_3090, M4_MAX, STRIX_HALO, DDR5_6000),
      fc.double({ min: 1, max: 512, noNaN: true }),
      fc.double({ min: 0, max: 600, noNaN: true }),
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.boolean(),
      (device, gib, used, more, windows) => {
        const rank = (bytes: number): number =>
          order.indexOf(verdictOf(bytes, roomOn(sized(device, gib), { ...USUAL_ROOM, windows }), 32 * GIB));
        assert.ok(rank(used * GIB) <= rank((used + more) * GIB));
      },
    ),
  );
});
