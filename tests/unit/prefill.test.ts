import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isGpu } from '../../src/engine/device.ts';
import { EngineError } from '../../src/engine/errors.ts';
import { prefillSpeed, type PrefillEstimate, type PrefillRequest } from '../../src/engine/prefill.ts';
import { assertClose, denseWeights, LLAMA_8B, requests, RTX_3090, RTX_5070 } from './speed-fixtures.ts';

const ROUNDING = 1e-9;

/** Requests that have an answer: a GPU with a known arithmetic rate. */
const answerable: fc.Arbitrary<PrefillRequest> = fc
  .tuple(requests, fc.integer({ min: 1, max: 100_000 }), fc.constantFrom(64, 512, 2048))
  .filter(([{ device }]) => isGpu(device) && device.fp32VectorFlops !== null)
  .map(([request, promptTokens, ubatch]) => ({ ...request, promptTokens, ubatch }));

function prefill(request: PrefillRequest): PrefillEstimate {
  const estimate: PrefillEstimate | null = prefillSpeed(request);
  assert.ok(estimate);
  return estimate;
}

const request: PrefillRequest = {
  shape: LLAMA_8B,
  weights: { ...denseWeights('Q4_K_M', 4.9e9, 8.03e9), bytesPerToken: 4.6e9, parametersPerToken: 7.5e9 },
  device: RTX_3090,
  depth: 0,
  cacheTypeK: 'f16',
  cacheTypeV: 'f16',
  flashAttention: true,
  promptTokens: 512,
  ubatch: 512,
};

test('RTX 3090, an 8B model in Q4_K_M, 512 tokens, worked out by hand', () => {
  // Reference rate     2 × 35.6e12                                                     = 71.2e12 /s
  // Matrices           2 × 7,500,000,000 ÷ (0.84 × 71.2e12)                            = 250.803 µs
  // Weights, a share   4,900,000,000 B ÷ (0.72 × 936e9 B/s × 512)                      = 14.201 µs
  // Layers, a share    32 × 170 µs ÷ 512                                               = 10.625 µs
  // Attention          2 × 32 layers × 32 heads × 256 × 256 tokens ÷ (0.65 × 71.2e12)  = 2.900 µs
  // Sum                278.529 µs, 1 ÷ 278.529 µs                                      = 3590.3 tokens/s
  const estimate = prefill(request);
  assertClose(estimate.tokensPerSecond, 3590.3, 1e-4, 'tokens per second');
  // 512 tokens × 278.529 µs
  assertClose(estimate.secondsToFirstToken, 0.142607, 1e-4, 'seconds to the first token');
});

describe('laws', () => {
  test('a speed is finite, positive and inside its range', () => {
    fc.assert(
      fc.property(answerable, (generated) => {
        const { tokensPerSecond, low, high, secondsToFirstToken } = prefill(generated);
        for (const value of [tokensPerSecond, low, high, secondsToFirstToken]) assert.ok(Number.isFinite(value) && value > 0);
        assert.ok(low <= tokensPerSecond && tokensPerSecond <= high);
        assertClose(secondsToFirstToken * tokensPerSecond, generated.promptTokens, ROUNDING, 'tokens of the prompt');
      }),
    );
  });

  test('a batch reads its weights at least once', () => {
    fc.assert(
      fc.property(answerable, (generated) => {
        const { shape, weights, device, promptTokens, ubatch } = generated;
        const atOnce = Math.min(promptTokens, ubatch);
        const usedShare = shape.experts === null ? 0 : shape.experts.used / shape.experts.count;
        const touched = weights.bytes - weights.expertBytes * (1 - usedShare) ** atOnce;
        assert.ok(prefill(generated).tokensPerSecond <= (atOnce * device.bandwidth) / touched);
      }),
    );
  });

  test('more bandwidth and a faster chip are faster, what is in the context already is slower', () => {
    fc.assert(
      fc.property(answerable, fc.double({ min: 1.01, max: 4, noNaN: true }), (generated, factor) => {
        const { tokensPerSecond } = prefill(generated);
        const { device } = generated;
        assert.ok(prefill({ ...generated, device: { ...device, bandwidth: device.bandwidth * factor } }).tokensPerSecond > tokensPerSecond);
        const chip = { ...device, fp32VectorFlops: (device.fp32VectorFlops ?? 1) * factor };
        assert.ok(prefill({ ...generated, device: chip }).tokensPerSecond >= tokensPerSecond);
        assert.ok(prefill({ ...generated, depth: generated.depth + 10_000 }).tokensPerSecond <= tokensPerSecond * (1 + ROUNDING));
      }),
    );
  });

  test('a longer prompt takes longer', () => {
    fc.assert(
      fc.property(answerable, (generated) => {
        const longer = prefill({ ...generated, promptTokens: 2 * generated.promptTokens });
        assert.ok(longer.secondsToFirstToken >= prefill(generated).secondsToFirstToken * (1 - ROUNDING));
      }),
    );
  });
});

test('a device of a kind that nobody measured gets a wider range', () => {
  const known = prefill(request);
  const unknown = prefill({ ...request, device: { ...RTX_3090, classIsMeasured: false } });
  const generation = prefill({ ...request, device: { ...RTX_3090, generation: 'typed by hand' } });
  assert.ok(unknown.low < known.low && unknown.high > known.high);
  assert.ok(generation.high / generation.low > known.high / known.low);
});

test('16-bit files use the chip better than quantized ones, token for token', () => {
  const float = prefill({ ...request, device: RTX_5070, weights: { ...request.weights, fileType: 'F16' } });
  assert.ok(float.tokensPerSecond > prefill({ ...request, device: RTX_5070 }).tokensPerSecond);
});

test('a prompt without tokens is refused', () => {
  for (const promptTokens of [0, -5, Number.NaN]) {
    assert.throws(
      () => prefillSpeed({ ...request, promptTokens }),
      (error) => error instanceof EngineError && error.code === 'bad-prompt',
    );
  }
});
