import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeSpeed } from '../../src/engine/decode.ts';
import type { Device } from '../../src/engine/device.ts';
import { EngineError } from '../../src/engine/errors.ts';
import { place } from '../../src/engine/placement.ts';
import { prefillSpeed, type PrefillQuestion } from '../../src/engine/prefill.ts';
import { productOf } from '../../src/engine/speed-factors.ts';
import { attentionWork } from '../../src/engine/workload.ts';
import { assertClose, DDR5_6000, GPT_OSS_20B, LLAMA_8B, M4_MAX, question, questions, RTX_3090, RTX_5070 } from './speed-fixtures.ts';

/** Sums of the same terms in another order differ in their last digits. */
const ROUNDING = 1e-9;

/** Bytes of Llama 3.1 8B in Q4_K_M as llama-quantize makes it, without the table of tokens; weights in its layers and output matrix. */
const LLAMA_8B_Q4_K_M_BYTES = 4_912_898_304 - (128_256 * 4096 * 144) / 256;
const LLAMA_8B_WEIGHTS = 8_030_261_312 - 128_256 * 4096;

describe('set-ups worked out by hand', () => {
  test('RTX 5070, Llama 3.1 8B in Q4_K_M, 94 tokens deep', () => {
    const { secondsPerToken, ceilingTokensPerSecond } = decodeSpeed(question(LLAMA_8B, 'Q4_K_M', RTX_5070, { depth: 94 }));
    // Cache: 32 layers × 8 heads × (128 + 128) × 2 B × 94
    const cache = 32 * 8 * 256 * 2 * 94;
    const expected =
      (LLAMA_8B_Q4_K_M_BYTES / 672e9) * productOf(['weights', 'weights:nvidia-gddr']) +
      (LLAMA_8B_WEIGHTS / 30.9e12) * productOf(['arithmetic', 'arithmetic:k-quant', 'arithmetic:nvidia', 'arithmetic:blackwell']) +
      32 * productOf(['layer', 'layer:nvidia', 'layer:nvidia-cuda']) +
      (cache / 672e9) * productOf(['cache-on', 'cache-on:nvidia-gddr']);
    assertClose(secondsPerToken, expected, 1e-6, 'seconds per token');
    // 256 bytes of rotary factors are copied to the device, not read as weights.
    assertClose(ceilingTokensPerSecond, 672e9 / LLAMA_8B_Q4_K_M_BYTES, 1e-6, 'ceiling');
  });

  test('RTX 3090 without flash attention: four query heads read each cache', () => {
    const deep = decodeSpeed(question(LLAMA_8B, 'F16', RTX_3090, { depth: 4096, flashAttention: false })).secondsPerToken;
    const start = decodeSpeed(question(LLAMA_8B, 'F16', RTX_3090, { flashAttention: false })).secondsPerToken;
    const cache = 32 * 8 * 256 * 2 * 4096;
    const expected = Math.max(cache / 936e9, ((4 * cache) / 936e9) * productOf(['cache-off', 'cache-off:nvidia-gddr']));
    assertClose(deep - start, expected, 1e-6, 'seconds for the cache');
  });

  test('Apple M4 Max, gpt-oss-20b: windowed layers stop at their window, every layer has experts', () => {
    const at = (depth: number): number => decodeSpeed(question(GPT_OSS_20B, 'MXFP4_MOE', M4_MAX, { depth })).secondsPerToken;
    // 12 layers see 8,192 tokens, 12 see 128, 8 heads of 64 for keys and for values, two bytes
    const cache = (12 * 8192 + 12 * 128) * 8 * 128 * 2;
    assertClose(at(8192) - at(0), (cache / 546e9) * productOf(['cache-on', 'cache-on:apple']), 1e-6, 'seconds for the cache');
    // In F16 a third of a third… the experts used are 4 of 32: far less is read than the file holds.
    assert.ok(at(0) < 12.1e9 / 546e9);
  });

  test('two channels of DDR5-6000 without a card', () => {
    const { secondsPerToken } = decodeSpeed(question(LLAMA_8B, 'Q4_K_M', DDR5_6000, { depth: 1000 }));
    // Each of the four query heads to a pair of keys and values goes through the cache by itself.
    const cache = ((4 * 131_072 * 1000) / 96e9) * productOf(['cache-cpu', 'cache-cpu:cpu-desktop', 'cache-cpu:plain']);
    const expected = (LLAMA_8B_Q4_K_M_BYTES / 96e9) * productOf(['cpu', 'cpu:cpu-desktop']) + Math.max(cache, (131_072 * 1000) / 96e9);
    assertClose(secondsPerToken, expected, 1e-6, 'seconds per token');
  });

  test('two equal cards take one after the other: one card’s time and a hand-over', () => {
    const one = question(LLAMA_8B, 'Q8_0', RTX_3090);
    const split = { gpuLayers: 99, cpuMoeLayers: 0, kvOffload: true, tensorSplit: null };
    const two = { ...one, setUp: { gpus: [RTX_3090, RTX_3090], host: null }, placement: place(32, split, [1, 1]) };
    assertClose(decodeSpeed(two).secondsPerToken - decodeSpeed(one).secondsPerToken, productOf(['hop']), 1e-6, 'hand-over');
    // Sharing each layer halves what each reads.
    assert.ok(decodeSpeed({ ...two, tensorParallel: true }).ceilingTokensPerSecond > 1.9 * decodeSpeed(one).ceilingTokensPerSecond);
  });

  test('a prompt on an RTX 3090, 512 tokens', () => {
    const { secondsPerToken, secondsToFirstToken } = prefillSpeed(question(LLAMA_8B, 'Q4_K_M', RTX_3090));
    const layers = LLAMA_8B_WEIGHTS - 128_256 * 4096;
    const rate = 2 * 35.6e12;
    const expected =
      ((2 * (layers + (128_256 * 4096) / 512)) / rate) * productOf(['prompt', 'prompt:ampere']) +
      (LLAMA_8B_Q4_K_M_BYTES / 936e9 / 512) * Math.max(1, productOf(['prompt-reading'])) +
      (32 / 512) * productOf(['prompt-layer', 'prompt-layer:nvidia']) +
      ((2 * 32 * 32 * 256 * 256) / rate) * productOf(['prompt-attention', 'prompt-attention:ampere']);
    assertClose(secondsPerToken, expected, 1e-4, 'seconds per token');
    assertClose(secondsToFirstToken, 512 * secondsPerToken, ROUNDING, 'seconds to the first token');
  });
});

/** Every device of a question changed alike. */
function withDevices(asked: PrefillQuestion, change: (device: Device) => Device): PrefillQuestion {
  const { gpus, host } = asked.setUp;
  return { ...asked, setUp: { gpus: gpus.map(change), host: host === null ? null : change(host) } };
}

describe('laws, on any model, file type and set-up', () => {
  test('speeds are finite and positive, inside their ranges, and no range passes the ceiling', () => {
    fc.assert(
      fc.property(questions, (asked) => {
        const decode = decodeSpeed(asked);
        const prefill = prefillSpeed(asked);
        for (const { tokensPerSecond, low, high, secondsPerToken } of [decode, prefill]) {
          for (const value of [tokensPerSecond, low, high, secondsPerToken]) assert.ok(Number.isFinite(value) && value > 0);
          assert.ok(low <= tokensPerSecond && tokensPerSecond <= high * (1 + ROUNDING));
        }
        assert.ok(decode.high <= decode.ceilingTokensPerSecond);
      }),
    );
  });

  test('nothing reads weights and cache faster than the memory gives them', () => {
    fc.assert(
      fc.property(questions, (generated) => {
        const asked = { ...generated, tensorParallel: false };
        const { work, setUp, depth, cacheTypeK, cacheTypeV } = asked;
        const fastest = Math.max(...[...setUp.gpus, ...(setUp.host === null ? [] : [setUp.host])].map(({ bandwidth }) => bandwidth));
        const always = (work.denseBytes[work.layers] ?? 0) + work.output.bytes;
        const read = always + work.usedShare * (work.expertBytes[work.layers] ?? 0);
        const { bytes } = attentionWork(work, depth, cacheTypeK, cacheTypeV, 0, work.layers);
        assert.ok(decodeSpeed(asked).tokensPerSecond <= (fastest / (read + bytes)) * (1 + ROUNDING));
      }),
    );
  });

  test('a longer context is never faster, more bandwidth never slower', () => {
    fc.assert(
      fc.property(questions, fc.integer({ min: 1, max: 100_000 }), fc.double({ min: 1.01, max: 4, noNaN: true }), (asked, more, factor) => {
        for (const speed of [decodeSpeed, prefillSpeed]) {
          const { tokensPerSecond } = speed(asked);
          assert.ok(speed({ ...asked, depth: asked.depth + more }).tokensPerSecond <= tokensPerSecond * (1 + ROUNDING));
          const wider = withDevices(asked, (device) => ({ ...device, bandwidth: device.bandwidth * factor }));
          assert.ok(speed(wider).tokensPerSecond >= tokensPerSecond * (1 - ROUNDING));
        }
      }),
    );
  });

  test('a longer prompt takes longer', () => {
    fc.assert(
      fc.property(questions, (asked) => {
        const longer = prefillSpeed({ ...asked, promptTokens: 2 * asked.promptTokens });
        assert.ok(longer.secondsToFirstToken >= prefillSpeed(asked).secondsToFirstToken * (1 - ROUNDING));
      }),
    );
  });
});

describe('what is shown with it', () => {
  const asked = question(LLAMA_8B, 'Q4_K_M', RTX_5070, { depth: 4096 });

  test('a device of a kind that nobody measured gets a wider range and is told so', () => {
    const known = decodeSpeed(asked);
    const unknown = decodeSpeed(withDevices(asked, (device) => ({ ...device, classIsMeasured: false })));
    assert.equal(unknown.tokensPerSecond, known.tokensPerSecond);
    assert.ok(unknown.low < known.low && unknown.high > known.high);
    assert.match(unknown.basis, /nearest/);
  });

  test('a file type that nobody measured widens the range', () => {
    const width = ({ low, high }: { readonly low: number; readonly high: number }): number => high / low;
    assert.ok(width(decodeSpeed(question(LLAMA_8B, 'IQ2_M', RTX_3090))) > width(decodeSpeed(question(LLAMA_8B, 'Q2_K', RTX_3090))));
  });

  test('an unknown arithmetic rate is replaced by a typical one, and a warning says so', () => {
    const vague = withDevices(asked, (device) => ({ ...device, fp32VectorFlops: null }));
    // 45 operations for each of 672e9 B/s
    assert.match(decodeSpeed(vague).warnings.join(), /RTX 5070 is not known: 30\.2\u00a0TFLOPS/);
    assert.deepEqual(decodeSpeed(asked).warnings, []);
    assertClose(decodeSpeed(vague).tokensPerSecond, decodeSpeed(asked).tokensPerSecond, 0.1, 'speed without the rate');
  });

  test('the steps name every part once and end in the speed', () => {
    fc.assert(
      fc.property(questions, (generated) => {
        for (const estimate of [decodeSpeed(generated), prefillSpeed(generated)]) {
          const steps = estimate.steps();
          const ids = steps.map(({ id }) => id);
          assert.equal(new Set(ids).size, ids.length);
          assert.ok(ids.includes('total'));
          for (const { label, expression, result } of steps) {
            assert.ok(label !== '' && expression !== '', label);
            assert.doesNotMatch(expression + result, /NaN|Infinity|undefined/);
          }
        }
      }),
    );
  });

  test('impossible input is refused with a sentence', () => {
    const refuses = (run: () => unknown, code: string): void => {
      assert.throws(run, (error) => error instanceof EngineError && error.code === code && error.message.endsWith('.'));
    };
    for (const bandwidth of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      refuses(() => decodeSpeed(withDevices(asked, (device) => ({ ...device, bandwidth }))), 'no-bandwidth');
    for (const depth of [-1, Number.NaN]) refuses(() => decodeSpeed({ ...asked, depth }), 'bad-depth');
    for (const promptTokens of [0, -5, Number.NaN]) refuses(() => prefillSpeed({ ...asked, promptTokens }), 'bad-prompt');
    refuses(() => decodeSpeed({ ...asked, setUp: { gpus: [], host: null } }), 'no-device');
  });
});
