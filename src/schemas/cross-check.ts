import type { Hardware } from './hardware.ts';
import type { Model } from './model.ts';
import type { Quant } from './quant.ts';
import { DataError, type Problem } from './records.ts';
import type { Source } from './source.ts';

interface Collections {
  readonly hardware: readonly Hardware[];
  readonly models: readonly Model[];
  readonly quants: readonly Quant[];
  readonly sources: readonly Source[];
}

/**
 * What no record can be checked for alone: that every source exists, and that figures which can be computed agree.
 *
 * @throws {DataError} with every fault found
 */
export function crossCheck({ hardware, models, quants, sources }: Collections): void {
  const known = new Set(sources.map((source) => source.id));
  const problems: Problem[] = [];
  const report = (file: string, id: string, field: string, reason: string): void => {
    problems.push({ file, line: 0, id, field, reason });
  };
  const files = [
    ['hardware.jsonl', hardware],
    ['models.jsonl', models],
    ['quants.jsonl', quants],
  ] as const;
  for (const [file, records] of files) {
    for (const record of records) {
      for (const { source } of record.sources) {
        if (!known.has(source)) report(file, record.id, 'sources', `there is no source "${source}" in sources.jsonl`);
      }
    }
  }
  for (const machine of hardware) {
    const { busWidthBits, dataRateMTs, bandwidthComputedGBs, bandwidthMarketedGBs } = machine;
    if (bandwidthComputedGBs === null && bandwidthMarketedGBs === null && machine.status === 'released') {
      report('hardware.jsonl', machine.id, 'bandwidthMarketedGBs', 'a released machine needs a bandwidth, computed or marketed');
    }
    if (busWidthBits !== null && dataRateMTs !== null && bandwidthComputedGBs !== null) {
      // bits × MT/s ÷ 8 = MB/s
      const expected = (busWidthBits * dataRateMTs) / 8 / 1000;
      if (Math.abs(expected / bandwidthComputedGBs - 1) > 0.01) {
        report(
          'hardware.jsonl',
          machine.id,
          'bandwidthComputedGBs',
          `width × rate is ${expected.toFixed(1)} GB/s, the record says ${String(bandwidthComputedGBs)}`,
        );
      }
    }
  }
  for (const model of models) {
    if (model.shape === null && (model.missing === undefined || model.missing.length === 0)) {
      report('models.jsonl', model.id, 'missing', 'a model without a shape must say which figures are missing');
    }
    if (model.paramsActiveB > model.paramsTextB) {
      report('models.jsonl', model.id, 'paramsActiveB', 'more active parameters than parameters');
    }
  }
  if (problems.length > 0) throw new DataError(problems);
}
