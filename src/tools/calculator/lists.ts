/** "What can I run?" and "What do I need?": one question asked of every model, or of every machine. */

import type { Device } from '../../engine/device.ts';
import { EngineError } from '../../engine/errors.ts';
import { gibToBytes } from '../../engine/format.ts';
import { predict, type Answer } from '../../engine/predict.ts';
import { roomOn, type Verdict } from '../../engine/room.ts';
import type { SetUp } from '../../engine/speed-terms.ts';
import { devicesOf, knownDevice, requestOf, roomSettingsOf, workOf } from './answer.ts';
import type { CalculatorData, CalculatorMachine, ModelRow } from './data.ts';
import type { SetUpState } from './state.ts';

/** File types that the first question tries, best first. */
export const LISTED_TYPES = ['Q8_0', 'Q6_K', 'Q5_K_M', 'Q4_K_M', 'IQ4_XS', 'Q3_K_M', 'IQ3_XXS', 'Q2_K'] as const;

/** Which file types a list shows: the best that fits, all that were tried, or one. */
export type TypeChoice = 'best' | 'all' | (typeof LISTED_TYPES)[number];

export interface ModelLine {
  readonly model: ModelRow;
  readonly quant: string;
  readonly totalBytes: number;
  readonly verdict: Verdict | null;
  readonly decode: Answer['decode'];
  readonly prefill: Answer['prefill'];
}

/** Models made in one file type, which a bigger one would only pad. */
function typesOf({ shape }: ModelRow): readonly string[] {
  return shape.architecture === 'gpt-oss' ? ['MXFP4_MOE'] : LISTED_TYPES;
}

const fitsWell = (verdict: Verdict | null): boolean => verdict === null || verdict === 'fits';

/** A file may be this much smaller than its usual bits say. */
const SMALLER = 0.95;

/** Bytes that all devices of a set-up have for a model; null when one's memory is not known. */
function roomOf({ gpus, host }: SetUp, state: SetUpState): number | null {
  const devices = gpus.length > 0 ? gpus : host === null ? [] : [host];
  let sum = 0;
  for (const device of devices) {
    const { comfortableBytes } = roomOn(device, roomSettingsOf(state));
    if (comfortableBytes === null) return null;
    sum += comfortableBytes;
  }
  return sum;
}

/** Whether a model is plainly too large for a set-up in every type that is tried: nothing need be counted to know it. */
export function isHopeless(model: ModelRow, state: SetUpState, setUp: SetUp, bits: ReadonlyMap<string, number>): boolean {
  const room = roomOf(setUp, state);
  const smallest = Math.min(...typesOf(model).map((type) => bits.get(type) ?? 0));
  return room !== null && (SMALLER * model.paramsTextB * 1e9 * smallest) / 8 > room;
}

/** The lines of one model on a set-up; none where nothing can be said. */
export function linesOf(
  model: ModelRow,
  state: SetUpState,
  setUp: SetUp,
  choice: TypeChoice,
  bits: ReadonlyMap<string, number>,
): readonly ModelLine[] {
  const types = typesOf(model);
  let wanted = choice === 'all' || choice === 'best' ? types : types.filter((type) => type === choice || types.length === 1);
  if (choice === 'best') {
    // To count a file tensor by tensor takes a millisecond: types that are plainly too large are not counted.
    const room = roomOf(setUp, state);
    const possible = types.filter((type) => room === null || (SMALLER * model.paramsTextB * 1e9 * (bits.get(type) ?? 0)) / 8 <= room);
    wanted = possible.length > 0 ? possible : types.slice(-1);
  }
  const lines: ModelLine[] = [];
  for (const quant of wanted) {
    try {
      const context = Math.min(state.context, model.contextExtended ?? model.contextNative);
      const answer = predict(requestOf({ ...state, context, gpuLayers: null, cpuMoeLayers: null }, workOf(model, quant)), setUp);
      const totalBytes = answer.devices.reduce((sum, device) => sum + device.totalBytes, 0);
      const line = { model, quant, totalBytes, verdict: answer.verdict, decode: answer.decode, prefill: answer.prefill };
      // Of types that all fit, the best is the first; of none that fit, the smallest tells how far away it is.
      if (choice === 'best' && (fitsWell(line.verdict) || quant === types.at(-1))) return [line];
      lines.push(line);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
    }
  }
  return choice === 'best' ? lines.slice(-1) : lines;
}

/** The set-up of a state for lists. @throws {EngineError} when a machine is no longer in the data */
export function listSetUp(state: SetUpState, data: CalculatorData): { readonly setUp: SetUp; readonly name: string } {
  return devicesOf(state, data);
}

export interface MachineLine {
  readonly machine: CalculatorMachine;
  /** GiB; null where the machine has one size or none of its own. */
  readonly memoryGiB: number | null;
  readonly count: number;
  readonly watts: number | null;
  readonly totalBytes: number;
  readonly verdict: Verdict | null;
  readonly decode: Answer['decode'];
  readonly prefill: Answer['prefill'];
}

/** A machine in the least memory that holds the model well, alone or as two of the same card; null when it doesn't, or is too slow. */
export function machineLine(machine: CalculatorMachine, model: ModelRow, state: SetUpState, wanted: number): MachineLine | null {
  const work = workOf(model, state.quant);
  const request = requestOf({ ...state, gpuLayers: null, cpuMoeLayers: null }, work);
  const sizes: readonly (number | null)[] = machine.memoryGiB.length > 1 ? machine.memoryGiB : [null];
  const counts = machine.memory === 'discrete' ? [1, 2] : [1];
  for (const count of counts) {
    for (const memoryGiB of sizes) {
      const device = sized(machine, memoryGiB, state);
      if (device === null) continue;
      const isCard = device.memory === 'discrete';
      const cpu = device.backend === 'cpu';
      const setUp = { gpus: cpu ? [] : Array<Device>(isCard ? count : 1).fill(device), host: cpu ? device : null };
      const answer = predict(request, setUp);
      if (!fitsWell(answer.verdict)) continue;
      if (answer.decode.tokensPerSecond < wanted) break;
      return {
        machine,
        memoryGiB,
        count,
        watts: machine.watts === null ? null : machine.watts * count,
        totalBytes: answer.devices.reduce((sum, part) => sum + part.totalBytes, 0),
        verdict: answer.verdict,
        decode: answer.decode,
        prefill: answer.prefill,
      };
    }
  }
  return null;
}

/** A machine in a size; processors with the RAM that was entered, or with as much as it takes. */
function sized(machine: CalculatorMachine, memoryGiB: number | null, state: SetUpState): Device | null {
  const device = knownDevice(machine, memoryGiB);
  if (machine.memory !== 'system' || state.hostGiB === null) return device;
  return { ...device, memoryBytes: gibToBytes(state.hostGiB) };
}
