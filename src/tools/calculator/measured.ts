/** Measured runs near a question, and a reader's own. */

import type { Worked } from './answer.ts';
import type { CalculatorData } from './data.ts';

/** A published measurement, as much of it as is shown. */
export interface Run {
  readonly machine: string;
  readonly count: number;
  readonly model: string;
  readonly quant: string;
  readonly engine: string;
  readonly depth: number;
  readonly decode: number | null;
  readonly prefill: number | null;
  readonly measured: string | null;
  readonly url: string;
}

export interface NearRun {
  readonly run: Run;
  /** What differs from the question; none when all is the same. */
  readonly differences: readonly string[];
  readonly distance: number;
}

const logRatio = (a: number, b: number): number => Math.abs(Math.log2(Math.max(a, 1e-9) / Math.max(b, 1e-9)));

/** The nearest runs: same machine first, then same model, then like sizes. */
export function nearestRuns(worked: Worked, runs: readonly Run[], data: CalculatorData, most = 3): readonly NearRun[] {
  const { machine, model, quant, state } = worked;
  if (machine === null) return [];
  const count = machine.memory === 'discrete' ? state.count : 1;
  const near: NearRun[] = [];
  for (const run of runs) {
    const sameMachine = run.machine === machine.id;
    const sameModel = run.model === model.id;
    if (run.decode === null || (!sameMachine && !sameModel)) continue;
    const other = sameModel ? model : data.models.find(({ id }) => id === run.model);
    const otherMachine = sameMachine ? machine : data.machines.find(({ id }) => id === run.machine);
    if (otherMachine === undefined) continue;
    const differences: string[] = [];
    let distance = 0;
    if (!sameMachine) {
      const [a, b] = [
        machine.bandwidthComputedGBs ?? machine.bandwidthMarketedGBs ?? 1,
        otherMachine.bandwidthComputedGBs ?? otherMachine.bandwidthMarketedGBs ?? 1,
      ];
      if (otherMachine.memory !== machine.memory) continue;
      distance += 2 + logRatio(a, b);
      differences.push('another machine');
    }
    if (!sameModel) {
      distance +=
        other === undefined
          ? 4
          : 1 + logRatio(other.paramsActiveB, model.paramsActiveB) + 0.5 * logRatio(other.paramsTextB, model.paramsTextB);
      differences.push('another model');
    }
    if (run.quant !== quant) {
      distance += 0.5;
      differences.push('another file type');
    }
    if (run.count !== count) {
      distance += 2;
      differences.push(`${String(run.count)} of the card`);
    }
    if (Math.abs(run.depth - state.depth) > 1024) {
      distance += 0.3 + 0.1 * logRatio(run.depth + 1024, state.depth + 1024);
      differences.push(`after ${run.depth.toLocaleString('en-GB')} tokens`);
    }
    near.push({ run, differences, distance });
  }
  return near.sort((a, b) => a.distance - b.distance).slice(0, most);
}

/** What a reader measured on a machine, kept in this browser. */
export interface Own {
  readonly tokensPerSecond: number;
  /** Measured ÷ predicted, which corrects other answers for the same machine. */
  readonly factor: number;
  readonly model: string;
  readonly quant: string;
  readonly day: string;
}

const KEY = 'calculator:own';

function readAll(): Readonly<Record<string, Own>> {
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return {};
    return Object.fromEntries(Object.entries(parsed).filter((entry): entry is [string, Own] => isOwn(entry[1])));
  } catch {
    return {};
  }
}

function isOwn(value: unknown): value is Own {
  if (typeof value !== 'object' || value === null) return false;
  const { tokensPerSecond, factor, model, quant, day } = value as Readonly<Record<string, unknown>>;
  return (
    typeof tokensPerSecond === 'number' &&
    tokensPerSecond > 0 &&
    typeof factor === 'number' &&
    factor > 0.01 &&
    factor < 100 &&
    typeof model === 'string' &&
    typeof quant === 'string' &&
    typeof day === 'string'
  );
}

/** What was measured on a machine; null when nothing was, or storage is blocked. */
export function ownOf(machine: string): Own | null {
  return readAll()[machine] ?? null;
}

/** Keeps a measurement, or forgets it. @returns false when the browser does not let anything be kept */
export function keepOwn(machine: string, own: Own | null): boolean {
  try {
    const rest = Object.fromEntries(Object.entries(readAll()).filter(([id]) => id !== machine));
    localStorage.setItem(KEY, JSON.stringify(own === null ? rest : { ...rest, [machine]: own }));
    return true;
  } catch {
    return false;
  }
}

/** A row for the data, ready to be completed and sent in. */
export function contribution({ machine, model, quant, state }: Worked, tokensPerSecond: number, day: string): string {
  return JSON.stringify({
    machine: machine?.id ?? 'your machine',
    machineCount: state.count,
    model: model.id,
    quant,
    engine: 'llama.cpp',
    engineVersion: 'fill in: the build number',
    backend: 'fill in: cuda, rocm, vulkan, metal, cpu',
    settings: { gpuLayers: state.gpuLayers ?? 99, flashAttention: state.flashAttention },
    depth: state.depth,
    decodeTokensPerSecond: tokensPerSecond,
    measured: day,
  });
}
