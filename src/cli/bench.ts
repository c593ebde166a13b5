/**
 * How many predictions a second the engine makes on one core, and how large it is in a browser.
 *
 * Usage: npm run bench
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import type { Device } from '../engine/device.ts';
import { EngineError } from '../engine/errors.ts';
import { alone, DEFAULTS, predict, type Request } from '../engine/predict.ts';
import { bestSplit, largestContext, largestQuant } from '../engine/search.ts';
import { workloadOf } from '../engine/workload.ts';
import { deviceOf, isComputable } from '../import/device.ts';
import { fileOf, readCollections } from '../schemas/collections.ts';
import { calculatorData } from '../site/calculator-data.ts';

const path = (relative: string): string => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const data = readCollections((name) => readFileSync(path(`data/${fileOf(name)}`), 'utf8'));
const devices = data.hardware.filter(isComputable).map((machine) => deviceOf(machine));
const works = data.models.flatMap(({ shape, kind }) => (shape === null || kind === 'embedding' ? [] : [workloadOf(shape, 'Q4_K_M')]));

/** Largest result is printed, so that nothing is optimised away. */
let largest = 0;

/** Best of five rounds: what the machine can do when nothing else runs on it. */
function rate(name: string, round: () => number): void {
  let best = 0;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const start = performance.now();
    const count = round();
    best = Math.max(best, (1000 * count) / (performance.now() - start));
  }
  console.log(`${name.padEnd(72)} ${Math.round(best).toLocaleString('en-GB').padStart(10)} a second`);
}

/** Every model with every device, with these settings. Devices turn fastest, as in a table of machines for a model. */
function everyPair(settings: Partial<Request>, list: readonly Device[] = devices): number {
  let count = 0;
  for (const work of works) {
    const request: Request = { ...DEFAULTS, ...settings, work };
    for (const device of list) {
      largest = Math.max(largest, predict(request, alone(device)).decode.tokensPerSecond);
      count += 1;
    }
  }
  return count;
}

const some = devices.filter((_, index) => index % 50 === 0);
const cards = devices.filter(({ memory }) => memory === 'discrete');

/** Calls for every third model and some cards; models that can't be placed count too. */
function searches(search: (request: Request, device: Device) => unknown): number {
  let count = 0;
  for (const work of works.filter((_, index) => index % 3 === 0)) {
    for (const device of cards.filter((_, index) => index % 25 === 0)) {
      try {
        search({ ...DEFAULTS, work }, device);
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
      }
      count += 1;
    }
  }
  return count;
}

console.log(`${String(works.length)} models in Q4_K_M, ${String(devices.length)} devices; one core\n`);
rate('predictions, memory and both speeds', () => everyPair({ depth: 4096 }));
let context = 4096;
rate('predictions with a context that was never asked for before', () => everyPair({ context: (context += 256) }, some));
rate('largest context', () => searches((request, device) => largestContext(request, alone(device), 131_072)));
rate('largest quantization', () => searches((request, device) => largestQuant(request, alone(device))));
rate('best split', () => searches((request, device) => bestSplit(request, alone(device))));
console.log(`(fastest prediction: ${largest.toFixed(0)} tokens a second)\n`);

/** Bytes after minifying and brotli, as a browser would load it. */
async function size(name: string, ...entries: readonly string[]): Promise<void> {
  const virtual = '\0entry';
  const bundle = await rolldown({
    input: virtual,
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === virtual ? id : null),
        load: (id) => (id === virtual ? entries.map((entry) => `export * from ${JSON.stringify(path(entry))};`).join('\n') : null),
      },
    ],
  });
  const { output } = await bundle.generate({ minify: true });
  const code = output.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('');
  await bundle.close();
  print(name, Buffer.from(code));
}

function print(name: string, bytes: Uint8Array): void {
  const kilobytes = (brotliCompressSync(bytes).length / 1000).toFixed(1);
  console.log(`${name.padEnd(72)} ${kilobytes.padStart(10)} kB brotli`);
}

const engine = ['engine/predict.ts', 'engine/search.ts', 'engine/workload.ts', 'engine/quant-names.ts'];
await size('engine', ...engine);
await size('engine and the reader of GGUF headers', ...engine, 'import/gguf.ts', 'import/gguf-model.ts');
await size('engine and both readers', ...engine, 'import/gguf.ts', 'import/gguf-model.ts', 'import/config.ts');
print('models, machines and quantizations for the browser', Buffer.from(JSON.stringify(calculatorData())));
