/** What the calculator predicts for a machine, for other people's programs. */

import type { FileType } from '../../engine/ggml-types.ts';
import { DEFAULTS, predict } from '../../engine/predict.ts';
import { verdictOf } from '../../engine/room.ts';
import type { Hardware } from '../../schemas/hardware.ts';
import type { Predictions } from '../../schemas/prediction.ts';
import { BEST_FIRST, bytesOn, fileTypesFor, placeOf, requestFor, SMALLER, type ShapedModel } from './fits.ts';

/** The eight common file types; the eighth is that of models published in it. */
export const PREDICTED: readonly FileType[] = [...BEST_FIRST, ...SMALLER];

const COLUMNS = [
  'model',
  'quant',
  'bytes',
  'verdicts',
  'decode',
  'decodeLow',
  'decodeHigh',
  'prefill',
  'prefillLow',
  'prefillHigh',
] as const;

/** Three digits: more than a prediction is worth. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** @param models those to tell of, one for each shape */
export function predictionsOf(machine: Hardware, models: readonly ShapedModel[]): Predictions {
  const places = machine.memoryGiB.length === 0 ? [] : machine.memoryGiB.map((size) => placeOf(machine, size));
  const place = placeOf(machine);
  const rows = models.flatMap((model) =>
    fileTypesFor(model, PREDICTED).flatMap((quant): Predictions['rows'] => {
      const request = requestFor(model, quant, DEFAULTS.context);
      const bytes = bytesOn(request, place);
      const verdicts = places.flatMap(({ room }) => verdictOf(bytes, room, null) ?? []);
      if (verdicts.at(-1) === 'too-large') return [];
      const { decode, prefill } = predict(request, place.setUp);
      return [
        [
          model.id,
          quant,
          bytes,
          verdicts,
          rounded(decode.tokensPerSecond),
          rounded(decode.low),
          rounded(decode.high),
          rounded(prefill.tokensPerSecond),
          rounded(prefill.low),
          rounded(prefill.high),
        ],
      ];
    }),
  );
  return {
    machine: machine.id,
    name: machine.name,
    context: DEFAULTS.context,
    promptTokens: DEFAULTS.promptTokens,
    memory: places.map(({ memoryGiB, room }) => ({
      memoryGiB: memoryGiB ?? 0,
      comfortableBytes: Math.floor(room.comfortableBytes ?? 0),
      capacityBytes: room.capacityBytes ?? 0,
    })),
    columns: [...COLUMNS],
    rows,
  };
}
