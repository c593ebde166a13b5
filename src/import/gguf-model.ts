/**
 * From the header of a GGUF file to the engine's model: the shape from its metadata and tensors, the work of a token from the
 * tensors themselves, so that files of mixed types are exact.
 *
 * Source: the metadata keys that llama.cpp 0.5.0 reads for each architecture.
 */

import { EngineError } from '../engine/errors.ts';
import type { FileType } from '../engine/ggml-types.ts';
import { TRAITS } from '../engine/layer-parts/traits.ts';
import {
  ARCHITECTURES,
  type Architecture,
  type Experts,
  type LatentAttention,
  type ModelShape,
  type RecurrentKind,
  type RecurrentLayers,
  type SlidingWindow,
} from '../engine/model.ts';
import { tensorsOf, type TensorRole } from '../engine/tensors.ts';
import { workloadFromTensors, type WorkTensor, type Workload } from '../engine/workload.ts';
import type { GgufHeader, GgufValue } from './gguf.ts';
import { fileTypeNumbered, likelyFileType, sizedTensors, type SizedTensor } from './gguf-tensors.ts';
import { windowOf } from './window-pattern.ts';

export interface GgufModel {
  readonly shape: ModelShape;
  /** What the file says it is; null when it doesn't say. */
  readonly fileType: FileType | null;
  /** All tensors of the file, those that a token doesn't pass through included. */
  readonly tensorBytes: number;
  readonly workload: Workload;
  /** Remarks for the reader: what the file has that is not computed. */
  readonly notes: readonly string[];
}

const MOST_LAYERS = 1024;
const LARGEST_COUNT = 2 ** 31;

type Part = Partial<ModelShape>;

function isArchitecture(name: unknown): name is Architecture {
  return ARCHITECTURES.some((known) => known === name);
}

/** Metadata of the model's architecture, and its tensors by layer. */
class GgufFields {
  readonly architecture: Architecture;
  readonly tensors: readonly SizedTensor[];
  readonly #metadata: GgufHeader['metadata'];
  readonly #byName: ReadonlyMap<string, SizedTensor>;

  constructor({ metadata }: GgufHeader, tensors: readonly SizedTensor[]) {
    const architecture = metadata.get('general.architecture');
    if (!isArchitecture(architecture)) {
      const name = typeof architecture === 'string' ? `“${architecture.slice(0, 40)}”` : 'no name';
      throw new EngineError(
        'unknown-architecture',
        `This GGUF file holds a model of the architecture ${name}, which can’t be computed yet. Pick a model of the list that is built alike.`,
      );
    }
    this.architecture = architecture;
    this.tensors = tensors;
    this.#metadata = metadata;
    this.#byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }

  #value(key: string): GgufValue | undefined {
    return this.#metadata.get(`${this.architecture}.${key}`);
  }

  #integer(key: string, value: unknown): number {
    const number = typeof value === 'bigint' || typeof value === 'boolean' ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= LARGEST_COUNT) return number;
    throw new EngineError(
      'gguf-bad-value',
      `The entry ${this.architecture}.${key} of this GGUF file is no whole number from 0 to ${String(LARGEST_COUNT)}. Download the file again, or convert the model anew.`,
    );
  }

  /** A whole number; null when the entry is not there or is a list. */
  optional(key: string): number | null {
    const value = this.#value(key);
    return value === undefined || typeof value === 'object' ? null : this.#integer(key, value);
  }

  missing(what: string): EngineError {
    return new EngineError(
      'gguf-missing-entry',
      `This GGUF file has no ${what}, without which the model can’t be computed. Convert the model anew with a current llama.cpp.`,
    );
  }

  /** A whole number above 0. */
  count(key: string): number {
    const value = this.optional(key);
    if (value === null || value === 0) throw this.missing(`entry ${this.architecture}.${key}`);
    return value;
  }

  /** A number for each layer, where the file has a list; further layers, that predict tokens ahead, are left out. */
  list(key: string, layers: number): readonly number[] | null {
    const value = this.#value(key);
    if (!Array.isArray(value)) return null;
    const items: readonly unknown[] = value;
    if (items.length < layers) throw this.missing(`item for each layer in ${this.architecture}.${key}`);
    return items.slice(0, layers).map((item) => this.#integer(key, item));
  }

  /** A number for each layer: a list, or one for all. */
  byLayer(key: string, layers: number): readonly number[] | null {
    const one = this.optional(key);
    return one === null ? this.list(key, layers) : Array.from({ length: layers }, () => one);
  }

  tensor(name: string): SizedTensor | undefined {
    return this.#byName.get(name);
  }

  /** A tensor of a layer; of the first that has one when no layer is given. */
  inLayer(kind: string, layer: number): SizedTensor | undefined {
    return this.#byName.get(`blk.${String(layer)}.${kind}`);
  }

  any(kind: string): SizedTensor | undefined {
    return this.tensors.find((tensor) => tensor.kind === kind && tensor.layer !== null);
  }

  /** Layers (from 0) that have a tensor of one of the kinds. */
  layersWith(layers: number, ...kinds: readonly string[]): number[] {
    return Array.from({ length: layers }, (_, layer) => layer).filter((layer) =>
      kinds.some((kind) => this.inLayer(kind, layer) !== undefined),
    );
  }
}

/** Where llama.cpp follows a window, what it takes when the file doesn't say: period, whether the first layer sees everything, size. */
const WINDOWS: Partial<Readonly<Record<Architecture, readonly [period: number, fullFirst?: boolean, size?: number]>>> = {
  afmoe: [4],
  cohere2: [4],
  cohere2moe: [4, true],
  deepseek4: [0],
  'exaone-moe': [4],
  exaone4: [4],
  'gemma-embedding': [6],
  gemma2: [2, false, 4096],
  gemma3: [6],
  gemma3n: [5],
  gemma4: [6],
  'gpt-oss': [2],
  laguna: [4, true],
  llama4: [4, false, 8192],
  mellum: [4],
  mimo2: [6],
  'modern-bert': [3, true],
  'muse-glimmer': [4],
  olmo2: [4],
  smallthinker: [4, true],
  step35: [4, true],
};

function slidingWindow(fields: GgufFields, layers: number): SlidingWindow | null {
  const { architecture } = fields;
  const followed = WINDOWS[architecture];
  // Smaller models of EXAONE 4 have no windows.
  if (followed === undefined || (architecture === 'exaone4' && layers !== 64)) return null;
  const [usual, fullFirst, usualSize] = followed;
  const given = fields.optional('attention.sliding_window');
  if (architecture === 'llama4') return given === 0 ? null : { size: usualSize ?? 0, period: usual, chunked: true };
  const size = given ?? usualSize ?? 0;
  if (size === 0) return null;
  const period = fields.optional('attention.sliding_window_pattern') ?? usual;
  const windowed =
    architecture === 'deepseek4' ? null : fields.list('attention.sliding_window_pattern', layers)?.map((value) => value !== 0);
  if (windowed !== undefined && windowed !== null) return windowOf(size, windowed);
  if (period === 0) return { size, period: 1, fullLayers: [] };
  if (period === 1) return null;
  return fullFirst === true ? { size, period, fullFirst } : { size, period };
}

function latentAttention(fields: GgufFields): LatentAttention | null {
  const kvLoraRank = fields.optional('attention.kv_lora_rank');
  if (kvLoraRank === null) return null;
  const keyLength = fields.optional('attention.key_length_mla');
  const ropeHeadDim = fields.count('rope.dimension_count');
  const keys = keyLength ?? fields.count('attention.key_length');
  if (keys <= ropeHeadDim) throw fields.missing('key wider than its rotary part');
  return {
    qLoraRank: fields.optional('attention.q_lora_rank'),
    kvLoraRank,
    ropeHeadDim,
    nopeHeadDim: keys - ropeHeadDim,
    valueHeadDim: keyLength === null ? valueLength(fields, keys) : fields.count('attention.value_length_mla'),
    legacyFile: keyLength === null,
  };
}

function valueLength(fields: GgufFields, keyLength: number): number {
  // MiniCPM3's converter doesn't write it.
  return fields.optional('attention.value_length') ?? (fields.architecture === 'minicpm3' ? 64 : keyLength);
}

const RECURRENT: Partial<Readonly<Record<Architecture, RecurrentKind>>> = {
  bailingmoe3: 'kda',
  'falcon-h1': 'mamba-2',
  granitehybrid: 'mamba-2',
  jamba: 'mamba-1',
  'kimi-k3': 'kda',
  'kimi-linear': 'kda',
  lfm2: 'short-conv',
  lfm2moe: 'short-conv',
  'minimax-01': 'lightning',
  nemotron_h: 'mamba-2',
  nemotron_h_moe: 'mamba-2',
  qwen35: 'delta-net',
  qwen35moe: 'delta-net',
  qwen3next: 'delta-net',
  qwen4exp: 'delta-net',
};

/** Sizes of the state, by kind; each family's file has entries of its own for them. */
function stateSizes(
  fields: GgufFields,
  kind: RecurrentKind,
  heads: number,
  hiddenSize: number,
): Pick<RecurrentLayers, 'convKernel' | 'innerSize' | 'stateSize' | 'groupCount' | 'timeStepRank'> {
  if (kind === 'short-conv') {
    return { convKernel: fields.count('shortconv.l_cache'), innerSize: hiddenSize, stateSize: 0, groupCount: 0, timeStepRank: 0 };
  }
  const convKernel = kind === 'lightning' ? 1 : fields.count('ssm.conv_kernel');
  if (kind === 'kda' || kind === 'lightning') {
    const stateSize = fields.count(kind === 'kda' ? 'kda.head_dim' : 'attention.key_length');
    return { convKernel, innerSize: heads * stateSize, stateSize, groupCount: heads, timeStepRank: heads };
  }
  return {
    convKernel,
    innerSize: fields.count('ssm.inner_size'),
    stateSize: fields.count('ssm.state_size'),
    groupCount: fields.optional('ssm.group_count') ?? 0,
    timeStepRank: fields.count('ssm.time_step_rank'),
  };
}

function recurrentLayers(
  fields: GgufFields,
  layers: number,
  kvByLayer: readonly number[],
  heads: number,
  hiddenSize: number,
): RecurrentLayers | null {
  const kind = RECURRENT[fields.architecture];
  if (kind === undefined) return null;
  const byInterval = kind === 'delta-net' || kind === 'lightning';
  const byPattern = fields.architecture.startsWith('nemotron');
  const normless = fields.architecture === 'falcon-h1' && fields.any('ssm_norm') === undefined;
  return {
    kind,
    fullAttentionInterval: byInterval ? (fields.optional('full_attention_interval') ?? (kind === 'lightning' ? 8 : 4)) : null,
    attentionLayers:
      byInterval || byPattern ? null : Array.from({ length: layers }, (_, layer) => layer).filter((layer) => (kvByLayer[layer] ?? 0) > 0),
    ...stateSizes(fields, kind, heads, hiddenSize),
    ...(normless && { norm: false }),
  };
}

/** Nemotron's letters, by what a layer has. */
function hybridPattern(fields: GgufFields, layers: number): string {
  return Array.from({ length: layers }, (_, layer) => {
    if (fields.inLayer('ssm_in', layer) !== undefined) return 'M';
    if (fields.inLayer('attn_q', layer) !== undefined) return '*';
    return fields.inLayer('ffn_gate_inp', layer) === undefined ? '-' : 'E';
  }).join('');
}

function expertsOf(fields: GgufFields, layers: number, qLoraRank: number | null | undefined): Experts | null {
  const mixtures = fields.layersWith(layers, 'ffn_down_exps');
  const [first, second] = mixtures;
  if (first === undefined) return null;
  const { architecture } = fields;
  const feedForwardSize = fields.inLayer('ffn_down_exps', first)?.dimensions[0] ?? 0;
  const shared = fields.inLayer('ffn_down_shexp', first)?.dimensions[0] ?? 0;
  const interval = architecture.startsWith('nemotron') ? 1 : (second ?? first + 1) - first;
  const latentSize = fields.optional('moe_latent_size') ?? fields.optional('expert_latent_length') ?? 0;
  const scoreBias = fields.inLayer('exp_probs_b.bias', first) !== undefined;
  const told = architecture === 'deepseek2' && scoreBias !== (qLoraRank != null);
  return {
    count: fields.count('expert_count'),
    used: fields.count('expert_used_count'),
    feedForwardSize,
    sharedCount: shared === 0 ? 0 : Math.max(1, fields.optional('expert_shared_count') ?? 1),
    sharedFeedForwardSize: shared,
    denseFirstLayers: interval > 1 || architecture.startsWith('nemotron') ? 0 : first,
    ...(interval > 1 && { interval }),
    ...(latentSize > 0 && { latentSize }),
    ...(told && { scoreBias }),
  };
}

/** Widths of the dense networks, as the tensors have them. */
function denseWidths(fields: GgufFields, layers: number): Part {
  const widths = Array.from({ length: layers }, (_, layer) => fields.inLayer('ffn_down', layer)?.dimensions[0] ?? 0);
  const dense = widths.filter((width) => width > 0);
  const [first] = dense;
  if (first === undefined) return { feedForwardSize: null };
  if (dense.every((width) => width === first)) {
    const gaps = fields.architecture === 'deci' && dense.length < layers;
    return gaps ? { feedForwardSize: first, feedForwardByLayer: widths } : { feedForwardSize: first };
  }
  return { feedForwardSize: fields.architecture === 'gemma4' ? first : Math.max(...dense), feedForwardByLayer: widths };
}

/** Heads of the layers: one figure, or what layers with a window have of their own, or a list. */
function headsOf(
  fields: GgufFields,
  layers: number,
  window: SlidingWindow | null,
  isFull: (layer: number) => boolean,
): Part & { kvByLayer: readonly number[] } {
  const headsByLayer = fields.byLayer('attention.head_count', layers);
  if (headsByLayer === null) throw fields.missing(`entry ${fields.architecture}.attention.head_count`);
  const kvByLayer = fields.byLayer('attention.head_count_kv', layers) ?? headsByLayer;
  const pick = (list: readonly number[], full: boolean): number | undefined =>
    list.find((value, layer) => value > 0 && isFull(layer) === full);
  const [heads, kvHeads] = [pick(headsByLayer, true), pick(kvByLayer, true)];
  const [ownHeads, ownKvHeads] = window === null ? [undefined, undefined] : [pick(headsByLayer, false), pick(kvByLayer, false)];
  const fullHeads = heads ?? ownHeads;
  const fullKvHeads = kvHeads ?? ownKvHeads;
  if (fullHeads === undefined || fullKvHeads === undefined) throw fields.missing('layer with attention heads');
  const { architecture } = fields;
  const part: Part =
    architecture === 'deci' && new Set([...headsByLayer, ...kvByLayer]).size > 2 ? { headsByLayer, kvHeadsByLayer: kvByLayer } : {};
  if (window === null) return { ...part, heads: fullHeads, kvHeads: fullKvHeads, kvByLayer };
  return {
    ...part,
    kvByLayer,
    heads: fullHeads,
    kvHeads: fullKvHeads,
    slidingWindow: {
      ...window,
      ...(ownHeads !== undefined && ownHeads !== fullHeads && { heads: ownHeads }),
      ...(ownKvHeads !== undefined && (ownKvHeads !== fullKvHeads || architecture === 'gemma4') && { kvHeads: ownKvHeads }),
      ...ownWidths(fields),
    },
  };
}

function ownWidths(fields: GgufFields): Pick<SlidingWindow, 'headDimK' | 'headDimV'> {
  const [keys, values] = [fields.optional('attention.key_length_swa'), fields.optional('attention.value_length_swa')];
  return { ...(keys !== null && { headDimK: keys }), ...(values !== null && { headDimV: values }) };
}

/** What models of an architecture differ in, told only where it isn't what is usual. */
function differences(fields: GgufFields, { architecture, heads, headDimK, latentAttention: mla }: ModelShape): Part {
  const traits = TRAITS[architecture];
  const qkvBias = fields.any('attn_q.bias') !== undefined || fields.any('attn_qkv.bias') !== undefined;
  const qkNorm = fields.any('attn_q_norm') !== undefined;
  const gate = traits.attentionGate === undefined ? undefined : fields.any('attn_gate')?.dimensions[1];
  const attentionGate = gate === undefined ? undefined : gate > 2 * heads ? 'element' : 'head';
  const factors = fields.tensor('rope_factors_long')?.dimensions[0];
  return {
    ...(qkvBias !== (traits.qkvBias === true) && { qkvBias }),
    // Command R+ is told by its size.
    ...(architecture !== 'command-r' && qkNorm !== (traits.qkNorm !== undefined) && { qkNorm }),
    ...(attentionGate !== undefined && attentionGate !== traits.attentionGate && { attentionGate }),
    ...(factors !== undefined && 2 * factors !== (mla?.ropeHeadDim ?? headDimK) && { rotaryDim: 2 * factors }),
  };
}

function indexer(fields: GgufFields, layers: number): Part {
  const heads = fields.optional('attention.indexer.head_count');
  if (heads === null || heads === 0) return {};
  const own = fields.layersWith(layers, 'indexer.attn_q_b');
  const some = TRAITS[fields.architecture].indexer === 'latent' && own.length < layers;
  return {
    indexer: {
      heads,
      headDim: fields.count('attention.indexer.key_length'),
      topK: fields.count('attention.indexer.top_k'),
      ...(some && { layers: own }),
    },
  };
}

function compressedAttention(fields: GgufFields, layers: number): Part {
  const ratioByLayer = fields.list('attention.compress_ratios', layers);
  if (ratioByLayer === null) throw fields.missing(`entry ${fields.architecture}.attention.compress_ratios`);
  return {
    compressedAttention: {
      ratioByLayer,
      queryLoraRank: fields.count('attention.q_lora_rank'),
      outputGroups: fields.count('attention.output_group_count'),
      outputLoraRank: fields.count('attention.output_lora_rank'),
      hyperConnections: fields.count('hyper_connection.count'),
      hashLayers: fields.optional('hash_layer_count') ?? 0,
    },
  };
}

function sequenceTable(fields: GgufFields): Part {
  const [rowWidth, rows] = fields.tensor('per_layer_token_embd')?.dimensions ?? [];
  const layer = fields.any('ple_key')?.layer;
  if (rowWidth === undefined || rows === undefined || layer === undefined || layer === null) return {};
  const sequenceLength = fields.count('ple.ngram_size');
  return {
    sequenceTable: {
      hyperConnections: fields.count('hyper_connection.count'),
      hyperConnectionRank: fields.count('hyper_connection.low_rank'),
      layer,
      rows,
      rowWidth,
      lookups: (sequenceLength - 1) * fields.count('ple.heads_per_ngram'),
      sequenceLength,
      convKernel: fields.count('ple.conv_kernel'),
    },
  };
}

/** What only some families have. */
function familyPart(fields: GgufFields, layers: number): Part {
  const { architecture } = fields;
  if (architecture === 'deepseek4') return { ...indexer(fields, layers), ...compressedAttention(fields, layers) };
  if (architecture === 'qwen4exp') return { ...indexer(fields, layers), ...sequenceTable(fields) };
  if (architecture.startsWith('nemotron_h')) return { hybridPattern: hybridPattern(fields, layers) };
  const perLayerEmbeddingSize = fields.optional('embedding_length_per_layer_input') ?? 0;
  const sharedKvLayers = fields.optional('attention.shared_kv_layers') ?? 0;
  const without = architecture === 'gemma4' ? fields.layersWith(layers, 'attn_k').length - fields.layersWith(layers, 'attn_v').length : 0;
  const [tokenTypes, learnedPositions] = [fields.tensor('token_types')?.dimensions, fields.tensor('position_embd')?.dimensions];
  return {
    ...indexer(fields, layers),
    ...(perLayerEmbeddingSize > 0 && { perLayerEmbeddingSize }),
    ...(sharedKvLayers > 0 && { sharedKvLayers }),
    ...(without > 0 && { keysServeAsValues: true }),
    ...(tokenTypes !== undefined && { tokenTypes: tokenTypes[1] ?? 1 }),
    ...(learnedPositions !== undefined && { learnedPositions: learnedPositions[1] ?? 1 }),
  };
}

function shapeOf(fields: GgufFields, ahead: number): ModelShape {
  const { architecture } = fields;
  const layers = fields.count('block_count') - ahead;
  if (layers < 1 || layers > MOST_LAYERS)
    throw fields.missing(`plausible number of layers: ${architecture}.block_count makes ${String(layers)}`);
  const hiddenSize = fields.count('embedding_length');
  const embedding = fields.tensor('token_embd');
  if (embedding === undefined) throw fields.missing('tensor token_embd.weight');
  const window = slidingWindow(fields, layers);
  const isFull = (layer: number): boolean =>
    window === null ||
    (window.fullLayers?.includes(layer) ??
      (window.fullFirst === true ? layer % window.period === 0 : layer % window.period === window.period - 1));
  const { kvByLayer, ...headsPart } = headsOf(fields, layers, window, isFull);
  const { heads = 1, kvHeads = 1 } = headsPart;
  const mla = latentAttention(fields);
  const keyLength = fields.optional('attention.key_length') ?? Math.max(1, Math.trunc(hiddenSize / heads));
  const experts = expertsOf(fields, layers, mla?.qLoraRank);
  const shape: ModelShape = {
    architecture,
    layers,
    hiddenSize,
    vocabularySize: embedding.dimensions[1] ?? 1,
    tiedEmbeddings: fields.tensor('output') === undefined,
    headDimK: mla === null ? keyLength : mla.nopeHeadDim + mla.ropeHeadDim,
    headDimV: mla === null ? valueLength(fields, keyLength) : mla.valueHeadDim,
    feedForwardSize: null,
    experts,
    slidingWindow: null,
    latentAttention: mla,
    recurrent: recurrentLayers(fields, layers, kvByLayer, heads, hiddenSize),
    ropeFrequencyTensor: fields.tensor('rope_freqs') !== undefined || fields.tensor('rope_factors_long') !== undefined,
    ...denseWidths(fields, layers),
    ...familyPart(fields, layers),
    ...headsPart,
    heads,
    kvHeads,
  };
  return { ...shape, ...differences(fields, shape) };
}

/** Vision, audio, and what predicts further tokens: in the file, but not in the work of a token. */
function isExtra({ name, layer }: SizedTensor, layers: number): boolean {
  return (layer !== null && layer >= layers) || /^(v|a|mm|nextn|mtp)\./.test(name);
}

function workOf(shape: ModelShape, fileType: FileType, tensors: readonly SizedTensor[]): Workload {
  const roles = new Map<string, TensorRole>(tensorsOf(shape).map(({ name, role }) => [name, role]));
  const list = tensors.map(({ name, kind, layer, elements, bytes }): WorkTensor => ({
    layer,
    role: roles.get(name) ?? (/_exps\b/.test(kind) ? 'experts' : 'other'),
    elements,
    bytes,
  }));
  return workloadFromTensors(shape, fileType, list);
}

/** How many files a model is split into; 1 for a whole one. */
export function partsOf({ metadata }: GgufHeader): number {
  return Math.max(1, Number(metadata.get('split.count') ?? 1));
}

/** The parts of a split model, the first, which alone has the model's figures, in front. */
function inOrder(headers: readonly [GgufHeader, ...GgufHeader[]]): readonly [GgufHeader, ...GgufHeader[]] {
  const count = partsOf(headers[0]);
  const number = ({ metadata }: GgufHeader): number => Number(metadata.get('split.no') ?? 0);
  const numbers = new Set(headers.map(number));
  const first = headers.find((header) => number(header) === 0);
  if (headers.length !== count || numbers.size !== count || first === undefined) {
    throw new EngineError(
      'split-gguf',
      `This model is split into ${String(count)} GGUF files, and each lists only its own tensors: ${String(numbers.size)} of them ${numbers.size === 1 ? 'is' : 'are'} here. Give all of them, or pick the model and its quantization by name.`,
    );
  }
  return [first, ...headers.filter((header) => header !== first)];
}

/**
 * A model from the header of its GGUF file, or from the headers of all its parts in any order.
 *
 * @throws {EngineError} `broken-gguf`, `split-gguf`, `unknown-architecture`, `unknown-tensor-type`, `gguf-missing-entry`, `gguf-bad-value`
 */
export function modelFromGguf(header: GgufHeader, others: readonly GgufHeader[] = []): GgufModel {
  const [first, ...rest] = inOrder([header, ...others]);
  const all = [first, ...rest].flatMap(sizedTensors);
  const fields = new GgufFields(first, all);
  const ahead = fields.optional('nextn_predict_layers') ?? 0;
  const shape = shapeOf(fields, ahead);
  const used = all.filter((tensor) => !isExtra(tensor, shape.layers));
  const named = Number(first.metadata.get('general.file_type') ?? -1);
  const fileType = fileTypeNumbered(named);
  const notes =
    used.length < all.length ? ['Tensors for images, sound or tokens further ahead are in the file and not in the work of a token.'] : [];
  return {
    shape,
    fileType,
    tensorBytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    workload: workOf(shape, fileType ?? likelyFileType(used), used),
    notes,
  };
}
