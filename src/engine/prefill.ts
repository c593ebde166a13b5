/**
 * Tokens per second while reading a prompt.
 *
 * A prompt's tokens pass through the weights together, so arithmetic sets the pace, not bandwidth: operations ÷ usable rate,
 * plus reading the weights once a batch, plus time per layer, plus attention that grows with the prompt.
 */

import { basisOf, kindOfSetUp, leadDevice, sumsOf, timeTerms, type DecodeQuestion } from './decode.ts';
import { EngineError } from './errors.ts';
import { formatSeconds, formatSpeed } from './format.ts';
import { regimeOf } from './regimes.ts';
import { rangeFactors } from './speed-factors.ts';
import { prefillTerms } from './speed-terms.ts';
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

/**
 * Prompt speed of a model placed on a set-up.
 *
 * @returns tokens per second with its range; on CPUs a rough one
 * @throws {EngineError} `no-bandwidth` when a bandwidth is not a positive number; `bad-prompt` when there is no token to read
 */
export function prefillSpeed(question: PrefillQuestion): PrefillEstimate {
  const { work, placement, setUp, promptTokens, ubatch, depth } = question;
  const lead = leadDevice(setUp);
  requireBandwidth(lead);
  if (!(promptTokens >= 1)) throw new EngineError('bad-prompt', 'The prompt must have at least 1 token.');
  const terms = prefillTerms(work, placement, setUp, question);
  const { all: secondsPerToken, cache, floor } = sumsOf(terms, setUp, 'prefill');
  const tokensPerSecond = 1 / secondsPerToken;
  const mixture = work.usedShare > 0;
  const regime = regimeOf({ kind: kindOfSetUp(question), mixture, depth, cacheShare: cache / secondsPerToken });
  const { low, high } = rangeFactors('prefill', regime, lead);
  const steps = (): readonly Step[] => {
    const groups = Map.groupBy(timeTerms(terms, setUp, 'prefill'), ({ term }) => term.kind);
    const rows = [...groups].map(([kind, parts]) => ({ kind, seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0) }));
    return [
      ...rows.map(({ kind, seconds }) => ({ id: kind, label: LABELS[kind], expression: '', result: formatSeconds(seconds) })),
      {
        id: 'total',
        label: 'Time for one token of the prompt, and tokens per second',
        expression: `1 ÷ (${rows.map(({ seconds }) => formatSeconds(seconds)).join(' + ')})`,
        result: formatSpeed(tokensPerSecond),
      },
      {
        id: 'first',
        label: 'Until the first word of the answer',
        expression: `${promptTokens.toLocaleString('en-GB')} tokens, ${String(Math.min(promptTokens, ubatch))} at a time`,
        result: formatSeconds(promptTokens * secondsPerToken),
      },
    ];
  };
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
    steps,
  };
}
