/** Tensors of the layers that keep a state of fixed size. */

import type { Architecture, ModelShape, RecurrentKind, RecurrentLayers } from '../model.ts';
import type { Part } from './part.ts';

const weight = (kind: string, ...dimensions: readonly number[]): Part => [kind, 'recurrent', dimensions];

type Maker = (shape: ModelShape, recurrent: RecurrentLayers) => Part[];

/** Gated delta rule. Qwen3-Next has what steers it in one tensor, Qwen3.5 in two. */
const deltaNet: Maker = ({ hiddenSize, architecture }, { convKernel, innerSize, stateSize, groupCount, timeStepRank }) => {
  const convolved = innerSize + 2 * groupCount * stateSize;
  const steering =
    architecture === 'qwen3next'
      ? [weight('ssm_ba', hiddenSize, 2 * timeStepRank)]
      : [weight('ssm_beta', hiddenSize, timeStepRank), weight('ssm_alpha', hiddenSize, timeStepRank)];
  return [
    weight('attn_qkv', hiddenSize, convolved),
    weight('attn_gate', hiddenSize, innerSize),
    weight('ssm_conv1d', convKernel, convolved),
    weight('ssm_dt.bias', timeStepRank),
    weight('ssm_a', timeStepRank),
    ...steering,
    ['ssm_norm', 'norm', [innerSize / timeStepRank]],
    weight('ssm_out', innerSize, hiddenSize),
  ];
};

const shortConvolution: Maker = ({ hiddenSize }, { convKernel }) => [
  weight('shortconv.conv', convKernel, hiddenSize),
  weight('shortconv.in_proj', hiddenSize, 3 * hiddenSize),
  weight('shortconv.out_proj', hiddenSize, hiddenSize),
];

const mamba2: Maker = ({ hiddenSize }, { convKernel, innerSize, stateSize, groupCount, timeStepRank, norm }) => {
  const convolved = innerSize + 2 * groupCount * stateSize;
  const parts = [
    weight('ssm_in', hiddenSize, innerSize + convolved + timeStepRank),
    weight('ssm_conv1d', convKernel, convolved),
    weight('ssm_conv1d.bias', convolved),
    weight('ssm_dt.bias', timeStepRank),
    weight('ssm_a', 1, timeStepRank),
    weight('ssm_d', 1, timeStepRank),
    weight('ssm_out', innerSize, hiddenSize),
  ];
  if (norm !== false) parts.push(['ssm_norm', 'norm', [innerSize / groupCount, groupCount]]);
  return parts;
};

/** Jamba's, which has norms on what the scan is steered by. */
const mamba1: Maker = ({ hiddenSize }, { convKernel, innerSize, stateSize, timeStepRank }) => [
  weight('ssm_in', hiddenSize, 2 * innerSize),
  weight('ssm_conv1d', convKernel, innerSize),
  weight('ssm_conv1d.bias', innerSize),
  weight('ssm_x', innerSize, timeStepRank + 2 * stateSize),
  weight('ssm_dt', timeStepRank, innerSize),
  weight('ssm_dt.bias', innerSize),
  weight('ssm_a', stateSize, innerSize),
  weight('ssm_d', innerSize),
  weight('ssm_out', innerSize, hiddenSize),
  ['ssm_dt_norm', 'norm', [timeStepRank]],
  ['ssm_b_norm', 'norm', [stateSize]],
  ['ssm_c_norm', 'norm', [stateSize]],
];

/** How the gates of Kimi delta attention are made: in one step or through the width of a head. */
const KDA_GATES: Partial<Readonly<Record<Architecture, Readonly<Record<string, 'full' | 'low-rank'>>>>> = {
  'kimi-k3': { ssm_f: 'low-rank', ssm_g: 'full' },
  bailingmoe3: { ssm_f_a: 'full', ssm_g_a: 'full' },
};

const kimiDelta: Maker = ({ hiddenSize, architecture, heads }, { convKernel, innerSize, stateSize }) => {
  const gates = KDA_GATES[architecture] ?? { ssm_f: 'low-rank', ssm_g: 'low-rank' };
  return [
    ...['q', 'k', 'v'].flatMap((which) => [
      weight(`ssm_conv1d_${which}`, convKernel, 1, innerSize),
      weight(`attn_${which}`, hiddenSize, innerSize),
    ]),
    ...Object.entries(gates).flatMap(([kind, how]) =>
      how === 'full'
        ? [weight(kind, hiddenSize, innerSize)]
        : [weight(`${kind}_a`, hiddenSize, stateSize), weight(`${kind}_b`, stateSize, innerSize)],
    ),
    weight('ssm_beta', hiddenSize, heads),
    architecture === 'kimi-k3' ? weight('ssm_a', heads) : weight('ssm_a', 1, heads),
    weight('ssm_dt.bias', innerSize),
    ['ssm_norm', 'norm', [stateSize]],
    weight('attn_output', innerSize, hiddenSize),
  ];
};

const lightning: Maker = ({ hiddenSize }, { innerSize }) => [
  weight('attn_qkv', hiddenSize, 3 * innerSize),
  weight('attn_gate', hiddenSize, innerSize),
  ['attn_norm_2', 'norm', [innerSize]],
  weight('attn_output', innerSize, hiddenSize),
];

const MAKERS: Readonly<Record<RecurrentKind, Maker>> = {
  'delta-net': deltaNet,
  'short-conv': shortConvolution,
  'mamba-1': mamba1,
  'mamba-2': mamba2,
  kda: kimiDelta,
  lightning,
};

export function recurrentParts(shape: ModelShape, recurrent: RecurrentLayers): Part[] {
  return MAKERS[recurrent.kind](shape, recurrent);
}
