/**
 * Tokens per second while reading a prompt.
 *
 * A prompt's tokens pass through the weights together, so arithmetic sets the pace, not bandwidth: operations ÷ usable rate,
 * plus reading the weights once a batch, plus time per layer, plus attention that grows with the prompt.
 */

import { basisOf, deviceOf, kindOfSetUp, leadDevice, sumsOf, timeTerms, type DecodeQuestion, type Timed } from './decode.ts';
import { isGpu } from './device.ts';
import { EngineError } from './errors.ts';
import { formatBandwidth, formatBytes, formatCount, formatSeconds, formatSpeed, significant } from './format.ts';
import { regimeOf } from './regimes.ts';
import { rangeFactors } from './speed-factors.ts';
import { prefillTerms, promptRate } from './speed-terms.ts';
import { rateWarnings, requireBandwidth, type SpeedEstimate } from './speed.ts';
import type { Step } from './steps.ts';

export interface PrefillQuestion extends DecodeQuestion {
  readonly promptTokens: number;
  /** Tokens computed at once. */
  readonly ubatch: number;
}

export interface PrefillEstimate extends SpeedEstimate {
  /** Seconds until the first token of the answer. */
  readonly secondsToFirstToken: number;
}

const LABELS = {
  arithmetic: 'Matrix products, a token’s share',
  weights: 'Weights read once for the whole batch, a token’s share',
  overhead: 'Starting the work of each layer, a token’s share',
  cache: 'Attention, on average over the prompt',
  'hand-over': 'Sending weights from system memory to the card, a token’s share',
} as const;

/** How a part of the time comes about: its quantity in the unit it has, and what the fit makes of it. */
function expressionOf({ term: { kind, gpu, quantity }, seconds }: Timed, { setUp, promptTokens, ubatch }: PrefillQuestion): string {
  const device = deviceOf(setUp, gpu);
  if (device === null || quantity === 0) return '';
  const atOnce = Math.max(1, Math.min(promptTokens, ubatch));
  const share = significant(quantity / seconds);
  const batch = `${atOnce.toLocaleString('en-GB')} tokens`;
  const bandwidth = formatBandwidth(device.bandwidth);
  switch (kind) {
    case 'arithmetic':
    case 'cache': {
      const rate = promptRate(device);
      const usable = isGpu(device) ? `${share} × ${significant(rate / 1e12)}\u00a0TFLOPS` : `${share} operations a byte × ${bandwidth}`;
      return `${formatCount(quantity * rate)} operations ÷ (${usable})`;
    }
    case 'weights':
    case 'hand-over':
      return `${formatBytes(quantity * device.bandwidth * atOnce)} ÷ (${share} × ${bandwidth}) ÷ ${batch}`;
    case 'overhead':
      return `${String(Math.round(quantity * atOnce))} × ${formatSeconds(seconds / quantity)} ÷ ${batch}`;
  }
}

function stepsOf(question: PrefillQuestion, timed: readonly Timed[], secondsPerToken: number): readonly Step[] {
  const { setUp, promptTokens, ubatch } = question;
  const devices = setUp.gpus.length + (setUp.host === null ? 0 : 1);
  const groups = Map.groupBy(timed, ({ term }) => `${term.gpu === null ? 'host' : String(term.gpu)}:${term.kind}`);
  const rows = [...groups].flatMap(([id, parts]): (Step & { readonly seconds: number })[] => {
    const [first] = parts;
    if (first === undefined) return [];
    const device = deviceOf(setUp, first.term.gpu);
    const seconds = parts.reduce((sum, part) => sum + part.seconds, 0);
    return [
      {
        id: id.startsWith('0:') ? id.slice(2) : id.replace(':', '-'),
        label: (devices > 1 && device !== null ? `${device.name}: ` : '') + LABELS[first.term.kind],
        expression: parts.map((part) => expressionOf(part, question)).join(' + '),
        result: formatSeconds(seconds),
        seconds,
      },
    ];
  });
  return [
    ...rows.map(({ id, label, expression, result }) => ({ id, label, expression, result })),
    {
      id: 'total',
      label: 'Time for one token of the prompt, and tokens per second',
      expression: `1 ÷ (${rows.map(({ seconds }) => formatSeconds(seconds)).join(' + ')})`,
      result: formatSpeed(1 / secondsPerToken),
    },
    {
      id: 'first',
      label: 'Until the first word of the answer',
      expression: `${promptTokens.toLocaleString('en-GB')} tokens × ${formatSeconds(secondsPerToken)}, ${Math.min(promptTokens, ubatch).toLocaleString('en-GB')} at a time`,
      result: formatSeconds(promptTokens * secondsPerToken),
    },
  ];
}

/**
 * Prompt speed of a model placed on a set-up.
 *
 * @returns tokens per second with its range; on CPUs a rough one
 * @throws {EngineError} `no-bandwidth` when a bandwidth is not a positive number; `bad-prompt` when there is no token to read
 */
export function prefillSpeed(question: PrefillQuestion): PrefillEstimate {
  const { work, placement, setUp, promptTokens, depth } = question;
  const lead = leadDevice(setUp);
  requireBandwidth(lead);
  if (!(promptTokens >= 1)) throw new EngineError('bad-prompt', 'The prompt must have at least 1 token.');
  const terms = prefillTerms(work, placement, setUp, question);
  const { all: secondsPerToken, cache, floor } = sumsOf(terms, setUp, 'prefill');
  const tokensPerSecond = 1 / secondsPerToken;
  const mixture = work.usedShare > 0;
  const regime = regimeOf({ kind: kindOfSetUp(question), mixture, depth, cacheShare: cache / secondsPerToken });
  const { low, high } = rangeFactors('prefill', regime, lead);
  return {
    tokensPerSecond,
    low: tokensPerSecond * low,
    high: Math.min(1 / floor, tokensPerSecond * high),
    secondsPerToken,
    secondsToFirstToken: promptTokens * secondsPerToken,
    get basis() {
      return basisOf('prefill', regime, lead);
    },
    warnings: rateWarnings(setUp.gpus),
    steps: () => stepsOf(question, timeTerms(terms, setUp, 'prefill'), secondsPerToken),
  };
}
