/** One line of `predict`: a question as JSON text in, an answer or an error as an object out. Nothing is thrown. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BACKENDS, SPEED_CLASSES, type Backend, type Device, type SpeedClass } from '../engine/device.ts';
import { EngineError } from '../engine/errors.ts';
import { gibToBytes } from '../engine/format.ts';
import { isCacheType, type CacheType } from '../engine/ggml-types.ts';
import type { MemoryPart } from '../engine/memory.ts';
import { fileTypeNamed } from '../engine/mixing.ts';
import type { ModelShape } from '../engine/model.ts';
import { DEFAULTS, memoryWithoutDevice, predict, type Request } from '../engine/predict.ts';
import { deviceOf, isComputable } from '../import/device.ts';
import { hardware, type Hardware } from '../schemas/hardware.ts';
import { model, type Model } from '../schemas/model.ts';
import { readRecords } from '../schemas/records.ts';

interface Failure {
  readonly id: unknown;
  readonly error: { readonly code: string; readonly message: string };
}

type Fields = Readonly<Record<string, unknown>>;

const dataFile = (name: string): string => readFileSync(fileURLToPath(new URL(`../data/${name}`, import.meta.url)), 'utf8');

/** Read on first use: a question that is no JSON needs no data. */
function once<T>(make: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= make());
}
const models = once((): Model[] => readRecords(dataFile('models.jsonl'), 'src/data/models.jsonl', model));
const machines = once((): Hardware[] => readRecords(dataFile('hardware.jsonl'), 'src/data/hardware.jsonl', hardware));

/** Dots, case and spaces in an id don't matter: "llama-3.1-8b" is llama-3-1-8b. */
const plainId = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

function numberField(fields: Fields, name: string, fallback: number): number {
  const value = fields[name];
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new EngineError('bad-field', `"${name}" must be a number; it is ${JSON.stringify(value)}.`);
  return value;
}

function booleanField(fields: Fields, name: string, fallback: boolean): boolean {
  const value = fields[name];
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'boolean') throw new EngineError('bad-field', `"${name}" must be true or false; it is ${JSON.stringify(value)}.`);
  return value;
}

function cacheField(fields: Fields, name: string): CacheType {
  const value = fields[name] ?? 'f16';
  if (typeof value !== 'string' || !isCacheType(value)) {
    throw new EngineError(
      'bad-field',
      `"${name}" must be a cache type of llama.cpp, such as "f16" or "q8_0"; it is ${JSON.stringify(value)}.`,
    );
  }
  return value;
}

function shapeOf(asked: unknown): ModelShape {
  if (!isObject(asked))
    throw new EngineError('no-model', '"model" is missing: give {"id": "llama-3-1-8b"}, with an id of src/data/models.jsonl.');
  const { id } = asked;
  if (typeof id !== 'string') {
    throw new EngineError(
      'unsupported-model',
      'This version knows models by {"id": …}; reading a GGUF file or a config.json is not part of it yet.',
    );
  }
  const record = models().find((candidate) => candidate.id === plainId(id));
  if (record === undefined) throw new EngineError('unknown-model', `There is no model "${id}" in src/data/models.jsonl.`);
  if (record.shape === null)
    throw new EngineError('not-computable', `${record.name} can't be computed: not known are ${(record.missing ?? []).join(', ')}.`);
  return record.shape;
}

const CLASS_OF_VENDOR: Readonly<Record<string, SpeedClass>> = {
  nvidia: 'nvidia-gddr',
  amd: 'amd-rdna',
  intel: 'amd-rdna',
  apple: 'apple',
  qualcomm: 'integrated-gpu',
  cpu: 'cpu-desktop',
};
const BACKEND_OF_VENDOR: Readonly<Record<string, Backend>> = {
  nvidia: 'cuda',
  amd: 'vulkan',
  intel: 'vulkan',
  apple: 'metal',
  qualcomm: 'vulkan',
  cpu: 'cpu',
};

/** A device that is typed in: vendor, kind of memory, bandwidth and size. */
function deviceFromFields(fields: Fields): Device {
  const { vendor, memory, backend, name } = fields;
  const speedClass = typeof vendor === 'string' ? CLASS_OF_VENDOR[vendor] : undefined;
  const usual = typeof vendor === 'string' ? BACKEND_OF_VENDOR[vendor] : undefined;
  if (speedClass === undefined || usual === undefined || !SPEED_CLASSES.includes(speedClass)) {
    throw new EngineError(
      'unknown-vendor',
      `A device needs an "id" or a "vendor" of ${Object.keys(CLASS_OF_VENDOR).join(', ')}; it is ${JSON.stringify(vendor)}.`,
    );
  }
  if (memory !== 'discrete' && memory !== 'unified' && memory !== 'system') {
    throw new EngineError('bad-field', `"memory" must be "discrete", "unified" or "system"; it is ${JSON.stringify(memory)}.`);
  }
  const bandwidth = numberField(fields, 'bandwidthGBs', Number.NaN);
  if (!(bandwidth > 0)) throw new EngineError('no-bandwidth', 'A device needs "bandwidthGBs", a number above 0.');
  const size = numberField(fields, 'memoryGiB', Number.NaN);
  return {
    name: typeof name === 'string' ? name : `${String(vendor)} device`,
    memory,
    memoryBytes: Number.isNaN(size) ? null : gibToBytes(size),
    bandwidth: bandwidth * 1e9,
    backend: BACKENDS.find((known) => known === backend) ?? usual,
    speedClass: vendor === 'amd' && memory === 'unified' ? 'integrated-gpu' : speedClass,
    classIsMeasured: vendor !== 'intel' && vendor !== 'qualcomm',
    generation: null,
    fp32VectorFlops: null,
    fp16MatrixFlops: null,
  };
}

function deviceFrom(asked: unknown): Device {
  if (!isObject(asked))
    throw new EngineError('bad-device', 'A device is an object: {"id": "rtx-3090"}, or {"vendor": …, "memory": …, "bandwidthGBs": …}.');
  const { id } = asked;
  if (typeof id !== 'string') return deviceFromFields(asked);
  const record = machines().find((candidate) => candidate.id === plainId(id));
  if (record === undefined || !isComputable(record))
    throw new EngineError('unknown-device', `There is no machine "${id}" in src/data/hardware.jsonl to run a model on.`);
  const size = numberField(asked, 'memoryGiB', Number.NaN);
  return deviceOf(record, Number.isNaN(size) ? undefined : size);
}

function requestFrom(fields: Fields): Request {
  const { quant, program } = fields;
  if (typeof quant !== 'string') throw new EngineError('no-quant', '"quant" is missing: give a file type of llama.cpp, such as "Q4_K_M".');
  if (program !== undefined && program !== null && program !== 'llama-server' && program !== 'llama-cli') {
    throw new EngineError('bad-field', `"program" must be "llama-server" or "llama-cli"; it is ${JSON.stringify(program)}.`);
  }
  const shape = shapeOf(fields['model']);
  const gpuLayers = numberField(fields, 'gpuLayers', 99);
  if (gpuLayers <= shape.layers || numberField(fields, 'cpuMoeLayers', 0) > 0 || !booleanField(fields, 'kvOffload', true)) {
    throw new EngineError(
      'unsupported-split',
      'This version computes models that are wholly on one device: leave gpuLayers, cpuMoeLayers and kvOffload out.',
    );
  }
  return {
    shape,
    fileType: fileTypeNamed(quant),
    context: numberField(fields, 'context', DEFAULTS.context),
    depth: numberField(fields, 'depth', DEFAULTS.depth),
    cacheTypeK: cacheField(fields, 'cacheTypeK'),
    cacheTypeV: cacheField(fields, 'cacheTypeV'),
    flashAttention: booleanField(fields, 'flashAttention', DEFAULTS.flashAttention),
    ubatch: numberField(fields, 'ubatch', DEFAULTS.ubatch),
    batch: numberField(fields, 'batch', DEFAULTS.batch),
    parallel: numberField(fields, 'parallel', DEFAULTS.parallel),
    unifiedKv: booleanField(fields, 'unifiedKv', DEFAULTS.unifiedKv),
    swaFull: booleanField(fields, 'swaFull', DEFAULTS.swaFull),
    program: program ?? DEFAULTS.program,
    promptTokens: numberField(fields, 'promptTokens', DEFAULTS.promptTokens),
  };
}

const bytesOf = ({ weightsBytes, kvCacheBytes, computeBytes, totalBytes }: MemoryPart): MemoryPart => ({
  weightsBytes,
  kvCacheBytes,
  computeBytes,
  totalBytes,
});

function answerQuestion(fields: Fields): object {
  const request = requestFrom(fields);
  const asked = fields['devices'];
  const listed: readonly unknown[] = Array.isArray(asked) ? asked : [];
  if (listed.length === 0) {
    const memory = memoryWithoutDevice(request);
    return {
      fileBytes: memory.tensorBytes,
      ...bytesOf(memory),
      weightsBytes: memory.tensorBytes,
      devices: [],
      fits: null,
      prefill: null,
      decode: null,
      warnings: [],
    };
  }
  const [first, ...others] = listed.map(deviceFrom);
  if (first === undefined || others.some((device) => device.backend !== 'cpu')) {
    throw new EngineError(
      'unsupported-split',
      'This version computes one device and its host: give one device, and at most a host with vendor "cpu".',
    );
  }
  const answer = predict(request, first);
  const { memory, decode, prefill } = answer;
  const onDevice = first.memory === 'discrete' ? (memory.gpu ?? memory.host) : memory;
  const rows = [{ name: first.name, ...bytesOf(onDevice), capacityBytes: first.memoryBytes, fits: answer.fits }];
  if (first.memory === 'discrete' && memory.gpu !== null) {
    const host = others[0];
    const capacity = host?.memoryBytes ?? null;
    rows.push({
      name: host?.name ?? 'host',
      ...bytesOf(memory.host),
      capacityBytes: capacity,
      fits: capacity === null ? null : memory.host.totalBytes <= capacity,
    });
  }
  const range = ({ tokensPerSecond, low, high }: { tokensPerSecond: number; low: number; high: number }): object => ({
    tokensPerSecond,
    low,
    high,
  });
  const warnings = [...new Set([...(first.classIsMeasured ? [] : [decode.basis]), ...decode.warnings, ...prefill.warnings])];
  return {
    fileBytes: memory.tensorBytes,
    ...bytesOf(memory),
    weightsBytes: memory.tensorBytes,
    devices: rows,
    fits: rows.some((row) => row.fits === false) ? false : answer.fits,
    prefill: range(prefill),
    decode: range(decode),
    warnings,
  };
}

/** @param line one question as JSON */
export function answerLine(line: string): object | Failure {
  let id: unknown = null;
  try {
    const question: unknown = JSON.parse(line);
    if (!isObject(question)) throw new EngineError('bad-line', 'A line must be a JSON object.');
    id = question['id'] ?? null;
    return { id, ...answerQuestion(question) };
  } catch (error) {
    if (error instanceof EngineError) return { id, error: { code: error.code, message: error.message } };
    if (error instanceof SyntaxError) return { id, error: { code: 'not-json', message: `The line is not JSON: ${error.message}` } };
    throw error;
  }
}
