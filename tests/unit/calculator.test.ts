/** What the calculator's page is made of, without the page. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULTS, predict } from '../../src/engine/predict.ts';
import { calculatorData } from '../../src/site/calculator-data.ts';
import { adviceFor, curveOf, workOut, type Worked } from '../../src/tools/calculator/answer.ts';
import { commandsFor, readCommand } from '../../src/tools/calculator/command.ts';
import type { CalculatorData } from '../../src/tools/calculator/data.ts';
import { linesOf, listSetUp, machineLine } from '../../src/tools/calculator/lists.ts';
import { contribution, nearestRuns, type Run } from '../../src/tools/calculator/measured.ts';
import { FORMATS, headline, shareText } from '../../src/tools/calculator/share.ts';
import { DEFAULT_SET_UP, DEFAULT_STATE, type SetUpState } from '../../src/tools/calculator/state.ts';

const data = calculatorData() as CalculatorData;
const bits = new Map(data.quants.map((quant) => [quant.name, quant.bits]));

function worked(change: Partial<SetUpState> = {}): Worked {
  const outcome = workOut({ ...DEFAULT_SET_UP, ...change }, data);
  assert.ok('answer' in outcome, 'problem' in outcome ? outcome.problem : '');
  return outcome;
}

test('the answer is the engine’s for the same question', () => {
  const { answer, request, setUp } = worked({ machine: 'rtx-3090', context: 16_384 });
  assert.deepEqual(request, { ...DEFAULTS, work: request.work, context: 16_384, room: request.room });
  assert.equal(answer.decode.tokensPerSecond, predict(request, setUp).decode.tokensPerSecond);
});

test('two cards, a third beside them, a typed machine, a processor with RAM: each is a set-up', () => {
  const two = worked({ machine: 'rtx-3090', count: 2, also: [{ id: 'rtx-3060-12gb', memoryGiB: null, count: 1 }], model: 'llama-3-3-70b' });
  assert.equal(two.setUp.gpus.length, 3);
  assert.equal(two.machineName, '2 × RTX 3090 and RTX 3060 12GB');
  assert.equal(two.answer.devices.filter(({ device }) => device?.memory === 'discrete').length, 3);
  const own = worked({
    machine: 'typed',
    typed: { vendor: 'nvidia', memory: 'discrete', memoryGiB: 24, bandwidthGBs: 936, fp16Tflops: 142 },
  });
  const real = worked({ machine: 'rtx-3090' });
  assert.ok(Math.abs(own.answer.decode.tokensPerSecond / real.answer.decode.tokensPerSecond - 1) < 0.25);
  assert.equal(own.answer.memory.gpus[0]?.totalBytes, real.answer.memory.gpus[0]?.totalBytes);
  const small = worked({ machine: 'desktop-ddr5-5600', hostGiB: 4 });
  assert.equal(small.answer.fits, false);
});

test('what helps does help, and is what it says', () => {
  for (const change of [
    { model: 'llama-3-3-70b', machine: 'rtx-3090' },
    { model: 'gpt-oss-120b', quant: 'MXFP4_MOE', machine: 'rtx-3090', context: 16_384 },
    { model: 'qwen3-8b', machine: 'rtx-3060-12gb', context: 131_072 },
    { model: 'llama-3-3-70b', machine: 'apple-m4-max-40-core', memoryGiB: 48, quant: 'Q8_0' },
  ]) {
    const asked = worked(change);
    assert.equal(asked.answer.fits, false, asked.model.name);
    const advice = adviceFor(asked, data);
    assert.ok(advice.length >= 1, asked.model.name);
    for (const { change: part, worked: then } of advice) {
      const again = worked({ ...asked.state, ...part });
      assert.notEqual(again.answer.fits, false);
      assert.equal(again.answer.decode.tokensPerSecond, then.answer.decode.tokensPerSecond);
    }
    const speeds = advice.map(({ worked: then }) => then.answer.decode.tokensPerSecond);
    assert.deepEqual(
      speeds,
      [...speeds].sort((a, b) => b - a),
    );
  }
  const experts = adviceFor(worked({ model: 'gpt-oss-120b', quant: 'MXFP4_MOE', machine: 'rtx-3090' }), data);
  assert.ok(
    experts.some(({ change }) => (change.cpuMoeLayers ?? 0) > 0),
    'experts in RAM are offered for a mixture',
  );
});

test('the curve never rises and begins with the answer', () => {
  for (const model of ['llama-3-1-8b', 'gpt-oss-20b', 'qwen3-8-27b']) {
    const asked = worked({ model, quant: model === 'gpt-oss-20b' ? 'MXFP4_MOE' : 'Q4_K_M', context: 65_536, machine: 'rtx-5090' });
    const curve = curveOf(asked);
    assert.equal(curve[0]?.middle, asked.answer.decode.tokensPerSecond);
    assert.equal(curve.at(-1)?.depth, 65_536);
    for (const [index, point] of curve.entries()) {
      assert.ok(point.low <= point.middle && point.middle <= point.high);
      if (index > 0) assert.ok(point.middle <= (curve[index - 1]?.middle ?? 0));
    }
  }
});

test('“what can I run” finds the best type that fits, as trying all of them does', () => {
  const state = { ...DEFAULT_STATE, machine: 'rtx-3090', context: 16_384 };
  const { setUp } = listSetUp(state, data);
  let fitting = 0;
  for (const model of data.models.filter(({ historical }) => historical !== true).slice(0, 120)) {
    const [best] = linesOf(model, state, setUp, 'best', bits);
    const all = linesOf(model, state, setUp, 'all', bits);
    const expected = all.find(({ verdict }) => verdict === 'fits') ?? all.at(-1);
    assert.equal(best?.quant, expected?.quant, model.id);
    if (best?.verdict === 'fits') fitting += 1;
  }
  assert.ok(fitting > 40);
});

test('“what do I need” names machines that hold the model and are fast enough, in their least memory', () => {
  const model = data.models.find(({ id }) => id === 'llama-3-3-70b');
  assert.ok(model !== undefined);
  const state = { ...DEFAULT_STATE, model: model.id, context: 8192 };
  const lines = data.machines.flatMap((machine) => machineLine(machine, model, state, 8) ?? []);
  assert.ok(lines.length > 20);
  for (const { verdict, decode, machine, count } of lines) {
    assert.equal(verdict ?? 'fits', 'fits');
    assert.ok(decode.tokensPerSecond >= 8, machine.id);
    assert.ok(count === 1 || machine.memory === 'discrete');
  }
  const two = lines.find(({ machine }) => machine.id === 'rtx-3090');
  assert.equal(two?.count, 2);
  const again = worked({ model: model.id, machine: 'rtx-3090', count: 2 });
  assert.equal(two.decode.tokensPerSecond, again.answer.decode.tokensPerSecond);
});

test('the command says what was asked, and reading it back gives the same', () => {
  const asked = worked({
    model: 'qwen3-30b-a3b',
    machine: 'rtx-3090',
    context: 32_768,
    cache: 'q8_0',
    cpuMoeLayers: 12,
    slots: 2,
    ubatch: 1024,
  });
  const [server, cli, ollama] = commandsFor(asked);
  assert.equal(
    server?.text,
    'llama-server -m Qwen3-30B-A3B-Q4_K_M.gguf -c 32768 -ngl all -ncmoe 12 -fa on -ctk q8_0 -ctv q8_0 -ub 1024 -np 2',
  );
  assert.ok(cli?.text.startsWith('llama-cli -m ') && !cli.text.includes('-np'));
  assert.ok(ollama?.text.includes('PARAMETER num_ctx 16384'));
  assert.deepEqual(readCommand(server.text, data).change, {
    model: 'qwen3-30b-a3b',
    quant: 'Q4_K_M',
    context: 32_768,
    gpuLayers: null,
    cpuMoeLayers: 12,
    flashAttention: true,
    cache: 'q8_0',
    cacheV: null,
    ubatch: 1024,
    slots: 2,
  });
});

test('pasted commands of many kinds are understood, and nonsense is told', () => {
  const read = (text: string) => readCommand(text, data);
  assert.equal(read('./llama-server -hf unsloth/Qwen3-8B-GGUF:Q5_K_M --ctx-size=16384').change.model, 'qwen3-8b');
  assert.equal(read('./llama-server -hf unsloth/Qwen3-8B-GGUF:Q5_K_M --ctx-size=16384').change.quant, 'Q5_K_M');
  assert.equal(read('llama-server.exe -m "C:\\models\\Meta-Llama-3.1-8B-Instruct-Q6_K.gguf" ^\n -ngl 20').change.gpuLayers, 20);
  assert.equal(read('FROM ./gemma-3-4b-it-Q8_0.gguf\nPARAMETER num_ctx 4096').change.context, 4096);
  assert.deepEqual(read('llama-cli -c banana').problems, ['“-c” is followed by “banana”, which is no number this field takes.']);
  assert.equal(read('how do I bake a cake').problems.length, 1);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
      for (const problem of read(text).problems) assert.ok(problem.length < 250 && problem.endsWith('.'));
    }),
  );
});

test('shared texts carry the answer, the link, and no stray marks', () => {
  const asked = worked({ machine: 'rtx-3090' });
  const link = 'https://example.org/calculator/?model=llama-3-1-8b';
  for (const format of FORMATS) {
    const text = shareText(asked, format, link);
    assert.ok(text.includes(link), format);
    if (format !== 'Link') assert.ok(text.includes('llama-3-1-8b') || text.includes('Llama 3.1 8B'), format);
  }
  assert.match(
    shareText(asked, 'Markdown', link),
    /^\*\*Fits: 5\.81\u00a0GB of 25\.77\u00a0GB, about \d+\u00a0tokens\/s \(\d+–\d+\)\.\*\*\n\n- Model: Llama 3\.1 8B, Q4\\_K\\_M\n/,
  );
  assert.match(shareText(asked, 'BBCode', link), /^\[b\]Fits: .*\[\/b\]\n\[list\]\n\[\*\]Model: /);
  const object = JSON.parse(shareText(asked, 'JSON', link)) as {
    readonly decode: { readonly tokensPerSecond: number };
    readonly devices: readonly { readonly totalBytes: number }[];
  };
  assert.equal(object.decode.tokensPerSecond, asked.answer.decode.tokensPerSecond);
  assert.equal(object.devices[0]?.totalBytes, asked.main.totalBytes);
  const [heads = '', row = ''] = shareText(asked, 'CSV', link).trim().split('\r\n');
  assert.equal(heads.split(',').length, row.split(',').length);
  assert.match(headline(worked({ model: 'llama-3-3-70b', machine: 'rtx-3090' })), /^Does not fit: /);
});

test('the nearest runs are of the same machine and model first, and say what differs', () => {
  const run = (part: Partial<Run>): Run => ({
    machine: 'rtx-3090',
    count: 1,
    model: 'llama-3-1-8b',
    quant: 'Q4_K_M',
    engine: 'llama.cpp',
    depth: 0,
    decode: 100,
    prefill: null,
    measured: null,
    url: 'https://example.org/',
    ...part,
  });
  const runs = [
    run({ machine: 'rtx-4090', decode: 1 }),
    run({ quant: 'Q8_0', decode: 2 }),
    run({ decode: 3 }),
    run({ model: 'qwen3-8b', decode: 4 }),
    run({ machine: 'apple-m4-max-40-core' }),
    run({ decode: null }),
  ];
  const near = nearestRuns(worked({ machine: 'rtx-3090' }), runs, data);
  assert.deepEqual(
    near.map(({ run: { decode } }) => decode),
    [3, 2, 4],
  );
  assert.deepEqual(
    near.map(({ differences }) => differences),
    [[], ['another file type'], ['another model']],
  );
  assert.equal(
    (JSON.parse(contribution(worked({ machine: 'rtx-3090' }), 99.5, '2026-11-25')) as { readonly machine: string }).machine,
    'rtx-3090',
  );
});
