/** Figures of machines and models, as text; from records alone, so that they can be tested without the site. */

import { bandwidthGBs } from '../import/device.ts';
import type { Hardware } from '../schemas/hardware.ts';
import type { Model } from '../schemas/model.ts';
import { readableDate } from './dates.ts';

/** A figure to show: its text, and its number where it is one. */
export interface Figure {
  readonly text: string;
  readonly value: number | null;
}

const NO_BREAK_SPACE = '\u00a0';

/** Three significant digits or more, thousands separated: 1,792 · 936 · 89.6 · 0.55 */
export function readableNumber(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return Number(value.toFixed(digits)).toLocaleString('en-GB', { maximumFractionDigits: digits });
}

const unknown: Figure = { text: 'not known', value: null };

function withUnit(value: number | null, unit: string): Figure {
  return value === null ? unknown : { text: readableNumber(value) + NO_BREAK_SPACE + unit, value };
}

function memory(sizes: readonly number[]): Figure {
  const largest = sizes.at(-1);
  if (largest === undefined) return { text: 'as fitted', value: null };
  const list =
    sizes.length > 3
      ? `${String(sizes[0])} to ${String(largest)}`
      : sizes
          .map(readableNumber)
          .join(', ')
          .replace(/, ([^,]*)$/, ' or $1');
  return { text: list + NO_BREAK_SPACE + 'GiB', value: largest };
}

const MACHINE_FIGURES = {
  name: (machine) => ({ text: machine.name, value: null }),
  memory: (machine) => memory(machine.memoryGiB),
  bandwidth: (machine) => withUnit(bandwidthGBs(machine), 'GB/s'),
  memoryType: (machine) => ({ text: machine.memoryType ?? unknown.text, value: null }),
  busWidth: (machine) => withUnit(machine.busWidthBits, 'bits'),
  dataRate: (machine) => withUnit(machine.dataRateMTs, 'MT/s'),
  watts: (machine) => withUnit(machine.watts, 'W'),
  release: (machine) => ({ text: machine.release === null ? unknown.text : readableDate(machine.release), value: null }),
  pcie: (machine) =>
    machine.pcie === null
      ? { text: '–', value: null }
      : {
          text: `PCIe${NO_BREAK_SPACE}${String(machine.pcie.generation)}.0${NO_BREAK_SPACE}x${String(machine.pcie.lanes)}`,
          value: machine.pcie.lanes,
        },
  fp16Matrix: (machine) => withUnit(machine.fp16MatrixDense?.tflops ?? null, 'TFLOPS'),
  fp32Vector: (machine) => withUnit(machine.fp32VectorTflops, 'TFLOPS'),
} as const satisfies Readonly<Record<string, (machine: Hardware) => Figure>>;

const MODEL_FIGURES = {
  name: (model) => ({ text: model.name, value: null }),
  params: (model) => withUnit(model.paramsTextB, 'billion'),
  active: (model) => withUnit(model.paramsActiveB, 'billion'),
  layers: (model) => (model.shape === null ? unknown : { text: String(model.shape.layers), value: model.shape.layers }),
  context: (model) => ({
    text: `${model.contextNative.toLocaleString('en-GB')}${NO_BREAK_SPACE}tokens`,
    value: model.contextNative,
  }),
  release: (model) => ({ text: readableDate(model.release), value: null }),
  licence: (model) => ({ text: model.licence.name, value: null }),
} as const satisfies Readonly<Record<string, (model: Model) => Figure>>;

export type MachineField = keyof typeof MACHINE_FIGURES;
export type ModelField = keyof typeof MODEL_FIGURES;

/** Headings of table columns. */
export const MACHINE_FIELD_NAMES: Readonly<Record<MachineField, string>> = {
  name: 'Name',
  memory: 'Memory',
  bandwidth: 'Bandwidth',
  memoryType: 'Memory type',
  busWidth: 'Bus width',
  dataRate: 'Rate per pin',
  watts: 'Rated power',
  release: 'Released',
  pcie: 'Link',
  fp16Matrix: 'FP16, matrix units',
  fp32Vector: 'FP32, vector',
};

/** A machine's figure. @throws for a field that no machine has */
export function machineFigure(machine: Hardware, field: string): Figure {
  const entry = Object.entries(MACHINE_FIGURES).find(([name]) => name === field);
  if (entry === undefined) throw new Error(`Machines have no figure "${field}". Known: ${Object.keys(MACHINE_FIGURES).join(', ')}`);
  return entry[1](machine);
}

/** A model's figure. @throws for a field that no model has */
export function modelFigure(model: Model, field: string): Figure {
  const entry = Object.entries(MODEL_FIGURES).find(([name]) => name === field);
  if (entry === undefined) throw new Error(`Models have no figure "${field}". Known: ${Object.keys(MODEL_FIGURES).join(', ')}`);
  return entry[1](model);
}
