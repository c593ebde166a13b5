/** One line of `predict`: a question as JSON text in, an answer or an error as an object out. Nothing is thrown. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BACKENDS, type Device } from '../engine/device.ts';
import { EngineError } from '../engine/errors.ts';
import { gibToBytes } from '../engine/format.ts';
import { isCacheType, type CacheType } from '../engine/ggml-types.ts';
import type { MemoryPart } from '../engine/memory.ts';
import type { ModelShape } from '../engine/model.ts';
import { DEFAULTS, memoryWithoutDevice, predict, type Request } from '../engine/predict.ts';
import { namedQuant, workloadNamed } from '../engine/quant-names.ts';
import { USUAL_ROOM, type RoomSettings } from '../engine/room.ts';
import { asSetUp } from '../engine/speed-terms.ts';
import { repackedBytes } from '../engine/weights.ts';
import type { Workload } from '../engine/workload.ts';
import { modelFromConfig } from '../import/config.ts';
import { deviceOf, isComputable, typedDevice, VENDORS } from '../import/device.ts';
import { fileOf, readCollection, type Collections, type CollectionName } from '../schemas/collections.ts';
import { modelFromPath } from './gguf-file.ts';

interface Failure {
  readonly id: unknown;
  readonly error: { readonly code: string; readonly message: string };
}

type Fields = Readonly<Record<string, unknown>>;

const dataFile = (name: CollectionName): string => readFileSync(fileURLToPath(new URL(`../data/${fileOf(name)}`, import.meta.url)), 'utf8');

/** Read on first use: a question that is no JSON needs no data. */
function once<T>(make: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= make());
}

/** Dots, case and spaces in an id don't matter: "llama-3.1-8b" is llama-3-1-8b. */
const plainId = (text: string): string =>
  text
    .toLowerCase()
    .replace(/\+/g, '-plus')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

const byId = <T extends { readonly id: string }>(records: readonly T[]): ReadonlyMap<string, T> =>
  new Map(records.map((record) => [record.id, record]));
const models = once(() => byId<Collections['models'][number]>(readCollection('models', dataFile('models'))));
const machines = once(() => byId<Collections['hardware'][number]>(readCollection('hardware', dataFile('hardware'))));

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

function shapeById(id: string): ModelShape {
  const record = models().get(plainId(id));
  if (record === undefined) throw new EngineError('unknown-model', `There is no model "${id}" in src/data/models.jsonl.`);
  if (record.shape === null)
    throw new EngineError('not-computable', `${record.name} can't be computed: not known are ${(record.missing ?? []).join(', ')}.`);
  return record.shape;
}

/** The model asked for, in its quantization; a GGUF file brings both. */
async function workOf(fields: Fields): Promise<{ work: Workload; family: Request['family'] }> {
  const { model: asked, quant } = fields;
  if (!isObject(asked))
    throw new EngineError('no-model', '"model" is missing: give {"id": "llama-3-1-8b"}, {"config": {…config.json…}} or {"gguf": "path"}.');
  const { id, config, gguf } = asked;
  if (typeof gguf === 'string') return { work: (await modelFromPath(gguf)).workload, family: undefined };
  if (typeof quant !== 'string') throw new EngineError('no-quant', '"quant" is missing: give a file type of llama.cpp, such as "Q4_K_M".');
  const named = namedQuant(quant);
  const size = numberField(fields, 'fileBytes', Number.NaN);
  if (size <= 0) throw new EngineError('bad-field', '"fileBytes" must be a number above 0, or left out.');
  const shape =
    config !== undefined && config !== null ? modelFromConfig(config).shape : typeof id === 'string' ? shapeById(id) : undefined;
  if (shape === undefined)
    throw new EngineError('no-model', '"model" needs an "id" of src/data/models.jsonl, a "config" or the path of a "gguf" file.');
  return { work: workloadNamed(shape, named, Number.isNaN(size) ? null : size), family: named.family };
}

/** A name of the data inside a typed-in device's name, so that its arithmetic is known: "NVIDIA GeForce RTX 4090" is the RTX 4090. */
function knownByName(name: unknown, bandwidthGBs: number): Collections['hardware'][number] | undefined {
  if (typeof name !== 'string') return undefined;
  const plain = plainId(name.replace(/\b(NVIDIA|GeForce|AMD|Radeon(?! Pro| AI| VII)|Intel)\b/gi, ''));
  const found = machines().get(plain) ?? machines().get(plainId(name));
  const bandwidth = found?.bandwidthComputedGBs ?? found?.bandwidthMarketedGBs;
  return bandwidth != null && Math.abs(bandwidth / bandwidthGBs - 1) < 0.1 ? found : undefined;
}

/** A device that is typed in: vendor, kind of memory, bandwidth and size. */
function deviceFromFields(fields: Fields): Device {
  const { vendor, memory, backend, name } = fields;
  if (memory !== 'discrete' && memory !== 'unified' && memory !== 'system') {
    throw new EngineError('bad-field', `"memory" must be "discrete", "unified" or "system"; it is ${JSON.stringify(memory)}.`);
  }
  const bandwidth = numberField(fields, 'bandwidthGBs', Number.NaN);
  if (!(bandwidth > 0)) throw new EngineError('no-bandwidth', 'A device needs "bandwidthGBs", a number above 0.');
  const size = numberField(fields, 'memoryGiB', Number.NaN);
  if (size <= 0) throw new EngineError('bad-field', '"memoryGiB" must be a number above 0, or left out.');
  const typed =
    typeof vendor === 'string'
      ? typedDevice({
          vendor,
          memory,
          bandwidthGBs: bandwidth,
          memoryGiB: Number.isNaN(size) ? null : size,
          ...(typeof name === 'string' ? { name } : {}),
        })
      : null;
  if (typed === null || typeof vendor !== 'string') {
    throw new EngineError(
      'unknown-vendor',
      `A device needs an "id" or a "vendor" of ${VENDORS.join(', ')}; it is ${JSON.stringify(vendor)}.`,
    );
  }
  const chosen = vendor === 'cpu' ? typed.backend : (BACKENDS.find((known) => known === backend) ?? typed.backend);
  const known = knownByName(name, bandwidth);
  if (known !== undefined && isComputable(known) && vendor !== 'cpu')
    return { ...deviceOf(known), memoryBytes: typed.memoryBytes, bandwidth: typed.bandwidth, backend: chosen };
  return { ...typed, backend: chosen };
}

function deviceFrom(asked: unknown): Device {
  if (!isObject(asked))
    throw new EngineError('bad-device', 'A device is an object: {"id": "rtx-3090"}, or {"vendor": …, "memory": …, "bandwidthGBs": …}.');
  const { id, backend } = asked;
  if (typeof id !== 'string') return deviceFromFields(asked);
  const record = machines().get(plainId(id));
  if (record === undefined || !isComputable(record))
    throw new EngineError('unknown-device', `There is no machine "${id}" in src/data/hardware.jsonl to run a model on.`);
  const size = numberField(asked, 'memoryGiB', Number.NaN);
  const given = numberField(asked, 'bandwidthGBs', Number.NaN);
  if (given <= 0) throw new EngineError('no-bandwidth', '"bandwidthGBs" must be a number above 0, or left out.');
  const sized = deviceOf(record, Number.isNaN(size) ? undefined : size);
  // What was learned of this machine was learned with its usual memory.
  const device = Number.isNaN(given) ? sized : { ...sized, id: null, bandwidth: given * 1e9 };
  if (backend === undefined || backend === null || device.backend === 'cpu') return device;
  const chosen = BACKENDS.find((known) => known === backend);
  if (chosen === undefined || chosen === 'cpu')
    throw new EngineError('bad-field', `"backend" must be one of ${BACKENDS.join(', ')}; it is ${JSON.stringify(backend)}.`);
  return { ...device, backend: chosen };
}

function splitField(value: unknown): readonly number[] | null {
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value) || value.some((share) => typeof share !== 'number'))
    throw new EngineError('bad-field', '"tensorSplit" must be a list of numbers, one for each card.');
  return value.map(Number);
}

/** What is kept from the model, where the question says so. */
function roomFrom(fields: Fields): RoomSettings {
  const gib = (name: string, usualBytes: number): number => {
    const value = numberField(fields, name, usualBytes / gibToBytes(1));
    if (value < 0) throw new EngineError('bad-field', `"${name}" must be 0 or more.`);
    return gibToBytes(value);
  };
  const share = (name: string, usual: number): number => {
    const value = numberField(fields, name, usual);
    if (!(value > 0 && value <= 1)) throw new EngineError('bad-field', `"${name}" must be a share above 0 and up to 1.`);
    return value;
  };
  return {
    cardReserveBytes: gib('cardReserveGiB', USUAL_ROOM.cardReserveBytes),
    systemReserveBytes: gib('systemReserveGiB', USUAL_ROOM.systemReserveBytes),
    macShare: fields['macShare'] == null ? USUAL_ROOM.macShare : share('macShare', 1),
    gttShare: share('gttShare', USUAL_ROOM.gttShare),
    windows: booleanField(fields, 'windows', USUAL_ROOM.windows),
  };
}

async function requestFrom(fields: Fields): Promise<Request> {
  const { program } = fields;
  if (program !== undefined && program !== null && program !== 'llama-server' && program !== 'llama-cli') {
    throw new EngineError('bad-field', `"program" must be "llama-server" or "llama-cli"; it is ${JSON.stringify(program)}.`);
  }
  return {
    ...(await workOf(fields)),
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
    gpuLayers: numberField(fields, 'gpuLayers', DEFAULTS.gpuLayers),
    cpuMoeLayers: numberField(fields, 'cpuMoeLayers', DEFAULTS.cpuMoeLayers),
    kvOffload: booleanField(fields, 'kvOffload', DEFAULTS.kvOffload),
    tensorSplit: splitField(fields['tensorSplit']),
    tensorParallel: booleanField(fields, 'tensorParallel', DEFAULTS.tensorParallel),
    room: roomFrom(fields),
  };
}

const bytesOf = ({ weightsBytes, kvCacheBytes, computeBytes, totalBytes }: MemoryPart): MemoryPart => ({
  weightsBytes,
  kvCacheBytes,
  computeBytes,
  totalBytes,
});

async function answerQuestion(fields: Fields): Promise<object> {
  const request = await requestFrom(fields);
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
  const { memory, devices, fits, decode, prefill, warnings } = predict(request, asSetUp(listed.map(deviceFrom)));
  const range = ({ tokensPerSecond, low, high }: { tokensPerSecond: number; low: number; high: number }): object => ({
    tokensPerSecond,
    low,
    high,
  });
  return {
    fileBytes: memory.tensorBytes,
    ...bytesOf(memory),
    weightsBytes: memory.tensorBytes,
    devices: devices.map((device) => ({
      name: device.name,
      ...bytesOf(device),
      capacityBytes: device.capacityBytes,
      fits: device.fits,
      verdict: device.verdict,
    })),
    repackedBytes: repackedBytes(request.work.shape, request.work.fileType, memory.placement.firstGpuLayer),
    fits,
    prefill: range(prefill),
    decode: range(decode),
    warnings,
  };
}

/** @param line one question as JSON */
export async function answerLine(line: string): Promise<object | Failure> {
  let id: unknown = null;
  try {
    const question: unknown = JSON.parse(line);
    if (!isObject(question)) throw new EngineError('bad-line', 'A line must be a JSON object.');
    id = question['id'] ?? null;
    return { id, ...(await answerQuestion(question)) };
  } catch (error) {
    if (error instanceof EngineError) return { id, error: { code: error.code, message: error.message } };
    if (error instanceof SyntaxError) return { id, error: { code: 'not-json', message: `The line is not JSON: ${error.message}` } };
    throw error;
  }
}
