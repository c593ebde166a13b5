/**
 * Which tensor type each tensor of a file gets: llama-quantize's mixing rules as tables.
 *
 * "Q4_K_M" is not four bits throughout: sensitive tensors get more, and a row that is no multiple of the block falls back to
 * a type with a smaller block. Without importance matrix. Source: behaviour of llama-quantize, llama.cpp 0.5.0.
 */

import { EngineError } from './errors.ts';
import { FILE_TYPES, GGML_TYPES, type FileType, type GgmlType } from './ggml-types.ts';
import { layerAt } from './layers.ts';
import type { ModelShape } from './model.ts';
import type { Tensor } from './tensors.ts';

type Family = readonly FileType[];

const VERY_LOW: Family = ['IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ2_M', 'IQ1_S', 'IQ1_M'];
const LOW_IQ3: Family = [...VERY_LOW, 'IQ3_XXS'];
const IQ2_LARGER: Family = ['IQ2_S', 'IQ2_M'];
const IQ4: Family = ['IQ4_NL', 'IQ4_XS'];

/** Facts about the model that the rules ask for. */
interface Context {
  readonly fileType: FileType;
  readonly shape: ModelShape;
  /** Query heads per KV head in the first layer. */
  readonly groupSize: number;
  readonly experts: number;
  readonly isSeventyB: boolean;
  /** The first Falcons have rules of their own. */
  readonly isFalcon: boolean;
  /** Tensors that act as attention values (`attn_v`, fused `attn_qkv`, `attn_kv_b`). */
  readonly valueTensors: number;
}

/** The first and last eighth of the layers and every third between get more bits. */
function getsMoreBits(index: number, count: number): boolean {
  const eighth = Math.floor(count / 8);
  return index < eighth || index >= Math.floor((7 * count) / 8) || (index - eighth) % 3 === 2;
}

const VALUE_KINDS = ['attn_v', 'attn_qkv', 'attn_kv_b'];
const KEY_KINDS = ['attn_k', 'indexer.attn_k'];
const DOWN_KINDS = ['ffn_down', 'ffn_down_exps', 'ffn_down_shexp', 'hc_ffn_down'];
const GATE_KINDS = ['ffn_gate', 'ffn_gate_exps', 'ffn_gate_shexp', 'ffn_gate_up_exps'];
const UP_KINDS = ['ffn_up', 'ffn_up_exps', 'ffn_up_shexp', 'hc_ffn_up'];
const LOOKED_UP_LIKE_TOKENS = ['token_embd', 'per_layer_token_embd'];

/** Besides norms, routers and biases: small matrices that stay at full precision. */
const FULL_PRECISION = [
  'ssm_a',
  'ssm_d',
  'ssm_conv1d',
  'ssm_conv1d_q',
  'ssm_conv1d_k',
  'ssm_conv1d_v',
  'shortconv.conv',
  'altup_correct_coef',
  'altup_predict_coef',
  'position_embd',
  'token_types',
  'indexer.q_proj',
  'indexer.k_proj',
];
/** Matrices of Gemma 3n and 4 that stay as the converter wrote them, at half precision. */
const HALF_PRECISION = ['altup_proj', 'altup_unembd_proj', 'altup_router', 'laurel_l', 'laurel_r', 'per_layer_model_proj'];

/** Norms, biases, routers, convolutions and everything of one dimension stay as they are. */
function isKept({ kind, dimensions, role }: Tensor): boolean {
  const vector = dimensions.slice(1).every((size) => size === 1);
  return vector || role === 'norm' || role === 'router' || kind.endsWith('.bias') || FULL_PRECISION.includes(kind);
}

function outputType(context: Context, base: GgmlType, row: number): GgmlType {
  if (row % GGML_TYPES.q6_K.size !== 0 || context.isFalcon) return 'q8_0';
  if (LOW_IQ3.includes(context.fileType)) return 'q5_K';
  return base === 'q8_0' ? 'q8_0' : 'q6_K';
}

function embeddingType(fileType: FileType, base: GgmlType): GgmlType {
  switch (fileType) {
    case 'IQ2_XXS':
    case 'IQ2_XS':
    case 'IQ1_S':
    case 'IQ1_M':
      return 'q2_K';
    case 'IQ2_S':
    case 'IQ2_M':
    case 'IQ3_XXS':
      return 'iq3_s';
    case 'TQ1_0':
    case 'TQ2_0':
      return 'q4_K';
    default:
      return base;
  }
}

/** Files of two bits and fewer keep the parts that hurt most at three to five. */
function veryLowType({ fileType, groupSize, experts, shape }: Context, base: GgmlType, tensor: Tensor, downIndex: number): GgmlType {
  const larger = IQ2_LARGER.includes(fileType);
  if (VALUE_KINDS.includes(tensor.kind)) {
    if (groupSize >= 4 || experts >= 4) return 'q4_K';
    return larger ? 'iq3_s' : 'q2_K';
  }
  if (KEY_KINDS.includes(tensor.kind) && experts === 8) return 'q4_K';
  // Counted in tensors, not in layers: a layer with a shared expert has two.
  if (DOWN_KINDS.includes(tensor.kind) && downIndex < Math.floor(shape.layers / 8)) return larger ? 'iq3_s' : 'q2_K';
  if (tensor.kind === 'attn_output') {
    if (experts === 8) return 'q5_K';
    if (fileType === 'IQ1_S' || fileType === 'IQ1_M') return 'iq2_xxs';
    if (larger) return 'iq3_s';
  }
  return base;
}

function valueType({ fileType, groupSize, experts, isSeventyB, valueTensors }: Context, base: GgmlType, index: number): GgmlType {
  const grouped = groupSize >= 4;
  let type = base;
  if (fileType === 'Q2_K') type = grouped ? 'q4_K' : 'q3_K';
  else if (fileType === 'Q2_K_S' && grouped) type = 'q4_K';
  else if (fileType === 'IQ3_XXS') type = grouped ? 'q4_K' : 'iq3_s';
  else if ((fileType === 'IQ3_XS' || fileType === 'IQ3_S') && grouped) type = 'q4_K';
  else if (fileType === 'IQ3_M') type = 'q4_K';
  else if (fileType === 'Q3_K_M') type = index < 2 ? 'q5_K' : 'q4_K';
  else if (fileType === 'Q3_K_L') type = 'q5_K';
  else if (IQ4.includes(fileType) && grouped) type = 'q5_K';
  else if ((fileType === 'Q4_K_M' || fileType === 'Q5_K_M') && getsMoreBits(index, valueTensors)) type = 'q6_K';
  else if (fileType === 'Q4_K_S' && index < 4) type = 'q5_K';
  // In the 70B models eight query heads share a value head, so it is small and worth more bits.
  if (isSeventyB && (type === 'q3_K' || type === 'q4_K')) type = 'q5_K';
  return experts === 8 ? 'q8_0' : type;
}

function falconDownType(fileType: FileType, base: GgmlType, index: number, layers: number): GgmlType {
  const veryEarly = index < Math.floor(layers / 16);
  const more = getsMoreBits(index, layers);
  switch (fileType) {
    case 'Q3_K_M':
      return veryEarly ? 'q5_K' : more ? 'q4_K' : 'q3_K';
    case 'Q3_K_L':
      return 'q4_K';
    case 'Q4_K_M':
      return veryEarly ? 'q6_K' : more ? 'q5_K' : 'q4_K';
    default:
      return base;
  }
}

function downType({ fileType, experts, shape, isFalcon }: Context, base: GgmlType, layer: number): GgmlType {
  const { layers } = shape;
  const early = layer < Math.floor(layers / 8);
  if (isFalcon && ['Q3_K_M', 'Q3_K_L', 'Q4_K_M', 'Q4_K_S'].includes(fileType)) return falconDownType(fileType, base, layer, layers);
  switch (fileType) {
    case 'Q2_K':
      return 'q3_K';
    case 'Q2_K_S':
      return early ? 'q4_K' : base;
    case 'IQ3_XXS':
      return early ? 'q4_K' : 'q3_K';
    case 'Q3_K_M':
      return layer < Math.floor(layers / 16) ? 'q5_K' : 'q4_K';
    case 'IQ3_M':
      return early || (experts === 8 && getsMoreBits(layer, layers)) ? 'q4_K' : base;
    case 'Q3_K_L':
      return 'q5_K';
    case 'Q4_K_M':
    case 'Q5_K_M':
      return getsMoreBits(layer, layers) ? 'q6_K' : base;
    case 'IQ4_NL':
    case 'IQ4_XS':
    case 'Q4_K_S':
      return early ? 'q5_K' : base;
    default:
      return base;
  }
}

const EIGHT_EXPERT_OUTPUT: Family = [
  'Q2_K',
  'IQ3_XS',
  'IQ3_XXS',
  'Q3_K_S',
  'Q3_K_M',
  'IQ4_NL',
  'Q4_K_S',
  'Q4_K_M',
  'IQ3_S',
  'IQ3_M',
  'IQ4_XS',
];
const ATTENTION_OUTPUT: Partial<Readonly<Record<FileType, GgmlType>>> = {
  Q2_K: 'q3_K',
  IQ3_XXS: 'iq3_s',
  Q3_K_M: 'q4_K',
  Q3_K_L: 'q5_K',
  IQ3_M: 'q4_K',
};

/** How many tensors of its sort came before a tensor. */
const SORTS = { value: VALUE_KINDS, down: DOWN_KINDS, gate: GATE_KINDS, up: UP_KINDS } as const;

type Position = Record<keyof typeof SORTS, number>;

function attentionOutputType({ fileType, experts, isFalcon }: Context, base: GgmlType): GgmlType {
  if (isFalcon) return fileType === 'Q3_K_L' ? 'q4_K' : base;
  if (experts === 8) return EIGHT_EXPERT_OUTPUT.includes(fileType) ? 'q5_K' : base;
  return ATTENTION_OUTPUT[fileType] ?? base;
}

function layerType(context: Context, base: GgmlType, tensor: Tensor, position: Position): GgmlType {
  const { fileType, experts, shape } = context;
  if (VERY_LOW.includes(fileType)) return veryLowType(context, base, tensor, position.down);
  if (VALUE_KINDS.includes(tensor.kind)) return valueType(context, base, position.value);
  const isKey = KEY_KINDS.includes(tensor.kind);
  if (isKey || tensor.kind === 'attn_q') {
    if (isKey && experts === 8) return 'q8_0';
    if (fileType === 'IQ3_XS') return 'iq3_xxs';
    return fileType === 'IQ3_XXS' ? 'iq2_s' : base;
  }
  // Dense models count tensors, so that layers without any don't count; mixtures go by the layer.
  const indexOf = (sort: keyof typeof SORTS): number => (experts > 1 ? (tensor.layer ?? 0) : position[sort]);
  if (DOWN_KINDS.includes(tensor.kind)) return downType(context, base, indexOf('down'));
  if (tensor.kind === 'attn_output') return attentionOutputType(context, base);
  const isGate = GATE_KINDS.includes(tensor.kind);
  if (fileType === 'IQ3_XS' && (isGate || UP_KINDS.includes(tensor.kind))) {
    const index = indexOf(isGate ? 'gate' : 'up');
    const middle = index >= Math.floor(shape.layers / 8) && index < Math.floor((7 * shape.layers) / 8);
    return middle ? 'iq3_xxs' : base;
  }
  return base;
}

/** What a type becomes when the row is no multiple of its block. */
const FALLBACK: Partial<Readonly<Record<GgmlType, GgmlType>>> = {
  tq1_0: 'q4_0',
  tq2_0: 'q4_0',
  q2_K: 'q4_0',
  q3_K: 'q4_0',
  iq1_s: 'iq4_nl',
  iq1_m: 'iq4_nl',
  iq2_xxs: 'iq4_nl',
  iq2_xs: 'iq4_nl',
  iq2_s: 'iq4_nl',
  iq3_xxs: 'iq4_nl',
  iq3_s: 'iq4_nl',
  iq4_xs: 'iq4_nl',
  q4_K: 'q5_0',
  q5_K: 'q5_1',
  q6_K: 'q8_0',
};

function fitting(type: GgmlType, row: number): GgmlType {
  if (row % GGML_TYPES[type].size === 0) return type;
  const fallback = FALLBACK[type] ?? 'f16';
  return row % GGML_TYPES[fallback].size === 0 ? fallback : 'f16';
}

/** Query heads per KV head in the first layer: 0 where the file lists KV heads by layer and the first does not attend. */
function groupSizeOf(shape: ModelShape): number {
  const { recurrent, latentAttention } = shape;
  const first = layerAt(shape, 0);
  const listed = recurrent !== null && recurrent.kind !== 'delta-net' && recurrent.kind !== 'lightning';
  if (first.kvHeads === 0 || (listed && !first.attends)) return 0;
  const sharesOneKey = latentAttention !== null && !latentAttention.legacyFile;
  return Math.floor(first.heads / (sharesOneKey ? 1 : first.kvHeads));
}

function contextOf(shape: ModelShape, tensors: readonly Tensor[], fileType: FileType): Context {
  const { architecture, layers, heads, kvHeads, experts } = shape;
  return {
    fileType,
    shape,
    groupSize: groupSizeOf(shape),
    experts: experts?.count ?? 0,
    isSeventyB: layers === 80 && (['qwen2', 'deci', 'olmo'].includes(architecture) || (architecture === 'llama' && heads !== kvHeads)),
    isFalcon: architecture === 'falcon',
    valueTensors: tensors.filter((tensor) => VALUE_KINDS.includes(tensor.kind)).length,
  };
}

/** The type before a row that is no multiple of the block makes it fall back. */
function wantedType(context: Context, base: GgmlType, tensor: Tensor, position: Position): GgmlType {
  const { fileType, shape } = context;
  const [row = 1, , depth = 1] = tensor.dimensions;
  // Projections of latent attention are stacked as experts are; only for Ling 3 are they told apart.
  const stacked = depth > 1 && (shape.architecture !== 'bailingmoe3' || tensor.role === 'experts');
  if (fileType === 'MXFP4_MOE') return stacked ? 'mxfp4' : 'q8_0';
  const isTokenTable = LOOKED_UP_LIKE_TOKENS.includes(tensor.kind);
  if (tensor.role === 'output' || (isTokenTable && shape.tiedEmbeddings)) return outputType(context, base, row);
  return isTokenTable ? embeddingType(fileType, base) : layerType(context, base, tensor, position);
}

/**
 * The type of each tensor in a file.
 *
 * @param tensors what `tensorsOf(shape)` gives, in its order
 * @returns types in the same order
 */
export function typesOf(shape: ModelShape, tensors: readonly Tensor[], fileType: FileType): readonly GgmlType[] {
  const base = FILE_TYPES[fileType];
  const context = contextOf(shape, tensors, fileType);
  const isFloat = GGML_TYPES[base].size === 1;
  const next: Position = { value: 0, down: 0, gate: 0, up: 0 };
  return tensors.map((tensor) => {
    if (isKept(tensor)) return 'f32';
    if (isFloat) return base;
    if (HALF_PRECISION.includes(tensor.kind)) return 'f16';
    const type = fitting(wantedType(context, base, tensor, next), tensor.dimensions[0] ?? 1);
    for (const sort of ['value', 'down', 'gate', 'up'] as const) if (SORTS[sort].includes(tensor.kind)) next[sort] += 1;
    return type;
  });
}

/** Guards a name that came from outside. @throws {EngineError} `unknown-quant` */
export function fileTypeNamed(name: string): FileType {
  const found = Object.keys(FILE_TYPES).find((known): known is FileType => known.toLowerCase() === name.toLowerCase().replaceAll('-', '_'));
  if (found === undefined) {
    throw new EngineError('unknown-quant', `There is no quantization "${name}". Known are ${Object.keys(FILE_TYPES).join(', ')}.`);
  }
  return found;
}
