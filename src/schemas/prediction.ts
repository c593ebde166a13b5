import { z } from 'astro/zod';
import { id } from './common.ts';

/** How well something fits: `src/engine/room.ts` says what each word means. */
const verdict = z.enum(['fits', 'tight', 'needs-setting', 'spills', 'too-large']);

const speed = z.number().positive();

/** One model in one file type on one machine. */
export const predictionRow = z.tuple([
  id.describe('Model; others of the same shape are listed in predictions/index.json'),
  z.string().describe('File type, as llama.cpp names it'),
  z.int().positive().describe('Bytes that the machine’s own memory must hold: weights, KV cache and compute buffer'),
  z.array(verdict).describe('How well that fits, for each size in "memory", in its order; empty where memory is as fitted'),
  speed.describe('Generation, tokens per second, middle value'),
  speed.describe('Generation, lower end of the range that holds four times in five'),
  speed.describe('Generation, upper end'),
  speed.describe('Prompt, tokens per second, middle value'),
  speed.describe('Prompt, lower end'),
  speed.describe('Prompt, upper end'),
]);

/** What the calculator predicts for one machine. */
export const predictions = z.strictObject({
  machine: id,
  name: z.string(),
  context: z.int().positive().describe('Tokens of context that memory is counted for'),
  promptTokens: z.int().positive().describe('Length of the prompt whose speed is given, tokens'),
  memory: z
    .array(
      z.strictObject({
        memoryGiB: z.number().positive(),
        comfortableBytes: z.number().describe('What a model may take without touching a setting or crowding out the desktop'),
        capacityBytes: z.number(),
      }),
    )
    .describe('Sizes on offer, smallest first; empty where memory is as fitted'),
  columns: z.array(z.string()).describe('Names of what stands in a row, in its order'),
  rows: z.array(predictionRow).describe('Only what fits in the largest size'),
});

export type Predictions = z.infer<typeof predictions>;

/** Which machines have predictions, and which models stand for others. */
export const predictionIndex = z.strictObject({
  machines: z.array(z.strictObject({ id, name: z.string(), file: z.string() })),
  alike: z.record(id, id).describe('Models that are not in the rows, and the one of the same shape that is: their figures are the same'),
});

export type PredictionIndex = z.infer<typeof predictionIndex>;
