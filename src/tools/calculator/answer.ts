/** From a set-up as it was asked to the engine's answer. */

import type { Device } from '../../engine/device.ts';
import { EngineError } from '../../engine/errors.ts';
import { gibToBytes } from '../../engine/format.ts';
import { fileTypeNamed } from '../../engine/mixing.ts';
import { alone, DEFAULTS, predict, USUAL_HOST, type Answer, type DeviceAnswer, type Request } from '../../engine/predict.ts';
import { USUAL_ROOM, type RoomSettings } from '../../engine/room.ts';
import { bestSplit, largestContext } from '../../engine/search.ts';
import type { SetUp } from '../../engine/speed-terms.ts';
import { workloadOf, type Workload } from '../../engine/workload.ts';
import { deviceOf, typedDevice } from '../../import/device.ts';
import type { CalculatorData, CalculatorMachine, ModelRow } from './data.ts';
import { TYPED, type SetUpState } from './state.ts';

/** A model that was read from a file instead of the data: shown in place of the model of the list. */
export interface Imported {
  /** What it is called: the file's name, or the model's. */
  readonly name: string;
  /** From a GGUF file: its own tensors. */
  readonly workload: Workload | null;
  /** Made for this many tokens; null when the file does not say. */
  readonly contextNative: number | null;
  readonly model: ModelRow;
  /** What the reader of the file had to say. */
  readonly remarks: readonly string[];
}

export interface Worked {
  readonly state: SetUpState;
  readonly model: ModelRow;
  /** The file type shown: that of the list, or "its own" for a GGUF file. */
  readonly quant: string;
  readonly machine: CalculatorMachine | null;
  /** What the whole set-up is called: "2 × RTX 3090 and RTX 4090". */
  readonly machineName: string;
  readonly setUp: SetUp;
  readonly request: Request;
  readonly main: DeviceAnswer;
  readonly answer: Answer;
}

/** A sentence that says why there is no answer. */
export interface Problem {
  readonly problem: string;
}

/** The id of every model that was read from a file. */
export const FROM_A_FILE = 'from-a-file';

const shapes = new Map<string, string>();
const works = new Map<string, Workload>();

/** The model in a file type; worked out once for each shape, since each change of a field asks again and many models are built alike. */
export function workOf({ id, shape }: Pick<ModelRow, 'id' | 'shape'>, quant: string): Workload {
  // A model from a file has no id of its own.
  const built = (id === FROM_A_FILE ? undefined : shapes.get(id)) ?? JSON.stringify(shape);
  shapes.set(id, built);
  const key = `${quant} ${built}`;
  const known = works.get(key) ?? workloadOf(shape, fileTypeNamed(quant));
  works.set(key, known);
  return known;
}

const devices = new Map<string, Device>();

/** A device of the data: the same object for the same machine and size, for what the engine remembers of devices. */
export function knownDevice(machine: CalculatorMachine, memoryGiB: number | null): Device {
  const key = `${machine.id} ${String(memoryGiB)}`;
  const known = devices.get(key) ?? deviceOf(machine, memoryGiB ?? undefined);
  devices.set(key, known);
  return known;
}

/** The devices of a set-up and what they are called. @throws {EngineError} when one is no longer in the data */
export function devicesOf(
  state: SetUpState,
  data: CalculatorData,
): { readonly setUp: SetUp; readonly machine: CalculatorMachine | null; readonly name: string } {
  const machineNamed = (id: string): CalculatorMachine => {
    const found = data.machines.find((machine) => machine.id === id);
    if (found === undefined) throw new EngineError('unknown-machine', 'The machine is no longer in the data. Choose another.');
    return found;
  };
  let first: Device;
  let machine: CalculatorMachine | null = null;
  if (state.machine === TYPED && state.typed !== null) {
    const { memoryGiB } = state.typed;
    const typed = typedDevice({
      ...state.typed,
      name: `your machine (${String(memoryGiB)} GiB, ${String(state.typed.bandwidthGBs)} GB/s)`,
    });
    if (typed === null) throw new EngineError('unknown-machine', 'The machine that was typed in has no known maker.');
    first = typed;
  } else {
    machine = machineNamed(state.machine);
    first = knownDevice(machine, state.memoryGiB);
  }
  const host = state.host === null ? null : knownDevice(machineNamed(state.host), state.hostGiB);
  const hostDevice =
    host === null
      ? state.hostGiB === null
        ? null
        : { ...USUAL_HOST, memoryBytes: gibToBytes(state.hostGiB) }
      : { ...host, ...(state.hostGiB === null ? {} : { memoryBytes: gibToBytes(state.hostGiB) }) };
  const { gpus, host: own } = alone(first);
  const isCard = first.memory === 'discrete';
  const cards = isCard ? Array<Device>(state.count).fill(first) : [...gpus];
  const names = [isCard && state.count > 1 ? `${String(state.count)} × ${first.name}` : first.name];
  if (isCard) {
    for (const { id, memoryGiB, count } of state.also) {
      const device = knownDevice(machineNamed(id), memoryGiB);
      cards.push(...Array<Device>(count).fill(device));
      names.push(count > 1 ? `${String(count)} × ${device.name}` : device.name);
    }
  }
  const sized = own !== null && state.hostGiB !== null ? { ...own, memoryBytes: gibToBytes(state.hostGiB) } : own;
  return { setUp: { gpus: cards, host: sized ?? (isCard ? hostDevice : null) }, machine, name: names.join(' and ') };
}

const WINDOWS_ROOM: RoomSettings = { ...USUAL_ROOM, windows: true };

/** What is kept from the model on a state's system. */
export const roomSettingsOf = ({ system }: SetUpState): RoomSettings => (system === 'windows' ? WINDOWS_ROOM : USUAL_ROOM);

/** What is asked of the engine for a set-up, but for the split, which is searched where it is left open. */
export function requestOf(state: SetUpState, work: Workload): Request {
  return {
    ...DEFAULTS,
    work,
    context: state.context,
    depth: Math.min(state.depth, state.context),
    cacheTypeK: state.cache,
    cacheTypeV: state.cacheV ?? state.cache,
    flashAttention: state.flashAttention,
    ubatch: state.ubatch,
    parallel: state.slots,
    promptTokens: Math.min(state.prompt, state.context),
    gpuLayers: state.gpuLayers ?? DEFAULTS.gpuLayers,
    cpuMoeLayers: state.cpuMoeLayers ?? DEFAULTS.cpuMoeLayers,
    tensorParallel: state.tensorParallel,
    room: roomSettingsOf(state),
  };
}

/** The answer to a state, or the sentence that says why there is none. */
export function workOut(state: SetUpState, data: CalculatorData, imported: Imported | null = null): Worked | Problem {
  const model = imported?.model ?? data.models.find(({ id }) => id === state.model);
  if (model === undefined) return { problem: 'The model is no longer in the data. Choose another.' };
  try {
    const { setUp, machine, name } = devicesOf(state, data);
    const work = imported?.workload ?? workOf(model, state.quant);
    const request = requestOf(state, work);
    const answer = predict(request, setUp);
    const [main] = answer.devices;
    if (main === undefined) return { problem: 'This machine has nothing to run a model on. Choose another.' };
    return {
      state,
      model,
      quant: imported?.workload == null ? state.quant : 'its own file type',
      machine,
      machineName: name,
      setUp,
      request,
      main,
      answer,
    };
  } catch (error) {
    if (error instanceof EngineError) return { problem: error.message };
    throw error;
  }
}

/** Something to change when a model does not fit, or to gain when it does, with what it leads to. */
export interface Advice {
  readonly what: string;
  /** What to change; laid over the state. */
  readonly change: Partial<SetUpState>;
  readonly worked: Worked;
}

const ADVISED_TYPES = ['Q8_0', 'Q6_K', 'Q5_K_M', 'Q4_K_M', 'IQ4_XS', 'Q3_K_M', 'IQ3_XXS', 'Q2_K'] as const;
const LADDER_BIGGER = ['rtx-3060-12gb', 'rtx-5060-ti-16gb', 'rtx-3090', 'rtx-5090', 'rtx-pro-6000-blackwell'] as const;

/**
 * What helps when a model does not fit: a smaller file type, a smaller cache, experts with the host, fewer layers on the card, a
 * shorter context, a bigger card. Ranked by the speed they leave, those that spoil least first among equals.
 */
export function adviceFor(worked: Worked, data: CalculatorData, imported: Imported | null = null): readonly Advice[] {
  const { state, setUp, request } = worked;
  const found: Advice[] = [];
  const offer = (what: string, change: Partial<SetUpState>): boolean => {
    const result = workOut({ ...state, ...change }, data, imported);
    if ('problem' in result || result.answer.fits === false || result.answer.verdict === 'spills') return false;
    found.push({ what, change, worked: result });
    return true;
  };
  if (imported?.workload == null) {
    const bits = workOf(worked.model, state.quant).bytes;
    for (const quant of ADVISED_TYPES) {
      if (workOf(worked.model, quant).bytes < bits && offer(`A smaller file: ${quant}`, { quant })) break;
    }
  }
  if (state.cache === 'f16' && state.flashAttention) offer('A KV cache in q8_0', { cache: 'q8_0', cacheV: null });
  if (setUp.gpus.some(({ memory }) => memory === 'discrete') && state.gpuLayers === null && state.cpuMoeLayers === null) {
    // Whole layers; experts have an advice of their own below.
    const split = bestSplit(request, setUp);
    if (split !== null && split.cpuMoeLayers === 0 && split.gpuLayers <= worked.model.shape.layers) {
      offer(`Only ${String(split.gpuLayers)} layers on the card (-ngl ${String(split.gpuLayers)})`, { gpuLayers: split.gpuLayers });
    }
  }
  if (setUp.gpus[0]?.memory === 'discrete' && worked.model.shape.experts !== null && state.cpuMoeLayers === null) {
    const { layers } = worked.model.shape;
    // The fewest layers whose experts must go: fewer there, more on the card.
    let [low, high] = [1, layers];
    const fits = (cpuMoeLayers: number): boolean => {
      const result = workOut({ ...state, gpuLayers: null, cpuMoeLayers }, data, imported);
      return (
        !('problem' in result) && result.answer.devices.every(({ device, verdict }) => device?.memory !== 'discrete' || verdict === 'fits')
      );
    };
    if (fits(layers)) {
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if (fits(middle)) high = middle;
        else low = middle + 1;
      }
      offer(`The experts of ${String(low)} layers in RAM (-ncmoe ${String(low)})`, { gpuLayers: null, cpuMoeLayers: low });
    }
  }
  const most = largestContext(request, setUp, Math.max(256, state.context - 1));
  if (most !== null) offer(`A context of ${most.toLocaleString('en-GB')} tokens`, { context: most });
  if (setUp.gpus[0]?.memory === 'discrete') {
    if (state.count === 1) offer(`A second ${worked.machine?.name ?? 'card of the kind'}`, { count: 2 });
    const size = setUp.gpus[0].memoryBytes ?? 0;
    for (const id of LADDER_BIGGER) {
      const machine = data.machines.find((candidate) => candidate.id === id);
      if (machine === undefined || gibToBytes(machine.memoryGiB.at(-1) ?? 0) <= size) continue;
      if (offer(`A card with more memory: ${machine.name}`, { machine: id, memoryGiB: null, typed: null })) break;
    }
  }
  return found.sort((a, b) => b.worked.answer.decode.tokensPerSecond - a.worked.answer.decode.tokensPerSecond);
}

/** Writing speed at depths from nothing to the whole context. */
export interface CurvePoint {
  readonly depth: number;
  readonly middle: number;
  readonly low: number;
  readonly high: number;
}

const CURVE_POINTS = 17;

/** The speed of writing over what already stands in the context. */
export function curveOf({ request, setUp }: Worked): readonly CurvePoint[] {
  const end = request.context;
  return Array.from({ length: CURVE_POINTS }, (_, index) => {
    const depth = Math.round((end * index) / (CURVE_POINTS - 1));
    const { tokensPerSecond, low, high } = predict({ ...request, depth }, setUp).decode;
    return { depth, middle: tokensPerSecond, low, high };
  });
}

/** The longest context that fits with room to spare; null when none does. */
export function longestContext(worked: Worked): number | null {
  const { model, request, setUp } = worked;
  return largestContext(request, setUp, model.contextExtended ?? model.contextNative);
}
