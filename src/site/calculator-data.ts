import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { isComputable } from '../import/device.ts';
import { fileOf, readCollection, type CollectionName } from '../schemas/collections.ts';

const ID = 'virtual:calculator-data';
const RESOLVED = `\0${ID}`;

const path = (file: string): string => fileURLToPath(new URL(`../data/${file}`, import.meta.url));

/** Only the fields the calculator uses, so that its readers load no more. */
export function calculatorData(): object {
  const read = (name: CollectionName): string => readFileSync(path(fileOf(name)), 'utf8');
  const machines = readCollection('hardware', read('hardware'))
    .filter(isComputable)
    .map((machine) => ({
      id: machine.id,
      name: machine.name,
      vendor: machine.vendor,
      kind: machine.kind,
      form: machine.form,
      sockets: machine.sockets,
      memory: machine.memory,
      memoryGiB: machine.memoryGiB,
      memoryType: machine.memoryType,
      bandwidthComputedGBs: machine.bandwidthComputedGBs,
      bandwidthMarketedGBs: machine.bandwidthMarketedGBs,
      fp16MatrixDense: machine.fp16MatrixDense,
      fp32VectorTflops: machine.fp32VectorTflops,
      generation: machine.generation,
      watts: machine.watts,
    }));
  const models = readCollection('models', read('models'))
    // Embedding models write nothing, so no speed of writing can be told.
    .filter(({ shape, kind }) => shape !== null && kind !== 'embedding')
    .map((model) => ({
      id: model.id,
      name: model.name,
      family: model.family,
      kind: model.kind,
      historical: model.historical,
      shape: model.shape,
      contextNative: model.contextNative,
      contextExtended: model.contextExtended,
      paramsTextB: model.paramsTextB,
      paramsActiveB: model.paramsActiveB,
      commercial: model.licence.commercial,
      licence: model.licence.name,
      inputs: model.inputs,
      repository: model.repository,
      visionB: model.paramsExtra?.visionB,
    }));
  const quants = readCollection('quants', read('quants'))
    .filter((record) => record.kind === 'file-type')
    .sort((a, b) => a.order - b.order)
    .map(({ name, bitsPerWeight, summary }) => ({ name, bits: bitsPerWeight, summary }));
  return { machines, models, quants };
}

/** The calculator's data as a module of its own, read from `src/data` when the site is built. */
export function calculatorDataPlugin(): Plugin {
  return {
    name: 'calculator-data',
    resolveId: (id) => (id === ID ? RESOLVED : undefined),
    load(id) {
      if (id !== RESOLVED) return undefined;
      for (const name of ['hardware', 'models', 'quants'] as const) this.addWatchFile(path(fileOf(name)));
      const text = JSON.stringify(JSON.stringify(calculatorData()));
      return `export const data = JSON.parse(${text});`;
    },
  };
}
