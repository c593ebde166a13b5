import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { cacheBytesPerToken } from '../../src/engine/attention.ts';
import { decodeSpeed } from '../../src/engine/decode.ts';
import { EngineError } from '../../src/engine/errors.ts';
import type { SpeedRequest } from '../../src/engine/speed.ts';
import { assertClose, DDR5_6000, denseWeights, GPT_OSS_20B, LLAMA_8B, M4_MAX, requests, RTX_3090, RTX_5070 } from './speed-fixtures.ts';

const f16 = { cacheTypeK: 'f16', cacheTypeV: 'f16' } as const;
/** Sums of the same terms in another order differ in their last digits. */
const ROUNDING = 1e-9;

describe('set-ups worked out by hand', () => {
  test('RTX 5070, Llama-3.1-8B Q4_K_M, 94 tokens deep', () => {
    // Weights read       4,617,398,784 B ÷ (0.931 × 672e9 B/s)                        = 7.3804 ms
    // Arithmetic         7,504,928,832 × (2.7 × 0.96 × 0.82) ÷ 30.9e12 /s             = 0.5162 ms
    // Layers             32 × 44.5 µs                                                 = 1.4240 ms
    // Cache              32 layers × 8 heads × (128 + 128) × 2 B × 94 = 12,320,768 B
    //                    ÷ (0.46 × 672e9 B/s)                                         = 0.0399 ms
    // Sum                9.3605 ms, 1 ÷ 9.3605 ms                                     = 106.83 tokens/s
    const estimate = decodeSpeed({
      ...f16,
      shape: LLAMA_8B,
      weights: { ...denseWeights('Q4_K_M', 4_912_898_304, 8_030_261_312), bytesPerToken: 4_617_398_784, parametersPerToken: 7_504_928_832 },
      device: RTX_5070,
      depth: 94,
      flashAttention: true,
    });
    assertClose(estimate.secondsPerToken, 9.3605e-3, 1e-4, 'seconds per token');
    assertClose(estimate.tokensPerSecond, 106.83, 1e-4, 'tokens per second');
    // 672e9 ÷ 4,617,398,784 = 145.54; dense models: 0.78 to 1.12 of the prediction
    assertClose(estimate.ceilingTokensPerSecond, 145.54, 1e-4, 'ceiling');
    assertClose(estimate.low, 0.78 * 106.83, 1e-4, 'low');
    assertClose(estimate.high, 1.12 * 106.83, 1e-4, 'high');
  });

  test('Apple M4 Max, gpt-oss-20b MXFP4, 8,192 tokens deep', () => {
    // Weights read       2,600,000,000 B ÷ (0.929 × 546e9 B/s)                        = 5.1258 ms
    // Arithmetic         3,600,000,000 × (4.5 × 0.92 × 0.95) ÷ 18.4e12 /s             = 0.7695 ms
    // Layers             24 × 88 µs + 24 expert layers × 83 µs                        = 4.1040 ms
    // Cache              12 layers see 8,192 tokens, 12 see 128: 99,840
    //                    × 8 heads × (64 + 64) × 2 B = 204,472,320 B ÷ (0.6 × 546e9)  = 0.6242 ms
    // Sum                10.6235 ms                                                   = 94.131 tokens/s
    const estimate = decodeSpeed({
      ...f16,
      shape: GPT_OSS_20B,
      weights: { ...denseWeights('MXFP4_MOE', 12.1e9, 20.9e9), bytesPerToken: 2.6e9, parametersPerToken: 3.6e9 },
      device: M4_MAX,
      depth: 8192,
      flashAttention: true,
    });
    assert.equal(cacheBytesPerToken(GPT_OSS_20B, 8192, 'f16', 'f16'), 204_472_320);
    assertClose(estimate.secondsPerToken, 10.6235e-3, 1e-4, 'seconds per token');
    // The cache takes 6 % of the time: still the range of experts, 0.81 to 1.47, to the power of 1.3 for Apple
    assertClose(estimate.low, 94.131 * 0.81 ** 1.3, 1e-4, 'low');
    assertClose(estimate.high, 94.131 * 1.47 ** 1.3, 1e-4, 'high');
  });

  test('RTX 3090, an 8B model in F16 without flash attention, 4,096 tokens deep', () => {
    // Weights read       15,010,000,000 B ÷ (0.931 × 936e9 B/s)                       = 17.2248 ms
    // Arithmetic         7,500,000,000 × (1.7 × 0.96 × 1.16) ÷ 35.6e12 /s             = 0.3988 ms
    // Layers             32 × (44.5 + 22) µs                                          = 2.1280 ms
    // Cache              32 × 8 × 256 × 2 B × 4,096 = 536,870,912 B, read by each of
    //                    32 ÷ 8 = 4 query heads, ÷ (1.42 × 936e9 B/s)                 = 1.6157 ms
    // Sum                21.3674 ms                                                   = 46.800 tokens/s
    const estimate = decodeSpeed({
      ...f16,
      shape: LLAMA_8B,
      weights: { ...denseWeights('F16', 16.06e9, 8.03e9), bytesPerToken: 15.01e9, parametersPerToken: 7.5e9 },
      device: RTX_3090,
      depth: 4096,
      flashAttention: false,
    });
    assertClose(estimate.secondsPerToken, 21.3674e-3, 1e-4, 'seconds per token');
    assertClose(estimate.tokensPerSecond, 46.8, 1e-4, 'tokens per second');
  });

  test('two channels of DDR5-6000 without a GPU, Llama-3.1-8B Q4_K_M, 1,000 tokens deep', () => {
    // Weights read       4,617,398,784 B ÷ (0.73 × 96e9 B/s)                          = 65.8875 ms
    // Cache              131,072 B × 1,000 ÷ (0.48 × 96e9 B/s)                        = 2.8444 ms
    // Sum                68.7320 ms                                                   = 14.549 tokens/s
    const estimate = decodeSpeed({
      ...f16,
      shape: LLAMA_8B,
      weights: { ...denseWeights('Q4_K_M', 4_912_898_304, 8_030_261_312), bytesPerToken: 4_617_398_784, parametersPerToken: 7_504_928_832 },
      device: DDR5_6000,
      depth: 1000,
      flashAttention: true,
    });
    assertClose(estimate.secondsPerToken, 68.732e-3, 1e-4, 'seconds per token');
    assertClose(estimate.tokensPerSecond, 14.549, 1e-4, 'tokens per second');
  });
});

describe('laws', () => {
  test('a speed is finite and positive, inside its range, and the range never passes the ceiling', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { tokensPerSecond, low, high, ceilingTokensPerSecond, secondsPerToken } = decodeSpeed(request);
        for (const value of [tokensPerSecond, low, high, ceilingTokensPerSecond, secondsPerToken])
          assert.ok(Number.isFinite(value) && value > 0);
        assert.ok(low <= tokensPerSecond && tokensPerSecond <= high);
        assert.ok(high <= ceilingTokensPerSecond);
        assertClose(ceilingTokensPerSecond, request.device.bandwidth / request.weights.bytesPerToken, ROUNDING, 'ceiling');
      }),
    );
  });

  test('a longer context is never faster', () => {
    fc.assert(
      fc.property(requests, fc.integer({ min: 1, max: 100_000 }), (request, more) => {
        const deeper = decodeSpeed({ ...request, depth: request.depth + more });
        assert.ok(deeper.tokensPerSecond <= decodeSpeed(request).tokensPerSecond * (1 + ROUNDING));
      }),
    );
  });

  test('more bandwidth is faster', () => {
    fc.assert(
      fc.property(requests, fc.double({ min: 1.01, max: 4, noNaN: true }), (request, factor) => {
        const faster = { ...request, device: { ...request.device, bandwidth: request.device.bandwidth * factor } };
        assert.ok(decodeSpeed(faster).tokensPerSecond > decodeSpeed(request).tokensPerSecond);
      }),
    );
  });

  test('more bytes are slower, flash attention is not', () => {
    fc.assert(
      fc.property(requests, fc.double({ min: 1.01, max: 4, noNaN: true }), (request, factor) => {
        const { tokensPerSecond } = decodeSpeed(request);
        const heavier = { ...request, weights: { ...request.weights, bytesPerToken: request.weights.bytesPerToken * factor } };
        assert.ok(decodeSpeed(heavier).tokensPerSecond < tokensPerSecond);
        // At depth the law does not hold for few query heads per KV head: there the fitted shares decide.
        const short = { ...request, depth: 0 };
        assert.ok(
          decodeSpeed({ ...short, flashAttention: true }).tokensPerSecond >=
            decodeSpeed({ ...short, flashAttention: false }).tokensPerSecond,
        );
      }),
    );
  });

  test('windowed layers read no more than their window', () => {
    assert.equal(cacheBytesPerToken(GPT_OSS_20B, 100, 'f16', 'f16'), 24 * 100 * 2048);
    const perLayer = cacheBytesPerToken(GPT_OSS_20B, 1_000_000, 'f16', 'f16') - cacheBytesPerToken(GPT_OSS_20B, 999_999, 'f16', 'f16');
    assert.equal(perLayer, 12 * 2048);
  });
});

describe('what is shown with it', () => {
  const request: SpeedRequest = {
    ...f16,
    shape: LLAMA_8B,
    weights: denseWeights('Q4_K_M', 4.6e9, 7.5e9),
    device: RTX_5070,
    depth: 4096,
    flashAttention: true,
  };

  test('a device of a kind that nobody measured gets a wider range and is told so', () => {
    const known = decodeSpeed(request);
    const unknown = decodeSpeed({ ...request, device: { ...RTX_5070, name: 'A card typed in by hand', classIsMeasured: false } });
    assert.equal(unknown.tokensPerSecond, known.tokensPerSecond);
    assert.ok(unknown.low < known.low);
    assert.ok(unknown.high > known.high);
    assert.notEqual(unknown.basis, known.basis);
    assert.match(unknown.basis, /nearest/);
  });

  test('an unknown generation or arithmetic rate still gives a speed near the known one', () => {
    const known = decodeSpeed(request).tokensPerSecond;
    const vague = decodeSpeed({ ...request, device: { ...RTX_5070, generation: null, fp32VectorFlops: null } }).tokensPerSecond;
    assertClose(vague, known, 0.1, 'speed without the arithmetic rate');
  });

  test('the steps name every part once and end in the speed', () => {
    fc.assert(
      fc.property(requests, (generated) => {
        const { steps } = decodeSpeed(generated);
        const ids = steps.map(({ id }) => id);
        assert.equal(new Set(ids).size, ids.length);
        assert.equal(ids[0], 'weights');
        assert.ok(ids.includes('total'));
        for (const { label, expression, result } of steps)
          assert.ok(label !== '' && expression !== '' && !/NaN|Infinity|undefined/.test(expression + result));
      }),
    );
  });

  test('impossible input is refused with a sentence', () => {
    for (const bandwidth of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(
        () => decodeSpeed({ ...request, device: { ...RTX_5070, bandwidth } }),
        (error) => error instanceof EngineError && error.code === 'no-bandwidth' && error.message.endsWith('.'),
      );
    }
    for (const depth of [-1, Number.NaN]) {
      assert.throws(
        () => decodeSpeed({ ...request, depth }),
        (error) => error instanceof EngineError && error.code === 'bad-depth',
      );
    }
  });
});
