/**
 * Names that people give to quantized files, beyond those of llama-quantize: mixtures of single quantizers (UD-Q4_K_XL), types of
 * forks (IQ4_K_R4), formats of other engines (MLX, EXL2, GPTQ, AWQ). They are computed from the nearest file type, and from the
 * file's size where it is known.
 */

import { EngineError } from './errors.ts';
import { isFileType, type FileType } from './ggml-types.ts';
import type { ModelShape } from './model.ts';
import { quantFamily, type QuantFamily } from './speed-terms.ts';
import { composed, resized, workloadOf, type Workload } from './workload.ts';

export interface NamedQuant {
  readonly name: string;
  /** File type whose rules stand in for all that is always read. */
  readonly dense: FileType;
  /** The same for routed experts. */
  readonly experts: FileType;
  readonly family: QuantFamily;
  /** Bits per weight of the whole file when its size is not known; null: what the file types make. */
  readonly bits: number | null;
  /** True when llama-quantize makes files of this name, so that sizes are exact. */
  readonly exact: boolean;
}

const SYNONYMS: Readonly<Record<string, FileType>> = {
  MXFP4: 'MXFP4_MOE',
  NVFP4: 'MXFP4_MOE',
  FP32: 'F32',
  FP16: 'F16',
  Q2_K_M: 'Q2_K',
  Q2_K_L: 'Q2_K',
  Q2_K_XL: 'Q2_K',
  Q3_K: 'Q3_K_M',
  Q3_K_XL: 'Q3_K_L',
  Q4_K: 'Q4_K_M',
  Q4_K_L: 'Q4_K_M',
  Q4_K_XL: 'Q4_K_M',
  Q5_K: 'Q5_K_M',
  Q5_K_L: 'Q5_K_M',
  Q5_K_XL: 'Q5_K_M',
  Q6_K_L: 'Q6_K',
  Q6_K_XL: 'Q6_K',
  Q8_K_XL: 'Q8_0',
  'T-MAC-W4': 'Q4_0',
  'T-MAC-W2': 'Q2_K',
};

/** Types of ik_llama.cpp, by their bits: the nearest of llama.cpp's. */
const FORK_TYPES: Readonly<Record<string, FileType>> = {
  IQ1: 'IQ1_M',
  IQ2: 'IQ2_S',
  IQ3: 'IQ3_S',
  IQ4: 'IQ4_XS',
  IQ5: 'Q5_K_S',
  IQ6: 'Q6_K',
};

/** File type whose blocks come nearest to a number of bits. */
const BY_BITS: readonly (readonly [bits: number, type: FileType])[] = [
  [2.7, 'Q2_K'],
  [3.6, 'Q3_K_S'],
  [4.7, 'Q4_0'],
  [5.7, 'Q5_0'],
  [7, 'Q6_K'],
  [9, 'Q8_0'],
  [33, 'F16'],
];

function nearest(bits: number): FileType {
  return BY_BITS.find(([most]) => bits <= most)?.[1] ?? 'F16';
}

function uniform(name: string, bits: number, family: QuantFamily): NamedQuant {
  const type = nearest(bits);
  return { name, dense: type, experts: type, family, bits, exact: false };
}

/** Formats of other engines: bits in the name, and bits per weight with scales on top. */
function otherEngine(name: string): NamedQuant | null {
  const mlx = /^mlx[-_ ]?(\d)(?:[-_ ]?bit)?$/i.exec(name);
  if (mlx?.[1] !== undefined) return uniform(name, Number(mlx[1]) + 0.5, 'mlx');
  const exl = /^exl[23][-_ ]?(\d(?:\.\d+)?)(?:[-_ ]?bpw)?$/i.exec(name);
  if (exl?.[1] !== undefined) return uniform(name, Number(exl[1]), 'gpu-4-bit');
  const integer = /^(?:gptq|awq)(?:[-_ ]?(\d)[-_ ]?bit)?/i.exec(name);
  if (integer !== null) {
    const bits = Number(integer[1] ?? 4);
    return uniform(name, bits + (16 + bits) / 128, 'gpu-4-bit');
  }
  if (/^q4f(?:16|32)_1$/i.test(name)) return uniform(name, 4.5, 'gpu-4-bit');
  return /^fp8\b/i.test(name) ? uniform(name, 8, 'gpu-4-bit') : null;
}

/**
 * What is meant by a quantization's name, in any spelling.
 *
 * @throws {EngineError} `unknown-quant` when nothing like it is known
 */
export function namedQuant(given: string): NamedQuant {
  const other = otherEngine(given.trim());
  if (other !== null) return other;
  const upper = given.trim().toUpperCase();
  if (isFileType(upper)) return { name: upper, dense: upper, experts: upper, family: quantFamily(upper), bits: null, exact: true };
  // gpt-oss in "F16": everything but its experts, which come in MXFP4 from the start.
  if (upper.includes('MXFP4 EXPERTS'))
    return { name: given, dense: 'F16', experts: 'MXFP4_MOE', family: 'mxfp4', bits: null, exact: false };
  const mixed = /MIX|SMOL|R4$|R8$|_KS|_KSS|_KT|_KL|^IQ\d_K$/.test(upper);
  // "IQ4_XS mix", "Q3_K_S 2.70bpw (ByteShape)": what stands before the first blank or slash names the type.
  const plain = (/^[^\s/(]+/.exec(upper)?.[0] ?? '').replace(/^(UD|SMOL|MIX|I1)-|-(MIX|IMAT)$|_R[48]$/g, '');
  const type = isFileType(plain) ? plain : SYNONYMS[plain];
  if (type !== undefined) {
    const exact = plain === 'MXFP4' || plain === 'FP16' || plain === 'FP32' || ['Q3_K', 'Q4_K', 'Q5_K'].includes(plain);
    return { name: given, dense: mixed && !exact ? 'Q8_0' : type, experts: type, family: quantFamily(type), bits: null, exact };
  }
  const fork = FORK_TYPES[/IQ\d/.exec(plain)?.[0] ?? ''];
  if (fork !== undefined) return { name: given, dense: 'Q8_0', experts: fork, family: quantFamily(fork), bits: null, exact: false };
  throw new EngineError(
    'unknown-quant',
    `The quantization "${given}" is not known. Use a file type of llama.cpp, such as Q4_K_M, Q8_0, IQ4_XS or MXFP4_MOE, or MLX-4bit, EXL2-4.0, AWQ-4bit, GPTQ-4bit.`,
  );
}

/**
 * The work of a model in a quantization by whatever name.
 *
 * @param fileBytes size of all tensors where it is known; then the mixture is scaled to it
 */
export function workloadNamed(shape: ModelShape, quant: NamedQuant, fileBytes: number | null): Workload {
  const mixture = shape.experts !== null;
  // Dense models have no experts to carry the mixture's name.
  const base =
    mixture && quant.dense !== quant.experts
      ? composed(workloadOf(shape, quant.dense), workloadOf(shape, quant.experts))
      : workloadOf(shape, quant.experts);
  const bytes = fileBytes ?? (quant.bits === null ? null : (base.weights * quant.bits) / 8);
  return bytes === null || (quant.exact && Math.abs(bytes / base.bytes - 1) < 0.02) ? base : resized(base, bytes);
}
