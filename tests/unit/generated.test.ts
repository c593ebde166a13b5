/** What generated pages say, worked out without the site. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { predict } from '../../src/engine/predict.ts';
import { isComputable } from '../../src/import/device.ts';
import type { Measurement } from '../../src/schemas/measurement.ts';
import { csv, recordsCsv } from '../../src/site/csv.ts';
import { calculatorPath } from '../../src/site/generated/addresses.ts';
import { alikeModels, distance, neighbours, relatedModels, sizesOf } from '../../src/site/generated/choose.ts';
import {
  BEST_FIRST,
  bytesOn,
  contextOn,
  fileTypesFor,
  isCurrent,
  isShaped,
  longestOf,
  outcomeOn,
  placeOf,
  requestFor,
  type ShapedModel,
  USABLE_TOKENS_PER_SECOND,
} from '../../src/site/generated/fits.ts';
import { machinePage, measuredRuns } from '../../src/site/generated/machine-page.ts';
import { ladder, modelPage } from '../../src/site/generated/model-page.ts';
import { predictionsOf } from '../../src/site/generated/predictions.ts';
import { shortAnswer, withArticle } from '../../src/site/generated/words.ts';
import { parseCsv } from '../support/csv.ts';
import { data } from '../support/data.ts';

const machines = data.hardware.filter(isComputable);
const current = data.models.filter(isCurrent);
const alike = alikeModels(data.models);
const representatives = alike.map(({ model }) => model);

function machineNamed(id: string) {
  const machine = machines.find((candidate) => candidate.id === id);
  assert.ok(machine !== undefined, id);
  return machine;
}

function modelNamed(id: string): ShapedModel {
  const model = data.models.find((candidate) => candidate.id === id);
  assert.ok(model !== undefined && isShaped(model), id);
  return model;
}

const anyPlace = fc
  .constantFrom(...machines)
  .chain((machine) => fc.constantFrom(...sizesOf(machine)).map((size) => placeOf(machine, size)));

test('the file type chosen fits and is fast enough, and no better one does both', () => {
  fc.assert(
    fc.property(anyPlace, fc.constantFrom(...current), (place, model) => {
      const outcome = outcomeOn(model, place);
      const room = place.room.comfortableBytes ?? Infinity;
      const types = fileTypesFor(model, BEST_FIRST);
      const speedAt = (quant: (typeof types)[number]): number =>
        predict(requestFor(model, quant, 16_384), place.setUp).decode.tokensPerSecond;
      const good = types.filter(
        (quant) => bytesOn(requestFor(model, quant, 16_384), place) <= room && speedAt(quant) >= USABLE_TOKENS_PER_SECOND,
      );
      if (outcome.kind === 'runs') assert.equal(outcome.quant, good[0]);
      else assert.deepEqual(good, []);
      if (outcome.kind === 'too-large') assert.ok(outcome.bytes > room);
      else assert.ok(outcome.bytes <= room);
    }),
    { numRuns: 150 },
  );
});

test('bytes are those of the prediction, whatever machine they were first worked out for', () => {
  fc.assert(
    fc.property(
      anyPlace,
      fc.constantFrom(...current),
      fc.constantFrom(...BEST_FIRST),
      fc.integer({ min: 256, max: 65_536 }),
      (place, model, quant, context) => {
        const request = requestFor(model, quant, context);
        assert.equal(bytesOn(request, place), predict(request, place.setUp).devices[0]?.totalBytes);
      },
    ),
    { numRuns: 60 },
  );
});

test('the context told fits, and a quarter more does not or is more than the model has', () => {
  fc.assert(
    fc.property(anyPlace, fc.constantFrom(...current), (place, model) => {
      const room = place.room.comfortableBytes ?? Infinity;
      const context = contextOn(model, 'Q4_K_M', place);
      const holds = (tokens: number): boolean => bytesOn(requestFor(model, 'Q4_K_M', tokens), place) <= room;
      if (context === null) assert.ok(!holds(1024));
      else {
        assert.ok(holds(context) && context <= longestOf(model));
        assert.ok(context === longestOf(model) || !holds(Math.min(longestOf(model), context * 1.25)));
      }
    }),
    { numRuns: 40 },
  );
});

test('models of one shape have one representative, which people know where there is one', () => {
  const all = alike.flatMap(({ model, others }) => [model, ...others]).map(({ id }) => id);
  assert.deepEqual(all.sort(), current.map(({ id }) => id).sort());
  const standsFor = (id: string): string | undefined =>
    alike.find(({ model, others }) => [model, ...others].some((one) => one.id === id))?.model.id;
  assert.equal(standsFor('hermes-4-70b'), 'llama-3-3-70b');
  assert.equal(standsFor('qwen3-coder-30b-a3b'), 'qwen3-30b-a3b-instruct-2507');
  assert.equal(standsFor('gpt-oss-safeguard-20b'), 'gpt-oss-20b');
});

test('neighbours are the nearest, the same kind first, and never the machine itself', () => {
  const card = machineNamed('rtx-3090');
  const near = neighbours(card, machines, 6);
  assert.equal(near.length, 6);
  assert.ok(near.every(({ id, kind }) => id !== 'rtx-3090' && kind === 'gpu'));
  assert.ok(near.some(({ id }) => id === 'rtx-3090-ti'));
  const farthest = Math.max(...near.map((other) => distance(card, other)));
  for (const other of machines) if (other !== card && !near.includes(other)) assert.ok(distance(card, other) >= farthest);
  assert.ok(neighbours(machineNamed('apple-m4-max-40-core'), machines, 6).every(({ vendor }) => vendor === 'apple'));
});

test('related models are of the family where it has others of the size', () => {
  const related = relatedModels(modelNamed('qwen3-8b'), data.models, 3);
  assert.ok(related.every(({ family }) => family === 'Qwen3'));
});

test('articles and verbs go with the names', () => {
  for (const [id, start] of [
    ['rtx-3090', 'An RTX 3090'],
    ['h100-sxm', 'An H100'],
    ['gtx-1080', 'A GTX 1080'],
    ['dgx-spark', 'A DGX Spark'],
    ['raspberry-pi-5', 'A Raspberry Pi 5'],
    ['apple-m4', 'An Apple M4'],
    ['iphone-17-pro', 'An iPhone 17 Pro'],
    ['desktop-ddr5-5600', 'A desktop with 2 × DDR5-5600'],
    ['epyc-9004-dual', 'Two EPYC 9004 with 24 × DDR5-4800'],
    ['xeon-6980p', 'A Xeon 6980P with'],
    ['snapdragon-8-elite', 'A phone with'],
  ] as const) {
    assert.ok(withArticle(machineNamed(id)).startsWith(start), withArticle(machineNamed(id)));
  }
  assert.match(machinePage(machineNamed('epyc-9004-dual'), representatives).answer, /^Two EPYC 9004 .* read memory at /);
});

test('a short answer keeps the sentences that fit', () => {
  assert.equal(shortAnswer(['One.', null, 'Two.', 'Three.'], 10), 'One. Two.');
  assert.equal(shortAnswer(['Longer than that.'], 5), 'Longer than that.');
});

test('every machine and model has a short answer of a fitting length', () => {
  const places = ladder(data.hardware);
  const answers = [
    // A few: the built pages are looked at one by one.
    ...machines.filter((_, index) => index % 40 === 0).map((machine) => machinePage(machine, representatives).answer),
    ...data.models.map((model) => modelPage(model, places).answer),
  ];
  for (const answer of answers) {
    assert.ok(answer.length >= 40 && answer.length <= 300, answer);
    assert.doesNotMatch(answer, /undefined|NaN|null|Infinity/);
  }
});

test('a model without a shape says what is missing', () => {
  const missing = data.models.filter(({ shape }) => shape === null);
  assert.ok(missing.length > 0);
  for (const model of missing) assert.match(modelPage(model, []).answer, /What is missing: /);
});

test('the calculator is opened with what was asked', () => {
  assert.equal(calculatorPath({}), '/calculator/');
  const mac = machineNamed('apple-m4-max-40-core');
  const state = { model: 'qwen3-8b', quant: 'Q4_K_M', context: 16_384, machine: mac, memoryGiB: 128 };
  assert.equal(calculatorPath(state), '/calculator/?model=qwen3-8b&quant=Q4_K_M&ctx=16384&machine=apple-m4-max-40-core&mem=128');
  assert.equal(calculatorPath({ machine: machineNamed('rtx-3090'), memoryGiB: 24 }), '/calculator/?machine=rtx-3090');
  // A size that nobody sells is not named: the calculator would not know it.
  assert.equal(calculatorPath({ machine: machineNamed('desktop-ddr5-5600'), memoryGiB: 64 }), '/calculator/?machine=desktop-ddr5-5600');
});

test('measured runs: doubtful ones apart, one row for each model, type and engine', () => {
  const byMachine = new Map<string, Measurement[]>();
  for (const row of data.measurements) byMachine.set(row.machine, [...(byMachine.get(row.machine) ?? []), row]);
  for (const rows of byMachine.values()) {
    const { rows: shown, further, doubted } = measuredRuns(rows, 'model');
    assert.equal(shown.length + further + doubted.length, rows.length);
    assert.ok(doubted.every(({ quality, reason }) => (quality === 'doubtful' || quality === 'impossible') && reason !== undefined));
    assert.ok(shown.every(({ quality }) => quality === 'good' || quality === 'fair'));
    const keys = shown.map(({ model, quant, engine, machineCount, placement }) =>
      [model, quant, engine, machineCount, placement].join(' '),
    );
    assert.equal(new Set(keys).size, keys.length);
  }
});

test('predictions for other programs are those of the engine', () => {
  const machine = machineNamed('apple-m2-ultra');
  const { rows, memory, columns } = predictionsOf(machine, representatives);
  assert.deepEqual(
    memory.map(({ memoryGiB }) => memoryGiB),
    machine.memoryGiB,
  );
  assert.ok(rows.length > 500);
  for (const row of rows) assert.equal(row.length, columns.length);
  for (const [model, quant, bytes, verdicts, decode] of rows.filter((_, index) => index % 97 === 0)) {
    const type = BEST_FIRST.find((known) => known === quant);
    if (type === undefined) continue;
    machine.memoryGiB.forEach((size, index) => {
      const answer = predict(requestFor(modelNamed(model), type, 8192), placeOf(machine, size).setUp);
      assert.equal(answer.devices[0]?.totalBytes, bytes);
      assert.equal(answer.verdict, verdicts[index]);
      assert.ok(Math.abs(answer.decode.tokensPerSecond / decode - 1) < 0.006);
    });
  }
});

test('CSV parses back to what was written', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r\n', ' ', 'é', '=', ';') });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 8 }), (rows) => {
      const [, ...parsed] = parseCsv(csv(['one', 'two'], rows));
      const guarded = (value: string): string => (/^[=+\-@]/.test(value) ? `'${value}` : value);
      assert.deepEqual(
        parsed,
        rows.map((row) => row.map(guarded)),
      );
    }),
  );
  assert.equal(
    recordsCsv([
      { id: 'a', in: { b: 1, c: [1, 2] }, sources: [{ source: 'x', seen: 'y' }, { source: 'z' }] },
      { id: 'd', none: null, list: [{ e: 1 }] },
    ]),
    'id,in.b,in.c,sources,none,list\r\na,1,1; 2,x; z,,\r\nd,,,,,"[{""e"":1}]"\r\n',
  );
});
