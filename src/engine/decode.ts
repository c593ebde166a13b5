/**
 * Tokens per second while answering.
 *
 * Every token reads all active weights and the cache of all tokens before it, so
 * seconds per token = weights ÷ usable bandwidth + unpacking arithmetic ÷ FP32 rate + time per layer + cache ÷ usable bandwidth,
 * summed over the cards and the host, plus handing over between them.
 * The form is physics (`speed-terms.ts`); shares and overheads are fitted (`speed-fit.json`).
 */

import { isGpu, type Device } from './device.ts';
import { EngineError } from './errors.ts';
import { formatBandwidth, formatBytes, formatCount, formatSeconds, formatSpeed, significant } from './format.ts';
import type { Placement } from './placement.ts';
import { regimeOf, type Regime, type SetUpKind } from './regimes.ts';
import { evidenceOf, machineFactor, productOf, rangeFactors, UNMEASURED_PART_WIDENING } from './speed-factors.ts';
import { decodeTerms, quantFamily, type DecodeSettings, type SetUp, type Term } from './speed-terms.ts';
import { makerOf, rateWarnings, requireBandwidth, vectorFlops, type SpeedEstimate } from './speed.ts';
import type { Step } from './steps.ts';
import type { Workload } from './workload.ts';

export interface DecodeQuestion extends DecodeSettings {
  readonly work: Workload;
  readonly placement: Placement;
  readonly setUp: SetUp;
}

export interface DecodeEstimate extends SpeedEstimate {
  /** Bandwidth ÷ bytes of weights: no software can be faster. */
  readonly ceilingTokensPerSecond: number;
  readonly regime: Regime;
}

/** The device that most of the work is done on, for the range: the first card, or the host. */
export function leadDevice({ gpus, host }: SetUp): Device {
  const lead = gpus[0] ?? host;
  if (lead === null) throw new EngineError('no-device', 'There is no device to run on: give at least one.');
  return lead;
}

/** How a set-up is used: by one card, several, a card and the host, or the host alone. */
export function kindOfSetUp({ placement, setUp }: Pick<DecodeQuestion, 'placement' | 'setUp'>): SetUpKind {
  if (setUp.gpus.length === 0) return 'cpu';
  if (placement.firstGpuLayer > 0 || placement.hostExpertLayers > 0 || placement.cacheOnHost) return 'offload';
  return setUp.gpus.length > 1 ? 'several-gpus' : 'one-gpu';
}

const REGIME_WORDS: Readonly<Record<Regime, string>> = {
  dense: 'dense models at short context',
  mixture: 'mixtures of experts',
  deep: 'long contexts',
  'several-gpus': 'models on several cards',
  offload: 'models split between cards and system memory',
  cpu: 'models on a CPU',
  'cpu-deep': 'long contexts on a CPU',
};

/** What the range rests on, as a sentence. */
export function basisOf(what: 'decode' | 'prefill', regime: Regime, device: Device): string {
  if (!device.classIsMeasured)
    return 'No machine of this kind is among the measurements: the nearest kind stands in, and the range is a guess made wide.';
  const { rows, machines } = evidenceOf(what, device.speedClass);
  const count = `${String(rows)} measurement${rows === 1 ? '' : 's'} of ${String(machines)} machine${machines === 1 ? '' : 's'}`;
  return `The range is that of measured speeds of ${REGIME_WORDS[regime]} on machines that the formula had not seen; its constants for this class rest on ${count}.`;
}

export interface Timed {
  readonly term: Term;
  readonly seconds: number;
}

export const deviceOf = ({ gpus, host }: SetUp, gpu: number | null): Device | null => (gpu === null ? host : (gpus[gpu] ?? null));

/** Seconds of a term: quantity × factors × what is known of the machine itself, and never less than physics asks. */
export function secondsOf({ gpu, quantity, factors, atLeast }: Term, setUp: SetUp, what: 'decode' | 'prefill'): number {
  const device = deviceOf(setUp, gpu);
  return Math.max(atLeast, quantity * productOf(factors) * (device === null ? 1 : machineFactor(device, what)));
}

export interface Sums {
  readonly all: number;
  /** Attention's part. */
  readonly cache: number;
  /** What reading the weights takes at least. */
  readonly floor: number;
}

export function sumsOf(terms: readonly Term[], setUp: SetUp, what: 'decode' | 'prefill'): Sums {
  let [all, cache, floor] = [0, 0, 0];
  for (const term of terms) {
    const seconds = secondsOf(term, setUp, what);
    all += seconds;
    if (term.kind === 'cache') cache += seconds;
    else if (term.kind === 'weights') floor += term.atLeast;
  }
  return { all, cache, floor };
}

/** Terms with their seconds, to be shown. */
export function timeTerms(terms: readonly Term[], setUp: SetUp, what: 'decode' | 'prefill'): readonly Timed[] {
  return terms.map((term) => ({ term, seconds: secondsOf(term, setUp, what) }));
}

const sumOf = (timed: readonly Timed[]): number => timed.reduce((sum, { seconds }) => sum + seconds, 0);

/** Whether a part of the formula was never measured on this kind of machine. */
function hasUnmeasuredPart({ work, family }: DecodeQuestion, device: Device): boolean {
  if (!isGpu(device)) return false;
  const maker = makerOf(device);
  return (family ?? quantFamily(work.fileType)) === 'low-i-quant' || (work.shape.recurrent !== null && maker === 'nvidia');
}

function checkQuestion({ setUp, depth }: DecodeQuestion): void {
  for (const device of setUp.gpus) requireBandwidth(device);
  if (setUp.host !== null) requireBandwidth(setUp.host);
  if (!(depth >= 0) || !Number.isFinite(depth))
    throw new EngineError('bad-depth', 'The depth (tokens in the context already) must be 0 or more.');
}

function stepsOf(question: DecodeQuestion, timed: readonly Timed[], total: number, ceiling: number): readonly Step[] {
  const { setUp, depth } = question;
  const devices = setUp.gpus.length + (setUp.host === null ? 0 : 1);
  const groups = Map.groupBy(timed, ({ term }) => `${term.gpu === null ? 'host' : String(term.gpu)}:${term.kind}`);
  const rows = [...groups].map(([id, parts]): Step & { readonly seconds: number } => {
    const [first] = parts;
    const device = first === undefined ? null : deviceOf(setUp, first.term.gpu);
    const where = devices > 1 && device !== null ? `${device.name}: ` : '';
    const seconds = sumOf(parts);
    const kind = first?.term.kind ?? 'weights';
    const share = (part: Timed): string => significant(part.term.quantity / part.seconds);
    const expressions: Readonly<Record<Term['kind'], () => [label: string, expression: string]>> = {
      weights: () => [
        'Reading the active weights',
        parts
          .map(
            (part) =>
              `${formatBytes(part.term.quantity * (device?.bandwidth ?? 0))} ÷ (${share(part)} × ${formatBandwidth(device?.bandwidth ?? 0)})`,
          )
          .join(' + '),
      ],
      arithmetic: () => {
        const rate = device === null ? 1 : vectorFlops(device);
        return [
          'Unpacking and multiplying them',
          parts
            .map(
              (part) =>
                `${formatCount(part.term.quantity * rate)} weights × ${significant(part.seconds / part.term.quantity)} operations ÷ ${significant(rate / 1e12)}\u00a0TFLOPS`,
            )
            .join(' + '),
        ];
      },
      overhead: () => [
        'Starting the work of each layer',
        parts.map((part) => `${String(Math.round(part.term.quantity))} × ${formatSeconds(part.seconds / part.term.quantity)}`).join(' + '),
      ],
      cache: () => {
        const latent = parts.some(({ term }) => term.factors[0] === 'latent');
        const byHead = parts.some(({ term }) => term.factors[0] === 'cache-cpu' || term.factors[0] === 'cache-off');
        const rate = device === null ? 1 : vectorFlops(device);
        return [
          `${latent ? 'Attention over' : 'Reading the KV cache of'} ${depth.toLocaleString('en-GB')} tokens${byHead && !latent ? ', for each query head' : ''}`,
          parts
            .map((part) =>
              latent
                ? `${formatCount(part.term.quantity * rate)} operations ÷ (${share(part)} × ${significant(rate / 1e12)}\u00a0TFLOPS)`
                : `${formatBytes(part.term.quantity * (device?.bandwidth ?? 0))} ÷ (${share(part)} × ${formatBandwidth(device?.bandwidth ?? 0)})`,
            )
            .join(' + '),
        ];
      },
      'hand-over': () => [
        'Handing over between devices',
        parts.map((part) => `${significant(part.term.quantity)} × ${formatSeconds(part.seconds / part.term.quantity)}`).join(' + '),
      ],
    };
    const [label, expression] = expressions[kind]();
    return {
      id: id.startsWith('0:') ? id.slice(2) : id.replace(':', '-'),
      label: where + label,
      expression,
      result: formatSeconds(seconds),
      seconds,
    };
  });
  const floors = timed.flatMap(({ term }) => {
    const bandwidth = deviceOf(setUp, term.gpu)?.bandwidth ?? 0;
    return term.kind === 'weights' ? [`${formatBytes(term.atLeast * bandwidth)} ÷ ${formatBandwidth(bandwidth)}`] : [];
  });
  return [
    ...rows.map(({ id, label, expression, result }) => ({ id, label, expression, result })),
    {
      id: 'total',
      label: 'Time for one token, and tokens per second',
      expression: `1 ÷ (${rows.map(({ seconds }) => formatSeconds(seconds)).join(' + ')}) = 1 ÷ ${formatSeconds(total)}`,
      result: formatSpeed(1 / total),
    },
    {
      id: 'ceiling',
      label: 'For comparison, the ceiling that no software can pass',
      expression: `1 ÷ (${floors.join(' + ')})`,
      result: formatSpeed(ceiling),
    },
  ];
}

/**
 * Generation speed of a model placed on a set-up.
 *
 * @returns tokens per second with its 80 % range, never above `ceilingTokensPerSecond`
 * @throws {EngineError} `no-bandwidth`, `bad-depth`, `no-device`
 */
export function decodeSpeed(question: DecodeQuestion): DecodeEstimate {
  checkQuestion(question);
  const { work, placement, setUp, depth } = question;
  const terms = decodeTerms(work, placement, setUp, question);
  const { all: secondsPerToken, cache, floor } = sumsOf(terms, setUp, 'decode');
  const tokensPerSecond = 1 / secondsPerToken;
  const ceiling = 1 / floor;
  const mixture = work.usedShare > 0;
  const regime = regimeOf({ kind: kindOfSetUp(question), mixture, depth, cacheShare: cache / secondsPerToken });
  const lead = leadDevice(setUp);
  const { low, high } = rangeFactors('decode', regime, lead, hasUnmeasuredPart(question, lead) ? UNMEASURED_PART_WIDENING : 1);
  return {
    tokensPerSecond,
    low: tokensPerSecond * low,
    high: Math.min(ceiling, tokensPerSecond * high),
    ceilingTokensPerSecond: ceiling,
    secondsPerToken,
    regime,
    get basis() {
      return basisOf('decode', regime, lead);
    },
    warnings: rateWarnings(setUp.gpus),
    steps: () => stepsOf(question, timeTerms(terms, setUp, 'decode'), secondsPerToken, ceiling),
  };
}
