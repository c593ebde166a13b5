import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cacheBytesPerToken } from '../../src/engine/attention.ts';
import { decodeSpeed } from '../../src/engine/decode.ts';
import { prefillSpeed } from '../../src/engine/prefill.ts';
import { assertClose, DDR5_6000, denseWeights, LLAMA_8B, requests, RTX_3090, RTX_5070 } from './speed-fixtures.ts';

const request = {
  shape: LLAMA_8B,
  weights: { ...denseWeights('Q4_K_M', 4.9e9, 8.03e9), bytesPerToken: 4.6e9, parametersPerToken: 7.5e9 },
  device: RTX_5070,
  depth: 0,
  cacheTypeK: 'f16',
  cacheTypeV: 'f16',
  flashAttention: true,
  promptTokens: 512,
  ubatch: 512,
} as const;

test('every device gets a prompt speed with a range, on a CPU and without an arithmetic rate too', () => {
  fc.assert(
    fc.property(requests, fc.integer({ min: 1, max: 10_000 }), (generated, promptTokens) => {
      const { tokensPerSecond, low, high, secondsToFirstToken } = prefillSpeed({ ...generated, promptTokens, ubatch: 512 });
      for (const value of [tokensPerSecond, low, high, secondsToFirstToken]) assert.ok(Number.isFinite(value) && value > 0);
      assert.ok(low <= tokensPerSecond && tokensPerSecond <= high);
    }),
  );
  const cpu = prefillSpeed({ ...request, device: DDR5_6000 });
  const gpu = prefillSpeed(request);
  assert.ok(cpu.high / cpu.low > gpu.high / gpu.low);
});

test('nothing reads weights and cache faster than the memory gives them', () => {
  fc.assert(
    fc.property(requests, (generated) => {
      const { shape, device, weights, depth, cacheTypeK, cacheTypeV } = generated;
      const bytes = weights.bytesPerToken + cacheBytesPerToken(shape, depth, cacheTypeK, cacheTypeV);
      assert.ok(decodeSpeed(generated).tokensPerSecond <= (device.bandwidth / bytes) * (1 + 1e-9));
    }),
  );
});

test('an unknown arithmetic rate is replaced by a typical one, and a warning says so', () => {
  const device = { ...RTX_5070, fp32VectorFlops: null };
  for (const estimate of [decodeSpeed({ ...request, device }), prefillSpeed({ ...request, device })]) {
    assert.equal(estimate.warnings.length, 1);
    assert.match(estimate.warnings[0] ?? '', /RTX 5070 is not known: 30\.2\u00a0TFLOPS/); // 45 operations × 672e9 B/s
  }
  assert.deepEqual(decodeSpeed(request).warnings, []);
});

test('cards with high-bandwidth memory share one unpacking cost, whatever their generation', () => {
  // A100 PCIe: 4.6e9 B ÷ (0.644 × 1935e9) = 3.6914 ms; 7.5e9 × (2.7 × 0.96 × 0.64) ÷ 19.5e12 = 0.6380 ms;
  // 32 × 44.5 µs = 1.4240 ms; together 5.7534 ms
  const a100 = { ...RTX_3090, name: 'A100', speedClass: 'nvidia-hbm', bandwidth: 1935e9, fp32VectorFlops: 19.5e12 } as const;
  assertClose(decodeSpeed({ ...request, device: a100 }).secondsPerToken, 5.7534e-3, 1e-4, 'seconds per token');
});

test('a file type or a kind of layer that nobody measured widens the range', () => {
  const width = (estimate: { readonly low: number; readonly high: number }): number => estimate.high / estimate.low;
  const known = width(decodeSpeed({ ...request, weights: { ...request.weights, fileType: 'Q2_K', bytesPerToken: 30e9 } }));
  assert.ok(width(decodeSpeed({ ...request, weights: { ...request.weights, fileType: 'IQ2_M', bytesPerToken: 30e9 } })) > known);
});
