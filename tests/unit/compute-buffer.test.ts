import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { splitComputeBuffers, type Program } from '../../src/engine/compute-buffer.ts';
import type { CacheType } from '../../src/engine/ggml-types.ts';
import { kindsOf, pickLayers } from '../../src/engine/graph/repeats.ts';
import { peaks } from '../../src/engine/graph/allocator.ts';
import { Graph } from '../../src/engine/graph/tensor.ts';
import type { ModelShape } from '../../src/engine/model.ts';
import { place } from '../../src/engine/placement.ts';

/** Settings, and the bytes that llama.cpp 0.5.0 sets aside on each card and on the host. */
type Row = readonly [
  model: string,
  context: number,
  cacheTypeK: CacheType,
  cacheTypeV: CacheType,
  flashAttention: boolean,
  ubatch: number,
  batch: number,
  parallel: number,
  unifiedKv: boolean,
  swaFull: boolean,
  program: Program,
  gpuLayers: number,
  cpuMoeLayers: number,
  kvOffload: boolean,
  gpus: readonly number[],
  host: number,
];

function linesOf(name: string): readonly unknown[] {
  return readFileSync(`tests/fixtures/llama-cpp/${name}`, 'utf8')
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

const ofArchitectures = linesOf('architectures.jsonl') as readonly { readonly model: string; readonly shape: ModelShape }[];
const shapes = new Map<string, ModelShape>([
  ...ofArchitectures.map(({ model, shape }): [string, ModelShape] => [model, shape]),
  ...Object.entries(JSON.parse(readFileSync('tests/fixtures/llama-cpp/shapes.json', 'utf8')) as Readonly<Record<string, ModelShape>>),
]);
const rows = linesOf('compute-buffers.jsonl') as readonly Row[];

function shapeOf(model: string): ModelShape {
  const shape = shapes.get(model);
  assert.ok(shape, `no shape for ${model}`);
  return shape;
}

function computed([model, context, cacheTypeK, cacheTypeV, flashAttention, ubatch, batch, parallel, ...rest]: Row): readonly number[] {
  const [unifiedKv, swaFull, program, gpuLayers, cpuMoeLayers, kvOffload, cards] = rest;
  const shape = shapeOf(model);
  const placement = place(
    shape.layers,
    { gpuLayers, cpuMoeLayers, kvOffload, tensorSplit: null },
    cards.map(() => 1),
  );
  const request = { context, cacheTypeK, cacheTypeV, flashAttention, ubatch, batch, parallel, unifiedKv, swaFull, program };
  const { gpus, host } = splitComputeBuffers(shape, request, placement);
  return [...gpus, host];
}

test('compute buffers are llama.cpp’s, on every device, for every kind of model', () => {
  assert.ok(rows.length > 500);
  const exact = rows.filter((row) => {
    const truth = [...row[14], row[15]];
    const bytes = computed(row);
    bytes.forEach((value, i) => {
      const error = Math.abs(value / (truth[i] ?? Number.NaN) - 1);
      assert.ok(error < 0.001, `${JSON.stringify(row)}: ${String(value)}`);
    });
    return bytes.every((value, i) => value === truth[i]);
  });
  console.log(`compute buffers: ${String(exact.length)} of ${String(rows.length)} rows to the byte`);
  assert.ok(exact.length / rows.length > 0.95);
});

test('layers that repeat are left out, without changing their order or what the last one is', () => {
  const devices = { host: 0, layer: () => 0, experts: () => 0, cache: () => 0, output: 0 };
  for (const shape of shapes.values()) {
    const { layers } = kindsOf(shape);
    const picked = pickLayers(shape, devices);
    const indices = picked.map(({ index }) => index);
    assert.deepEqual(
      indices,
      [...new Set(indices)].sort((a, b) => a - b),
    );
    assert.ok(picked.length <= layers.length);
    assert.deepEqual({ ...picked.at(-1), index: 0 }, { ...layers.at(-1), index: 0 });
  }
  assert.ok(pickLayers(shapeOf('Llama-3.1-8B'), devices).length <= 7);
});

test('memory is taken over in place, shared by views, and given back', () => {
  const graph = new Graph(1);
  const input = graph.input(320);
  const first = graph.fresh(80, [input]);
  const inPlace = graph.map([first]);
  // A view keeps the whole alive, and what is made of it finds room elsewhere.
  const last = graph.map([graph.view(inPlace)]);
  last.kept = true;
  graph.place(last);
  for (const tensor of [...graph.inputs, ...graph.nodes]) tensor.device = 0;
  assert.deepEqual(peaks(graph.inputs, graph.nodes, 1), [320 + 320]);
});
