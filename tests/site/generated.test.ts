/** Pages and files made from the data: complete, alive, and with the engine's own figures. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'astro/zod';
import { formatBytes, formatRate } from '../../src/engine/format.ts';
import { fileTypeNamed } from '../../src/engine/mixing.ts';
import { alone, DEFAULTS, predict } from '../../src/engine/predict.ts';
import { workloadOf } from '../../src/engine/workload.ts';
import { deviceOf, isComputable } from '../../src/import/device.ts';
import { COLLECTION_NAMES } from '../../src/schemas/collections.ts';
import { predictions as predictionsSchema } from '../../src/schemas/prediction.ts';
import { builtPages, isGenerated } from '../support/built-site.ts';
import { parseCsv } from '../support/csv.ts';
import { data } from '../support/data.ts';

const machines = data.hardware.filter(isComputable);
const pages = builtPages('dist');
const byPath = new Map(pages.map((page) => [page.path, page]));
const htmlOf = (path: string): string => byPath.get(path)?.html ?? assert.fail(`there is no page ${path}`);
const read = (file: string): string => readFileSync(`dist/api/${file}`, 'utf8');

test('every machine that can be computed and every model has its page, and no page is of anything else', () => {
  const expected = [...machines.map(({ id }) => `/machines/${id}/`), ...data.models.map(({ id }) => `/models/${id}/`)];
  assert.deepEqual(
    pages
      .map(({ path }) => path)
      .filter(isGenerated)
      .sort(),
    expected.sort(),
  );
});

test('links to the calculator name models, machines, quants and sizes that it knows', () => {
  const known = {
    model: new Set(data.models.filter(({ shape, kind }) => shape !== null && kind !== 'embedding').map(({ id }) => id)),
    machine: new Set(machines.map(({ id }) => id)),
    quant: new Set(data.quants.filter(({ kind }) => kind === 'file-type').map(({ name }) => name)),
  };
  const faults = new Set<string>();
  for (const { html } of pages.filter((page) => isGenerated(page.path))) {
    for (const [, href = ''] of html.matchAll(/href="(\/calculator\/\?[^"]+)"/g)) {
      const query = new URLSearchParams(href.replaceAll('&amp;', '&').split('?')[1]);
      for (const name of ['model', 'machine', 'quant'] as const) {
        const value = query.get(name);
        if (value !== null && !known[name].has(value)) faults.add(href);
      }
      const size = query.get('mem');
      const sizes = machines.find(({ id }) => id === query.get('machine'))?.memoryGiB ?? [];
      if (size !== null && !sizes.map(String).includes(size)) faults.add(href);
    }
  }
  assert.deepEqual([...faults], []);
});

/** Text of a table cell, tags and line breaks taken out. */
const plain = (html: string): string =>
  html
    .replace(/<[^>]+>/g, '')
    .replaceAll('&#160;', '\u00a0')
    .replaceAll('&nbsp;', '\u00a0')
    .replace(/[ \n]+/g, ' ')
    .trim();

for (const id of ['rtx-3090', 'rtx-5060-ti-16gb', 'ryzen-ai-max-plus-395', 'apple-m3-ultra', 'dgx-spark', 'epyc-9005-ddr5-6400']) {
  test(`figures of the page of ${id} are what predict says`, () => {
    const machine = machines.find((candidate) => candidate.id === id) ?? assert.fail(id);
    const html = htmlOf(`/machines/${id}/`);
    let looked = 0;
    // Sections by memory size, where there are several or it is as fitted.
    const parts = html.split(/<h3 id="with-/);
    for (const part of parts.length > 1 ? parts.slice(1) : parts) {
      const size = parts.length > 1 ? Number.parseFloat(part) : machine.memoryGiB[0];
      const setUp = alone(deviceOf(machine, size));
      const table = part.split(/id="out-of-reach/)[0] ?? '';
      for (const [row] of table.matchAll(/<tr>\s*<th scope="row">[\s\S]*?<\/tr>/g)) {
        const href = /href="(\/calculator\/\?[^"]+)"/.exec(row)?.[1] ?? assert.fail(`a row without a link to the calculator: ${row}`);
        const query = new URLSearchParams(href.replaceAll('&amp;', '&').split('?')[1]);
        const shape = data.models.find((model) => model.id === query.get('model'))?.shape ?? assert.fail(href);
        const context = Number(query.get('ctx'));
        const answer = predict({ ...DEFAULTS, work: workloadOf(shape, fileTypeNamed(query.get('quant') ?? '')), context }, setUp);
        const [needs, decode, prefill] = [...row.matchAll(/<td[^>]*>([\s\S]*?)<\/td>/g)].map(([, cell = '']) => plain(cell));
        assert.equal(needs, formatBytes(answer.devices[0]?.totalBytes ?? 0), href);
        assert.equal(decode, `${formatRate(answer.decode.low)}–${formatRate(answer.decode.high)}`, href);
        assert.equal(prefill, `${formatRate(answer.prefill.low)}–${formatRate(answer.prefill.high)}`, href);
        assert.equal(answer.verdict, 'fits', href);
        looked += 1;
      }
    }
    assert.ok(looked >= 12, `only ${String(looked)} rows were found`);
  });
}

test('historical models say so, and models that are not computed say what is missing', () => {
  for (const { id, historical, shape } of data.models) {
    assert.equal(htmlOf(`/models/${id}/`).includes('Kept for reference.'), historical === true, id);
    assert.equal(htmlOf(`/models/${id}/`).includes('id="missing"'), shape === null, id);
  }
});

for (const name of COLLECTION_NAMES) {
  test(`/api/${name}: as many records as the data, valid by its schema, and the same as CSV`, () => {
    const records: unknown = JSON.parse(read(`${name}.json`));
    const schema = z.fromJSONSchema(JSON.parse(read(`schemas/${name}.json`)) as Parameters<typeof z.fromJSONSchema>[0]);
    const parsed = schema.safeParse(records);
    assert.ok(parsed.success, parsed.error?.message.slice(0, 500));
    assert.ok(Array.isArray(records));
    assert.equal(records.length, data[name].length);
    const [heads, ...rows] = parseCsv(read(`${name}.csv`));
    assert.equal(rows.length, data[name].length);
    const id = heads?.indexOf('id') ?? -1;
    assert.deepEqual(
      rows.map((row) => row[id]),
      data[name].map((record) => record.id),
    );
    assert.ok(rows.every((row) => row.length === heads?.length));
  });
}

test('predictions: a file for each machine, valid by its schema, and every current model in it or beside it', () => {
  const index = z
    .fromJSONSchema(JSON.parse(read('schemas/prediction-index.json')) as Parameters<typeof z.fromJSONSchema>[0])
    .parse(JSON.parse(read('predictions/index.json'))) as { machines: { id: string; file: string }[]; alike: Record<string, string> };
  assert.deepEqual(index.machines.map(({ id }) => id).sort(), machines.map(({ id }) => id).sort());
  const schema = z.fromJSONSchema(JSON.parse(read('schemas/predictions.json')) as Parameters<typeof z.fromJSONSchema>[0]);
  for (const [number, { file }] of index.machines.entries()) {
    const text = read(`predictions/${file}`);
    if (number % 12 === 0) assert.ok(schema.safeParse(JSON.parse(text)).success, file);
  }
  const { rows } = predictionsSchema.parse(JSON.parse(read('predictions/epyc-9005-ddr5-6400.json')));
  // Memory as fitted holds anything, so each current model stands there, or the one of its shape.
  const there = new Set(rows.map(([model]) => model));
  const current = data.models.filter(
    ({ shape, historical, kind }) => shape !== null && historical === undefined && kind !== 'embedding' && kind !== 'speech',
  );
  assert.deepEqual(
    current.map(({ id }) => id).filter((id) => !there.has(index.alike[id] ?? id)),
    [],
  );
});

test('the tables of machines, models and quantizations can be downloaded, complete', () => {
  for (const [name, count] of [
    ['machines', machines.length],
    ['models', data.models.length],
    ['quants', data.quants.length],
  ] as const) {
    assert.equal((JSON.parse(read(`tables/${name}.json`)) as unknown[]).length, count);
    assert.equal(parseCsv(read(`tables/${name}.csv`)).length, count + 1);
  }
});

test('of generated pages the search knows title and short answer alone', () => {
  for (const { path, html } of pages.filter((page) => isGenerated(page.path))) {
    const main = /<main\b[\s\S]*<\/main>/.exec(html)?.[0] ?? '';
    assert.match(main, /data-pagefind-filter="kind:generated"/, path);
    const indexed = main.split('data-pagefind-ignore>')[0] ?? '';
    assert.ok(!indexed.includes('<table') && !indexed.includes('<h2'), path);
  }
});
