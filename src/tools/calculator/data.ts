import type { ModelShape } from '../../engine/model.ts';
import type { MachineRow } from '../../import/device.ts';

export interface ModelRow {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  /** Superseded: found by its address, not offered in the list. */
  readonly historical?: true | undefined;
  readonly shape: ModelShape;
  /** Tokens. */
  readonly contextNative: number;
  readonly contextExtended: number | null;
}

export interface QuantRow {
  readonly name: string;
  readonly summary: string;
}

/** What the calculator chooses from; made from `src/data` when the site is built. */
export interface CalculatorData {
  readonly machines: readonly MachineRow[];
  readonly models: readonly ModelRow[];
  readonly quants: readonly QuantRow[];
}
