import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '../../src/engine/errors.ts';
import { CACHE_TYPES, type CacheType } from '../../src/engine/ggml-types.ts';
import { kvCacheBytes, type CacheRequest } from '../../src/engine/kv-cache.ts';
import type { FileType } from '../../src/engine/ggml-types.ts';
import { memoryOf, type MemoryRequest } from '../../src/engine/memory.ts';
import type { ModelShape } from '../../src/engine/model.ts';
import { DEFAULTS } from '../../src/engine/predict.ts';
import { workloadOf } from '../../src/engine/workload.ts';

type Part = readonly [weights: number, kvCache: number, compute: number];

/** What llama.cpp allocated, or that it refused. */
interface Row extends Omit<MemoryRequest, 'work' | 'shares'> {
  readonly model: string;
  readonly quant: FileType;
  /** Wholly on a card, or wholly on a CPU. */
  readonly onGpu: boolean;
  readonly gpu?: Part;
  readonly host?: Part;
  readonly refused?: boolean;
}

const shapes = JSON.parse(readFileSync('tests/fixtures/llama-cpp/shapes.json', 'utf8')) as Readonly<Record<string, ModelShape>>;
const rows = readFileSync('tests/fixtures/llama-cpp/memory.jsonl', 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);

/** Settings of a context, and the bytes that llama.cpp takes for cache and states; null where it refuses. */
type CacheRow = readonly [
  context: number,
  cacheTypeK: CacheType,
  cacheTypeV: CacheType,
  flashAttention: boolean,
  ubatch: number,
  parallel: number,
  unifiedKv: boolean,
  swaFull: boolean,
  bytes: number | null,
];

const architectures = readFileSync('tests/fixtures/llama-cpp/architectures.jsonl', 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { readonly model: string; readonly shape: ModelShape; readonly caches: readonly CacheRow[] });

function requestOf(row: Row): MemoryRequest {
  const shape = shapes[row.model];
  assert.ok(shape, `no shape for ${row.model}`);
  return { ...DEFAULTS, ...row, work: workloadOf(shape, row.quant), shares: row.onGpu ? [1] : [] };
}

const allocated = rows.filter((row): row is Row & { gpu: Part; host: Part } => row.gpu !== undefined && row.host !== undefined);
const describe = ({ model, quant, context, cacheTypeK, cacheTypeV, parallel, onGpu }: Row): string =>
  `${model} ${quant} ${String(context)} ${cacheTypeK}/${cacheTypeV} np ${String(parallel)} ${onGpu ? 'gpu' : 'host'}`;

test('weights and cache are llama.cpp’s to the byte, on the GPU and on the host', () => {
  assert.ok(allocated.length > 300);
  for (const row of allocated) {
    const {
      gpus: [gpu],
      host,
    } = memoryOf(requestOf(row));
    assert.deepEqual([gpu?.weightsBytes ?? 0, gpu?.kvCacheBytes ?? 0], row.gpu.slice(0, 2), describe(row));
    assert.deepEqual([host.weightsBytes, host.kvCacheBytes], row.host.slice(0, 2), describe(row));
  }
});

test('cache and states of every architecture are llama.cpp’s to the byte', () => {
  for (const { model, shape, caches } of architectures) {
    for (const [context, cacheTypeK, cacheTypeV, flashAttention, ubatch, parallel, unifiedKv, swaFull, bytes] of caches) {
      const request: CacheRequest = { context, cacheTypeK, cacheTypeV, flashAttention, ubatch, parallel, unifiedKv, swaFull };
      if (bytes === null) assert.throws(() => kvCacheBytes(shape, request), EngineError, model);
      else assert.equal(kvCacheBytes(shape, request), bytes, `${model} ${JSON.stringify(request)}`);
    }
  }
});

test('what llama.cpp refuses is refused, with a sentence that says what to change', () => {
  const refused = rows.filter((row) => row.refused === true);
  assert.ok(refused.length > 5);
  for (const row of refused) {
    assert.throws(
      () => memoryOf(requestOf(row)),
      (error) => error instanceof EngineError && /use|switch/i.test(error.message),
      describe(row),
    );
  }
});

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

test('compute buffers within a thousandth, and so is total memory', () => {
  const buffers: number[] = [];
  const totals: number[] = [];
  for (const row of allocated) {
    const {
      gpus: [gpu],
      host,
      totalBytes,
    } = memoryOf(requestOf(row));
    const truth = row.onGpu ? row.gpu[2] : row.host[2];
    buffers.push(Math.abs((gpu ?? host).computeBytes / truth - 1));
    totals.push(Math.abs(totalBytes / [...row.gpu, ...row.host].reduce((sum, bytes) => sum + bytes, 0) - 1));
  }
  console.log(
    `compute buffer: median ${(100 * quantile(buffers, 0.5)).toFixed(3)} %, p90 ${(100 * quantile(buffers, 0.9)).toFixed(2)} %; ` +
      `total: median ${(100 * quantile(totals, 0.5)).toFixed(3)} %, p90 ${(100 * quantile(totals, 0.9)).toFixed(2)} % (${String(allocated.length)} rows)`,
  );
  assert.ok(Math.max(...buffers) < 0.001);
  assert.ok(Math.max(...totals) < 0.001);
});

const base = {
  ubatch: 512,
  batch: 2048,
  parallel: 1,
  unifiedKv: false,
  swaFull: false,
  program: 'llama-server',
  flashAttention: true,
} as const;
const anyShape = fc.constantFrom(...Object.values(shapes));
const anyArchitecture = fc.constantFrom(...Object.values(shapes), ...architectures.map(({ shape }) => shape));

test('more context never needs less memory, and all bytes are whole', () => {
  fc.assert(
    fc.property(
      anyShape,
      // Below a micro-batch the graph itself shrinks with the context, and llama.cpp's allocator places some smaller graphs worse.
      fc.integer({ min: 512, max: 200_000 }),
      fc.integer({ min: 0, max: 200_000 }),
      fc.boolean(),
      (shape, context, more, onGpu) => {
        const at = (tokens: number): number =>
          memoryOf({ ...DEFAULTS, ...base, work: workloadOf(shape, 'Q4_K_M'), context: tokens, shares: onGpu ? [1] : [] }).totalBytes;
        assert.ok(Number.isSafeInteger(at(context)));
        assert.ok(at(context + more) >= at(context));
      },
    ),
  );
});

test('a cache of fewer bits is never larger', () => {
  fc.assert(
    fc.property(anyArchitecture, fc.integer({ min: 256, max: 100_000 }), (shape, context) => {
      const sizes = (['q4_0', 'q8_0', 'f16', 'f32'] as const).flatMap((type) => {
        try {
          return [kvCacheBytes(shape, { ...base, context, cacheTypeK: type, cacheTypeV: type })];
        } catch (error) {
          if (error instanceof EngineError) return [];
          throw error;
        }
      });
      assert.deepEqual(
        sizes,
        [...sizes].sort((a, b) => a - b),
      );
    }),
  );
});

test('no combination of settings throws anything but an EngineError', () => {
  fc.assert(
    fc.property(
      anyShape,
      fc.record({
        context: fc.integer({ min: 1, max: 1_000_000 }),
        cacheTypeK: fc.constantFrom(...CACHE_TYPES),
        cacheTypeV: fc.constantFrom(...CACHE_TYPES),
        flashAttention: fc.boolean(),
        ubatch: fc.integer({ min: 1, max: 4096 }),
        batch: fc.integer({ min: 1, max: 8192 }),
        parallel: fc.integer({ min: 1, max: 16 }),
        unifiedKv: fc.boolean(),
        swaFull: fc.boolean(),
        program: fc.constantFrom('llama-server' as const, 'llama-cli' as const),
        onGpu: fc.boolean(),
      }),
      (shape, settings) => {
        try {
          const { onGpu, ...others } = settings;
          const { totalBytes } = memoryOf({ ...DEFAULTS, ...others, work: workloadOf(shape, 'Q8_0'), shares: onGpu ? [1] : [] });
          assert.ok(Number.isSafeInteger(totalBytes) && totalBytes > 0);
        } catch (error) {
          assert.ok(error instanceof EngineError, String(error));
        }
      },
    ),
  );
});
