import type { ModelShape } from '../../engine/model.ts';
import type { MachineRow } from '../../import/device.ts';

export interface ModelRow {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  /** What it was made for: instruct, thinking, hybrid-thinking, base, speech. */
  readonly kind: string;
  /** Superseded: found by its address, not offered in the list. */
  readonly historical?: true | undefined;
  readonly shape: ModelShape;
  /** Tokens. */
  readonly contextNative: number;
  readonly contextExtended: number | null;
  /** Parameters in billions: all of them, and those a token passes. */
  readonly paramsTextB: number;
  readonly paramsActiveB: number;
  /** Whether its licence allows commercial use. */
  readonly commercial: 'yes' | 'limited' | 'no';
  readonly licence: string;
  /** Reads pictures, sound or video besides text. */
  readonly inputs: readonly string[];
  /** Repository on Hugging Face. */
  readonly repository: string | null;
  /** Parameters of the tower that reads pictures, billions, where they are known. */
  readonly visionB?: number | undefined;
}

/** A machine as the calculator knows it. */
export interface CalculatorMachine extends MachineRow {
  /** Rated power, watts; null when not known. */
  readonly watts: number | null;
}

export interface QuantRow {
  readonly name: string;
  /** Bits a weight of a usual file. */
  readonly bits: number;
  readonly summary: string;
}

/** What the calculator chooses from; made from `src/data` when the site is built. */
export interface CalculatorData {
  readonly machines: readonly CalculatorMachine[];
  readonly models: readonly ModelRow[];
  readonly quants: readonly QuantRow[];
}
