/** What is believed of each factor before any measurement: orders of magnitude, and how far classes may differ. */

import type { Prior } from './solve.ts';

/** Means are in the unit of the factor (share⁻¹, operations, seconds); deviations are of the logarithm. */
export const COMMON: Readonly<Record<string, Prior>> = {
  // Reciprocal of the share of peak bandwidth. Held tight, or it trades with the arithmetic and passes the peak.
  weights: { mean: 1 / 0.93, deviation: 0.03 },
  arithmetic: { mean: 4.5, deviation: 0.5 },
  layer: { mean: 40e-6, deviation: 0.5 },
  'no-flash': { mean: 15e-6, deviation: 0.6 },
  mixture: { mean: 40e-6, deviation: 0.5 },
  recurrent: { mean: 60e-6, deviation: 0.6 },
  'cache-on': { mean: 2, deviation: 0.5 },
  'cache-off': { mean: 1.25, deviation: 0.5 },
  latent: { mean: 6.7, deviation: 0.5 },
  cpu: { mean: 1.8, deviation: 0.3 },
  // Two channels are fed by a few cores; servers' many need all of theirs, and NUMA in order.
  'cpu:cpu-desktop': { mean: 0.74, deviation: 0.2 },
  'cache-cpu': { mean: 0.3, deviation: 0.5 },
  'cache-cpu:plain': { mean: 1, deviation: 0.5 },
  'cache-cpu:quantized': { mean: 3, deviation: 0.8 },
  'hand-over': { mean: 160e-6, deviation: 0.5 },
  hop: { mean: 230e-6, deviation: 0.5 },
  'all-reduce': { mean: 150e-6, deviation: 0.7 },
  'engine:end-to-end': { mean: 1.03, deviation: 0.02 },
  'engine:ollama': { mean: 1.02, deviation: 0.03 },
  'age:layer': { mean: 1.25, deviation: 0.1 },
  'age:mixture': { mean: 1.3, deviation: 0.15 },
  'age:cache': { mean: 1.2, deviation: 0.15 },
  'age:arithmetic': { mean: 1.1, deviation: 0.08 },
  // A prompt: reciprocal of the share of the reference rate; operations per byte of bandwidth on a CPU.
  prompt: { mean: 1.5, deviation: 0.3 },
  'prompt:cpu-desktop': { mean: 1 / 11, deviation: 0.6 },
  // A server has six times the bandwidth of a desktop and two or three times its arithmetic.
  'prompt:cpu-server': { mean: 1 / 5.5, deviation: 0.6 },
  'prompt:cpu-dual': { mean: 1 / 5.5, deviation: 0.6 },
  'prompt:cpu-laptop': { mean: 1 / 7, deviation: 0.6 },
  'prompt:cpu-board': { mean: 1 / 4, deviation: 0.6 },
  'prompt:cpu-unified': { mean: 1 / 7, deviation: 0.6 },
  'prompt:float': { mean: 0.75, deviation: 0.3 },
  'prompt-experts': { mean: 1.5, deviation: 0.3 },
  'prompt-reading': { mean: 1.4, deviation: 0.3 },
  'prompt-layer': { mean: 170e-6, deviation: 0.6 },
  'prompt-attention': { mean: 3, deviation: 0.6 },
  'prompt-attention:cpu': { mean: 1 / 10, deviation: 1 },
  'prompt-host': { mean: 4, deviation: 0.8 },
  'age:prompt': { mean: 1.1, deviation: 0.1 },
  'age:prompt-attention': { mean: 1.2, deviation: 0.2 },
  'weights:nvidia-hbm': { mean: 0.93 / 0.7, deviation: 0.2 },
  'arithmetic:float': { mean: 0.4, deviation: 0.3 },
};

/** How far a class, maker, generation or machine may be from what is common. */
const DEVIATIONS: Readonly<Record<string, number>> = {
  weights: 0.04,
  arithmetic: 0.5,
  layer: 0.4,
  'no-flash': 0.4,
  mixture: 0.4,
  recurrent: 0.3,
  'cache-on': 0.3,
  'cache-off': 0.3,
  latent: 0.3,
  cpu: 0.4,
  'cache-cpu': 0.8,
  hop: 0.4,
  machine: 0.15,
  prompt: 0.4,
  'prompt-experts': 0.3,
  'prompt-layer': 0.4,
  'prompt-attention': 0.4,
  'prompt-machine': 0.25,
};

/** The prior of a factor by its name. */
export function priorOf(name: string): Prior {
  const known = COMMON[name];
  if (known !== undefined) return known;
  const [kind = ''] = name.split(':');
  return { mean: 1, deviation: DEVIATIONS[kind] ?? 0.4 };
}
