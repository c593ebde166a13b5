import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerLine } from '../../src/cli/answer-line.ts';

/** What the command line answers, as whoever reads its output sees it. */
const ask = async (question: unknown): Promise<Record<string, unknown>> =>
  JSON.parse(JSON.stringify(await answerLine(typeof question === 'string' ? question : JSON.stringify(question)))) as Record<
    string,
    unknown
  >;

test('any line at all gets one answer, an error with a code and a sentence where need be', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string({ maxLength: 80 }), fc.json()), async (line) => {
      const answer = await ask(line);
      if ('error' in answer) {
        const { code, message } = answer['error'] as Record<string, string>;
        assert.match(code ?? '', /^[a-z-]+$/);
        assert.ok((message ?? '').length > 10);
      }
    }),
  );
});

test('an unknown model is told by name, and the id of the question comes back', async () => {
  const answer = await ask({ id: 'q-7', model: { id: 'no-such-model' }, quant: 'Q4_K_M' });
  assert.equal(answer['id'], 'q-7');
  assert.match(JSON.stringify(answer['error']), /no-such-model/);
});

interface Told {
  readonly decode: { readonly tokensPerSecond: number; readonly low: number; readonly high: number };
  readonly totalBytes: number;
  readonly devices: readonly { readonly name: string; readonly totalBytes: number }[];
  readonly fits: boolean | null;
}

const QUESTION = { model: { id: 'qwen3-30b-a3b' }, quant: 'Q4_K_M', context: 16_384, cpuMoeLayers: 30 };
const DEVICES = [{ id: 'rtx-3060-12gb' }, { id: 'ryzen-9-9950x' }];

const told = async (more: object): Promise<Told> => (await ask({ ...QUESTION, devices: DEVICES, ...more })) as unknown as Told;

test('a card and a processor share a model: each is told its part, and the parts are the whole', async () => {
  const { devices, totalBytes, fits, decode } = await told({});
  assert.deepEqual(
    devices.map(({ name }) => name.split(',')[0]),
    ['RTX 3060 12GB', 'Ryzen 9 9950X'],
  );
  assert.equal(
    devices.reduce((sum, part) => sum + part.totalBytes, 0),
    totalBytes,
  );
  assert.equal(fits, true);
  assert.ok(decode.low < decode.tokensPerSecond && decode.tokensPerSecond < decode.high);
  // All experts on the card do not fit it.
  assert.equal((await told({ cpuMoeLayers: 0 })).fits, false);
});

test('a measured bandwidth replaces the rated one, and has to be a number above 0', async () => {
  const cpu = (bandwidthGBs?: number): object => ({ devices: [{ id: 'ryzen-9-9950x', bandwidthGBs }] });
  const [slow, fast] = [await told(cpu(40)), await told(cpu(80))];
  assert.ok(Math.abs(fast.decode.tokensPerSecond / slow.decode.tokensPerSecond - 2) < 1e-9);
  assert.ok((await told(cpu())).decode.tokensPerSecond > slow.decode.tokensPerSecond);
  for (const wrong of [0, -3, '80']) {
    const answer = await ask({ ...QUESTION, devices: [{ id: 'ryzen-9-9950x', bandwidthGBs: wrong }] });
    assert.match(JSON.stringify(answer['error']), /bandwidthGBs/);
  }
});

test('devices and models that are not known, and splits that can not be, are told so', async () => {
  const code = async (more: object): Promise<unknown> => {
    const { error } = (await ask({ ...QUESTION, devices: DEVICES, ...more })) as { error?: { code: string } };
    return error?.code;
  };
  assert.equal(await code({ devices: [{ id: 'rtx-9999' }] }), 'unknown-device');
  assert.equal(await code({ devices: ['rtx-3090'] }), 'bad-device');
  assert.equal(await code({ model: 'qwen3-30b-a3b' }), 'no-model');
  assert.equal(await code({ tensorSplit: [1, 2, 3] }), 'bad-tensor-split');
  assert.equal(await code({ cacheTypeV: 'q8_0', flashAttention: false }), 'quantized-v-needs-flash-attention');
  assert.equal(await code({}), undefined);
});

test('where the compute buffer is a rough figure the answer says so, and only there', async () => {
  const warned = async (id: string): Promise<boolean> =>
    JSON.stringify((await ask({ model: { id }, quant: 'Q4_K_M', devices: DEVICES }))['warnings']).includes('compute buffer');
  assert.equal(await warned('deepseek-v4-flash'), true);
  assert.equal(await warned('qwen3-30b-a3b'), false);
});
