import { EngineError } from '../../engine/errors.ts';
import type { Device } from '../../engine/device.ts';
import { fileTypeNamed } from '../../engine/mixing.ts';
import { alone, DEFAULTS, predict, type Answer, type DeviceAnswer } from '../../engine/predict.ts';
import { workloadOf } from '../../engine/workload.ts';
import { deviceOf, type MachineRow } from '../../import/device.ts';
import type { CalculatorData, ModelRow } from './data.ts';
import type { State } from './state.ts';

export interface Worked {
  readonly model: ModelRow;
  readonly machine: MachineRow;
  readonly quant: string;
  readonly device: Device;
  /** What the chosen device holds. */
  readonly main: DeviceAnswer;
  readonly answer: Answer;
}

/** The answer to a state, or the sentence that says why there is none. */
export function workOut(state: State, data: CalculatorData): Worked | { readonly problem: string } {
  const model = data.models.find(({ id }) => id === state.model);
  const machine = data.machines.find(({ id }) => id === state.machine);
  if (model === undefined || machine === undefined)
    return { problem: 'The model or the machine is no longer in the data. Choose another.' };
  try {
    const device = deviceOf(machine, state.memoryGiB ?? undefined);
    const answer = predict(
      {
        ...DEFAULTS,
        work: workloadOf(model.shape, fileTypeNamed(state.quant)),
        context: state.context,
        cacheTypeK: state.cache,
        cacheTypeV: state.cache,
        promptTokens: Math.min(DEFAULTS.promptTokens, state.context),
      },
      alone(device),
    );
    const [main] = answer.devices;
    if (main === undefined) return { problem: 'This machine has nothing to run a model on. Choose another.' };
    return { model, machine, quant: state.quant, device, main, answer };
  } catch (error) {
    if (error instanceof EngineError) return { problem: error.message };
    throw error;
  }
}
