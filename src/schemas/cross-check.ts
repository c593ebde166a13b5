/** What no record can be checked for alone: that what is named exists, and that figures which can be computed agree. */

import { parameterCounts } from '../engine/weights.ts';
import { fileOf, type CollectionName, type Collections } from './collections.ts';
import type { Hardware } from './hardware.ts';
import type { Measurement } from './measurement.ts';
import type { Model } from './model.ts';
import { DataError, type Problem } from './records.ts';

/** How far a computed figure may be from a stated one. */
const TOLERANCE = 0.01;

/** Collections whose records carry sources and a day. */
const SOURCED = ['hardware', 'models', 'quants', 'quality', 'timeline', 'programs', 'formats', 'families', 'licences'] as const;

type Report = (name: CollectionName, id: string, field: string, reason: string) => void;

function checkSources(all: Collections, report: Report): void {
  const known = new Set(all.sources.map(({ id }) => id));
  const check = (name: CollectionName, id: string, field: string, source: string): void => {
    if (!known.has(source)) {
      report(name, id, field, `there is no source "${source}" in sources.jsonl: correct the id, or add a line for the source there`);
    }
  };
  for (const name of SOURCED) {
    for (const { id, sources, conflicts } of all[name]) {
      for (const { source } of sources) check(name, id, 'sources', source);
      for (const { source } of conflicts ?? []) check(name, id, 'conflicts', source);
    }
  }
  for (const { id, support } of all.hardware) for (const { source } of support ?? []) check('hardware', id, 'support', source);
  for (const { id, source } of all.measurements) check('measurements', id, 'source', source);
}

function checkDays(all: Collections, today: string, report: Report): void {
  for (const name of [...SOURCED, 'measurements'] as const) {
    for (const { id, checked } of all[name]) {
      if (checked > today)
        report(name, id, 'checked', `${checked} is in the future: write the day the figures were compared with the source`);
    }
  }
  for (const { id, read } of all.sources) {
    if (read.day > today) report('sources', id, 'read.day', `${read.day} is in the future: write the day it was read`);
  }
}

function checkMachine(machine: Hardware, report: Report): void {
  const { id, busWidthBits, dataRateMTs, bandwidthComputedGBs, bandwidthMarketedGBs, memoryGiB, status } = machine;
  if (bandwidthComputedGBs === null && bandwidthMarketedGBs === null && status === 'released') {
    report('hardware', id, 'bandwidthMarketedGBs', 'a released machine needs a bandwidth, computed or marketed');
  }
  if (busWidthBits !== null && dataRateMTs !== null) {
    // bits × MT/s ÷ 8 = MB/s
    const expected = (busWidthBits * dataRateMTs) / 8 / 1000;
    if (bandwidthComputedGBs === null) {
      report('hardware', id, 'bandwidthComputedGBs', `width and rate are known, so write what they make: ${expected.toFixed(1)}`);
    } else if (Math.abs(expected / bandwidthComputedGBs - 1) > TOLERANCE) {
      report(
        'hardware',
        id,
        'bandwidthComputedGBs',
        `width × rate is ${expected.toFixed(1)} GB/s, the record says ${String(bandwidthComputedGBs)}`,
      );
    }
  } else if (bandwidthComputedGBs !== null) {
    report('hardware', id, 'bandwidthComputedGBs', 'a computed bandwidth needs width and rate; without them it is the marketed one');
  }
  if ((machine.kind === 'cpu-platform') !== (machine.form !== undefined)) {
    report('hardware', id, 'form', 'a CPU platform says what it is built into: desktop, laptop or server; nothing else does');
  }
  if (memoryGiB.some((size, index) => index > 0 && size <= (memoryGiB[index - 1] ?? 0))) {
    report('hardware', id, 'memoryGiB', 'sizes go from the smallest to the largest, each once');
  }
}

function checkModel(model: Model, report: Report): void {
  const { id, shape, missing, paramsActiveB, paramsTextB, licence } = model;
  if (shape === null && (missing === undefined || missing.length === 0)) {
    report('models', id, 'missing', 'a model without a shape must say which figures are missing');
  }
  if (shape !== null && missing !== undefined) report('models', id, 'missing', 'a model with a shape lacks nothing: leave this field out');
  if (paramsActiveB > paramsTextB) report('models', id, 'paramsActiveB', 'more active parameters than parameters');
  if (licence.commercial !== 'yes' && licence.terms === undefined) {
    report('models', id, 'licence.terms', 'a licence that limits commercial use must say in plain words what it forbids or asks');
  }
  if (shape === null) return;
  const counted = parameterCounts(shape);
  for (const [field, stated, count] of [
    ['paramsTextB', paramsTextB, counted.total],
    ['paramsActiveB', paramsActiveB, counted.active],
  ] as const) {
    if (Math.abs(count / 1e9 / stated - 1) > TOLERANCE) {
      report(
        'models',
        id,
        field,
        `the shape has ${(count / 1e9).toPrecision(5)} billion, the record says ${String(stated)}: one of them is wrong (towers for images and prediction layers are not counted here)`,
      );
    }
  }
}

function checkMeasurement(row: Measurement, known: { machines: Set<string>; models: Set<string> }, report: Report): void {
  const { id, machine, host, model } = row;
  if (!known.machines.has(machine)) report('measurements', id, 'machine', `there is no machine "${machine}" in hardware.jsonl`);
  if (host !== null && !known.machines.has(host)) report('measurements', id, 'host', `there is no machine "${host}" in hardware.jsonl`);
  if (!known.models.has(model)) report('measurements', id, 'model', `there is no model "${model}" in models.jsonl`);
}

/**
 * @param today for days that can't be yet, YYYY-MM-DD
 * @throws {DataError} with every fault found
 */
export function crossCheck(all: Collections, today = new Date().toISOString().slice(0, 10)): void {
  const problems: Problem[] = [];
  const report: Report = (name, id, field, reason) => {
    problems.push({ file: fileOf(name), line: 0, id, field, reason });
  };
  checkSources(all, report);
  checkDays(all, today, report);
  for (const machine of all.hardware) checkMachine(machine, report);
  for (const model of all.models) checkModel(model, report);
  const formats = new Set(all.formats.map(({ id }) => id));
  for (const { id, formats: loads } of all.programs) {
    for (const format of loads)
      if (!formats.has(format)) report('programs', id, 'formats', `there is no format "${format}" in formats.jsonl`);
  }
  const families = new Set(all.families.map(({ id }) => id));
  const familyNames = new Set(all.models.map(({ family }) => family));
  for (const { id, members, builtOn } of all.families) {
    for (const member of members)
      if (!familyNames.has(member)) report('families', id, 'members', `no model in models.jsonl is of the family "${member}"`);
    for (const other of builtOn)
      if (!families.has(other)) report('families', id, 'builtOn', `there is no family "${other}" in families.jsonl`);
  }
  const known = { machines: new Set(all.hardware.map(({ id }) => id)), models: new Set(all.models.map(({ id }) => id)) };
  for (const row of all.measurements) checkMeasurement(row, known, report);
  const quants = new Set(all.quants.map(({ name }) => name));
  for (const { id, model, quant } of all.quality) {
    if (!known.models.has(model)) report('quality', id, 'model', `there is no model "${model}" in models.jsonl`);
    if (!quants.has(quant)) report('quality', id, 'quant', `there is no quantization "${quant}" in quants.jsonl`);
  }
  if (problems.length > 0) throw new DataError(problems);
}
