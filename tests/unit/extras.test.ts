import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  batchWeightBytes,
  imageTokens,
  pagedCacheBytes,
  projectorBytes,
  speculate,
  trainingMemory,
  type ImageGrid,
} from '../../src/engine/extras.ts';
import { workloadOf } from '../../src/engine/workload.ts';
import { assertClose, GPT_OSS_20B, LLAMA_8B } from './speed-fixtures.ts';

const QWEN: ImageGrid = { patchPixels: 14, merge: 2, mostTokens: 4096, leastTokens: 8 };

test('a picture takes one token for each merged patch, within bounds', () => {
  // 1,024 ÷ 28 = 36.6, so 37 by 37
  assert.equal(imageTokens(1024, 1024, QWEN), 37 * 37);
  assert.equal(imageTokens(10, 10, QWEN), 8);
  assert.equal(imageTokens(20_000, 20_000, QWEN), 4096);
  assert.equal(projectorBytes(420e6), 840e6);
});

test('drafting: the expected tokens of a pass, by hand', () => {
  // α = 0.8, γ = 4: 1 + 0.8 + 0.64 + 0.512 + 0.4096
  const gain = speculate(0.1, 0.01, 4, 0.8);
  assertClose(gain.tokensPerPass, 3.3616, 1e-9, 'tokens per pass');
  assertClose(gain.speedup, (3.3616 * 0.1) / 0.14, 1e-9, 'speedup');
  assert.equal(speculate(0.1, 0.01, 4, 1).tokensPerPass, 5);
});

test('drafting never yields more than it drafts and one, and nothing accepted is slower than no draft', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-4, max: 1, noNaN: true }),
      fc.double({ min: 1e-5, max: 0.1, noNaN: true }),
      fc.integer({ min: 1, max: 16 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (large, small, draft, acceptance) => {
        const { tokensPerPass, secondsPerToken } = speculate(large, small, draft, acceptance);
        assert.ok(tokensPerPass >= 1 && tokensPerPass <= draft + 1 + 1e-9);
        assert.ok(secondsPerToken > 0);
        assert.ok(speculate(large, small, draft, 0).secondsPerToken > large);
      },
    ),
  );
});

test('training an 8B model: 16 bytes a weight in full, far less with adapters, least on four bits', () => {
  const work = workloadOf(LLAMA_8B, 'BF16');
  const settings = { rank: 16, sequenceTokens: 2048, batch: 1, checkpointing: true };
  const full = trainingMemory(work, { ...settings, training: 'full' });
  const lora = trainingMemory(work, { ...settings, training: 'lora' });
  const qlora = trainingMemory(work, { ...settings, training: 'qlora' });
  assertClose(full.totalBytes - full.activationBytes, 16 * 8_030_261_312, 1e-3, 'weights, gradients and Adam');
  assert.ok(lora.totalBytes < full.totalBytes / 5 && qlora.totalBytes < lora.totalBytes / 2);
  const kept = trainingMemory(work, { ...settings, training: 'lora', checkpointing: false });
  // 34 bytes × 32 layers × 4,096 × 2,048 tokens
  assert.equal(kept.activationBytes, 34 * 32 * 4096 * 2048);
});

test('pages are whole: a user of 17 tokens has two', () => {
  const work = workloadOf(LLAMA_8B, 'Q4_K_M');
  const perToken = 32 * 8 * 256 * 2;
  assert.equal(pagedCacheBytes(work, [17, 16], 'f16', 'f16'), (32 + 16) * perToken);
});

test('more users touch more experts, and never more than there are', () => {
  const work = workloadOf(GPT_OSS_20B, 'MXFP4_MOE');
  const reads = [1, 2, 8, 1000].map((users) => batchWeightBytes(work, users));
  assert.deepEqual(
    reads,
    reads.toSorted((a, b) => a - b),
  );
  assert.ok((reads.at(-1) ?? 0) <= work.bytes);
  const dense = workloadOf(LLAMA_8B, 'Q4_K_M');
  assert.equal(batchWeightBytes(dense, 1), batchWeightBytes(dense, 100));
});
