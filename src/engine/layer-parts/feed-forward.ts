/** Tensors behind attention: the dense network, or routed and shared experts. */

import type { Layer } from '../layers.ts';
import type { Experts, ModelShape } from '../model.ts';
import type { Part, TensorRole } from './part.ts';
import type { Traits } from './traits.ts';

/** A network's matrices: gate, up and down, or what an architecture has instead. */
function network(role: TensorRole, suffix: string, gating: 'gated' | 'fused' | 'plain', inner: number, width: number): Part[] {
  const parts: Part[] = [
    [`ffn_up${suffix}`, role, [inner, gating === 'fused' ? 2 * width : width]],
    [`ffn_down${suffix}`, role, [width, inner]],
  ];
  return gating === 'gated' ? [[`ffn_gate${suffix}`, role, [inner, width]], ...parts] : parts;
}

function denseParts({ hiddenSize }: ModelShape, traits: Traits, width: number): Part[] {
  const parts = network('feed-forward', '', traits.feedForward ?? 'gated', hiddenSize, width);
  if (traits.feedForwardBias !== true) return parts;
  return [...parts, ...parts.map(([kind, role, [, rows = 0]]): Part => [`${kind}.bias`, role, [rows]])];
}

/** The router's correction; DeepSeek V2 has a query rank too, but says so itself. */
function hasScoreBias(shape: ModelShape, experts: Experts, traits: Traits, layer: Layer): boolean {
  // The first layers of DeepSeek-V4 look their experts up in a table.
  if (layer.index < (shape.compressedAttention?.hashLayers ?? 0)) return false;
  if (experts.scoreBias !== undefined) return experts.scoreBias;
  return traits.scoreBias === true || (shape.architecture === 'deepseek2' && shape.latentAttention?.qLoraRank != null);
}

function latentParts(shape: ModelShape, { latentSize }: Experts, traits: Traits): Part[] {
  const { hiddenSize } = shape;
  if (latentSize === undefined || traits.latentExperts === undefined) return [];
  const [down, up] = traits.latentExperts;
  const parts: Part[] = [
    [down, 'feed-forward', [hiddenSize, latentSize]],
    [up, 'feed-forward', [latentSize, hiddenSize]],
  ];
  return shape.architecture === 'kimi-k3' ? [...parts, ['ffn_routed_norm', 'norm', [latentSize]]] : parts;
}

/** Routed experts, stacked along a third dimension. */
function routedParts(shape: ModelShape, experts: Experts, traits: Traits): Part[] {
  const { count, feedForwardSize: width } = experts;
  const inner = experts.latentSize ?? shape.hiddenSize;
  const stack = ([kind, role, dimensions]: Part): Part => [kind, role, [...dimensions, count]];
  if (traits.fusedExperts === true) {
    return [
      ['ffn_gate_up_exps', 'experts', [inner, 2 * width, count]],
      ['ffn_down_exps', 'experts', [width, inner, count]],
    ];
  }
  const parts = network('experts', '_exps', traits.feedForward === 'plain' ? 'plain' : 'gated', inner, width).map(stack);
  if (traits.expertBias === true) {
    parts.push(...parts.map(([kind, role, [, rows = 0]]): Part => [`${kind}.bias`, role, [rows, count]]));
    parts.push(['ffn_gate_inp.bias', 'router', [count]]);
  }
  return parts;
}

function mixtureParts(shape: ModelShape, experts: Experts, traits: Traits, layer: Layer): Part[] {
  const { hiddenSize, vocabularySize, compressedAttention } = shape;
  const { count, used, sharedFeedForwardSize: shared } = experts;
  const parts: Part[] = [
    ['ffn_gate_inp', 'router', [hiddenSize, count]],
    ...routedParts(shape, experts, traits),
    ...latentParts(shape, experts, traits),
  ];
  if (hasScoreBias(shape, experts, traits, layer))
    parts.push([shape.architecture === 'hy_v3' ? 'exp_probs_b' : 'exp_probs_b.bias', 'router', [count]]);
  if (layer.index < (compressedAttention?.hashLayers ?? 0)) parts.push(['ffn_gate_tid2eid', 'router', [used, vocabularySize]]);
  if (shape.architecture === 'gemma4')
    parts.push(['ffn_gate_inp.scale', 'router', [hiddenSize]], ['ffn_down_exps.scale', 'router', [count]]);
  if (shared > 0) {
    if (traits.sharedExpertGate === true) parts.push(['ffn_gate_inp_shexp', 'router', [hiddenSize]]);
    parts.push(...network('shared-expert', '_shexp', traits.feedForward === 'plain' ? 'plain' : 'gated', hiddenSize, shared));
  }
  return parts;
}

export function feedForwardParts(shape: ModelShape, traits: Traits, layer: Layer): Part[] {
  const dense = layer.denseWidth > 0 ? denseParts(shape, traits, layer.denseWidth) : [];
  return layer.mixture && shape.experts !== null ? [...dense, ...mixtureParts(shape, shape.experts, traits, layer)] : dense;
}
