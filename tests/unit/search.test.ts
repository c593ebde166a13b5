import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeSpeed } from '../../src/engine/decode.ts';
import type { Device } from '../../src/engine/device.ts';
import { FILE_TYPES, type FileType } from '../../src/engine/ggml-types.ts';
import { memoryOf } from '../../src/engine/memory.ts';
import type { ModelShape } from '../../src/engine/model.ts';
import { alone, DEFAULTS, sharesOf, type Request } from '../../src/engine/predict.ts';
import { roomOn } from '../../src/engine/room.ts';
import { bestSplit, fitsOn, largestContext, largestQuant, type Limit, type Split } from '../../src/engine/search.ts';
import type { SetUp } from '../../src/engine/speed-terms.ts';
import { workloadOf } from '../../src/engine/workload.ts';
import { DDR5_6000, GPT_OSS_20B, LLAMA_8B, M4_MAX, RTX_3090, RTX_5070 } from './speed-fixtures.ts';

const GIB = 2 ** 30;
const MADE_FOR = 131_072;
const LIMITS = ['comfortable', 'capacity'] as const satisfies readonly Limit[];

const requestFor = (shape: ModelShape, fileType: FileType, more: Partial<Request> = {}): Request => ({
  ...DEFAULTS,
  work: workloadOf(shape, fileType),
  ...more,
});

const LLAMA = requestFor(LLAMA_8B, 'Q4_K_M');
const MIXTURE = requestFor(GPT_OSS_20B, 'MXFP4_MOE');

const sized = (device: Device, gib: number): Device => ({ ...device, memoryBytes: gib * GIB });

/** Cards with an ordinary processor that has memory to spare. */
const withHost = (...gpus: readonly Device[]): SetUp => ({ gpus, host: sized(DDR5_6000, 64) });

/** Kinds of memory whose reserve is reckoned in different ways. */
const KINDS = [RTX_3090, M4_MAX, DDR5_6000];

/** Bytes on a lone device, worked out without asking the search: a card leaves the host its part, one memory holds both. */
function bytesAlone(request: Request, device: Device): number {
  const memory = memoryOf({ ...request, shares: sharesOf(alone(device).gpus) });
  return device.memory === 'discrete' ? (memory.gpus[0]?.totalBytes ?? Number.NaN) : memory.totalBytes;
}

function roomBytes(device: Device, limit: Limit): number {
  const { comfortableBytes, capacityBytes } = roomOn(device);
  return (limit === 'comfortable' ? comfortableBytes : capacityBytes) ?? Number.POSITIVE_INFINITY;
}

describe('what fits', () => {
  test('to the byte, on each kind of memory, with and without a reserve', () => {
    for (const device of KINDS) {
      for (const limit of LIMITS) {
        const needed = bytesAlone(LLAMA, device);
        // The reserve differs, so the size that just fits is looked for: the room grows with the memory.
        let [low, high] = [needed, 4 * needed];
        while (low < high) {
          const middle = Math.floor((low + high) / 2);
          if (roomBytes({ ...device, memoryBytes: middle }, limit) >= needed) high = middle;
          else low = middle + 1;
        }
        assert.ok(fitsOn(LLAMA, alone({ ...device, memoryBytes: low }), limit), `${device.name}, ${limit}`);
        assert.ok(!fitsOn(LLAMA, alone({ ...device, memoryBytes: low - 1 }), limit), `${device.name}, ${limit}, a byte less`);
      }
    }
  });

  test('a device of unknown size holds anything, and does not excuse the others', () => {
    const unknown = { ...RTX_3090, memoryBytes: null };
    assert.ok(fitsOn({ ...LLAMA, context: 2 ** 20 }, alone(unknown)));
    assert.ok(!fitsOn(LLAMA, { gpus: [unknown, sized(RTX_3090, 1)], host: null }));
  });

  test('the host must hold its part', () => {
    const split = { ...LLAMA, gpuLayers: 10 };
    const card = sized(RTX_3090, 8);
    assert.ok(fitsOn(split, withHost(card)));
    assert.ok(!fitsOn(split, { gpus: [card], host: sized(DDR5_6000, 4) }));
  });

  test('without a limit named it is the comfortable one', () => {
    const device = RTX_5070;
    const tight = { ...LLAMA, context: largestContext(LLAMA, alone(device), MADE_FOR, 'capacity') ?? 0 };
    assert.ok(fitsOn(tight, alone(device), 'capacity'));
    assert.ok(!fitsOn(tight, alone(device)));
    assert.equal(largestContext(LLAMA, alone(device), MADE_FOR), largestContext(LLAMA, alone(device), MADE_FOR, 'comfortable'));
    assert.equal(largestQuant(LLAMA, alone(device)), largestQuant(LLAMA, alone(device), 'comfortable'));
  });
});

describe('the longest context', () => {
  test('fits, and 256 tokens more do not', () => {
    for (const request of [LLAMA, MIXTURE, { ...LLAMA, flashAttention: false }, { ...LLAMA, parallel: 4 }]) {
      for (const device of KINDS) {
        for (const limit of LIMITS) {
          // Sizes that hold the model and some context, and on none of these a million tokens.
          const setUp = alone(sized(device, device.memory === 'discrete' ? 13 : 20));
          const most = 2 ** 20;
          const context = largestContext(request, setUp, most, limit);
          assert.ok(context !== null && context < most, `${device.name}, ${limit}: ${String(context)}`);
          assert.equal(context % 256, 0);
          assert.ok(fitsOn({ ...request, context }, setUp, limit));
          assert.ok(!fitsOn({ ...request, context: context + 256 }, setUp, limit));
        }
      }
    }
  });

  test('the context asked about before makes no difference', () => {
    const setUp = alone(RTX_5070);
    const answers = [256, 8192, 1_000_000].map((context) => largestContext({ ...LLAMA, context }, setUp, MADE_FOR));
    assert.equal(new Set(answers).size, 1, answers.join(', '));
  });

  test('is null when the model itself does not fit', () => {
    for (const device of KINDS) {
      for (const limit of LIMITS) assert.equal(largestContext(LLAMA, alone(sized(device, 4)), MADE_FOR, limit), null);
    }
  });

  test('is never above what the model was made for', () => {
    const roomy = alone(sized(RTX_3090, 80));
    assert.equal(largestContext(LLAMA, roomy, MADE_FOR), MADE_FOR);
    assert.equal(largestContext(LLAMA, roomy, 40_960), 40_960);
    // A limit between two steps is rounded down.
    assert.equal(largestContext(LLAMA, roomy, 1000), 768);
    assert.equal(largestContext(LLAMA, roomy, 256), 256);
    assert.equal(largestContext(LLAMA, alone({ ...RTX_3090, memoryBytes: null }), MADE_FOR), MADE_FOR);
  });

  test('is never above what the model was made for, be that less than a step', () => {
    const context = largestContext(LLAMA, alone(sized(RTX_3090, 80)), 100);
    assert.ok(context === null || context <= 100, `${String(context)} tokens of 100`);
  });

  test('never gets shorter with more memory, whatever is asked', () => {
    const gibs = fc.double({ min: 0.5, max: 128, noNaN: true });
    fc.assert(
      fc.property(
        fc.constantFrom(LLAMA, MIXTURE),
        fc.constantFrom(...KINDS),
        fc.constantFrom(...LIMITS),
        fc.tuple(gibs, gibs),
        fc.constantFrom('f16' as const, 'q8_0' as const),
        (request, device, limit, [one, other], cacheType) => {
          const asked = { ...request, cacheTypeK: cacheType, cacheTypeV: cacheType };
          const contextOn = (gib: number): number => largestContext(asked, alone(sized(device, gib)), MADE_FOR, limit) ?? 0;
          assert.ok(contextOn(Math.min(one, other)) <= contextOn(Math.max(one, other)));
        },
      ),
    );
  });
});

describe('the largest quantization', () => {
  const bytesOf = (shape: ModelShape, fileType: FileType): number => workloadOf(shape, fileType).bytes;

  test('fits, and no larger one that is offered does', () => {
    const left = ['F32', 'TQ1_0', 'TQ2_0', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1'];
    const offered = (Object.keys(FILE_TYPES) as FileType[]).filter((fileType) => !left.includes(fileType));
    const found = new Set<FileType>();
    for (const shape of [LLAMA_8B, GPT_OSS_20B]) {
      const request = requestFor(shape, 'Q4_K_M');
      for (const device of KINDS) {
        for (const limit of LIMITS) {
          for (const gib of [5, 6, 8, 10, 12, 16, 24]) {
            const setUp = alone(sized(device, gib));
            const fileType = largestQuant(request, setUp, limit);
            const fits = (one: FileType): boolean => fitsOn({ ...request, work: workloadOf(shape, one) }, setUp, limit);
            if (fileType === null) {
              assert.ok(!offered.some(fits));
              continue;
            }
            found.add(fileType);
            assert.ok(offered.includes(fileType), fileType);
            assert.ok(fits(fileType), `${fileType} on ${String(gib)} GiB`);
            const larger = offered.filter((one) => bytesOf(shape, one) > bytesOf(shape, fileType));
            assert.deepEqual(larger.filter(fits), [], `larger than ${fileType} on ${String(gib)} GiB`);
          }
        }
      }
    }
    // The sizes were chosen to give many different answers; one for all would prove nothing.
    assert.ok(found.size >= 6, [...found].join(', '));
  });

  test('does not depend on the file type asked about before', () => {
    const setUp = alone(RTX_5070);
    assert.equal(largestQuant(requestFor(LLAMA_8B, 'IQ1_S'), setUp), largestQuant(requestFor(LLAMA_8B, 'F32'), setUp));
  });

  test('is chosen by bytes among those given, in whatever order', () => {
    const among: readonly FileType[] = ['Q2_K', 'Q8_0', 'Q4_K_M', 'F16'];
    for (const order of [among, among.toReversed()]) {
      assert.equal(largestQuant(LLAMA, alone(sized(RTX_3090, 80)), 'comfortable', order), 'F16');
      assert.equal(largestQuant(LLAMA, alone(sized(RTX_3090, 12)), 'comfortable', order), 'Q8_0');
      assert.equal(largestQuant(LLAMA, alone(sized(RTX_3090, 8)), 'comfortable', order), 'Q4_K_M');
      assert.equal(largestQuant(LLAMA, alone(sized(RTX_3090, 5.5)), 'comfortable', order), 'Q2_K');
    }
    // F32 is not offered, and is to be had by whoever asks.
    assert.equal(largestQuant(LLAMA, alone(sized(RTX_3090, 80)), 'comfortable', ['F32', 'Q8_0']), 'F32');
  });

  test('is null when none fits or none is given', () => {
    for (const device of KINDS) assert.equal(largestQuant(LLAMA, alone(sized(device, 1)), 'capacity'), null);
    assert.equal(largestQuant(LLAMA, alone(sized(RTX_3090, 8)), 'comfortable', ['Q8_0', 'F16']), null);
    assert.equal(largestQuant(LLAMA, alone(sized(RTX_3090, 80)), 'comfortable', []), null);
  });
});

/** Whether each card holds its part, worked out without asking the search. */
function cardsHold(request: Request, { gpus }: SetUp, limit: Limit): boolean {
  const memory = memoryOf({ ...request, shares: sharesOf(gpus) });
  return gpus.every((device, index) => (memory.gpus[index]?.totalBytes ?? Number.NaN) <= roomBytes(device, limit));
}

function speedWith(request: Request, split: Split, setUp: SetUp): number {
  const asked = { ...request, ...split };
  return decodeSpeed({ ...asked, setUp, placement: memoryOf({ ...asked, shares: sharesOf(setUp.gpus) }).placement }).tokensPerSecond;
}

/** Every split of the kinds that are promised: whole layers, and all layers with some experts at home. */
function splitsOf({ work }: Request): readonly Split[] {
  const all = work.layers + 1;
  const whole = Array.from({ length: all }, (_, index) => ({ gpuLayers: index + 1, cpuMoeLayers: 0 }));
  if (work.shape.experts === null) return whole;
  return [...whole, ...Array.from({ length: work.layers }, (_, index) => ({ gpuLayers: all, cpuMoeLayers: index + 1 }))];
}

describe('the best split', () => {
  test('is everything on the card when it fits', () => {
    assert.deepEqual(bestSplit(LLAMA, withHost(RTX_5070)), { gpuLayers: 33, cpuMoeLayers: 0 });
    assert.deepEqual(bestSplit(MIXTURE, withHost(sized(RTX_3090, 24))), { gpuLayers: 25, cpuMoeLayers: 0 });
    assert.deepEqual(bestSplit(LLAMA, withHost({ ...RTX_3090, memoryBytes: null })), { gpuLayers: 33, cpuMoeLayers: 0 });
    // What was asked for before is not kept.
    assert.deepEqual(bestSplit({ ...MIXTURE, gpuLayers: 3, cpuMoeLayers: 9 }, withHost(sized(RTX_3090, 24))), {
      gpuLayers: 25,
      cpuMoeLayers: 0,
    });
  });

  test('of a dense model is as many layers as the card holds, and one more does not fit', () => {
    const found = new Set<number>();
    for (const limit of LIMITS) {
      for (const gib of [2, 3, 4, 5, 6]) {
        for (const context of [4096, 65_536]) {
          const setUp = withHost(sized(RTX_3090, gib));
          const request = { ...LLAMA, context };
          const split = bestSplit(request, setUp, limit);
          if (split?.gpuLayers === 33) continue;
          assert.ok(split !== null, `${String(gib)} GiB, ${limit}`);
          found.add(split.gpuLayers);
          assert.equal(split.cpuMoeLayers, 0);
          assert.ok(cardsHold({ ...request, ...split }, setUp, limit));
          assert.ok(!cardsHold({ ...request, gpuLayers: split.gpuLayers + 1 }, setUp, limit), `${String(gib)} GiB, ${limit}`);
        }
      }
    }
    assert.ok(found.size >= 6, [...found].join(', '));
  });

  test('of a mixture leaves the experts of a few layers to the host where that is faster', () => {
    const setUp = withHost(sized(RTX_3090, 11));
    const split = bestSplit(MIXTURE, setUp);
    assert.ok(split !== null && split.cpuMoeLayers > 0 && split.gpuLayers === 25, JSON.stringify(split));
    assert.ok(cardsHold({ ...MIXTURE, ...split }, setUp, 'comfortable'));
    assert.ok(!cardsHold({ ...MIXTURE, ...split, cpuMoeLayers: split.cpuMoeLayers - 1 }, setUp, 'comfortable'));
    const speed = speedWith(MIXTURE, split, setUp);
    for (let gpuLayers = 1; cardsHold({ ...MIXTURE, gpuLayers }, setUp, 'comfortable'); gpuLayers += 1) {
      assert.ok(speed > speedWith(MIXTURE, { gpuLayers, cpuMoeLayers: 0 }, setUp), `${String(gpuLayers)} whole layers`);
    }
  });

  test('of a mixture is the fastest of all splits of its kinds that the card holds', () => {
    for (const limit of LIMITS) {
      for (const gib of [2, 3, 4, 6, 8, 10, 11]) {
        for (const context of [8192, 65_536]) {
          const setUp = withHost(sized(RTX_3090, gib));
          const request = { ...MIXTURE, context };
          const split = bestSplit(request, setUp, limit);
          const held = splitsOf(request).filter((one) => cardsHold({ ...request, ...one }, setUp, limit));
          assert.ok(split !== null && cardsHold({ ...request, ...split }, setUp, limit), `${String(gib)} GiB, ${limit}`);
          const fastest = Math.max(...held.map((one) => speedWith(request, one, setUp)));
          assert.ok(speedWith(request, split, setUp) >= fastest, `${String(gib)} GiB, ${limit}: ${JSON.stringify(split)}`);
        }
      }
    }
  });

  test('of a mixture on a card too small for any expert is as many layers without theirs as it holds', () => {
    // Half the bandwidth: what is left to the host costs more.
    const host = { ...sized(DDR5_6000, 64), bandwidth: DDR5_6000.bandwidth / 2 };
    const splitOn = (gib: number): Split => {
      const setUp = { gpus: [sized(RTX_3090, gib)], host };
      const split = bestSplit(MIXTURE, setUp);
      assert.ok(split !== null && cardsHold({ ...MIXTURE, ...split }, setUp, 'comfortable'));
      const more = split.gpuLayers < 25 ? { gpuLayers: split.gpuLayers + 1 } : { cpuMoeLayers: split.cpuMoeLayers - 1 };
      assert.ok(!cardsHold({ ...MIXTURE, ...split, ...more }, setUp, 'comfortable'), `${String(gib)} GiB`);
      return split;
    };
    const some = splitOn(2);
    assert.ok(some.cpuMoeLayers === 24 && some.gpuLayers < 25, JSON.stringify(some));
    assert.deepEqual(splitOn(2.6), { gpuLayers: 25, cpuMoeLayers: 24 });
  });

  test('is held by each of two unequal cards', () => {
    for (const [one, other] of [
      [2, 3],
      [4, 2],
      [3, 3],
    ] as const) {
      const setUp = withHost(sized(RTX_3090, one), sized(RTX_5070, other));
      const split = bestSplit(LLAMA, setUp);
      assert.ok(split !== null && split.gpuLayers < 33);
      assert.ok(cardsHold({ ...LLAMA, ...split }, setUp, 'comfortable'));
      assert.ok(!cardsHold({ ...LLAMA, gpuLayers: split.gpuLayers + 1 }, setUp, 'comfortable'));
    }
  });

  test('over several cards is the fastest of all that hold, though a layer more may fit where fewer did not', () => {
    const cards: readonly (readonly [Request, readonly number[]])[] = [
      [LLAMA, [2.8, 2.5, 4.7]],
      [LLAMA, [2.2, 3.4]],
      [{ ...MIXTURE, context: 32_768 }, [6.2, 6.1]],
      [MIXTURE, [5, 7]],
    ];
    for (const [request, sizes] of cards) {
      const setUp = withHost(...sizes.map((gib) => sized(RTX_3090, gib)));
      const speeds: number[] = [];
      for (let gpuLayers = 1; gpuLayers <= request.work.layers + 1; gpuLayers += 1) {
        for (let cpuMoeLayers = 0; cpuMoeLayers <= (request === LLAMA ? 0 : request.work.layers); cpuMoeLayers += 1) {
          const split = { gpuLayers, cpuMoeLayers };
          if (cardsHold({ ...request, ...split }, setUp, 'comfortable')) speeds.push(speedWith(request, split, setUp));
        }
      }
      const split = bestSplit(request, setUp);
      const where = sizes.join(' + ');
      assert.ok(split !== null && cardsHold({ ...request, ...split }, setUp, 'comfortable'), where);
      assert.ok(speedWith(request, split, setUp) >= Math.max(...speeds) * (1 - 1e-9), `${where}: ${JSON.stringify(split)}`);
    }
  });

  test('in one memory counts what the host keeps there too', () => {
    assert.equal(bestSplit(LLAMA, alone(sized(M4_MAX, 2)), 'capacity'), null);
    assert.deepEqual(bestSplit(LLAMA, alone(sized(M4_MAX, 16))), { gpuLayers: 33, cpuMoeLayers: 0 });
  });

  test('is null without a card, and when the card can not hold even one layer', () => {
    assert.equal(bestSplit(LLAMA, alone(DDR5_6000)), null);
    for (const limit of LIMITS) {
      assert.equal(bestSplit(LLAMA, withHost(sized(RTX_3090, 0.2)), limit), null);
      assert.equal(bestSplit(MIXTURE, withHost(sized(RTX_3090, 0.2)), limit), null);
    }
  });
});

test('going to the last byte never gives less than staying comfortable', () => {
  for (const request of [LLAMA, MIXTURE]) {
    const { shape } = request.work;
    for (const device of KINDS) {
      for (const gib of [1, 2, 4, 6, 8, 11, 12, 16, 24, 37, 48]) {
        const small = sized(device, gib);
        const setUp = alone(small);
        const where = `${small.name}, ${String(gib)} GiB`;
        const [contexts, quants, speeds] = [
          LIMITS.map((limit) => largestContext(request, setUp, MADE_FOR, limit) ?? 0),
          LIMITS.map((limit) => largestQuant(request, setUp, limit)).map((one) => (one === null ? 0 : workloadOf(shape, one).bytes)),
          LIMITS.map((limit) => {
            const split = bestSplit(request, withHost(small), limit);
            return split === null ? 0 : speedWith(request, split, withHost(small));
          }),
        ];
        for (const [comfortable = 0, capacity = 0] of [contexts, quants, device.memory === 'system' ? [] : speeds]) {
          assert.ok(comfortable <= capacity, `${where}: ${String(comfortable)} and ${String(capacity)}`);
        }
        if (fitsOn(request, setUp, 'comfortable')) assert.ok(fitsOn(request, setUp, 'capacity'), where);
      }
    }
  }
});
